"""What judged: versions of the compilers on this machine, and the isolation that stands around untrusted code."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache

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


@cache
def isolation() -> JSON:
    """The strongest isolation of this machine, which the sandbox uses."""
    return asdict(tiers.choose("landlock").isolation)
