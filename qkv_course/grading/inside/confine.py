"""What a process does to itself before it runs learners' code: limits, namespaces, filters.

Linux, by ctypes, since Python has no names for most of it. All of it is for good: a process cannot
take any of it back.
"""

import ctypes
import os
import platform
import resource
import struct
from collections.abc import Sequence

NEW_MOUNTS, NEW_IPC, NEW_PIDS = 0x20000, 0x8000000, 0x20000000  # for unshare and setns
NO_NEW_PRIVILEGES, DUMPABLE, SECCOMP = 38, 4, 22  # for prctl
NO_SUID, NO_DEVICES = 2, 4  # for mount
libc = ctypes.CDLL(None, use_errno=True)


def limit(seconds: int, memory: int, file_size: int, files: int = 64) -> None:
    """Limit CPU seconds, the address space and the size of a file, in bytes; no new processes."""
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: files,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in limits.items():
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def new_pid_namespace(own: int) -> None:
    """Let the next child be process 1 of a namespace in which it sees no other process.

    own: a pidfd of this process, to come back from the namespace made last time.
    """
    _call("setns", libc.setns(own, NEW_PIDS))
    _call("unshare", libc.unshare(NEW_PIDS))


def own_temporary_folder(path: str, size: int) -> None:
    """Lay an empty folder of at most `size` bytes over another; nobody else sees it."""
    _call("unshare", libc.unshare(NEW_MOUNTS | NEW_IPC))
    options = f"size={size},nr_inodes=4096,mode=700".encode()
    _call("mount", libc.mount(b"tmpfs", path.encode(), b"tmpfs", NO_SUID | NO_DEVICES, options))
    os.chdir(path)


def drop_capabilities() -> None:
    """Give up every right that root has beyond an ordinary user."""
    version_3 = struct.pack("II", 0x20080522, 0)
    _call("capset", libc.capset(version_3, bytes(24)))


def no_new_privileges() -> None:
    """Gain nothing by running a setuid program; the two filters below ask for it."""
    _prctl(NO_NEW_PRIVILEGES, 1)


def undumpable() -> None:
    """Let no other process of the same user look into the memory of this one."""
    _prctl(DUMPABLE, 0)


def _prctl(operation: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _call("prctl", libc.prctl(operation, ctypes.c_ulong(value), zero, zero, zero))


def _call(what: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


# Landlock: files that may be read, and nothing else. Numbers from linux/landlock.h.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, READ_FILE, READ_FOLDER = 1, 4, 8


def landlock_version() -> int:
    """Give the version of Landlock that the kernel has, 0 for none."""
    return max(0, _landlock(CREATE_RULESET, None, 0, 1))


def only_read(paths: list[str], folders: Sequence[str] = ()) -> None:
    """Let nothing be written, and no signal or TCP connection out.

    paths: files, and folders with all that is in them, that may still be read.
    folders: may be listed.
    """
    version = landlock_version()
    all_rights = (1 << 13) - 1
    for since, bit in ((2, 13), (3, 14), (5, 15)):
        all_rights |= (version >= since) << bit
    network, scopes = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = struct.pack("QQQ", all_rights, network, scopes)[:size]
    ruleset = _call("landlock", _landlock(CREATE_RULESET, rules, size, 0))
    for path in paths:
        _allow(ruleset, path, READ_FILE | EXECUTE | (READ_FOLDER if os.path.isdir(path) else 0))
    for path in folders:
        _allow(ruleset, path, READ_FOLDER)
    no_new_privileges()
    _call("landlock", _landlock(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    at = os.open(path, os.O_PATH | os.O_CLOEXEC)
    _call("landlock", _landlock(ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, at), 0))
    os.close(at)


def _landlock(number: int, *arguments: int | bytes | None) -> int:
    libc.syscall.restype = ctypes.c_long
    wide = [ctypes.c_size_t(a) if isinstance(a, int) else a for a in arguments]
    return int(libc.syscall(ctypes.c_long(number), *wide))


# Seccomp: system calls that end with "not permitted". Numbers on x86_64 and on aarch64.
REFUSED = {
    # processes and programs
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "setsid": (112, 157), "setpgid": (109, 154), "personality": (135, 92),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "migrate_pages": (256, 238), "move_pages": (279, 239),
    # network
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242),
    # files' owners, rights, times and sizes, which Landlock leaves open
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "truncate": (76, 45),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    # memory that the limits do not count, and what other programs keep there
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
    "msgget": (68, 186), "msgctl": (71, 187), "msgsnd": (69, 189), "msgrcv": (70, 188),
    "semget": (64, 190), "semctl": (66, 191), "semop": (65, 193), "semtimedop": (220, 192),
    "mq_open": (240, 180), "mq_unlink": (241, 181),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41),
    "mount": (165, 40), "umount2": (166, 39), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "mount_setattr": (442, 442), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    # the kernel itself
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106), "quotactl": (179, 60), "fanotify_init": (300, 262),
    "syslog": (103, 116),
}  # fmt: skip
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # as the kernel names them
OTHERS = {
    "clone": (56, 220), "prlimit64": (302, 261), "tgkill": (234, 131), "fcntl": (72, 25),
    "ioctl": (16, 29), "socketpair": (53, 199),
}  # fmt: skip
CLONE3, X32 = 435, 0x40000000
# Instructions of the filter, and what it may answer.
LOAD, EQUAL, AT_LEAST, ANY_BIT, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, NOT_PERMITTED, NO_SUCH_CALL, KILL = 0x7FFF0000, 0x50001, 0x50026, 0x80000000
NUMBER, MACHINE, FIRST, SECOND = 0, 4, 16, 24  # where the filter finds what it is asked about
THREAD, SET_OWNER, SET_SIGNAL, SET_OWNER_EX = 0x10000, 8, 10, 15
SOCKET_OWNER, SOCKET_GROUP, NO_STREAM = 0x8901, 0x8902, 0xE


def filter_available() -> bool:
    """Say whether the filter is written for this machine."""
    return platform.machine() in MACHINES


def filter_calls() -> None:
    """Refuse the system calls that reach out of this process."""
    program = _program(os.getpid(), platform.machine())
    buffer = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    whole = Program(len(program) // 8, ctypes.addressof(buffer))
    no_new_privileges()
    _call("seccomp", libc.prctl(SECCOMP, 2, ctypes.byref(whole), 0, 0))


def _program(pid: int, machine: str) -> bytes:
    at = list(MACHINES).index(machine)
    clone, own_limits, signal, control, device, pair = (n[at] for n in OTHERS.values())
    steps = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, MACHINES[machine]), (ANSWER, 0, 0, KILL)]
    steps += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, X32), (ANSWER, 0, 0, KILL)]
    steps += [(EQUAL, 0, 1, CLONE3), (ANSWER, 0, 0, NO_SUCH_CALL)]  # clone is tried instead
    # Threads, but no processes; limits of its own; signals to itself; none by way of a file;
    # pairs of sockets that cannot send to others.
    steps += _where(clone, FIRST, [(ANY_BIT, THREAD)], allow=True)
    steps += _where(own_limits, FIRST, [(EQUAL, 0)], allow=True)
    steps += _where(signal, FIRST, [(EQUAL, pid)], allow=True)
    to_others = [(EQUAL, SET_OWNER), (EQUAL, SET_SIGNAL), (EQUAL, SET_OWNER_EX)]
    steps += _where(control, SECOND, to_others, allow=False)
    owners = [(EQUAL, SOCKET_OWNER), (EQUAL, SOCKET_GROUP)]
    steps += _where(device, SECOND, owners, allow=False)
    steps += _where(pair, SECOND, [(ANY_BIT, NO_STREAM)], allow=False)
    for numbers in REFUSED.values():
        if (number := numbers[at]) is not None:
            steps += [(EQUAL, 0, 1, number), (ANSWER, 0, 0, NOT_PERMITTED)]
    steps.append((ANSWER, 0, 0, ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _where(
    number: int, argument: int, tests: list[tuple[int, int]], allow: bool
) -> list[tuple[int, int, int, int]]:
    """Answer one system call by its argument: `allow` it if a test holds, or refuse it then."""
    yes, no = (ALLOW, NOT_PERMITTED) if allow else (NOT_PERMITTED, ALLOW)
    steps = [(EQUAL, 0, len(tests) + 3, number), (LOAD, 0, 0, argument)]
    steps += [(test, len(tests) - i, 0, value) for i, (test, value) in enumerate(tests)]
    return [*steps, (ANSWER, 0, 0, no), (ANSWER, 0, 0, yes)]
