"""Attacks that take more than their share: processes, threads, memory, files."""

from hostile import SMALL, Attack

PROCESSES = (
    Attack("fork", cell="if attempt('fork', os.fork) == 0: os._exit(0)"),
    Attack("forkpty", cell="import pty\nif attempt('forkpty', pty.fork): pass"),
    Attack(
        "subprocess",
        cell="import subprocess\nattempt('run', subprocess.run, ['/bin/true'])\n"
        "attempt('python', subprocess.run, [sys.executable, '-c', 'pass'])",
    ),
    Attack(
        "os.system, os.popen, posix_spawn",
        cell="status = os.system('true')\nif status == 0: REACHED.append('system')\n"
        "attempt('popen', os.popen, 'true')\n"
        "attempt('spawn', os.posix_spawn, sys.executable, [sys.executable, '-c', ''], {})",
    ),
    Attack("exec", cell="attempt('exec', os.execv, sys.executable, [sys.executable, '-c', ''])"),
    Attack(
        "multiprocessing",
        cell="import multiprocessing\n"
        "attempt('start', multiprocessing.get_context('fork').Process(target=print).start)",
    ),
    Attack(
        "clone, vfork and clone3, by number",
        cell="""
import platform
vfork, clone = {'x86_64': (58, 56), 'aarch64': (None, 220)}[platform.machine()]
for number, flags in ((clone, 17), (clone, 0x10000011), (clone, 0x8011), (vfork, 0), (435, 0)):
    if number and attempt(f'{number} {flags}', syscall, number, flags, 0, 0, 0, 0) == 0:
        os._exit(0)
""",
    ),
    Attack(
        "as many threads as there can be",
        cell="import threading, time\ntry:\n"
        "    for _ in range(10000): threading.Thread(target=time.sleep, args=(100,)).start()\n"
        "except (RuntimeError, MemoryError): pass",
        limits=SMALL,
    ),
)

HOLD = "\nfor x in held[1:]: pass\nif len(held) > 400: REACHED.append(len(held))\ndel held\n"
MEMORY = (
    Attack(
        "30 GB in one piece",
        cell="""
import numpy, mmap
attempt('numpy', numpy.ones, 30 * 2**27)
attempt('bytearray', bytearray, 30 * 2**30)
attempt('text', 'x'.__mul__, 30 * 2**30)
attempt('mmap', mmap.mmap, -1, 30 * 2**30)
""",
    ),
    Attack(
        "30 GB for torch",
        cell="import torch\ntry:\n    torch.ones(30 * 2**28)\n    REACHED.append('torch')\n"
        "except RuntimeError: pass",
    ),
    Attack(
        "memory in small pieces",
        cell="held = []\ntry:\n    while len(held) < 3000: held.append(bytearray(2**20))\n"
        "except MemoryError: pass" + HOLD,
        limits=SMALL,
    ),
    Attack(
        "memory in shared pieces",
        cell="import mmap\nheld = []\ntry:\n    while len(held) < 3000:\n"
        "        held.append(mmap.mmap(-1, 2**20))\nexcept OSError: pass" + HOLD,
        limits=SMALL,
    ),
    Attack(
        "memory that a function keeps",
        cell="held = []",
        function="while True: held.append(np.ones(2**17))",
        status="raised",
        limits=SMALL,
    ),
    Attack(
        "memory of the kernel",
        cell="""
attempt('memfd', lambda: os.memfd_create('x'))
import socket
pairs = []
def fill():
    while True:
        pair = socket.socketpair()
        pairs.append(pair)
        for one in pair:
            one.setblocking(False)
            try:
                while True: one.send(bytes(2**16))
            except BlockingIOError: pass
attempt('sockets', fill)
for pair in pairs:
    for one in pair: one.close()
""",
    ),
    Attack(
        "limits raised again",
        cell="""
import resource
for name in ('AS', 'CPU', 'FSIZE', 'NPROC', 'NOFILE', 'CORE'):
    what = getattr(resource, 'RLIMIT_' + name)
    soft, hard = resource.getrlimit(what)
    for most in (hard + 1, 2**40, resource.RLIM_INFINITY):
        try:
            resource.setrlimit(what, (most, most))
            REACHED.append(name)
        except ValueError: pass
""",
    ),
    Attack(
        "as many descriptors as there can be",
        cell="open_ones = []\ntry:\n    while True: open_ones.append(os.open('/dev/null', 0))\n"
        "except OSError: pass\nif len(open_ones) > 64: REACHED.append(len(open_ones))\n"
        "for one in open_ones: os.close(one)",
    ),
)

FILES = (
    Attack(
        "10 GB in files",
        cell="""
written = 0
def fill():
    global written
    for n in range(10000):
        with open(f'{n}.bin', 'wb', buffering=0) as file:
            written += file.write(bytes(2**20))
attempt('fill', fill)
if written > 8 * 2**20: REACHED.append(written)
""",
        limits=SMALL,
    ),
    Attack(
        "10 GB in one file",
        cell="""
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def fill():
    with open('big.bin', 'wb', buffering=0) as file:
        for _ in range(10000):
            if file.write(bytes(2**20)) < 2**20: raise OSError
attempt('fill', fill)
attempt('seek', lambda: os.truncate('big.bin', 10**10))
def sparse():
    with open('sparse.bin', 'wb', buffering=0) as file: os.ftruncate(file.fileno(), 10**10)
attempt('sparse', sparse)
""",
        limits=SMALL,
    ),
    Attack(
        "a million empty files",
        cell="def fill():\n    for n in range(10**6): os.close(os.open(f'{n}', os.O_CREAT))\n"
        "attempt('fill', fill)",
    ),
)
