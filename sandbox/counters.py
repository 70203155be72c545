"""Whether this machine counts what programs execute, and what mends it where it doesn't."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
from pathlib import Path

from hpcraft.sandbox.calls import Counter

_PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
_NUMBERS = {"x86_64": 298, "aarch64": 241}
_SIZE, _CLOSE_ON_EXEC = 64, 8
_EXCLUDES = 0b1100000
"""The kernel, and what is below it."""


@functools.cache
def missing(counter: Counter) -> str:
    """Why a counter can't be opened here, in words; empty when it can."""
    number = _NUMBERS.get(platform.machine())
    if number is None:
        return uncounted_because(errno.ENOSYS)
    attributes = bytearray(_SIZE)
    attributes[0:4], attributes[4:8] = counter.kind.to_bytes(4, "little"), _SIZE.to_bytes(4, "little")
    attributes[8:16], attributes[40:48] = counter.config.to_bytes(8, "little"), _EXCLUDES.to_bytes(8, "little")
    libc = ctypes.CDLL(None, use_errno=True)
    opened = int(libc.syscall(number, (ctypes.c_char * _SIZE).from_buffer(attributes), 0, -1, -1, _CLOSE_ON_EXEC))
    if opened < 0:
        return uncounted_because(ctypes.get_errno())
    os.close(opened)
    return ""


def uncounted_because(error: int) -> str:
    """Why nothing was counted, by the kernel's error, and what mends it."""
    if error in (errno.EACCES, errno.EPERM):
        return f"the kernel lets nobody count (perf_event_paranoid is {_paranoid()}); allow it: sudo sysctl kernel.perf_event_paranoid=2"
    if error in (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV):
        return "the processor shows no counters (a virtual machine without a PMU); run on the machine itself, or give the virtual machine a PMU"
    if error == errno.EBUSY:
        return "the processor's counters were shared with others; end other uses of perf"
    return f"the kernel has no counters ({os.strerror(error)}); boot one with CONFIG_PERF_EVENTS"


def _paranoid() -> str:
    try:
        return _PARANOID.read_text().strip()
    except OSError:
        return "not told"
