"""Where Kokkos is, and what a program needs to be built with it; it is packaged under different names everywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEADER = "KokkosCore_config.h"
_LIBRARY = re.compile(r"lib((?:trilinos_)?kokkos(containers|algorithms|simd|core))\.(?:so|a)")
_ORDER = ("containers", "algorithms", "simd", "core")
_DEFINED = re.compile(r"^\s*#define\s+KOKKOS_(?:ENABLE_)?(\w+)(?:\s+(\d+))?", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kokkos:
    """An installed Kokkos."""

    header: Path
    """The header that its installation configured."""
    flags: tuple[str, ...]
    """For the compiler."""
    libraries: tuple[str, ...]
    """For the linker, after the objects."""
    device: str
    """``CUDA``, ``HIP`` or ``SYCL`` when it was built for a device, which an ordinary compiler can't build for; else empty."""


def kokkos() -> Kokkos | None:
    """What ``Kokkos_ROOT``, ``KOKKOS_ROOT`` or the system has."""
    for root in _roots():
        for header in (root / "include" / below / _HEADER for below in ("", "kokkos", "trilinos")):
            if header.exists() and (found := _libraries(root)):
                return _describe(header, found)
    return None


def _roots() -> Iterator[Path]:
    for name in ("Kokkos_ROOT", "KOKKOS_ROOT"):
        if os.environ.get(name):
            yield Path(os.environ[name]).absolute()
    yield from (Path("/usr"), Path("/usr/local"))


def _libraries(root: Path) -> dict[str, Path]:
    """Which library of Kokkos is where; a shared one before a static one."""
    found: dict[str, Path] = {}
    for folder in (root / "lib", root / "lib64", *sorted((root / "lib").glob("*-linux-*"))):
        for path in sorted(folder.glob("lib*kokkos*"), reverse=True):
            if name := _LIBRARY.fullmatch(path.name):
                found.setdefault(name[2], path)
    return found if "core" in found else {}


def _describe(header: Path, libraries: dict[str, Path]) -> Kokkos:
    defined = dict(_DEFINED.findall(header.read_text(errors="replace")))
    words: list[str] = []
    for part in _ORDER:
        if part in libraries:
            folder, stem = str(libraries[part].parent), libraries[part].name.partition(".")[0].removeprefix("lib")
            words += (
                [] if f"-L{folder}" in words else [f"-L{folder}", *(() if folder.startswith("/usr/lib") else (f"-Wl,-rpath,{folder}",))]
            )
            words.append(f"-l{stem}")
    threads = [flag for name, flag in (("OPENMP", "-fopenmp"), ("THREADS", "-pthread")) if name in defined]
    newer = ["-std=gnu++20"] if int(defined.get("VERSION") or 0) >= 50000 else []
    return Kokkos(
        header=header,
        flags=(*newer, *threads, "-isystem", str(header.parent)),
        libraries=(*words, *threads, "-ldl"),
        device=next((name for name in ("CUDA", "HIP", "SYCL") if name in defined), ""),
    )
