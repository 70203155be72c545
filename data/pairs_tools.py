"""Which of the tools are here that pairs are made and proved with, and what is left out without them."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from hpcraft.data import loopy_code, psyclone
from hpcraft.data.target_models import THREADED
from hpcraft.data.verify import cuda_level, has_tools, lacks_tool
from hpcraft.errors import MachineError
from hpcraft.stages import Report

if TYPE_CHECKING:
    from hpcraft.data.pairs import PairsConfig

_INSTALL = {"cuda": "apt-get install g++", "race": "apt-get install clang-19 libomp-19-dev libclang-rt-19-dev"}
_NAMES = {"cuda": "CUDA", "cpp": "C++", "fortran": "Fortran", "fortran+openmp": "Fortran with OpenMP", "mpi": "MPI"}
"""Targets whose tools may be missing."""


def usable(config: PairsConfig, report: Report, *, corpus: bool) -> tuple[tuple[str, ...], bool]:
    """The targets and checks that this machine has tools for; the others are noted.

    Args:
        config: what is wanted.
        report: gets the notes.
        corpus: whether there is one to draw from.

    Raises:
        MachineError: no compiler, no sandbox, or no target left.
    """
    if missing := has_tools("openmp"):
        raise MachineError(missing)
    targets, race = config.targets, config.race
    for target in (t for t in _NAMES if t in config.targets):
        if missing := has_tools(target):
            targets = tuple(t for t in targets if t != target)
            report.notes.append(f"no {_NAMES[target]} pairs: {missing}" + (f"; {_INSTALL['cuda']}" if target == "cuda" else ""))
    if "cuda" in targets and cuda_level() == "compile":
        report.notes.append(f"CUDA pairs were compiled, not run: nothing here emulates them; {_INSTALL['cuda']}")
    threaded = [t for t in THREADED if t in targets]
    if race and (missing := next(filter(None, (has_tools(t, race=True) for t in threaded)), "")):
        race = False
        report.notes.append(f"OpenMP pairs were not checked for races: {missing}; {_INSTALL['race']}")
    if corpus and "fortran+openmp" in targets and _wants_psyclone(config) and not psyclone.is_here():
        report.notes.append("no Fortran with OpenMP from the corpus: PSyclone isn't installed; pip install 'hpcraft[psyclone]'")
    if config.composed and not loopy_code.is_here():
        raise MachineError("composed: loopy isn't installed; pip install 'hpcraft[loopy]', or leave composed at 0")
    if not targets:
        raise MachineError(
            f"none of the targets {', '.join(config.targets)} can be compiled here; {'; '.join(report.notes)}; or add openmp"
        )
    return targets, race


def _wants_psyclone(config: PairsConfig) -> bool:
    return config.transcribed_limit > 0 and "fortran+openmp" in config.targets


def tools_here(config: PairsConfig) -> dict[str, str]:
    """Which of the tools that may be left out are here, so that pairs are made again when one is installed."""
    lacks = {target: lacks_tool(target) for target in _NAMES if target in config.targets}
    if "cuda" in config.targets and cuda_level() == "compile":
        lacks["cuda-emulation"] = "it compiles"
    if config.race and (threaded := [t for t in THREADED if t in config.targets]):
        lacks["race"] = next(filter(None, (lacks_tool(t, race=True) for t in threaded)), "")
    found = {name: "missing" if why else "here" for name, why in lacks.items()}
    # What they write follows from their versions.
    if _wants_psyclone(config):
        found["psyclone"] = version("psyclone") if psyclone.is_here() else "missing"
    if config.composed:
        found["loopy"] = version("loopy") if loopy_code.is_here() else "missing"
    return found
