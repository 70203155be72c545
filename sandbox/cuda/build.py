"""Jobs whose CUDA runs on the processor: what is built in their place, and what their programs are linked with.

The translated sources lie beside our headers, of which the one that every source begins with is precompiled once. The runtime is
compiled outside of any box, as the launcher is, and kept in the user's cache folder.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from hpcraft.sandbox.cuda import faults
from hpcraft.sandbox.cuda.flags import host_flags
from hpcraft.sandbox.cuda.program import translate_program
from hpcraft.sandbox.cuda.refusals import told
from hpcraft.sandbox.cuda.translate import Unsupported, needs_translation
from hpcraft.sandbox.launcher import kept
from hpcraft.sandbox.outcome import Check, Job
from hpcraft.sandbox.table import DEVICE_MODELS, SUFFIXES

FOLDER = "cuda-emulation"
"""Where our headers lie beside the sources."""
PRELUDE = f"{FOLDER}/hpcraft_cuda/translation_unit.h"
"""What every source of the device begins with, as nvcc has it."""
ENVIRONMENT: Mapping[str, str] = {"HPCRAFT_CUDA_FAULT": faults.FILE}

_HERE = Path(__file__).parent
_FLAGS = ("-std=c++17", "-g1", "-c", f"-I{_HERE / 'include'}", f"-I{_HERE / 'runtime'}")
CHECKS: tuple[Check, ...] = ("address", "race")
CHECK_FLAGS = (
    *(
        "-fsanitize=thread,alignment,bounds",
        "--param=tsan-distinguish-volatile=1",
        "--param=tsan-instrument-func-entry-exit=0",
        "-Wno-tsan",
    ),
    # Some systems have other functions called in the place of those that the check knows.
    "-U_FORTIFY_SOURCE",
    # The check must find the line of a call where it returns to.
    "-fno-optimize-sibling-calls",
    # What turns accesses into calls of the C library, or several into one, would hide them.
    *(
        "-fno-tree-loop-distribute-patterns",
        "-fno-tree-vectorize",
        "-fno-builtin-memcpy",
        "-fno-builtin-memmove",
        "-fno-builtin-memset",
        "-fno-builtin-printf",
    ),
)
"""Every access of the translated source calls a function of the runtime's; the sanitizer itself is not linked."""
STORES_STAY = (("-fno-move-loop-stores",), ("-fno-tree-loop-im",), ("-mllvm", "-disable-licm-promotion"))
"""The first of these that a compiler knows: a store that leaves the loop over threads would be told at another line, of another thread."""
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^">\n]+)[">]', re.MULTILINE)


def emulated(job: Job) -> bool:
    """Whether a job's device code is to run on the processor."""
    return job.cuda == "emulate" and job.model in DEVICE_MODELS


def checked(job: Job) -> bool:
    """Whether the runtime's own checks are built in."""
    return emulated(job) and job.check in CHECKS


def translated(job: Job) -> Job | str:
    """The job with its sources as C++ and our headers beside them, or why it can't be emulated."""
    texts = {name: content.decode("utf-8", "surrogateescape") for name, content in job.files.items()}
    chosen = [name for name, content in job.files.items() if _is_device(name, content)]
    made = translate_program(texts, chosen, nested=job.check == "none")
    if not isinstance(made, dict):
        return _refusal(*made)
    files = {name: text.encode("utf-8", "surrogateescape") for name, text in made.items()}
    return replace(job, files={**job.files, **files, **headers()}, flags=host_flags(job.flags))


def is_ours(name: str) -> bool:
    """Whether a file lies beside the sources because we put it there."""
    return name.startswith(f"{FOLDER}/")


def refused(stderr: str) -> str:
    """What a compiler met that can't be emulated, from its own words; else empty."""
    found = told(stderr)
    return _refusal(*found) if found else ""


def _refusal(name: str, what: Unsupported) -> str:
    return f"{name}:{what.line}: {what.construct} cannot be emulated; allowed: what docs/cuda.md lists, or a device"


def included(files: Mapping[str, bytes]) -> frozenset[str]:
    """The files of a job that another one includes by name: parts of that one, whatever their suffix."""
    own = [name for name in files if not is_ours(name)]
    named = {(name, found[1].decode(errors="replace").rpartition("/")[2]) for name in own for found in _INCLUDE.finditer(files[name])}
    return frozenset(name for name in own if any(name.rpartition("/")[2] == part and name != by for by, part in named))


def _is_device(name: str, content: bytes) -> bool:
    kind = SUFFIXES.get(Path(name).suffix)
    return kind in DEVICE_MODELS or (kind in (None, "cpp") and needs_translation(content))


@functools.cache
def headers() -> Mapping[str, bytes]:
    """Our headers, by their names beside the sources."""
    folder = _HERE / "include"
    return {f"{FOLDER}/{path.relative_to(folder)}": path.read_bytes() for path in sorted(folder.rglob("*.h"))}


@functools.cache
def objects(check: Check = "none") -> Mapping[str, Path]:
    """The compiled runtime, with its checks where one is asked for: names for the box, and the files."""
    flags = (*_FLAGS, "-DHPCRAFT_CUDA_RACES") if check == "race" else _FLAGS
    inputs = (*sorted((_HERE / "include").rglob("*.h")), *sorted((_HERE / "runtime").glob("*.h")))
    sources = [source for source in sorted((_HERE / "runtime").glob("*.cc")) if check in CHECKS or not source.stem.startswith("check")]
    with ThreadPoolExecutor() as pool:
        made = pool.map(
            lambda source: kept(f"cuda-{source.stem}", (source, *inputs), flags if source.stem.startswith("check") else _FLAGS), sources
        )
        return {f".cuda-{source.stem}.o": path for source, path in zip(sources, made, strict=True)}
