"""Python in a box: which interpreter runs a job, and what of this environment its programs see.

A program that uses numba is run by the interpreter that this process has its packages from, which need not be the system's. The box
shows that interpreter with its standard library, and of the packages numba and what it needs: nothing of hpcraft itself where that
lies in an environment of its own.

Not covered: other packages; an interpreter that has its packages in its own folder shows them all.
"""

from __future__ import annotations

import functools
import importlib.util
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path

from hpcraft.sandbox.outcome import Job, Run
from hpcraft.sandbox.tools import find

_IMPORTS_NUMBA = re.compile(rb"^[ \t]*(?:import|from)[ \t]+(?:[\w.]+[ \t]*,[ \t]*)*numba\b", re.MULTILINE)
_PACKAGES = ("numba", "llvmlite", "numpy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Numba:
    """Where it is."""

    interpreter: str
    """Path of the interpreter, outside of any virtual environment."""
    folders: tuple[Path, ...]
    """The packages, and the libraries that lie beside them."""
    path: str
    """``PYTHONPATH``."""
    version: str


def uses_numba(job: Job) -> bool:
    """Whether a Python program of the job imports it."""
    return any(name.endswith(".py") and _IMPORTS_NUMBA.search(content) for name, content in job.files.items())


@functools.cache
def numba() -> Numba | None:
    """Numba as this process would import it; None where it isn't there."""
    places: dict[str, Path] = {}
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            return None
        places[package] = Path(spec.origin).parent
    beside = (place.with_name(f"{name}.libs") for name, place in places.items())
    folders = (*places.values(), *(folder for folder in beside if folder.is_dir()))
    interpreter = str(getattr(sys, "_base_executable", "") or sys.executable)
    path = ":".join(dict.fromkeys(str(place.parent) for place in places.values()))
    try:
        version = version_of("numba")
    except PackageNotFoundError:
        version = "of an unknown version"
    return Numba(interpreter=interpreter, folders=folders, path=path, version=f"numba {version}")


def interpreter(job: Job) -> str:
    """The path of what runs the job's program; empty where there is none."""
    installed = numba() if uses_numba(job) else None
    return installed.interpreter if installed else find("python3") or ""


def folders(job: Job) -> tuple[Path, ...]:
    """What the box must show beside the interpreter; what lies in ``/usr`` is there anyhow."""
    installed = numba() if uses_numba(job) else None
    return tuple(folder for folder in installed.folders if folder.parts[1] != "usr") if installed else ()


def variables(job: Job, run: Run) -> Mapping[str, str]:
    """The environment of a program that uses numba."""
    installed = numba() if uses_numba(job) else None
    if installed is None:
        return {}
    return {
        "PYTHONPATH": installed.path,
        "PYTHONNOUSERSITE": "1",
        "NUMBA_NUM_THREADS": str(run.threads),
        # OpenMP's threads sleep when they wait, as they are told, and keep to their cores.
        "NUMBA_THREADING_LAYER_PRIORITY": "omp workqueue tbb",
        "OPENBLAS_NUM_THREADS": "1",
    }
