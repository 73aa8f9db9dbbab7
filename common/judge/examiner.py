"""The process that holds the tests.  The verdict is its exit status, nothing else."""

import ast
import builtins
import json
import pickle
import signal
import sys

PASS, FAIL, TIMEOUT, KILLED, OPEN = range(10, 15)  # EXIT_BASE + enum judge_verdict

peer = {"channel": -1, "partial": False, "opened": 0}


class OpenCall(BaseException):
    """The call came to a part of the program that is not written yet."""


class StandIn:
    """Something of the runner: callable, its attributes readable, equal to itself only."""

    __slots__ = ("_reference",)

    def __init__(self, reference):
        object.__setattr__(self, "_reference", reference)

    def __setattr__(self, name, value):
        raise AttributeError(name)  # unpickled bytes may try

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return ask("get", self._reference, name)

    def __call__(self, *arguments, **named):
        return ask("call", self._reference, arguments, named)

    def __reduce__(self):
        return resolve, (self._reference,)


def stand_in_object(number):
    return StandIn(("object", number))


def remote_error(text):
    """The exception of the program as one of the same builtin class.

    Never one that ends a loop of the tests early, or that is not an Exception."""
    names, _, message = text.partition("\n")
    for name in names.split(","):
        kind = getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            if not issubclass(kind, (StopIteration, StopAsyncIteration, UnicodeError)):
                return kind(message)
    return RuntimeError(message)


def reply_value(reply):
    if reply[:1] == b"v":
        return unpack_value(reply[1:], stand_in_object)
    if reply[:1] == b"e":
        raise remote_error(reply[1:].decode("utf-8", "replace"))
    if reply[:1] == b"o":
        peer["opened"] += 1
        raise OpenCall
    raise Broken("an unknown reply")


def ask(*request):
    send_bytes(peer["channel"], pickle.dumps(request, protocol=5))
    return reply_value(receive_bytes(peer["channel"]))


class TestNames(dict):
    """Globals of the tests: a name that nobody here defines is the program's."""

    def __missing__(self, name):
        if hasattr(builtins, name):
            raise KeyError(name)
        if name in sys.stdlib_module_names and name in sys.modules:
            return sys.modules[name]  # ours, not what the program calls by that name
        return StandIn(("name", name))


def asked_for(tests):
    """The names that tests call and that would not be taken for the program's: of a
    module, or builtin where nothing else is called."""
    calls = {node.func.id for node in ast.walk(ast.parse(tests))
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    modules = calls & sys.stdlib_module_names
    if modules:
        return modules
    return calls if all(hasattr(builtins, name) for name in calls) else set()


def test_names(tests):
    names = TestNames(__name__="tests", __builtins__=builtins)
    try:
        exec(compile(tests["preamble"], "<preamble>", "exec", dont_inherit=True), names)
    except Exception:
        pass  # a helper that the preamble lacks is then missed by the tests themselves
    wanted = {tests["entry"]} if tests["entry"] else asked_for(tests["tests"])
    names.update((name, StandIn(("name", name))) for name in wanted)
    return names


class GuardAsserts(ast.NodeTransformer):
    """Each assertion of a partial program counts alone: an open one decides nothing."""

    def visit_Assert(self, node):
        guarded = ast.parse("with __guard__: pass").body[0]
        guarded.body = [node]
        return ast.copy_location(guarded, node)


class Guard:
    def __enter__(self):
        self.opened = peer["opened"]

    def __exit__(self, kind, error, trace):
        return error is not None and peer["opened"] != self.opened


def run_asserts(tests):
    names = test_names(tests)
    tree = ast.parse(tests["tests"])
    if peer["partial"]:
        names["__guard__"] = Guard()
        tree = ast.fix_missing_locations(GuardAsserts().visit(tree))
    exec(compile(tree, "<tests>", "exec", dont_inherit=True), names)


def as_lists(value):
    """Tuples as lists, all through: JSON knows no tuples."""
    if isinstance(value, (list, tuple)):
        return [as_lists(v) for v in value]
    if isinstance(value, dict):
        return {str(k): as_lists(v) for k, v in value.items()}
    return value


def run_calls(tests):
    function = StandIn(("name", tests["entry"]))
    for arguments, wanted in zip(tests["inputs"], tests["outputs"]):
        try:
            got = as_lists(function(*arguments))
        except OpenCall:
            continue
        assert got == wanted or [got] == wanted


def run_inputs(tests):
    for data, wanted in zip(tests["inputs"], tests["outputs"]):
        send_bytes(peer["channel"], data.encode("utf-8", "surrogatepass"))
        status, output = reply_value(receive_bytes(peer["channel"]))
        if status == EXIT_MEMORY:
            raise MemoryError
        assert status == 0
        assert output.decode("utf-8", "replace").split() == wanted.split()


RUN = {"asserts": run_asserts, "call": run_calls, "stdio": run_inputs}


def tested(tests):
    """The tests' outcome, as one of the exit statuses."""
    try:
        RUN[tests["form"]](tests)
    except Broken:
        return KILLED
    except MemoryError:
        return TIMEOUT
    except OpenCall:
        return OPEN
    except BaseException:
        return FAIL
    return OPEN if peer["opened"] else PASS


WORDS = {PASS: b"pass", FAIL: b"fail", TIMEOUT: b"fail", KILLED: b"fail", OPEN: b"open"}


def examine_partial(tests):
    """The runner asks for the tests, or not, and says what follows; a pass is ours."""
    own = OPEN
    while True:
        message = receive_bytes(peer["channel"])
        if message == b"t":
            own = tested(tests)
            send_bytes(peer["channel"], b"=" + WORDS[own])
        elif message == b"=pass":
            return own if own == PASS else OPEN
        elif message == b"=fail":
            return own if own in (TIMEOUT, KILLED) else FAIL
        elif message == b"=open":
            return OPEN
        else:
            return KILLED


def examine_whole(tests):
    try:
        reply_value(receive_bytes(peer["channel"]))  # the program has run, or why not
    except Broken:
        return FAIL  # it ended the process itself
    except MemoryError:
        return TIMEOUT
    except Exception:
        return FAIL
    return tested(tests)


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
    return of_apps(json.loads(tests["input_output"])) if tests["form"] == "apps" else tests


def examine(sandbox, channel, timeout_ms):
    """Returns the verdict as an exit status.  Out of time: killed by SIGALRM."""
    peer["channel"] = channel
    if receive_bytes(channel) != b"ready":
        raise Broken("no runner")
    sandbox.confine_examiner()
    partial, text, tests = read_request()
    signal.setitimer(signal.ITIMER_REAL, timeout_ms / 1000)
    tests = read_tests(tests)
    peer["partial"] = partial
    job = {"text": text, "partial": partial, "form": tests["form"],
           "entry": tests.get("entry", ""), "prefix": tests.get("prefix", ""),
           "setup": tests.get("setup", "")}
    send_bytes(channel, pickle.dumps(job, protocol=5))
    try:
        return examine_partial(tests) if partial else examine_whole(tests)
    except Broken:
        return FAIL if partial else KILLED
