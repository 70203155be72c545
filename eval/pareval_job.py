"""How an answer of suite ``pareval`` is built: alone, between a shim that knows its parameters and the main program that is called."""

from __future__ import annotations

from typing import cast

from hpcraft.eval import lone_threads
from hpcraft.eval.lone_answers import exposed
from hpcraft.eval.pareval import DEVICE_MODELS, Problem
from hpcraft.eval.pareval_calls import HEADERS, shim, signatures
from hpcraft.eval.pareval_kernel import SUFFIX, headers, kernel_shim
from hpcraft.eval.pareval_kokkos import KOKKOS_HEADERS, kokkos_shim
from hpcraft.sandbox.abi import Signature
from hpcraft.sandbox.drivers import caller_source
from hpcraft.sandbox.outcome import Check, CudaLevel, Job, Model


def file_names(model: str) -> tuple[str, str, str]:
    """The files of the answer, the shim and the main program."""
    suffix = SUFFIX.get(model, ".cpp")
    return f"candidate{suffix}", f"shim{suffix}", "driver.cpp" if model == "kokkos" else "driver.c"


def signatures_of(problem: Problem, *, chosen: bool = False) -> tuple[Signature, ...]:
    """Of the functions that the main program is asked for."""
    return (*signatures(problem.called), *([Signature.parse(lone_threads.CHOOSE)] if chosen else []))


def job(problem: Problem, model: str, code: str, check: Check = "none", *, chosen: bool = False, alone: bool = False) -> Job:
    """What is built of an answer.

    Args:
        problem: the task's.
        model: the task's.
        code: the answer.
        check: of the sandbox.
        chosen: with a function that says which threads of a launch run, which is emulated.
        alone: the answer by itself, for the device's own compiler.

    Raises:
        InputError: a function that can't be called from outside.
    """
    mpi, on_device = model.startswith("mpi"), model in DEVICE_MODELS
    candidate, between, driver = file_names(model)
    ahead = headers(model) if on_device else KOKKOS_HEADERS if model == "kokkos" else HEADERS
    files = {candidate: f"{ahead}#line 1\n{exposed(code) if on_device else code}\n".encode(errors="replace")}
    if not alone:
        calls = kernel_shim(problem, model, code) if on_device else kokkos_shim(problem) if model == "kokkos" else shim(problem)
        files[between] = calls.encode()
        files[driver] = caller_source(signatures_of(problem, chosen=chosen), mpi=mpi, kokkos=model == "kokkos").encode()
    if chosen:
        files[lone_threads.FILE] = lone_threads.UNIT.encode()
    flags = ("-DOMPI_SKIP_MPICXX",) if mpi else (lone_threads.FLAG,) if chosen else ()
    level: CudaLevel = "compile" if alone else "emulate" if on_device and (chosen or check != "none") else "auto"
    return Job(files=files, language="cpp", model=cast("Model", model), check=check, cuda=level, links=not alone, flags=flags)
