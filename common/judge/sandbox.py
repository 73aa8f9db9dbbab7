"""What holds a program in: namespaces, limits, no capabilities, a system-call filter.

The server calls new_pid_namespace() before it forks a runner; the runner confine()s
itself before it reads anything, and filter_calls() before it runs what it has read.
"""

import ctypes
import os
import random
import resource
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
SECCOMP_MODE_FILTER = 2
CAP_VERSION_3 = 0x20080522
LAST_CAP = 63

MB = 1 << 20
SCRATCH_OPTIONS = b"size=64m,nr_inodes=4096,mode=700"
FILE_BYTES = 4 * MB  # of one file a program writes, its standard output among them
EXTRA_CPU_S = 2  # beyond the wall clock: a backstop, the examiner's timer comes first
STACK_BYTES = 64 * MB
OPEN_FILES = 64
LEAST_MEMORY = 8 * MB  # beyond the interpreter itself
PROCESSES = 128  # of the whole sandbox; only threads pass the filter

libc = ctypes.CDLL(None, use_errno=True)


CAP_HEADER = (ctypes.c_uint32 * 2)(CAP_VERSION_3, 0)
NO_CAPABILITIES = (ctypes.c_uint32 * 6)()


class FilterProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def checked(result, what):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result


def prctl(option, *arguments):
    values = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    return libc.prctl(option, *values)


class Sandbox:
    """The limits of every program, and the filter as BPF bytes."""

    def __init__(self, filter_code, timeout_ms, memory_mb, bare):
        self.filter_code = filter_code  # kept: the kernel reads it at each filter_calls
        self.filter = FilterProgram(len(filter_code) // 8, filter_code)
        self.cpu_s = timeout_ms // 1000 + 1 + EXTRA_CPU_S
        self.memory = memory_mb * MB
        self.bare = bare  # no namespaces here: limits, Landlock and the filter alone
        self.own_pid_namespace = -1 if bare else os.pidfd_open(os.getpid())

    def hold_server(self):
        """What every process here inherits: the server has no use for more either."""
        limit(resource.RLIMIT_CORE, 0)
        limit(resource.RLIMIT_NOFILE, OPEN_FILES)
        limit(resource.RLIMIT_FSIZE, FILE_BYTES)
        limit(resource.RLIMIT_STACK, STACK_BYTES)
        prctl(PR_SET_DUMPABLE, 0)
        checked(prctl(PR_SET_NO_NEW_PRIVS, 1), "no_new_privs")
        if self.bare:
            forbid_files()
        else:
            limit(resource.RLIMIT_NPROC, PROCESSES)
            drop_bounding_set()

    def new_pid_namespace(self):
        """The next fork is the first process of a namespace that dies with it."""
        if not self.bare:
            checked(libc.unshare(CLONE_NEWPID), "a pid namespace")

    def leave_pid_namespace(self):
        if not self.bare:
            checked(libc.setns(self.own_pid_namespace, CLONE_NEWPID), "setns")

    def confine(self):
        """The runner: its own empty /tmp, limits, no rights.  It may still fork."""
        if self.bare:
            os.setsid()
        else:
            checked(libc.unshare(CLONE_NEWNS), "a mount namespace")
            checked(libc.mount(b"tmpfs", b"/tmp", b"tmpfs",
                               MS_NOSUID | MS_NODEV | MS_NOEXEC, SCRATCH_OPTIONS), "/tmp")
            os.chdir("/tmp")
        limit(resource.RLIMIT_AS, self.memory)
        limit(resource.RLIMIT_CPU, self.cpu_s)
        self.drop_capabilities()

    def confine_examiner(self):
        """It runs trusted tests, on values that a hostile program may have made."""
        limit(resource.RLIMIT_AS, 2 * self.memory + 512 * MB)
        self.drop_capabilities()
        self.filter_calls()

    def drop_capabilities(self):
        if not self.bare:
            checked(libc.capset(CAP_HEADER, NO_CAPABILITIES), "capset")

    def filter_calls(self):
        """From here on: no processes, no sockets, no mounts, no signals to others."""
        checked(libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER),
                           ctypes.byref(self.filter), ctypes.c_ulong(0),
                           ctypes.c_ulong(0)), "the system-call filter")


def start_child(keep_fd):
    """After a fork: dies with its parent, and holds no descriptor but the first three
    and `keep_fd` (-1: none).  Its random numbers are those of every other child."""
    random.seed(0)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.closerange(3, max(keep_fd, 3))
    os.closerange(max(keep_fd + 1, 3), OPEN_FILES)


def limit(which, wanted):
    """Lowers a limit, never raises one: a hard limit may be below what we want."""
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(which, (wanted, wanted))


def drop_bounding_set():
    """No program that is executed gets a capability back; none is executed, either."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(LAST_CAP + 1):
        if prctl(PR_CAPBSET_DROP, capability) < 0:
            break  # beyond the last one that this kernel knows


# Landlock, for a machine without user namespaces (linux/landlock.h).
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_CREATE_VERSION, LANDLOCK_PATH_BENEATH = 1, 1
ALL_FILE_RIGHTS = (1 << 13) - 1  # those of the first version
READ_FILE, WRITE_FILE, READ_DIR = 1 << 2, 1 << 1, 1 << 3
READABLE = ("/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/dev/urandom")


def landlock_version():
    return libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0),
                        LANDLOCK_CREATE_VERSION)


def landlock_allow(ruleset, path, rights):
    if not os.path.exists(path):
        return
    where = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not os.path.isdir(path):
        rights &= ~READ_DIR
    rule = rights.to_bytes(8, "little") + where.to_bytes(4, "little")
    checked(libc.syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PATH_BENEATH, rule, 0),
            "a Landlock rule")
    os.close(where)


def forbid_files():
    """Read-only libraries, /dev/null, and nothing else; where the kernel has Landlock."""
    if landlock_version() < 1:
        return
    rights = ALL_FILE_RIGHTS.to_bytes(8, "little")
    ruleset = checked(libc.syscall(LANDLOCK_CREATE_RULESET, rights, ctypes.c_size_t(8), 0),
                      "Landlock")
    for path in READABLE:
        landlock_allow(ruleset, path, READ_FILE | READ_DIR)
    landlock_allow(ruleset, "/dev/null", READ_FILE | WRITE_FILE)
    checked(libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0), "Landlock")
    os.close(ruleset)


def try_sandbox(sandbox):
    """Confines a child once, so that a machine without a sandbox is known at the start."""
    sandbox.new_pid_namespace()
    child = os.fork()
    if child == 0:
        try:
            sandbox.confine()
            sandbox.filter_calls()
            bytearray(LEAST_MEMORY)
        except BaseException as error:
            os.write(2, f"{type(error).__name__} {error}\n".encode())
            os._exit(1)
        os._exit(0)
    sandbox.leave_pid_namespace()
    return os.waitpid(child, 0)[1] == 0


def ignore_signals():
    """Those a terminal or a job scheduler may send to a whole group: ours to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
