"""The system call filter of the box, as a classic BPF program that bubblewrap loads.

It is a deny-list: compilers, MPI and sanitizers need most of the kernel's everyday interface, so what is refused is
what reaches beyond the box (tracing, mounting, namespaces, keys, kernel modules, clocks, asynchronous and
performance interfaces with a history of escapes). Foreign ABIs (32 bit, x32) are refused whole, because a deny-list by
number would not see through them.

Not covered: architectures other than x86_64 and aarch64, where the tier is not available.
"""

from __future__ import annotations

import errno
import functools
import platform
import struct
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
"""Offsets in the kernel's ``struct seccomp_data``; both architectures are little-endian."""

_X32_BIT = 0x40000000
_NEW_NAMESPACES = 0x7E020080
"""CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""
_PERSONALITIES = (0x0, 0x0040000, 0xFFFFFFFF)
"""The default, without address randomisation (sanitizers), and the query."""
_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: all of them inside the box's own empty network."""
_BUFFER_SIZES = (7, 8, 32, 33)
"""SO_SNDBUF, SO_RCVBUF and their forced kinds, at any level: the kernel's memory for what waits in a socket."""
_OWNERS, _OWNER_REQUESTS = (8, 10, 15), (0x8901, 0x8902)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX, FIOSETOWN and SIOCSPGRP: who gets a signal, and which, when a descriptor is ready."""
_TERMINAL_REQUESTS = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX push input into a terminal."""

# name: (x86_64, aarch64); None where the architecture has no such call
_DENIED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "move_pages": (279, 239), "migrate_pages": (256, 238),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "unshare": (272, 97), "setns": (308, 268), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "swapon": (167, 224), "swapoff": (168, 225),
    "sethostname": (170, 161), "setdomainname": (171, 162), "acct": (163, 89), "syslog": (103, 116),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "nfsservctl": (180, 42), "lookup_dcookie": (212, 18),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171),
    # Memory that nothing maps, and that the watcher wouldn't see.
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # The supervisor may run under the same user, and must not be starved.
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "vhangup": (153, 58), "modify_ldt": (154, None), "iopl": (172, None), "ioperm": (173, None), "uselib": (134, None), "sysfs": (139, None),
}  # fmt: skip

_DENIED_ALONE: dict[str, tuple[int | None, int | None]] = {
    "socketpair": (53, 199),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180), "mq_unlink": (241, 181),
    "truncate": (76, 45),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16), "removexattrat": (466, 466),
    "inotify_add_watch": (254, 27), "pidfd_send_signal": (424, 424),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
}  # fmt: skip
"""What namespaces would have confined, and what Landlock doesn't look at."""
_OWN_PID = 0x7FFFFFFE
"""The launcher puts the number of the process that loads the filter in its place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Architecture:
    audit: int
    column: int
    clone: int
    clone3: int
    personality: int
    prlimit64: int
    socket: int
    setsockopt: int
    sched_setaffinity: int
    ioctl: int
    fcntl: int
    signals: tuple[tuple[int, tuple[int, ...]], ...]
    """Calls that send a signal, and the processes to which they may: itself, and 0 for its own group."""


_ARCHITECTURES = {
    "x86_64": _Architecture(
        audit=0xC000003E,
        column=0,
        clone=56,
        clone3=435,
        personality=135,
        prlimit64=302,
        socket=41,
        setsockopt=54,
        sched_setaffinity=203,
        ioctl=16,
        fcntl=72,
        signals=((62, (_OWN_PID, 0)), (200, ()), (234, (_OWN_PID,))),
    ),
    "aarch64": _Architecture(
        audit=0xC00000B7,
        column=1,
        clone=220,
        clone3=435,
        personality=92,
        prlimit64=261,
        socket=198,
        setsockopt=208,
        sched_setaffinity=122,
        ioctl=29,
        fcntl=25,
        signals=((129, (_OWN_PID, 0)), (130, ()), (131, (_OWN_PID,))),
    ),
}


def supported(machine: str | None = None) -> bool:
    """Whether there is a filter for this machine's architecture."""
    return (machine or platform.machine()) in _ARCHITECTURES


@functools.cache
def program(machine: str | None = None, *, alone: bool = False, signals: bool = True, counts: bool = False) -> bytes:
    """The filter for an architecture, this machine's by default.

    ``alone`` is for where no namespaces stand beside it: no sockets, no queues, no changes of owners and modes; and
    without ``signals`` none to another process. With ``counts`` it may open counters: that is for the launcher, which loads another one
    for the program.
    """
    arch = _ARCHITECTURES[machine or platform.machine()]
    refuse = _ERRNO | errno.EPERM
    code = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch.audit), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    code += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    for name, numbers in (_DENIED | _DENIED_ALONE if alone else _DENIED).items():
        number = numbers[arch.column]
        if number is not None and not (counts and name == "perf_event_open"):
            code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, refuse)]
    # clone3 hides its flags behind a pointer; libc falls back to clone when it is missing.
    code += [(_EQUAL, 0, 1, arch.clone3), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    code += _on(arch.clone, 0, [(_ANY_BIT, 0, 1, _NEW_NAMESPACES), (_RETURN, 0, 0, refuse)])
    # Another process's limits: the supervisor may run under the same user.
    code += _on(arch.prlimit64, 0, [(_EQUAL, 1, 0, 0), (_RETURN, 0, 0, refuse)])
    code += _on(arch.personality, 0, _only(_PERSONALITIES, refuse))
    if not signals:
        code += _on(arch.fcntl, 1, [step for what in _OWNERS for step in ((_EQUAL, 0, 1, what), (_RETURN, 0, 0, refuse))])
        code += [step for number, own in arch.signals for step in _on(number, 0, _only(own, refuse))]
    code += _on(arch.socket, 0, _only(() if alone else _FAMILIES, _ERRNO | errno.EAFNOSUPPORT))
    code += _on(arch.setsockopt, 2, [step for option in _BUFFER_SIZES for step in ((_EQUAL, 0, 1, option), (_RETURN, 0, 0, refuse))])
    # Another process's cores: the supervisor's in a box, anybody's without one, where runtimes that mean their own threads are told yes.
    code += _on(arch.sched_setaffinity, 0, _only((0,), _ERRNO) if alone else [(_EQUAL, 0, 1, 1), (_RETURN, 0, 0, refuse)])
    requests = _TERMINAL_REQUESTS if signals else (*_TERMINAL_REQUESTS, *_OWNER_REQUESTS)
    code += _on(arch.ioctl, 1, [step for request in requests for step in ((_EQUAL, 0, 1, request), (_RETURN, 0, 0, refuse))])
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in code)


_Step = tuple[int, int, int, int]


def _on(number: int, argument: int, body: list[_Step]) -> list[_Step]:
    """``body`` for one system call, with the low word of an argument loaded; allows it where ``body`` falls through."""
    steps = [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument), *body, (_RETURN, 0, 0, _ALLOW)]
    return [(_EQUAL, 0, len(steps), number), *steps]


def _only(values: tuple[int, ...], otherwise: int) -> list[_Step]:
    """Fall through for the given values, else return ``otherwise``."""
    return [(_EQUAL, len(values) - index, 0, value) for index, value in enumerate(values)] + [(_RETURN, 0, 0, otherwise)]
