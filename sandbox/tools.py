"""Compilers and the like on this machine: where they are, which version, and whether what is packaged apart from them is there.

Nothing here builds anything: a tool is asked for its files by its own flags, so that a missing header or library is seen before
it can look like an error of a program.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from hpcraft.sandbox.launcher import home

_VERSIONS = {
    # What the tool is called with its version, the preferred one first.
    "clang": ("-19", "-20", "-21", "-18", "-17", ""),
    "clang++": ("-19", "-20", "-21", "-18", "-17", ""),
}
_NAMES = {"flang": ("flang-new-19", "flang-19", "flang-20", "flang-21", "flang-new", "flang")}
_WRAPPER = re.compile(r"^\S*mpi\w+: | \(Language: .*\)$")
"""What a wrapper of Open MPI says around its version."""
_LIBRARIES = {
    # The file that says a library's version: its name, the pattern, and what parts a number has.
    "KokkosCore_config.h": ("Kokkos", re.compile(r"#define\s+KOKKOS_VERSION\s+(\d+)"), (10000, 100)),
    "version.h": ("Thrust", re.compile(r"#define\s+THRUST_VERSION\s+(\d+)"), (100000, 100)),
}


def find(tool: str) -> str | None:
    """The path of a tool, looked up anew each time, because PATH may change; the system's Python is preferred."""
    if tool == "python3" and Path("/usr/bin/python3").exists():
        return "/usr/bin/python3"
    names = _NAMES.get(tool) or [tool + version for version in _VERSIONS.get(tool, ("",))]
    found = next((found for name in names if (found := shutil.which(name))), None)
    return found or (_nvcc_beside() if tool == "nvcc" else None)


@functools.cache
def accepts(compiler: str, *flags: str) -> bool:
    """Whether a compiler of C++ knows some flags."""
    return _ask(compiler, *flags, "-E", "-x", "c++", "/dev/null").returncode == 0


def _nvcc_beside() -> str | None:
    """The compiler of CUDA where PATH doesn't name it: a toolkit that is named, the wheels of PyPI in this environment, the usual place."""
    named = [Path(root) for name in ("CUDA_HOME", "CUDA_PATH") if (root := os.environ.get(name))]
    places = (root / "bin/nvcc" for root in (*named, *_wheels(), Path("/usr/local/cuda")))
    return next((str(path) for path in places if os.access(path, os.X_OK)), None)


def _wheels() -> list[Path]:
    """The folders of CUDA's parts that were installed from PyPI."""
    return sorted(Path(sysconfig.get_path("purelib"), "nvidia").glob("cu[0-9]*"), reverse=True)


@functools.cache
def version(tool: str) -> str:
    """The line in which a tool says what it is; of a library's header, the version that it defines."""
    name = Path(tool).name
    if name in _LIBRARIES:
        library, pattern, (major, minor) = _LIBRARIES[name]
        number = int(found[1]) if (found := pattern.search(Path(tool).read_text(errors="replace"))) else 0
        return f"{library} {number // major}.{number % major // minor}.{number % minor}"
    lines = [tool]
    for flag in ("--showme:version", "--version") if name.startswith("mpi") and name != "mpirun" else ("--version",):
        answer = _ask(tool, flag)
        if answer.returncode == 0 and answer.stdout.strip():
            lines = answer.stdout.strip().splitlines()
            break
    line = next((line for line in lines if "release" in line), lines[0]) if name == "nvcc" else lines[0]
    return _WRAPPER.sub("", line)


def folders_outside(tools: Iterable[str]) -> tuple[Path, ...]:
    """The folders that a box must show for tools installed outside the system's own: their prefixes, never a home itself."""
    found: dict[Path, None] = {}
    own = home()
    for tool in tools:
        for path in (Path(tool).absolute(), Path(tool).resolve()):
            if path.parts[1] in ("usr", "bin", "sbin", "lib", "lib64"):
                continue
            place = path.parent.parent if path.parent.parent.name in ("include", "cccl") else path.parent
            if place.name == "cccl":  # NVIDIA's libraries of headers
                found[place] = None
                continue
            prefix = place.parent
            whole = place.name in ("bin", "include") and len(prefix.parts) > 2 and not (own is not None and own.is_relative_to(prefix))
            found[prefix if whole else path.parent] = None
    return tuple(found)


@functools.cache
def lacks(tool: str, part: str) -> bool:
    """Whether a compiler lacks a part that is packaged apart: a name of the table below."""
    return not _PARTS[part](tool)


def gfortran_library(tool: str) -> str:
    """The folder of gfortran's runtime."""
    return str(Path(_file(tool, "libgfortran.so")).parent)


@functools.cache
def mpi_link_words(wrapper: str) -> tuple[str, ...]:
    """What a wrapper of Open MPI adds to a link."""
    return tuple(_ask(wrapper, "--showme:link").stdout.split())


@functools.cache
def archer(clang: str) -> Path | None:
    """The library that tells the thread sanitizer what OpenMP's runtime synchronises."""
    return next(iter(sorted(_root(clang).glob("lib*/**/libarcher.so"))), None)


def symbolizer(clang: str) -> str | None:
    """What turns addresses into source lines: the one beside the real compiler, else any."""
    beside = Path(clang).resolve().with_name("llvm-symbolizer")
    return str(beside) if beside.exists() else shutil.which("llvm-symbolizer") or shutil.which("addr2line")


def _ask(tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LC_ALL": "C"}
    return subprocess.run([tool, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=environment)


@functools.cache
def _file(compiler: str, name: str) -> str:
    """A compiler's path of one of its files; it answers the bare name where it has none."""
    return _ask(compiler, f"-print-file-name={name}").stdout.strip()


def _has(*names: str) -> Callable[[str], bool]:
    """Any of the files."""
    return lambda compiler: any(Path(_file(compiler, name)).is_absolute() for name in names)


def _has_runtime(name: str) -> Callable[[str], bool]:
    """A sanitizer's runtime: gcc's library, or clang's in its resource folder."""

    def check(compiler: str) -> bool:
        if Path(_file(compiler, f"lib{name}.so")).is_absolute():
            return True
        resources = _resources(compiler)
        return bool(resources) and any(Path(resources).glob(f"lib/**/*clang_rt.{name}*.a"))

    return check


@functools.cache
def _resources(compiler: str) -> str:
    return _ask(compiler, "-print-resource-dir").stdout.strip()


def _root(tool: str) -> Path:
    return Path(tool).resolve().parent.parent


@functools.cache
def cuda_folders(nvcc: str) -> tuple[str, ...]:
    """The folders of headers that nvcc looks into by itself."""
    return tuple(dict.fromkeys(re.findall(r'-I([^"\s]+)', _ask(nvcc, "--dryrun", "-c", "-x", "cu", "/dev/null").stderr)))


def thrust() -> Path | None:
    """Thrust's version.h in a toolkit of CUDA or a wheel of PyPI, where the compilers don't find the library by themselves."""
    if any(Path(folder, "thrust/version.h").exists() for folder in ("/usr/include", "/usr/local/include")):
        return None
    nvcc = find("nvcc")
    folders = [*(map(Path, cuda_folders(nvcc)) if nvcc else ()), *(root / "include" for root in _wheels())]
    places = (folder / part / "thrust/version.h" for folder in folders for part in ("cccl", ""))
    return next((Path(os.path.normpath(place)) for place in places if place.exists()), None)


def _has_cuda_headers(nvcc: str) -> bool:
    return any((Path(folder) / "cuda_runtime.h").exists() for folder in cuda_folders(nvcc))


def _has_hip_headers(hipcc: str) -> bool:
    roots = [_root(hipcc), *(Path(root) for name in ("HIP_PATH", "ROCM_PATH") if (root := os.environ.get(name)))]
    return any((root / "include/hip/hip_runtime.h").exists() for root in roots)


def _has_flang_files(pattern: str) -> Callable[[str], bool]:
    return lambda flang: any(_root(flang).glob(pattern))


_PARTS: Mapping[str, Callable[[str], bool]] = {
    "the C library's files": _has("crt1.o"),
    "libgomp": _has("libgomp.spec"),
    "libomp": _has("libomp.so", "libomp.dylib"),
    "omp.h": _has("include/omp.h"),
    "openacc.h": _has("include/openacc.h", "finclude/openacc.mod"),
    "libstdc++": _has("libstdc++.so"),
    "libasan": _has_runtime("asan"),
    "libubsan": _has_runtime("ubsan"),
    "libtsan": _has_runtime("tsan"),
    "libarcher": lambda clang: archer(clang) is not None,
    "flang's runtime": _has_flang_files("lib*/**/lib[Ff]*[Rr]untime*"),
    "omp_lib.mod": _has_flang_files("include/flang/**/omp_lib.mod"),
    "cuda_runtime.h": _has_cuda_headers,
    "hip_runtime.h": _has_hip_headers,
}
