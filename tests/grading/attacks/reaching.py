"""Attacks that reach for what is outside: files, answers, other processes, the network.

`{...}` is what only the test knows: where the course is, a folder and sockets of the test's own.
"""

from hostile import Attack

READING = (
    Attack(
        "files of the machine",
        cell="""
for path in ('/etc/passwd', '/etc/hostname', '/root/.bashrc', '/proc/self/environ',
             '/proc/self/maps', '/proc/1/cmdline', '/proc/{pid}/mem', '/proc/{pid}/environ',
             '/sys/kernel/mm', '/dev/shm', '/dev/tty', '/dev/mem', '/dev/kmsg', '/var/log',
             '/run', '/boot', os.path.expanduser('~root/.bash_history')):
    attempt('open ' + path, lambda: os.read(os.open(path, os.O_RDONLY), 10))
    attempt('list ' + path, listed, path)
""",
    ),
    Attack(
        "files of the teacher",
        cell="""
for path in ('{folder}/secret.txt', '{checkout}/qkv_course/attention/softmax.py',
             '{checkout}/solutions/05_softmax.ipynb', '{checkout}/pyproject.toml'):
    attempt('open ' + path, open, path)
for path in ('{folder}', '{checkout}', '{checkout}/qkv_course'):
    attempt('list ' + path, listed, path)
for path in ('../' * 20 + '{folder}/secret.txt', '/proc/self/root{folder}/secret.txt',
             '/proc/self/cwd/..{folder}/secret.txt', '/dev/fd/0/..{folder}/secret.txt'):
    attempt('open ' + path, open, path)
os.path.lexists('link') or attempt('link', lambda: open(os.symlink('{folder}', 'link') or
                                                       'link/secret.txt'))
""",
    ),
    Attack(
        "files of the teacher, written to",
        cell="""
victim = '{folder}/secret.txt'
for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_TRUNC):
    attempt(f'open {{flags}}', os.open, victim, flags)
attempt('create', os.open, '{folder}/new', os.O_CREAT | os.O_WRONLY)
attempt('truncate', os.truncate, victim, 0)
attempt('remove', os.remove, victim)
attempt('rename', os.rename, victim, victim + '2')
attempt('link', os.link, victim, '{folder}/hard')
attempt('symlink', os.symlink, victim, '{folder}/soft')
attempt('mkdir', os.mkdir, '{folder}/more')
attempt('rmdir', os.rmdir, '{folder}/empty')
attempt('mkfifo', os.mkfifo, '{folder}/pipe')
# To what they are, so that no harm is done where it is not refused.
for path in (victim, '{folder}', '/dev/null', '/dev/urandom', '/', sys.executable):
    try:
        now = os.stat(path)
    except OSError:
        continue
    attempt('chmod ' + path, os.chmod, path, now.st_mode & 0o7777)
    attempt('chown ' + path, os.chown, path, -1, -1)
    attempt('utime ' + path, os.utime, path, ns=(now.st_atime_ns, now.st_mtime_ns))
def same_mode():
    null = os.open('/dev/null', 0)
    os.fchmod(null, os.fstat(null).st_mode & 0o7777)
attempt('fchmod', same_mode)
""",
    ),
    Attack(
        "any other place to write to",
        cell="""
import json, inside, IPython
folders = ['/', '/tmp', '/var/tmp', '/dev', '/dev/shm', '/run', '/proc', '/usr/lib', '/etc',
           '/jail', os.path.dirname(inside.__file__), os.path.dirname(json.__file__), sys.prefix,
           os.path.dirname(IPython.__file__), os.path.dirname(os.path.dirname(np.__file__)),
           os.path.dirname(sys.executable), '{folder}', '{checkout}']
def new_file(path):
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)), os.unlink(path)
def new_folder(path):
    os.mkdir(path), os.rmdir(path)
scratch = os.path.realpath(os.getcwd())
for folder in folders:
    if os.path.realpath(folder) != scratch:
        attempt(folder, new_file, folder + '/qkv-left.pth')
        attempt('mkdir ' + folder, new_folder, folder + '/qkv-left')
""",
    ),
    Attack(
        "variables, arguments and descriptors",
        cell="""
known = {{'PATH', 'HOME', 'TMPDIR', 'USER', 'LANG', 'PWD', 'LC_CTYPE', 'MPLCONFIGDIR', 'MPLBACKEND',
         'CUDA_VISIBLE_DEVICES', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'}}
# Torch sets some of its own.
more = {{n for n in set(os.environ) - known if not n.startswith(('TORCH', 'PYTORCH', 'KMP'))}}
if more: REACHED.append(sorted(more))
told = ' '.join(sys.orig_argv[4:])
if '{folder}' in told or '{pid}' in told: REACHED.append(told)
import stat
kinds = []
for number in range(1024):
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        continue
    kinds.append('null' if stat.S_ISCHR(mode) else 'socket' if stat.S_ISSOCK(mode) else hex(mode))
if kinds != ['null', 'null', 'null', 'socket']: REACHED.append(kinds)
""",
    ),
)

# Finds lines that only the answers have, by how they start and by a digest of the whole: this text
# must not have them itself.
NEEDLES = """
import hashlib, re
needles = {needles}
def has(data):
    for start, length, digest in needles:
        for found in re.finditer(re.escape(start), data):
            line = data[found.start() : found.start() + length]
            if hashlib.sha256(line).hexdigest() == digest: return True
    return False
"""
ANSWERS = (
    Attack(
        "answers by import",
        cell="""
import importlib, importlib.util
for name in ('qkv_course.attention.softmax', 'qkv_course.lessons._05_softmax.exercises',
             'qkv_course.lessons._06_context.exercises', 'qkv_course.attention.cost'):
    module = importlib.import_module(name)
    for value in list(vars(module).values()):
        if callable(value) and getattr(value, '__module__', '').startswith('qkv'):
            REACHED.append((name, value))
    spec = importlib.util.find_spec(name)
    for method in ('get_data', 'get_source', 'get_code'):
        if hasattr(spec.loader, method): REACHED.append(method)
""",
    ),
    Attack(
        "answers from the folder of the course",
        cell="""
import importlib, runpy
sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != 'Course']
for name in [n for n in sys.modules if n.startswith('qkv_course')]: del sys.modules[name]
sys.path[:0] = ['{checkout}', '/work', '.', '..']
importlib.invalidate_caches()
try:
    REACHED.append(importlib.import_module('qkv_course.attention.softmax').__file__)
except ImportError: pass
sys.path_importer_cache.clear()
attempt('run', runpy.run_path, '{checkout}/qkv_course/attention/softmax.py')
for folder in {{*sys.path, sys.prefix, sys.base_prefix, os.path.dirname(np.__path__[0])}}:
    if os.path.isdir(os.path.join(folder, 'qkv_course')):
        attempt(folder, os.listdir, os.path.join(folder, 'qkv_course'))
""",
        wrong=True,
    ),
    Attack(
        "answers among all objects and frames",
        cell=NEEDLES
        + """
import gc, types
gc.unfreeze()
names = {{'softmax_jacobian', 'softmax_with_temperature', 'streaming_attention'}}
for x in gc.get_objects():
    if isinstance(x, types.FunctionType) and x.__name__ in names and x.__module__ != '__main__':
        REACHED.append(x)
    texts = x.values() if type(x) is dict else x if type(x) in (list, tuple) else ()
    for text in texts:
        if type(text) is str and has(text.encode('utf-8', 'replace')): REACHED.append(text[:40])
frame = sys._getframe()
while frame:
    if any('SOFTMAX' in str(k) for k in (*frame.f_globals, *frame.f_locals)):
        REACHED.append(frame)
    frame = frame.f_back
""",
        wrong=True,
    ),
    Attack(
        "answers, and others' work, in its own memory",
        cell=NEEDLES
        + """
def scan(start, step):
    "Go through memory page by page; the kernel says which are there."
    read, write = os.pipe()
    page, missing, seen, before = start & ~0xFFFF, 0, 0, b''
    while missing < 4 and seen < 300:
        size = LIBC.write(write, ctypes.c_void_p(page), ctypes.c_size_t(0x10000))
        if size > 0:
            data = before + os.read(read, size)
            if has(data): REACHED.append(hex(page))
            before = data[-200:] if step > 0 else b''
            missing, seen = 0, seen + 1
        else:
            missing += 1
        page += step
    os.close(read), os.close(write)
    return seen
marks = [id(object()), id(np), id(sys.modules), id(bytearray(10)), id('x' * 100), id(REACHED),
         LIBC.sbrk(0) & (2**64 - 1), id([0] * 10**5), id(os.environ)]
for mark in marks: scan(mark, -0x10000), scan(mark, 0x10000)
""",
        wrong=True,
    ),
    Attack(
        "the course's own function",
        cell="from qkv_course.attention import entropy as theirs",
        function="return theirs(weights)",
        status="raised",
    ),
    Attack(
        "the course's own function, before anyone looks",
        cell="""
import qkv_course, inside.inert
from qkv_course.attention import entropy as theirs
from qkv_course import attention
""",
        function="""
inside.inert.Phase.judging = False
reference = qkv_course.lessons.find_exercise('entropy').reference
for f in (theirs, attention.entropy, qkv_course.entropy, reference):
    got = f(weights)
    if type(got) is not type(theirs): return got
return np.asarray(theirs(weights)) * np.ones(weights.shape[:-1])
""",
        status="wrong",
    ),
    Attack(
        "the functions imported in place of the learner's",
        cell="",
        function="from qkv_course.attention import entropy\nreturn entropy",
        status="wrong",
    ),
    Attack(
        "the check asked for the answer",
        cell="from qkv_course import check, evaluate, hint\nimport qkv_course.checks.run as run",
        function="return run.right_answer('entropy', (weights,))",
        status="raised",
    ),
    Attack(
        "a check that always passes",
        cell="""
import qkv_course, qkv_course.checks.notebook as notebook
qkv_course.check = notebook.check = lambda *a, **k: None
class Anything:
    def __getattr__(self, name): return True
    def __call__(self, *a, **k): return self
qkv_course.checks.run.run_check = qkv_course.evaluate = Anything()
""",
        wrong=True,
    ),
)

OTHERS = (
    Attack(
        "signals to others",
        cell="""
import signal
for pid in ({pid}, os.getppid(), 1, 2, -1, 0):
    if pid == os.getpid(): continue
    attempt(f'kill {{pid}}', os.kill, pid, 0)
    attempt(f'killpg {{pid}}', os.killpg, abs(pid), 0)
    attempt(f'pidfd {{pid}}', os.pidfd_open, abs(pid) or 3)
""",
    ),
    Attack(
        "limits, priorities and memory of others",
        cell="""
import resource
for pid in ({pid}, os.getppid() or 3):
    attempt(f'prlimit {{pid}}', resource.prlimit, pid, resource.RLIMIT_NOFILE)
    attempt(f'nice {{pid}}', os.setpriority, os.PRIO_PROCESS, pid, 19)
    attempt(f'affinity {{pid}}', os.sched_setaffinity, pid, {{0}})
    attempt(f'scheduler {{pid}}', os.sched_setscheduler, pid, os.SCHED_IDLE, os.sched_param(0))
    buffer = ctypes.create_string_buffer(64)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    attempt(f'read {{pid}}', syscall, {process_vm_readv}, pid, vector, 1, vector, 1, 0)
    attempt(f'attach {{pid}}', syscall, {ptrace}, 16, pid, 0, 0)
    attempt(f'seize {{pid}}', syscall, {ptrace}, 0x4206, pid, 0, 0)
""",
    ),
    Attack(
        "signals to others by way of a descriptor",
        cell="""
import fcntl, socket, struct, signal
one, other = socket.socketpair()
for pid in ({pid}, os.getppid() or 3):
    attempt('F_SETOWN', fcntl.fcntl, one, fcntl.F_SETOWN, pid)
    attempt('F_SETOWN_EX', fcntl.fcntl, one, 15, struct.pack('ii', 1, pid))
    attempt('F_SETSIG', fcntl.fcntl, one, fcntl.F_SETSIG, signal.SIGKILL)
    attempt('FIOSETOWN', fcntl.ioctl, one, 0x8901, struct.pack('i', pid))
    attempt('SIOCSPGRP', fcntl.ioctl, one, 0x8902, struct.pack('i', pid))
""",
    ),
)

NETWORK = (
    Attack(
        "a connection to this machine",
        cell="""
import socket, urllib.request
attempt('tcp', socket.create_connection, ('127.0.0.1', {tcp}), 2)
attempt('tcp6', socket.create_connection, ('::1', {tcp}), 2)
def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        return s.sendto(b'x', ('127.0.0.1', {udp}))
attempt('udp', udp)
attempt('name', socket.getaddrinfo, 'localhost.example', 80)
attempt('url', urllib.request.urlopen, 'http://127.0.0.1:{tcp}/', timeout=2)
def raw():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0): return 1
attempt('netlink', raw)
attempt('listen', socket.create_server, ('127.0.0.1', 0))
""",
    ),
    Attack(
        "a connection to another program here",
        cell="""
import socket
def stream(address):
    with socket.socket(socket.AF_UNIX) as s: return s.connect(address) or 1
def datagram(address):
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return one.sendto(b'x', address)
for address in ('{folder}/stream', b'\\0{abstract}'):
    attempt(f'stream {{address}}', stream, address)
for address in ('{folder}/datagram', b'\\0{abstract}2'):
    attempt(f'datagram {{address}}', datagram, address)
for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
    attempt(f'pair {{kind}}', socket.socketpair, socket.AF_UNIX, kind)
""",
    ),
)

KERNEL = (
    Attack(
        "all system calls that are refused",
        cell="""
import errno
for name, number in {refused}.items():
    try:
        syscall(number, -1, 0, 0, 0, 0, 0)
    except OSError as error:
        if error.errno == errno.EPERM: continue
        REACHED.append((name, error.errno))
    else:
        REACHED.append(name)
""",
    ),
    Attack(
        "rights of root",
        cell="""
import struct
header = ctypes.create_string_buffer(struct.pack('II', 0x20080522, 0))
data = ctypes.create_string_buffer(24)
LIBC.capget(header, data)
effective, permitted, _, *upper = struct.unpack('6I', data.raw)
if any((effective, permitted, *upper)): REACHED.append(hex(effective))
for call in (os.setuid, os.setgid):
    for who in {{0, 1, 1000}} - {{os.getuid(), os.getgid()}}:
        attempt(f'{{call}} {{who}}', call, who)
attempt('chroot', os.chroot, '.')
attempt('hostname', __import__('socket').sethostname, 'evil')
attempt('clock', __import__('time').clock_settime, 0, 0)
""",
    ),
)
ALL = (*READING, *ANSWERS, *OTHERS, *NETWORK, *KERNEL)
