"""What judged: the machine, versions of its compilers, and the isolation that stands around untrusted code."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import asdict
from functools import cache
from pathlib import Path

from hpcraft.sandbox import isolation as tiers
from hpcraft.sandbox.python import numba
from hpcraft.sandbox.toolchains import find, version
from hpcraft.store import JSON

_TOOLS = ("gcc", "g++", "gfortran", "mpicc", "mpirun", "nvcc", "clang")


@cache
def toolchain() -> dict[str, str]:
    """Tool to the line it says of itself; a tool that isn't there is absent."""
    found = {tool: version(path) for tool in _TOOLS if (path := find(tool))}
    return found | {"numba": installed.version} if (installed := numba()) else found


SEVERAL = "several"
"""In place of a fact of one machine, where there were several."""


@cache
def machine() -> dict[str, str]:
    """What speed hangs on: the processor as the kernel names it, and how many cores may be used."""
    try:
        found = re.search(r"^(?:model name|cpu model|cpu)\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return {"processor": found[1].strip() if found else platform.machine(), "cores": str(len(os.sched_getaffinity(0)))}


@cache
def isolation() -> JSON:
    """The strongest isolation of this machine, which the sandbox uses."""
    return asdict(tiers.choose("landlock").isolation)
