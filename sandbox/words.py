"""What a toolchain contributes to the commands of a job: compilers, flags, and what the linker is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hpcraft.sandbox.cuda import build as emulation
from hpcraft.sandbox.cuda.device import Device, device, on_device
from hpcraft.sandbox.cuda.flags import EMULATED_CAPABILITY, architectures, link_flags
from hpcraft.sandbox.kokkos import kokkos
from hpcraft.sandbox.outcome import Compiler, Job
from hpcraft.sandbox.plan import Words
from hpcraft.sandbox.table import CHECK_FLAGS, EMULATED, FEW_ERRORS, FORTRAN_CHECK_FLAGS, STANDARD, Toolchain
from hpcraft.sandbox.tools import accepts, cuda_folders, find, gfortran_library, mpi_link_words, thrust


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What builds one kind of source of a job."""

    family: Compiler
    row: Toolchain
    compiler: str
    """Path."""
    wrapper: str = ""
    """Path of MPI's wrapper around it, if there is one."""


def words_of(job: Job, kind: str, choice: Choice) -> Words:
    """Compiler and flags for a kind of source."""
    flags = (*_mode(job, kind, choice), *choice.row.flags)
    if kind == EMULATED:
        flags = (*flags, *next((stay for stay in emulation.STORES_STAY if accepts(choice.compiler, *stay)), ()))
    checks: tuple[str, ...] = emulation.CHECK_FLAGS if kind == EMULATED and emulation.checked(job) else ()
    if kind == EMULATED and job.check == "undefined":
        checks = ("-fsanitize=float-cast-overflow",)  # a device has a value for what an integer can't hold, and a processor another
    extra: tuple[str, ...] = ()
    if kind == "fortran":
        extra = ("-J../box",)
    if job.model == "kokkos" and kind == "cpp" and (installed := kokkos()):
        extra = installed.flags
    if emulation.emulated(job) and kind != "fortran":
        headers = thrust() if uses_thrust(job) else None
        extra = (f"-I{emulation.FOLDER}", *(("-isystem", str(headers.parent.parent)) if headers else ()))
    elif job.model == "cuda" and kind in ("c", "cpp") and (nvcc := find("nvcc")):
        extra = tuple(f"-I{folder}" for folder in cuda_folders(nvcc))
    if kind == "cuda":
        extra = _architecture(job)
    tool = choice.wrapper or choice.compiler
    return Words(compile=(tool, *STANDARD[kind], "-c", *flags, *checks, *FEW_ERRORS.get(choice.family, ()), *extra), link=(tool, *flags))


def uses_thrust(job: Job) -> bool:
    """Whether an emulated source includes it."""
    return emulation.emulated(job) and any(b"thrust/" in content for name, content in job.files.items() if not emulation.is_ours(name))


def _architecture(job: Job) -> tuple[str, ...]:
    """The architecture to build for, where the job names none.

    It is that of the device at hand, because what is built for another is compiled once more when it is started; without one, what
    the emulation says that it is, because nvcc's own choice lacks functions that devices have had for years.
    """
    if architectures(job.flags):
        return ()
    found = device() if on_device(job) else None
    name = found.architecture if isinstance(found, Device) else f"sm_{EMULATED_CAPABILITY}"
    return (f"-arch={name}",) if name else ()


def _mode(job: Job, kind: str, choice: Choice) -> tuple[str, ...]:
    """Optimisation, checks, and what a report needs to name a line."""
    if job.check == "none" or emulation.checked(job):
        return ("-O2", "-g1") if job.model.startswith("mpi") or emulation.emulated(job) else ("-O2",)  # reports resolve addresses
    return (*CHECK_FLAGS[job.check], *(FORTRAN_CHECK_FLAGS[job.check] if kind == "fortran" and choice.family == "gcc" else ()))


def link_words(job: Job, chosen: Mapping[str, Choice]) -> Words:
    """The linker is the compiler of the language that needs the most; LLVM's where its OpenMP runtime or sanitizer is needed.

    LLVM's OpenMP runtime also serves what gcc compiled; gcc's doesn't serve what clang compiled.
    """
    main = next(kind for kind in (EMULATED, "cuda", "fortran", "cpp", "c") if kind in chosen)
    families = {choice.family for choice in chosen.values()}
    runtimes = (job.check == "race" and main != EMULATED) or (job.model == "openmp" and "clang" in families)
    libraries: list[str] = ["-lstdc++"] if main == "fortran" and "cpp" in chosen else []
    if main == "cuda" and "fortran" in chosen:
        libraries += [f"-L{gfortran_library(chosen['fortran'].compiler)}", "-lgfortran"]
    if job.model == "kokkos" and (installed := kokkos()):
        libraries += installed.libraries
    if main == EMULATED:
        libraries += [f"../box/{name}" for name in emulation.objects(job.check)]
    if not (runtimes and chosen[main].family == "gcc"):
        words = words_of(job, main, chosen[main])
        if main == "cuda":
            more, passes_on = (*_architecture(job), *link_flags(job.flags)), "-Xcompiler="
        else:
            more, passes_on = _quick_link(job, chosen[main]), ""
        return replace(words, link=(*words.link, *more), libraries=tuple(libraries), passes_on=passes_on)
    clang = find("clang++" if "cpp" in chosen else "clang")
    assert clang is not None  # its parts were looked for
    if main == "fortran":
        libraries += [f"-L{gfortran_library(chosen[main].compiler)}", "-lgfortran"]
    if wrapper := chosen[main].wrapper:
        libraries += mpi_link_words(wrapper)
    openmp = ("-fopenmp=libomp",) if "openmp" in job.model else ()
    return Words(compile=(), link=(clang, *CHECK_FLAGS[job.check], *openmp), libraries=tuple(libraries))


def _quick_link(job: Job, choice: Choice) -> tuple[str, ...]:
    """The linker's plugin takes half of a small link's time; only link-time optimisation and offloading need it."""
    plugin = job.model not in ("serial", "mpi") or any(flag.startswith(("-flto", "-fopenmp", "-fopenacc")) for flag in job.flags)
    return ("-fno-use-linker-plugin",) if choice.family == "gcc" and not plugin else ()
