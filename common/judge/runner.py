"""The process that holds the program.  It never has a test or an expected value.

Process 1 of its own pid namespace: whatever the program starts ends with it.
"""

import builtins
import io
import pickle
import sys
import types

MAX_PRINTED = 1 << 20  # bytes between two messages; what goes beyond is lost
PROGRAM_MODULE = "solution"  # not __main__: the program's own main block is not for us
# What the sites that the called functions come from import for every program.
SITE_MODULES = ("typing", "collections", "itertools", "functools", "math", "heapq",
                "bisect", "string", "random", "re", "operator", "copy")


class Printed(io.BytesIO):
    """Under the program's standard output: tests may look at it (redirect_stdout)."""

    def write(self, data):
        if self.tell() < MAX_PRINTED:
            super().write(data[:MAX_PRINTED])
        return len(data)

    def fileno(self):
        return 1

    def close(self):
        pass  # what was printed stays

    def take(self):
        data = self.getvalue()
        if data:
            self.seek(0)
            self.truncate()
        return data.decode("utf-8", "replace")


class ProgramLink(Link):
    """The program's side of a link."""

    def __init__(self, channel, names, partial):
        super().__init__(channel, trusting=True)
        self.names, self.partial = names, partial
        self.printed = Printed()
        sys.stdout = io.TextIOWrapper(self.printed, "utf-8", "surrogateescape",
                                      write_through=True)

    def take_printed(self):
        return self.printed.take()

    def lookup(self, name):
        if name in self.names:
            return self.names[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        raise NameError(name)

    def look(self, module, name):
        """The tests' own object passes for one of the program's class of that name."""
        own = self.names.get(name) if module == "tests" else None
        if module in sys.modules and module.partition(".")[0] in sys.stdlib_module_names:
            own = getattr(sys.modules[module], name, None)
        return own if isinstance(own, type) else super().look(module, name)

    def serve(self, *request):
        before = touched()
        try:
            return super().serve(*request)
        finally:
            if touched() != before:  # whatever the program made of it
                raise Open

    def error_reply(self, error):
        if isinstance(error, Open) or self.partial and isinstance(error, NameError):
            return b"o"
        try:
            return super().error_reply(error)
        except Exception as other:  # one that cannot travel
            return super().error_reply(RuntimeError(type(other).__name__))

    def unfinished(self):
        return Open()

    def answer_all(self):
        """Until the examiner has its verdict: its word, where it tells (partial
        programs)."""
        while True:
            message = receive_bytes(self.channel)
            if message[:1] == b"=":
                return message[1:].decode()
            send_bytes(self.channel, self.answer(message))


def new_module(name):
    """The globals of a fresh module."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    return vars(module)


def add_site_names():
    """As builtins, so that the program's own globals hold what it defines alone."""
    common = vars(builtins)
    for name in SITE_MODULES:
        module = sys.modules[name]
        for public in getattr(module, "__all__", None) or vars(module):
            if not public.startswith("_"):
                common.setdefault(public, getattr(module, public))
        common.setdefault(name, module)


def find_entry(names, entry):
    """Of a call: the method of `class Solution`, on a fresh object each time, or a
    function."""
    solution = names.get("Solution")
    if hasattr(solution, entry):
        names[entry] = lambda *arguments: getattr(solution(), entry)(*arguments)
    elif entry not in names:
        raise NameError(entry)


def prepare_tests(job, names):
    """What stands between the program and the first test."""
    if job["form"] == "call":
        find_entry(names, job["entry"])
    exec(compile(job["setup"], "<setup>", "exec", dont_inherit=True), names)


def run_functions(channel, job):
    """Runs the program, then calls its functions as the examiner asks."""
    names = new_module(PROGRAM_MODULE)
    link = ProgramLink(channel, names, partial=False)
    try:
        source = program_source(job)
        exec(compile(source, "<program>", "exec", dont_inherit=True), names)
        prepare_tests(job, names)
    except BaseException as error:
        send_bytes(channel, link.error_reply(error))
        return
    link.send(b"v", lambda: None)
    link.answer_all()


def run_partial(channel, job):
    """Whether the program so far can still become right (prefix.py)."""
    def run_tests(names):
        try:
            prepare_tests(job, names)
        except NameError:
            return "open"
        send_bytes(channel, b"t")
        return ProgramLink(channel, names, partial=True).answer_all()

    entry = job["entry"] if job["form"] == "asserts" else ""
    ask = None if job["form"] == "stdio" else run_tests
    verdict = "open"
    for source in partial_sources(job):
        verdict = prefix_verdict(source, entry or None, ask)
        if verdict != "fail":
            break
    if verdict == "fail" and may_be_prose(job):
        verdict = "open"
    send_bytes(channel, b"=" + verdict.encode())


def run(sandbox, channel):
    """Ready before anything is read; ends when the server kills it."""
    sandbox.confine()
    send_bytes(channel, b"ready")
    job = pickle.loads(receive_bytes(channel))
    job["text"] = job["text"].decode("utf-8", "replace")
    if job["form"] == "call":
        add_site_names()
    if any("asyncio" in job[part] for part in ("text", "prefix", "setup")):
        allow_asyncio()
    if job["form"] == "stdio" and not job["partial"]:
        run_stdio(sandbox, channel, job)
        return
    sandbox.filter_calls()
    if job["partial"]:
        run_partial(channel, job)
    else:
        run_functions(channel, job)
