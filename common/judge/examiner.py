"""The process that holds the tests.  The verdict is its exit status, nothing else."""

import ast
import builtins
import gc
import json
import pickle
import signal
import sys

# EXIT_BASE + enum judge_verdict, and: a module that the tests import is not here.
PASS, FAIL, TIMEOUT, KILLED, OPEN, MISSING = range(10, 16)
HEAVY = 0x20  # with one of these: the tests import numpy


class OpenCall(BaseException):
    """The call came to a part of the program that is not written yet."""


class TestsLink(Link):
    """The tests' side of a link."""

    def __init__(self, channel):
        super().__init__(channel, trusting=False)
        self.partial, self.opened = False, 0

    def lookup(self, name):
        raise PermissionError(name)

    def afresh(self):
        """For another run of the tests, with another link over there."""
        link = TestsLink(self.channel)
        link.partial = self.partial
        return link

    def unfinished(self):
        if not self.partial:
            raise Broken("a whole program has no open part")
        self.opened += 1
        return OpenCall()

    def error_reply(self, error):
        return b"o" if isinstance(error, OpenCall) else super().error_reply(error)


class TestNames(dict):
    """Globals of the tests: a name that nobody here defines is the program's."""

    def __init__(self, link, taken):
        super().__init__(__name__="tests", __builtins__=builtins)
        self.link, self.taken = link, taken

    def __missing__(self, name):
        if name not in self.taken:
            if hasattr(builtins, name):
                raise KeyError(name)
            if name in sys.stdlib_module_names and name in sys.modules:
                return sys.modules[name]  # ours, not what the program calls by that name
        value = self.link.ask("name", None, (name,))
        if isinstance(value, (Mirror, MirrorType)):
            self[name] = value
        return value


def test_names(tests, link, taken):
    names = TestNames(link, taken)
    try:
        exec(compile(tests["preamble"], "<preamble>", "exec", dont_inherit=True), names)
    except Exception:
        pass  # a helper that the preamble lacks is then missed by the tests themselves
    for name in taken:
        names.pop(name, None)
    return names


class GuardAsserts(ast.NodeTransformer):
    """Each assertion of a partial program counts alone: an open one decides nothing."""

    def visit_Assert(self, node):
        guarded = ast.parse("with __guard__: pass").body[0]
        guarded.body = [node]
        return ast.copy_location(guarded, node)


class Guard:
    def __init__(self, link):
        self.link, self.opened = link, 0

    def __enter__(self):
        self.opened = self.link.opened

    def __exit__(self, kind, error, trace):
        return error is not None and self.link.opened != self.opened


def run_asserts(tests, link):
    names = test_names(tests, link, tests["taken"])
    names["__guard__"] = Guard(link)
    tree = tests["tree"]
    if tests["partial"]:
        tree = ast.fix_missing_locations(GuardAsserts().visit(ast.parse(tests["tests"])))
    exec(compile(in_order(tree), "<tests>", "exec", dont_inherit=True), names)


def as_lists(value):
    """Tuples as lists, all through: JSON knows no tuples."""
    if isinstance(value, (list, tuple)):
        return [as_lists(v) for v in value]
    if isinstance(value, dict):
        return {str(k): as_lists(v) for k, v in value.items()}
    return value


def run_calls(tests, link):
    function = link.ask("name", None, (tests["entry"],))
    for arguments, wanted in zip(tests["inputs"], tests["outputs"]):
        try:
            got = as_lists(function(*arguments))
        except OpenCall:
            continue
        assert got == wanted or [got] == wanted


def run_inputs(tests, link):
    for data, wanted in zip(tests["inputs"], tests["outputs"]):
        send_bytes(link.channel, data.encode("utf-8", "surrogatepass"))
        reply = receive_bytes(link.channel)
        status = int.from_bytes(reply[:2], "little", signed=True)
        if status == EXIT_MEMORY:
            raise MemoryError
        assert status == 0
        assert same_output(reply[2:], wanted.encode("utf-8", "surrogatepass"))


RUN = {"asserts": run_asserts, "call": run_calls, "stdio": run_inputs}


def tested(tests, link):
    """The tests' outcome, as one of the exit statuses."""
    try:
        RUN[tests["form"]](tests, link)
    except Broken:
        return KILLED
    except MemoryError:
        return TIMEOUT
    except OpenCall:
        return OPEN
    except ImportError as error:
        return FAIL if error is link.last_error else MISSING
    except BaseException:
        return FAIL
    return OPEN if link.opened else PASS


WORDS = {PASS: b"pass", OPEN: b"open", MISSING: b"open"}


def examine_partial(tests, link):
    """The runner asks for the tests, or not, and says what follows; a pass is ours."""
    own = OPEN
    while True:
        message = receive_bytes(link.channel)
        if message == b"t":
            own = tested(tests, link.afresh())
            if own == MISSING:
                return own
            send_bytes(link.channel, b"=" + WORDS.get(own, b"fail"))
        elif message == b"=pass":
            return own if own == PASS else OPEN
        elif message == b"=fail":
            return own if own in (TIMEOUT, KILLED) else FAIL
        elif message == b"=open":
            return OPEN
        else:
            return KILLED


def examine_whole(tests, link):
    try:
        reply = receive_bytes(link.channel)  # the program has run, or why not
    except Broken:
        return FAIL  # it ended the process itself
    if reply[:1] == b"v":
        if reply[1:]:
            link.unpack(reply[1:], link.decode)
        return tested(tests, link)
    return TIMEOUT if b"MemoryError" in reply else FAIL


def read_request():
    """From the server's standard input: flags, three lengths, text, tests."""
    head = read_exactly(0, 12)
    partial, text_len, tests_len = (int.from_bytes(head[i:i + 4], "little")
                                    for i in (0, 4, 8))
    return bool(partial), read_exactly(0, text_len), read_exactly(0, tests_len)


def as_text(lines):
    return "\n".join(lines) if isinstance(lines, list) else lines


def of_apps(published):
    """APPS's own object as one of our forms."""
    name = published.get("fn_name")
    if name is not None:
        return {"form": "call", "entry": name, "inputs": published["inputs"],
                "outputs": published["outputs"]}
    return {"form": "stdio", "inputs": [as_text(i) for i in published["inputs"]],
            "outputs": [as_text(o) for o in published["outputs"]]}


def read_tests(data):
    tests = json.loads(data)
    if tests["form"] == "apps":
        return of_apps(json.loads(tests["input_output"]))
    if tests["form"] == "asserts":
        tests["tree"] = ast.parse(tests["tests"])
    return tests


def prepare_imports(source):
    """What the tests will import must stand the sandbox; the server hears of numpy."""
    if "asyncio" in source:
        allow_asyncio()
    if "numpy" not in source:
        return 0
    try:
        guard_numpy()
    except ImportError:
        return 0  # the tests will say so
    return HEAVY


def job_of(text, tests):
    """What the runner gets: no test, no expected value."""
    job = {"text": text, "partial": tests["partial"], "form": tests["form"],
           "entry": tests.get("entry", ""), "prefix": tests.get("prefix", ""),
           "setup": tests.get("setup", ""), "names": []}
    if tests["form"] == "asserts":
        tests["taken"], names = program_names(code_nodes(tests["tree"]), tests["entry"])
        preamble = tree_of(tests["preamble"])
        own = bound_names(code_nodes(preamble)) if preamble else set()
        job["names"] = sorted(names - (own - tests["taken"]))
    elif tests["form"] == "call":
        job["names"] = [tests["entry"]]
    return job


def examine(sandbox, channel, timeout_ms):
    """Returns the verdict as an exit status.  Out of time: killed by SIGALRM."""
    link = TestsLink(channel)
    if receive_bytes(channel) != b"ready":
        raise Broken("no runner")
    sandbox.confine_examiner()
    gc.disable()  # it ends soon; large tests are many objects, none of them garbage
    partial, text, tests = read_request()
    signal.setitimer(signal.ITIMER_REAL, timeout_ms / 1000)
    try:
        tests = read_tests(tests)
    except SyntaxError:
        return FAIL  # the tests are no program
    tests["partial"] = link.partial = partial
    heavy = prepare_imports(tests.get("tests", ""))
    send_bytes(channel, pickle.dumps(job_of(text, tests), protocol=5))
    try:
        status = (examine_partial if partial else examine_whole)(tests, link)
    except Broken:
        status = FAIL if partial else KILLED
    return status | heavy
