// Programs that attack the judge, by what they try.
#ifndef JUDGE_ATTACKS_H
#define JUDGE_ATTACKS_H

// The tests want f(3) == 73519, a number that nothing in these programs holds; a
// program that finds a hole says so by making it.
#define ANSWER  "int('7' + '3519')"
#define IF_HOLE "    return " ANSWER " if hole() else 0\n"
#define C_CALLS "import ctypes\nc = ctypes.CDLL(None)\n"
#define ALL_FDS "range(3, 64)"
#define RAW                                                                            \
    "import os, pickle\ndef raw(b):\n    for fd in " ALL_FDS ":\n"                     \
    "        try: os.write(fd, len(b).to_bytes(4, 'little') + b)\n"                    \
    "        except OSError: pass\n"

// Sets __eq__ of what was unpickled to bool.
#define FORGED_EQ "N}V__eq__\\n(Vtype\\nVbool\\ntQs\\x86b."

struct attack {
    const char *name, *program;
};

static const struct attack on_functions[] = {
    {"fork bomb", "import os\ndef f(x):\n    while True:\n        try: os.fork()\n"
                  "        except Exception: pass\n"},
    {"fork", "import os\ndef hole():\n    try: return os.fork() >= 0\n"
             "    except OSError: return False\ndef f(x):\n" IF_HOLE},
    {"memory bomb",
     "def f(x):\n    a = []\n    while True: a.append(bytearray(1 << 24))\n"},
    {"memory bomb while importing", "a = ' ' * (1 << 40)\n"},
    {"endless loop, deaf",
     "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, "
     "signal.SIG_IGN)\n"
     "    except (OSError, ValueError): pass\n"
     "def f(x):\n    while True:\n        try:\n            while True: pass\n"
     "        except BaseException: pass\n"},
    {"stopped",
     "import os, signal\ndef f(x):\n    os.kill(os.getpid(), signal.SIGSTOP)\n"},
    {"endless output",
     "import sys\ndef f(x):\n    while True: sys.stdout.write('x' * 4096)\n"},
    {"host files", "import os\ndef hole():\n    return any(map(os.path.exists, "
                   "['/etc/passwd', '/root', "
                   "'/home', '/proc/self', '/proc/1', '/sys/kernel', '/var/lib', "
                   "'/dev/shm', '/dev/tty']))\n"
                   "def f(x):\n" IF_HOLE},
    {"write outside /tmp",
     "import os\ndef hole():\n    for d in ['/', '/usr', '/dev', '/usr/lib', '/lib']:\n"
     "        try:\n            open(d + '/mark', 'w')\n            return True\n"
     "        except OSError: pass\ndef f(x):\n" IF_HOLE},
    {"network",
     "import socket\ndef hole():\n    for kind in (2, 10, 1, 16, 17):\n"
     "        try:\n            socket.socket(kind, 2)\n            return True\n"
     "        except OSError: pass\ndef f(x):\n" IF_HOLE},
    {"signals to others",
     "import os\ndef hole():\n    for pid in [-1, 0, os.getppid(), *range(2, 40)]:\n"
     "        try:\n            os.kill(pid, 9)\n            return True\n"
     "        except OSError: pass\ndef f(x):\n" IF_HOLE},
    {"system calls", C_CALLS
     "import os\ndef hole():\n"
     "    return any([c.ptrace(16, 1, 0, 0) == 0, c.unshare(0x10000000) == 0,\n"
     "        c.unshare(0x20000) == 0, c.mount(b'tmpfs', b'/usr', b'tmpfs', 0, 0) == "
     "0,\n"
     "        c.chroot(b'/tmp') == 0, c.setuid(0) == 0, c.keyctl(0, -3, 0) >= 0,\n"
     "        c.syscall(425, 1, 0) >= 0, c.syscall(321, 0, 0, 0) >= 0,\n"
     "        c.syscall(323, 0) >= 0, c.syscall(310, 1, 0, 0, 0, 0, 0) >= 0,\n"
     "        c.syscall(319, b'x', 0) >= 0, c.syscall(435, 0, 0) >= 0,\n"
     "        c.syscall(56, 17, 0, 0, 0, 0) >= 0, c.socket(1, 1, 0) >= 0])\n"
     "def f(x):\n" IF_HOLE},
    {"another program",
     "import os\ndef hole():\n    try: os.execv('/usr/bin/true', ['x'])\n"
     "    except OSError: return False\ndef f(x):\n" IF_HOLE},
    {"subprocess", "import subprocess\ndef hole():\n"
                   "    try: return subprocess.run(['/usr/bin/true']).returncode == 0\n"
                   "    except OSError: return False\ndef f(x):\n" IF_HOLE},
    {"more resources",
     "import resource\ndef hole():\n    for r in range(16):\n        try:\n"
     "            hard = resource.getrlimit(r)[1]\n"
     "            if hard == -1: continue\n"
     "            resource.setrlimit(r, (hard + 1, hard + 1))\n            return "
     "True\n"
     "        except (OSError, ValueError): pass\ndef f(x):\n" IF_HOLE},
    {"equal to all",
     "class A:\n    __eq__ = lambda a, b: True\n    __hash__ = lambda a: 1\n"
     "    __bool__ = lambda a: True\ndef f(x):\n    return A()\n"},
    {"equal integer", "class A(int):\n    __eq__ = lambda a, b: True\n"
                      "    __ne__ = lambda a, b: False\n    __hash__ = int.__hash__\n"
                      "def f(x):\n    return A(1)\n"},
    {"equal list", "class A(list):\n    __eq__ = lambda a, b: True\n"
                   "def f(x):\n    return [A()]\n"},
    {"patched builtins",
     "import builtins, operator\nclass T(type):\n    __instancecheck__ = lambda *a: "
     "True\n"
     "class E(Exception, metaclass=T): pass\nbuiltins.AssertionError = E\n"
     "builtins.isinstance = lambda *a: True\nbuiltins.all = lambda a: True\n"
     "operator.eq = lambda a, b: True\ndef f(x):\n    return 0\n"},
    {"exit 0", "import sys\nsys.exit(0)\n"},
    {"exit 0 in the call", "import sys\ndef f(x):\n    sys.exit(0)\n"},
    {"_exit 0", "import os\nos._exit(0)\n"},
    {"_exit 10 in the call", "import os\ndef f(x):\n    os._exit(10)\n"},
    {"atexit",
     "import atexit, os\natexit.register(os._exit, 10)\ndef f(x):\n    return 0\n"},
    {"StopIteration", "def f(x):\n    raise StopIteration\n"},
    {"printed verdict",
     "import os\nfor fd in range(64):\n    try: os.write(fd, b'\\0' * 64)\n"
     "    except OSError: pass\ndef f(x):\n    return 0\n"},
    {"answers in objects",
     "import gc, re\ndef f(x):\n    seen = repr([o for o in gc.get_objects()\n"
     "        if isinstance(o, (str, bytes, dict, list, tuple))])\n"
     "    m = re.search(r'f\\(3\\) == (\\d+)', seen)\n    return int(m[1]) if m else "
     "0\n"},
    {"answers in frames",
     "import sys, re\ndef f(x):\n    frame, seen = sys._getframe(), ''\n"
     "    while frame:\n        seen += repr(frame.f_locals) + repr(frame.f_globals)\n"
     "        frame = frame.f_back\n    m = re.search(r'f\\(3\\) == (\\d+)', seen)\n"
     "    return int(m[1]) if m else 0\n"},
    {"answers in open files",
     "import os, re\nseen = b''\nfor fd in " ALL_FDS ":\n    try:\n"
     "        os.set_blocking(fd, False)\n        seen += os.read(fd, 1 << 20)\n"
     "    except OSError: pass\ndef f(x):\n"
     "    m = re.search(rb'f\\(3\\) == (\\d+)', seen)\n    return int(m[1]) if m else "
     "0\n"},
    {"list in itself", "def f(x):\n    a = []\n    a.append(a)\n    return a\n"},
    {"wide by sharing", "def f(x):\n    a = [0]\n    for _ in range(60): a = [a, a]\n"
                        "    return a\n"},
    {"reduce", "import os\nclass A:\n    def __reduce__(self):\n"
               "        return eval, ('73519',)\ndef f(x):\n    return A()\n"},
    {"forged global", RAW "def f(x):\n    raw(b'vcbuiltins\\neval\\n(V73519\\ntR.')\n"
                          "    return 0\n"},
    // The state of an object set by BUILD: of a Counter, a stand-in, a type.
    {"forged state", RAW "def f(x):\n    raw(b'v(VCounter\\n}tQ" FORGED_EQ "')\n"},
    {"forged state of a stand-in",
     RAW "def f(x):\n    raw(b'v(Vobject\\nI0\\ntQ" FORGED_EQ "')\n"},
    {"forged state of a type",
     RAW "def f(x):\n    raw(b'v(Vtype\\nVint\\ntQ" FORGED_EQ "')\n"},
    {"forged replies", RAW "for _ in range(50):\n    raw(b'v' + pickle.dumps(True))\n"
                           "def f(x):\n    return 0\n"},
    {"forged words",
     RAW "for w in (b'=pass', b't', b'ready', b'o', b'', b'e'):\n    raw(w)\n"
         "def f(x):\n    return 0\n"},
    {"message too long", "import os\nfor fd in " ALL_FDS ":\n"
                         "    try: os.write(fd, b'\\xff\\xff\\xff\\xff')\n"
                         "    except OSError: pass\ndef f(x):\n    return 0\n"},
    {"patched pickle",
     "import pickle, sys\npickle.loads = lambda b: ('call', 0, (), {})\n"
     "sys.modules.clear()\ndef f(x):\n    return 0\n"},
    {"patched server", "import sys\nm = vars(sys.modules['__main__'])\n"
                       "m['answer'] = lambda *a: b'v' + b'N.'\nm['PASS'] = 11\n"
                       "m['FAIL'] = 10\ndef f(x):\n    return 0\n"},
    {"threads left running", "import threading\ndef spin():\n    while True: pass\n"
                             "def f(x):\n    threading.Thread(target=spin).start()\n"
                             "    return 0\n"},
    {"all files closed", "import os\nos.closerange(0, 64)\ndef f(x):\n    return 0\n"},
    {"segmentation fault", "import ctypes\ndef f(x):\n    ctypes.string_at(1)\n"},
    {"recursion in C", "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n"
                       "    def __getattr__(self, n): return getattr(self, n)\n"
                       "def f(x):\n    return A().a\n"},
    {"NUL", "def f(x):\n    return 0\n\0"},
    {"own file system", "import os\ndef f(x):\n    os.rmdir('/tmp')\n"},
};

// These use up all their time, or much of it.
static const struct attack slow_on_functions[] = {
    {"thread bomb",
     "import threading, time\ndef f(x):\n    while True:\n"
     "        try: threading.Thread(target=time.sleep, args=(99,)).start()\n"
     "        except BaseException: pass\n"},
    {"memory bomb, caught", "def f(x):\n    a = []\n    while True:\n"
                            "        try: a.append(bytearray(1 << 24))\n"
                            "        except MemoryError: pass\n"},
    {"disk filled", "def f(x):\n    n = 0\n    while True:\n        try:\n"
                    "            open(f'/tmp/{n}', 'wb').write(bytes(1 << 20))\n"
                    "        except OSError: pass\n        n += 1\n"},
    {"endless iterator", "import itertools\ndef f(x):\n    return itertools.count()\n"},
    {"half a message",
     RAW "for fd in " ALL_FDS ":\n    try: os.write(fd, b'\\xff\\0\\0\\0v')\n"
         "    except OSError: pass\ndef f(x):\n"
         "    while True: pass\n"},
    {"destructor", "class A:\n    def __del__(self):\n        while True: pass\n"
                   "def f(x):\n    A()\n    return 0\n"},
    {"endless loop", "def f(x):\n    while True: pass\n"},
    {"endless loop in C", "def f(x):\n    return 9 ** 9 ** 9\n"},
    {"endless top level", "while True: pass\n"},
    {"sleep", "import time\ndef f(x):\n    time.sleep(1000)\n"},
    {"large result", "def f(x):\n    return 'x' * (1 << 27)\n"},
    {"large number", "def f(x):\n    return 1 << (1 << 27)\n"},
    {"deep list",
     "def f(x):\n    a = []\n    for _ in range(10**6): a = [a]\n    return a\n"},
    {"recursion",
     "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n    return f(x)\n"},
};

#define ECHO "import os, sys\nn = sys.stdin.read()\n"

// Their right output is "73519\n" on any input.
static const struct attack on_stdio[] = {
    {"nothing", ""},
    {"fork", "import os\nos.fork()\nprint(" ANSWER ")\n"},
    {"endless output", "while True: print('x' * 9999)\n"},
    {"right, then endless output", "print(" ANSWER ", flush=True)\n"
                                   "while True: print('x' * 9999)\n"},
    {"right, then a crash", "import ctypes\nprint(" ANSWER ", flush=True)\n"
                            "ctypes.string_at(1)\n"},
    {"right, then exit 1", "import os\nprint(" ANSWER ", flush=True)\nos._exit(1)\n"},
    {"parent killed", "import os\nos.kill(os.getppid(), 9)\nprint(" ANSWER ")\n"},
    {"all killed", "import os\nos.kill(-1, 9)\nprint(" ANSWER ")\n"},
    {"memory bomb", "a = bytearray(1 << 40)\nprint(" ANSWER ")\n"},
    {"files of the parent", ECHO
     "for fd in " ALL_FDS ":\n    try:\n        os.fstat(fd)\n        print(" ANSWER
     ")\n        break\n    except OSError: pass\n"},
    {"all files closed", "import os\nos.closerange(0, 64)\n"},
    {"output of zeros", "import os\nos.ftruncate(1, 1 << 40)\n"},
};

// These use up all their time, or much of it.
static const struct attack slow_on_stdio[] = {
    {"right, then an endless loop",
     "print(" ANSWER ", flush=True)\nwhile True: pass\n"},
    {"right, then a thread that stays",
     "import threading, time\nprint(" ANSWER ", flush=True)\n"
     "threading.Thread(target=time.sleep, args=(1000,)).start()\n"},
    {"endless atexit", "import atexit, time\natexit.register(time.sleep, 1000)\n"
                       "print(" ANSWER ")\n"},
    {"fork bomb",
     "import os\nwhile True:\n    try: os.fork()\n    except Exception: pass\n"},
};

#endif
