"""The process that holds the program.  It never has a test or an expected value.

Process 1 of its own pid namespace: whatever the program starts ends with it.
"""

import atexit
import builtins
import gc
import os
import pickle
import sys
import threading
import types

EXIT_MEMORY = 99  # a program that reads stdin ran out of memory
PROGRAM_MODULE = "solution"  # not __main__: the program's own main block is not for us
# What the sites that the called functions come from import for every program.
SITE_MODULES = ("typing", "collections", "itertools", "functools", "math", "heapq",
                "bisect", "string", "random", "re", "operator", "copy")

state = {"objects": [], "names": {}}  # what the examiner's references mean


def resolve(reference):
    """The object of this process that a stand-in of the examiner names."""
    kind, which = reference
    if kind == "object":
        return state["objects"][which]
    if which in state["names"]:
        return state["names"][which]
    if hasattr(builtins, which):
        return getattr(builtins, which)
    raise NameError(which)


def keep(obj):
    state["objects"].append(obj)
    return len(state["objects"]) - 1


def error_message(error):
    """The builtin classes of an exception, the nearest first, and its text."""
    names = [c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins"]
    try:
        text = str(error)[:200]
    except Exception:
        text = ""
    return b"e" + "\n".join([",".join(names), text]).encode("utf-8", "replace")


def answer(request, partial):
    """One request of the examiner, as the bytes of the reply."""
    before = touched()
    try:
        operation, reference, *rest = pickle.loads(request)
        target = resolve(reference)
        if operation == "call":
            value = target(*rest[0], **rest[1])
        else:
            value = getattr(target, rest[0])
        reply = b"v" + pack_value(value, keep)
        if len(reply) > MAX_MESSAGE:
            raise MemoryError("too large a result")
    except Open:
        return b"o"
    except BaseException as error:
        if partial and isinstance(error, NameError):
            return b"o"
        reply = error_message(error)
    return b"o" if touched() != before else reply


def answer_all(channel, partial=False):
    """Until the examiner has its verdict: its word, where it tells (partial programs)."""
    while True:
        request = receive_bytes(channel)
        if request[:1] == b"=":
            return request[1:].decode()
        send_bytes(channel, answer(request, partial))


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
    state["names"] = names
    try:
        source = program_source(job["text"], job["prefix"], job["entry"])
        exec(compile(source, "<program>", "exec", dont_inherit=True), names)
        prepare_tests(job, names)
    except BaseException as error:
        send_bytes(channel, error_message(error))
        return
    send_bytes(channel, b"v" + pack_value(None, keep))
    answer_all(channel)


def run_partial(channel, job):
    """Whether the program so far can still become right (prefix.py)."""
    def run_tests(names):
        try:
            prepare_tests(job, names)
        except NameError:
            return "open"
        state["names"] = names
        send_bytes(channel, b"t")
        return answer_all(channel, partial=True)

    source = program_source(job["text"], job["prefix"], job["entry"])
    entry = job["entry"] if job["form"] == "asserts" else ""
    ask = None if job["form"] == "stdio" else run_tests
    verdict = prefix_verdict(source, entry or None, ask)
    if verdict == "fail" and is_prose(job):
        verdict = "open"  # a fenced program may follow
    send_bytes(channel, b"=" + verdict.encode())


def is_prose(job):
    body, fenced = unfence(job["text"])
    return not fenced and not job["prefix"] and not parses(body)


# Programs that read stdin: process 1 holds the compiled program and forks one child an
# input.

def temporary_file(data):
    fd = os.memfd_create("io", os.MFD_CLOEXEC)
    write_all(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def open_stdio():
    for name, fd, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        stream = open(fd, mode, encoding="utf-8", errors="surrogateescape",
                      closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def exit_code(error):
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else 1
    return EXIT_MEMORY if isinstance(error, MemoryError) else 1


def run_main(code):
    """Runs `code` as the main program to its end, as the interpreter would."""
    names = new_module("__main__")
    names["__builtins__"] = builtins
    status = 0
    try:
        exec(code, names)
    except BaseException as error:
        status = exit_code(error)
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        names.clear()
        gc.collect()
        sys.stdout.flush()
    except BaseException as error:
        status = status or exit_code(error)
    os._exit(status)


def child_of_input(sandbox, code, stdin, stdout):
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    start_child(keep_fd=-1)
    open_stdio()
    sandbox.filter_calls()
    run_main(code)


def run_input(sandbox, code, data):
    """(exit status, output) of the program with `data` on its standard input."""
    stdin, stdout = temporary_file(data), temporary_file(b"")
    child = os.fork()
    if child == 0:
        try:
            child_of_input(sandbox, code, stdin, stdout)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    size = os.fstat(stdout).st_size
    if size >= FILE_BYTES:
        status = EXIT_MEMORY
    output = os.pread(stdout, size, 0) if status == 0 else b""
    os.close(stdin)
    os.close(stdout)
    return status, output


def run_stdio(sandbox, channel, job):
    try:
        source = program_source(job["text"], job["prefix"], job["entry"])
        code = compile(source, "<program>", "exec", dont_inherit=True)
    except BaseException as error:
        send_bytes(channel, error_message(error))
        return
    send_bytes(channel, b"v" + pack_value(None, keep))
    while True:
        data = receive_bytes(channel)
        send_bytes(channel, b"v" + pack_value(run_input(sandbox, code, data), keep))


def run(sandbox, channel):
    """Ready before anything is read; ends when the server kills it."""
    sandbox.confine()
    send_bytes(channel, b"ready")
    job = pickle.loads(receive_bytes(channel))
    job["text"] = job["text"].decode("utf-8", "replace")
    if job["form"] == "call":
        add_site_names()
    if job["partial"]:
        sandbox.filter_calls()
        run_partial(channel, job)
    elif job["form"] == "stdio":
        run_stdio(sandbox, channel, job)
    else:
        sandbox.filter_calls()
        run_functions(channel, job)
