"""How an answer to a kernel task becomes a job of the sandbox: its file, and the main program that is called."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from hpcraft.eval import lone_threads, openacc_races
from hpcraft.eval.task import Task
from hpcraft.sandbox.abi import Signature
from hpcraft.sandbox.drivers import TRACED, caller_source, python_caller_source, traced_source
from hpcraft.sandbox.outcome import Check, CudaLevel, Job, Language, Model

_FLAGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("mpi", "cpp"): ("-DOMPI_SKIP_MPICXX",),
    ("mpi+openmp", "cpp"): ("-DOMPI_SKIP_MPICXX",),
}
"""Open MPI's C++ bindings left the standard with MPI 3; parsing them takes three quarters of the compiler's time."""
_CANDIDATE = {"c": "candidate.c", "cpp": "candidate.cpp", "fortran": "candidate.f90", "python": "candidate.py"}


def candidate_name(task: Task) -> str:
    """The source file that holds an answer."""
    return "candidate.cu" if task.model == "cuda" else _CANDIDATE[task.language]


def driver_name(task: Task) -> str:
    """The source file that holds the main program."""
    if task.language == "python":
        return "driver.py"
    return "driver.cpp" if task.model == "kokkos" else "driver.c"


def job(task: Task, code: str, check: Check) -> Job:
    """An answer as it is judged, or as it is checked; in Python the check ``race`` traces it."""
    assert task.kernel is not None
    language, model = cast("Language", task.language), cast("Model", task.model)
    answer = {candidate_name(task): code.encode(errors="replace")}
    if language == "python":
        traced = check == "race"
        driver = python_caller_source([task.kernel.signature], task.kernel.shapes, "candidate", traced=traced)
        beside = {TRACED: traced_source().encode()} if traced else {}
        return Job(files={driver_name(task): driver.encode(), **answer, **beside}, language=language, model=model)
    driver = caller_source([task.kernel.signature], mpi=model.startswith("mpi"), kokkos=model == "kokkos")
    level: CudaLevel = "auto" if check == "none" else "emulate"
    files = {**answer, driver_name(task): driver.encode()}
    return Job(files=files, language=language, model=model, check=check, cuda=level, flags=_FLAGS.get((model, language), ()))


def chosen_signatures(task: Task) -> tuple[Signature, ...]:
    """Of the functions that `chosen_job` can be asked for: the answer's, and the one that says which threads run."""
    assert task.kernel is not None
    return task.kernel.signature, Signature.parse(lone_threads.CHOOSE)


def chosen_job(task: Task, code: str) -> Job:
    """An answer in CUDA, emulated, of which chosen threads run."""
    files = {
        candidate_name(task): code.encode(errors="replace"),
        driver_name(task): caller_source(chosen_signatures(task)).encode(),
        lone_threads.FILE: lone_threads.UNIT.encode(),
    }
    return Job(files=files, language=cast("Language", task.language), model="cuda", cuda="emulate", flags=(lone_threads.FLAG,))


def openacc_job(task: Task, code: str, check: Check) -> Job:
    """An answer in OpenACC, said in OpenMP (`openacc_races`)."""
    assert task.kernel is not None
    driver = caller_source([task.kernel.signature])
    files = {candidate_name(task): code.encode(errors="replace"), driver_name(task): driver.encode()}
    if task.language != "fortran":
        files[openacc_races.HEADER] = Path(__file__).with_name(openacc_races.HEADER).read_bytes()
    flags = () if task.language == "fortran" else openacc_races.FLAGS
    return Job(files=files, language=cast("Language", task.language), model="openmp", check=check, flags=flags)
