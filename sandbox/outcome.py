"""What the sandbox is asked and what it answers: `Job`, `Run`, `Limits`, `Outcome`, one frozen record each.

Standard library only. Machine keys are typed; ``message`` is for people and never parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hpcraft.sandbox.calls import Called, Calls, Progress

Language = Literal["c", "cpp", "fortran", "python"]
Model = Literal["serial", "openmp", "offload", "openacc", "mpi", "mpi+openmp", "cuda", "hip", "kokkos"]
Compiler = Literal["auto", "gcc", "clang", "flang", "nvcc", "hipcc"]
Check = Literal["none", "address", "undefined", "race", "host"]
CudaLevel = Literal["compile", "emulate", "device", "auto"]
Tier = Literal["none", "landlock", "apptainer", "bubblewrap", "bubblewrap+cgroup"]

LANGUAGES: tuple[Language, ...] = ("c", "cpp", "fortran", "python")
MODELS: tuple[Model, ...] = ("serial", "openmp", "offload", "openacc", "mpi", "mpi+openmp", "cuda", "hip", "kokkos")
COMPILERS: tuple[Compiler, ...] = ("auto", "gcc", "clang", "flang", "nvcc", "hipcc")
"""Families; ``auto`` is the one that the toolchain table prefers for the language and the model."""
CHECKS: tuple[Check, ...] = ("none", "address", "undefined", "race")
"""Those that can be asked for; ``host`` is the part of ``address`` that a second build of emulated CUDA plays."""
CUDA_LEVELS: tuple[CudaLevel, ...] = ("compile", "emulate", "device", "auto")
TIERS: tuple[Tier, ...] = ("none", "landlock", "apptainer", "bubblewrap", "bubblewrap+cgroup")
"""Isolation from the weakest to the strongest; ``none`` is never taken unless it is asked for."""


class Verdict(StrEnum):
    """What became of a program; `to_dict` is what ``sandbox run --json`` prints."""

    OK = "ok"
    COMPILE_ERROR = "compile_error"
    """The compiler refused it or ran into its own limits; ``Outcome.compile.verdict`` says which."""
    RUNTIME_ERROR = "runtime_error"
    """It ended with a nonzero exit code, or a sanitizer found an error."""
    SIGNALED = "signaled"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"
    DISK_LIMIT = "disk_limit"
    RACE = "race"
    UNSUPPORTED = "unsupported"
    """This machine has no toolchain for it; ``message`` names the command that installs one."""
    INFRA_ERROR = "infra_error"
    """The sandbox itself failed, also when tried again; never counts against the program."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds on one step; they hold for all processes of the step together."""

    wall_seconds: float = 10.0
    cpu_seconds: float | None = None
    """Of all processes together; None is the wall clock's limit on every core that this process may use."""
    memory_mb: int = 2048
    output_bytes: int = 1 << 20
    """Of stdout and of stderr, each."""
    disk_mb: int = 256
    """Of all files together."""
    file_mb: int | None = None
    """Of one file; None is ``disk_mb``."""
    processes: int = 128
    """Processes and threads together."""


COMPILE_LIMITS = Limits(wall_seconds=60.0, memory_mb=4096, output_bytes=1 << 18, disk_mb=512, processes=64)
"""Enough for nvcc and for templates; what goes over them counts as a compile error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One execution of a built program."""

    args: tuple[str, ...] = ()
    stdin: bytes = b""
    ranks: int = 1
    """MPI ranks; ignored by the other models."""
    threads: int = 1
    """OMP_NUM_THREADS."""
    schedules: int = 1
    """Emulated CUDA: so many runs with blocks and threads in other orders, whose results must be equal."""
    schedule: int = 0
    """Emulated CUDA: the order of blocks and threads; 0 is the natural one."""
    data: Mapping[str, bytes] = field(default_factory=dict)
    """Files that lie read-only beside the program while it runs (not while it is compiled)."""
    collect: tuple[str, ...] = ()
    """Names of files that the program writes and that come back in `Outcome.outputs`; a missing one is absent there."""
    calls: Calls | None = None
    """Functions to call through shared memory, in a program that is built around `hpcraft.sandbox.drivers.caller_source`; ranks, threads
    and the order of blocks are those of each round then."""
    limits: Limits = Limits()
    pin: bool = False
    """Whether to pin it to cores that no other pinned run of this process has, one for each thread of each rank."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Source files to build together, and how to run the result."""

    files: Mapping[str, bytes]
    """File name to content. Each source is compiled by the compiler of its suffix (.c, .cpp, .cc, .cxx, .cu, .f90, ...),
    alone, and all are linked; headers lie beside them. For Python the first ``.py`` file is run."""
    language: Language
    """The language of the job; a mixed job names that of the candidate."""
    model: Model = "serial"
    compiler: Compiler = "auto"
    """The family of compilers for the candidate's language; sources of other languages keep theirs."""
    prelude: str = ""
    """A header among the files that is precompiled once, kept, and included ahead of every C or C++ source."""
    flags: tuple[str, ...] = ()
    """More flags for the compilers; those that begin with ``-l``, ``-L`` or ``-Wl`` go to the linker."""
    check: Check = "none"
    links: bool = True
    """Whether the objects are linked; without that, building ends at them and there is nothing to run."""
    cuda: CudaLevel = "auto"
    """``compile`` builds with the device's compiler and runs nothing; ``emulate`` runs on the processor; ``device`` runs on a GPU;
    ``auto`` is the last of these that this machine has and that can do what is asked."""
    run: Run = Run()
    compile_limits: Limits = COMPILE_LIMITS
    min_isolation: Tier = "landlock"
    """The weakest tier that is acceptable; the strongest one available is used."""
    tier: Tier | None = None
    """This tier and no other, to compare tiers; None is the strongest one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Isolation:
    """What stood between the program and the machine."""

    tier: Tier
    rests_on: tuple[str, ...]
    """The mechanisms and the program that set them up, such as ``bubblewrap 0.8.0`` and ``seccomp``."""
    limits: Mapping[str, str] = field(default_factory=dict)
    """For each of ``memory``, ``processes``, ``cpu``, ``disk``, ``file`` and ``output``: what enforces it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CompileOutcome:
    """What became of the compile step."""

    verdict: Verdict
    """``ok``, ``compile_error``, or the limit that the compiler ran into."""
    exit_code: int | None
    signal: int | None
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    stdout: str
    stderr: str
    truncated: bool
    command: str
    """The commands as they ran inside the box, one per line."""
    compiler: str
    """Versions of the compilers used, separated by ``; ``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one program in the sandbox."""

    verdict: Verdict
    exit_code: int | None = None
    """None when the program never ran or a signal ended it."""
    signal: int | None = None
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of all its processes together."""
    peak_memory_bytes: int = 0
    stdout: str = ""
    """UTF-8, with U+FFFD for bytes that are not; exact bytes come back through ``Run.collect``."""
    stderr: str = ""
    truncated: bool = False
    """Whether stdout or stderr went over ``Limits.output_bytes`` and was cut."""
    compile: CompileOutcome | None = None
    """None for Python, and when nothing was compiled."""
    isolation: Isolation | None = None
    """None only when the verdict is ``unsupported`` or ``infra_error`` before a box was made."""
    cuda_level: CudaLevel | None = None
    """Of a program in CUDA or HIP, never ``auto``."""
    cuda_device: str | None = None
    """The GPU and its driver, at the level ``device``."""
    outputs: Mapping[str, bytes] = field(default_factory=dict)
    called: tuple[Called, ...] = ()
    """The calls of ``Run.calls`` that came to their end, in order."""
    progress: tuple[Progress, ...] = ()
    """How far each round of ``Run.calls`` came."""
    waits: tuple[str, ...] = ()
    """Where each MPI rank stood when the time ran out, such as ``rank 1: MPI_Recv, called from main (ring.c:12)``."""
    message: str = ""
    """One line for people."""
    by_source: bool = False
    """Of the verdict ``unsupported``: it is what the source holds that isn't offered; else the machine lacks something, or the combination isn't offered."""

    @property
    def ok(self) -> bool:
        """Whether the verdict is ``ok``."""
        return self.verdict is Verdict.OK

    def to_dict(self) -> dict[str, object]:
        """The object that ``hpcraft sandbox run --json`` prints; collected files are told by their sizes."""
        result = _fields(self)
        result["compile"] = None if self.compile is None else _fields(self.compile)
        result["isolation"] = None if self.isolation is None else _isolation(self.isolation)
        result["called"] = [one.seconds for one in self.called]
        result["progress"] = [[one.begun, one.ended] for one in self.progress]
        result["outputs"] = {name: len(content) for name, content in self.outputs.items()}
        return result


def _isolation(isolation: Isolation) -> dict[str, object]:
    return {"tier": isolation.tier, "rests_on": list(isolation.rests_on), "limits": dict(isolation.limits)}


def _fields(record: Outcome | CompileOutcome) -> dict[str, object]:
    values = {name: getattr(record, name) for name in record.__dataclass_fields__}
    return {name: str(value) if isinstance(value, Verdict) else value for name, value in values.items()}
