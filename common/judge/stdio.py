"""Programs that read stdin and write stdout: process 1 of the sandbox holds the compiled
program and forks one child an input, which runs it as the main program.
"""

import atexit
import builtins
import gc
import io
import os
import sys
import threading

EXIT_MEMORY = 99  # the program ran out of memory
# The sandbox has no such files: they are opened as the descriptors that they name.
STANDARD_FILES = {
    name: fd for fd, word in enumerate(("stdin", "stdout", "stderr"))
    for name in (f"/dev/{word}", f"/dev/fd/{fd}", f"/proc/self/fd/{fd}")}


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


def standard_file(path):
    """The descriptor that a path names, or None."""
    try:
        return STANDARD_FILES.get(os.fsdecode(path))
    except TypeError:
        return None  # a descriptor itself


def name_standard_files():
    plain_open, plain_os_open = io.open, os.open

    @functools.wraps(plain_open)
    def open_any(file, *arguments, **named):
        fd = standard_file(file)
        return plain_open(file if fd is None else os.dup(fd), *arguments, **named)

    @functools.wraps(plain_os_open)
    def os_open_any(path, flags, *arguments, **named):
        fd = standard_file(path)
        return plain_os_open(path, flags, *arguments, **named) if fd is None \
            else os.dup(fd)

    builtins.open = io.open = open_any
    os.open = os_open_any


def exit_code(error):
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else 1
    return EXIT_MEMORY if isinstance(error, MemoryError) else 1


def run_main(code):
    """Runs `code` as the main program to its end, as the interpreter would."""
    names = new_module("__main__")
    names.update(__builtins__=builtins, __file__="/tmp/solution.py")
    status = 0
    try:
        exec(code, names)
    except BaseException as error:
        status = exit_code(error)
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        names.clear()
        gc.collect()
        sys.__stdout__.flush()
    except BaseException as error:
        status = status or exit_code(error)
    os._exit(status)


def child_of_input(sandbox, code, stdin, stdout):
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    start_child(keep_fd=-1)
    open_stdio()
    name_standard_files()
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
        source = program_source(job)
        code = compile(source, "<program>", "exec", dont_inherit=True)
    except BaseException as error:
        send_bytes(channel, b"e" + f"{type(error).__name__}".encode())
        return
    send_bytes(channel, b"v")
    while True:
        status, output = run_input(sandbox, code, receive_bytes(channel))
        send_bytes(channel, status.to_bytes(2, "little", signed=True) + output)
