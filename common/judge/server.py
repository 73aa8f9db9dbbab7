"""A server of the judge: forks a runner and an examiner for each verification.

    python -c PROGRAM timeout_ms memory_mb bare|sandbox

Descriptor 3 holds this program (the files of this folder, this one last, in the order of
cmake/embed.cmake), 4 the system-call filter.  The server itself
reads no request, so neither it nor a runner, which is a fork of it, ever held a test.
Standard output: one byte HELLO when ready, then one byte a verdict.
"""

import gc
import importlib
import os
import signal
import socket
import sys
import threading

HELLO = b"R"
REHEARSALS = 20
REHEARSAL = "x = [1, 2]\nassert f(x, 3) == (6, {3: x})\nassert x == [1, 2, 3]\n"
NO_MODULE = "the tests import a module that is not here"  # judge.c knows these words
# What Debian's packages add to the standard library; last, so that it hides nothing.
PACKAGES = "/usr/lib/python3/dist-packages"
COMMON_MODULES = (
    "array bisect calendar cmath collections collections.abc contextlib copy csv "
    "dataclasses datetime decimal enum fractions functools hashlib heapq inspect io "
    "itertools json keyword math numbers operator os queue random re statistics "
    "string struct sys textwrap threading time traceback types typing unicodedata uuid "
    "zlib abc binascii base64 pprint").split()


def rehearse():
    """What a verification does, within this process: the interpreter then has its code
    in the form that it runs fastest, and forks need not write to it."""
    tests = {"form": "asserts", "entry": "f", "tests": REHEARSAL, "preamble": "",
             "partial": False, "tree": ast.parse(REHEARSAL)}
    job = job_of("def f(a, b):\n    a.append(b)\n    return sum(a), {b: a}\n", tests)
    mine, theirs, stdout = *socket.socketpair(), sys.stdout
    program = threading.Thread(target=rehearse_program, args=(theirs, job))
    program.start()
    status = examine_whole(tests, TestsLink(mine.fileno()))
    mine.close()
    program.join()
    sys.stdout = stdout
    if status != PASS:
        raise AssertionError("a right program does not pass")


def rehearse_program(channel, job):
    try:
        with channel:
            run_functions(channel.fileno(), job)
    except Broken:
        pass  # the other end is closed: the tests are over


def warm_up():
    """Imports once what programs import, and gives them the names that site gives."""
    for name in COMMON_MODULES:
        importlib.import_module(name)
    importlib.import_module("site").setquit()
    for _ in range(REHEARSALS):
        rehearse()
    del sys.modules[PROGRAM_MODULE]
    sys.path[:] = [path for path in sys.path if path] + [PACKAGES]
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy's; a thread has no place in a fork
    settle()


def settle():
    """Fewer pages for a fork to copy, and to write to."""
    gc.collect()
    gc.freeze()
    libc.malloc_trim(0)  # what compiling this program has taken


def quiet():
    """No message of a program reaches the server's own standard error."""
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    return null


def fork_runner(sandbox, mine):
    sandbox.new_pid_namespace()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(quiet(), 0)
            start_child(keep_fd=mine)
            run(sandbox, mine)
        except BaseException:
            pass
        finally:
            os._exit(0)
    sandbox.leave_pid_namespace()
    return child


def fork_examiner(sandbox, mine, timeout_ms):
    child = os.fork()
    if child == 0:
        status = 1  # no verdict: the server ends, and a fresh one starts
        try:
            quiet()
            start_child(keep_fd=mine)
            status = examine(sandbox, mine, timeout_ms)
        finally:
            os._exit(status)
    return child


def verify_one(sandbox, timeout_ms):
    """One verification from fork to the end of both processes: its exit status."""
    of_runner, of_examiner = (end.detach() for end in socket.socketpair())
    runner = fork_runner(sandbox, of_runner)
    examiner = fork_examiner(sandbox, of_examiner, timeout_ms)
    os.close(of_runner)
    os.close(of_examiner)
    status = os.waitstatus_to_exitcode(os.waitpid(examiner, 0)[1])
    os.kill(runner, signal.SIGKILL)
    os.waitpid(runner, 0)
    return TIMEOUT if status == -signal.SIGALRM else status


def warm_up_more():
    """For tests that import it, numpy: each verification would, at 0.1 s a process."""
    if "numpy" not in sys.modules:
        importlib.import_module("numpy")
        settle()


def read_file(fd):
    with open(fd, "rb") as file:
        return os.pread(fd, os.fstat(fd).st_size, 0)


def serve():
    timeout_ms, memory_mb = int(sys.argv[1]), int(sys.argv[2])
    os.close(3)
    sandbox = Sandbox(read_file(4), timeout_ms, memory_mb, sys.argv[3] == "bare")
    sys.argv[1:] = []
    ignore_signals()
    warm_up()
    sandbox.hold_server()
    if not try_sandbox(sandbox):
        sys.exit(1)
    write_all(1, HELLO)
    while True:
        status = verify_one(sandbox, timeout_ms)
        verdict = status & ~HEAVY
        if verdict == MISSING:
            sys.exit(NO_MODULE)
        if status < 0 or not PASS <= verdict <= OPEN:
            sys.exit(1)  # perhaps in the middle of a request: a fresh server is needed
        write_all(1, bytes([verdict - PASS]))
        if status & HEAVY:
            warm_up_more()


serve()
