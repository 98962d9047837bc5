"""Attacks that do not come to an end, and attacks that end too much."""

from hostile import SMALL, SOON, Attack

HANG = {"status": "timed out", "limits": SOON}
LOOPS = (
    Attack("loop", function="while True: pass", **HANG),
    Attack(
        "loop that swallows every exception",
        function="""
while True:
    try:
        while True: pass
    except: pass
""",
        **HANG,
    ),
    Attack(
        "loop with signals ignored and blocked",
        function="""
import signal
signal.signal(signal.SIGALRM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
while True: pass
""",
        **HANG,
    ),
    Attack(
        "loop without the alarm",
        function="import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass",
        **HANG,
    ),
    Attack(
        "loop in C",
        function="import itertools\nreturn sum(itertools.repeat(0))",
        **HANG,
    ),
    Attack(
        "power of huge numbers",
        function="return 7 ** (7 ** (7 ** 3 % 40) % 10**9) % 3",
        **HANG,
    ),
    Attack(
        "regular expression without end",
        function="import re\nreturn re.match('(a|a?)+$', 'a' * 64 + 'b')",
        **HANG,
    ),
    Attack("sleep", function="import time\ntime.sleep(10**6)", **HANG),
    Attack(
        "lock that nobody opens",
        function="import _thread\nx = _thread.allocate_lock()\nx.acquire()\nx.acquire()",
        **HANG,
    ),
    Attack(
        "stops itself",
        function="import signal, time\nsignal.raise_signal(signal.SIGSTOP)\ntime.sleep(10**6)",
        **HANG,
    ),
    Attack("loop in a cell", cell="while True: pass", note="was stopped after", limits=SOON),
    Attack(
        "endless thread beside the work",
        cell="""
import threading
def spin():
    while True: pass
for _ in range(2):
    try:
        threading.Thread(target=spin, daemon=False).start()
    except RuntimeError:
        pass
sys.setswitchinterval(1e-6)
""",
    ),
    Attack("endless work at the end", cell="import atexit, time\natexit.register(time.sleep, 999)"),
    Attack(
        "result that never ends",
        function="import itertools\nreturn itertools.count()",
        status="wrong",
    ),
    Attack(
        "result whose length never comes",
        function="class Long(list):\n    def __len__(self):\n        while True: pass\n"
        "    __iter__ = __getitem__ = __bool__ = __len__\nreturn Long([1.0])",
        status="wrong",
    ),
)

EXIT = {"status": "raised"}
ENDINGS = (
    Attack("SystemExit", function="raise SystemExit(0)", **EXIT),
    Attack("KeyboardInterrupt", function="raise KeyboardInterrupt", status="raised"),
    Attack("GeneratorExit", function="raise GeneratorExit", **EXIT),
    Attack("SystemExit in a cell", cell="sys.exit('bye')", note="SystemExit"),
    Attack("os._exit", function="os._exit(0)", status="crashed"),
    Attack("os._exit in a cell", cell="os._exit(0)", note="ended the process"),
    Attack("abort", function="os.abort()", status="crashed"),
    Attack("segmentation fault", function="ctypes.string_at(0)", status="crashed"),
    Attack("illegal system calls", function="syscall(0x40000000 + 39)", status="crashed"),
    Attack("all descriptors closed", function="os.closerange(0, 64)\nreturn 0.0", status="crashed"),
    Attack(
        "ends at the second call",
        cell="calls = []",
        function="calls.append(1)\nif len(calls) > 1: os._exit(0)\nreturn 0.0",
        status="crashed",
    ),
    Attack("deep recursion", function="return entropy(weights)", **EXIT),
    Attack(
        "deep recursion without a limit",
        function="sys.setrecursionlimit(10**9)\n"
        "class Deep:\n    def __getattr__(self, name): return getattr(self, name + 'x')\n"
        "return repr(Deep().x)",
        status="crashed",
        limits=SMALL,
    ),
    Attack(
        "nested data of 100 000 levels",
        function="x = []\nfor _ in range(10**5): x = [x]\nreturn x",
        status="raised",
    ),
    Attack("list that holds itself", function="x = []\nx.append(x)\nreturn x", status="raised"),
    Attack(
        "exception that cannot be printed",
        function="class Evil(Exception):\n    def __str__(self): raise Evil\nraise Evil",
        **EXIT,
    ),
    Attack(
        "exception that ends the process when printed",
        function="class Evil(Exception):\n    def __str__(self): os._exit(0)\n"
        "    __repr__ = __str__\nraise Evil",
        status="crashed",
    ),
    Attack(
        "exception that never comes to its end when printed",
        function="class Evil(Exception):\n    def __str__(self):\n        while True:\n"
        "            try:\n                while True: pass\n            except: pass\nraise Evil",
        **HANG,
    ),
    Attack(
        "exception whose class has no name",
        function="class Meta(type):\n    @property\n    def __name__(cls): raise ValueError\n"
        "class Evil(Exception, metaclass=Meta): pass\nraise Evil",
        **EXIT,
    ),
    Attack("exception of 100 MB", function="raise ValueError('x' * 10**8)", **EXIT),
    Attack(
        "exception with commands for a terminal and for a page",
        function="raise ValueError(chr(27) + '[2J<script>alert(1)</script>' + chr(0x202e))",
        **EXIT,
    ),
    Attack("exception group", function="raise BaseExceptionGroup('', [SystemExit()])", **EXIT),
)

# What the jail does not see as an ending, since process 1 of a namespace is spared such signals.
SIGNALS = (
    Attack(
        "real-time signal to itself",
        function="import signal\nsignal.raise_signal(40)\nreturn 0.0",
        status="wrong or crashed",
    ),
    Attack(
        "kills itself",
        function="import signal\nsignal.raise_signal(signal.SIGKILL)\nreturn 0.0",
        status="wrong or crashed",
    ),
)

FLOODS = (
    Attack(
        "1 GB printed",
        function="for _ in range(1000): print('x' * 10**6)\nreturn 0.0",
        status="wrong",
    ),
    Attack("1 GB printed by a cell", cell="for _ in range(1000): print('x' * 10**6)"),
    Attack(
        "1 GB to the standard streams",
        cell="for _ in range(500):\n    os.write(1, bytes(10**6)); os.write(2, bytes(10**6))\n"
        "for stream in (sys.__stdout__, sys.__stderr__): print('x' * 10**7, file=stream)",
    ),
    Attack(
        "flood of warnings",
        cell="import warnings\nfor i in range(3000): warnings.warn(f'{i}' * 1000)",
    ),
)
