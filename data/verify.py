"""Checks translations by running them: does the target do what its source does, in parallel, without a race, and would the tests notice a fault?

Theory of operation. Candidates are taken in batches, and a batch goes through these steps, each one program in the sandbox (`hpcraft.data.programs`):
sources under the address and undefined-behaviour sanitizers; sources with their faulty versions (`hpcraft.data.verify_sources`); OpenMP targets with 1, 3 and
4 threads, those in C under the address sanitizer, and under the race detector; CUDA targets under the emulation's check; MPI targets with 1, 2 and 3 ranks; sequential targets under the sanitizers
(`hpcraft.data.verify_targets`); targets with their faulty versions (`hpcraft.data.verify_faults`). Targets in Fortran have steps of their own. Sources are
C, and mostly sequential; those in OpenMP or CUDA, whose target is sequential, are run as what they are.
Source and target never share a process, and expected values never enter one. A step is made for those that came through the ones before.
Several batches are verified side by side in worker processes, since half of the work (reading trees, making calls, comparing) is done in Python; a lone
batch is verified here. Interrupted or left by its caller, `verify` ends the workers, and their boxes end with them.

Reasons of a refusal: ``signature``, ``tests``, ``source:compile_error``, ``no-valid-tests``, ``no-mutant-killed``, ``few-mutants-killed``, ``not-covered``,
``not-parallel``, ``not-serial``, ``no-entry``, ``target:signature``, ``target:compile_error``, ``target:runtime_error``, ``target:memory`` (what the emulation or the
address sanitizer found wrong with memory), ``target:time_limit``, ``differs``, ``race``, ``target:no-mutant-killed``, ``target:few-mutants-killed``,
``target:unsupported`` (what the emulation or the race detector doesn't offer), ``unsupported`` (the same of the source, or another model).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Literal, NamedTuple

from hpcraft.data import recorded
from hpcraft.data.programs import Piece, build
from hpcraft.data.target_models import SEQUENTIAL, TARGET_MODELS, THREADED
from hpcraft.data.verify_faults import try_targets
from hpcraft.data.verify_sources import Settings, Source, read_source, run_sources, try_sources
from hpcraft.data.verify_targets import Case, build_targets, check_text, find_races, run_cuda, run_mpi, run_openmp, run_serial
from hpcraft.data.workers import Lost, ordered_map
from hpcraft.errors import MachineError
from hpcraft.sandbox import folders, toolchains
from hpcraft.sandbox.abi import Signature
from hpcraft.sandbox.outcome import Check, CudaLevel, Job
from hpcraft.verification import Candidate, Finding

_BATCH_SECONDS = 3600.0
"""For a batch in a worker of its own: no program in it may take longer than minutes, but a machine may be busy."""


def verify(
    candidates: Iterable[Candidate],
    *,
    seed: int = 0,
    workers: int | None = None,
    race: bool = True,
    num_mutants: int = 6,
    min_killed: float = 0.5,
    min_coverage: float = 0.0,
    max_tests: int | None = None,
    batch_size: int = 24,
    run_targets: bool = True,
    every_test: bool = False,
    proved: bool = False,
) -> Iterator[Finding]:
    """Verify candidates; findings come in their order.

    Args:
        candidates: translations, of which most may be wrong.
        seed: of array contents; keep it from whoever writes candidates.
        workers: batches at a time, each in a process of its own; all cores when None.
        race: run OpenMP targets, Fortran's too, under the race detector; the emulation of CUDA always looks for races.
        num_mutants: faulty versions of each side that tests are tried on; 0 leaves them out, and nothing else.
        min_killed: share of the mutants of each side that tests must kill; at least one in any case.
        min_coverage: share of the source's lines that tests must run.
        max_tests: of the valid tests keep at most this many, those that tell the most, and rest coverage and mutants on them; targets are
            judged by all. None keeps all.
        batch_size: candidates in one program.
        run_targets: False only builds them, and takes what builds with the right entry point; for comparison with those who check no more.
        every_test: try a target whose results differ on its heaviest test on the others too (not MPI), so that all tests that tell it are known.
        proved: sources were verified on these tests before: where no faulty versions are tried, they aren't run a second time, nor their lines looked at.

    Raises:
        MachineError: the sandbox failed or the machine lacks a tool.
    """
    settings = Settings(
        seed=seed,
        race=race,
        num_mutants=num_mutants,
        min_killed=min_killed,
        min_coverage=min_coverage,
        max_tests=max_tests,
        emulate=cuda_level() == "emulate",
        run_targets=run_targets,
        every_test=every_test,
        proved=proved,
    )
    batches = _batches(iter(candidates), batch_size)
    first = list(islice(batches, 2))
    width = workers or len(os.sched_getaffinity(0))
    if width == 1 or len(first) == 1:
        for batch in chain(first, batches):
            yield from _verify_batch(batch, settings)
    elif first:
        yield from _verify_beside(chain(first, batches), settings, width)


def _batches(stream: Iterator[Candidate], size: int) -> Iterator[list[Candidate]]:
    while batch := list(islice(stream, size)):
        yield batch


class _Task(NamedTuple):
    """What a worker is given."""

    batch: list[Candidate]
    settings: Settings
    folder: str
    """For temporary files, which a worker that is ended can't remove."""


def _verify_beside(batches: Iterator[list[Candidate]], settings: Settings, width: int) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix=f"{folders.PREFIX}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # boxes of other users lie inside
        tasks = (_Task(batch, settings, folder) for batch in batches)
        for found in ordered_map(_verify_task, tasks, num_workers=width, chunk_items=1, item_seconds=_BATCH_SECONDS):
            if isinstance(found, Lost):
                what = f"a worker that verified {len(found.item.batch)} candidates ended twice ({found.why})"
                raise MachineError(f"{what}; free some memory, or verify fewer in one program")
            yield from found


def _verify_task(task: _Task) -> list[Finding]:
    tempfile.tempdir = task.folder
    return _verify_batch(task.batch, task.settings)


def has_tools(model: str, *, race: bool = False) -> str:
    """Why this machine can't verify a model's candidates, or can't look for races; empty when it can.

    Raises:
        MachineError: the sandbox itself is missing or failed.
    """
    if why := lacks_tool(model, race=race):
        return why
    kind = TARGET_MODELS[model]
    piece = Piece(signature=Signature.parse("void probe(int n)"), code=kind.probe)
    level: CudaLevel = cuda_level() if model == "cuda" else "auto"
    with build([piece], language=kind.language, model=kind.model, check="race" if race else "none", cuda=level) as program:
        return next(iter(program.refused.values()), "")


def lacks_tool(model: str, *, race: bool = False) -> str:
    """Which tool `has_tools` would miss, without building anything; empty for none."""
    if model == "cuda":
        return _missing(Job(files={"probe.cu": b""}, language="cpp", model="cuda", cuda=cuda_level()))
    kind = TARGET_MODELS[model]
    check: Check = "race" if race else "address" if kind.is_serial else "none"
    if kind.language == "fortran":
        return _missing(Job(files={"probe.f90": b"", "probe.c": b""}, language="fortran", model=kind.model, check=check))
    language: Literal["c", "cpp"] = "cpp" if kind.language == "cpp" else "c"
    return _missing(Job(files={f"probe.{language}": b""}, language=language, model=kind.model, check=check))


def cuda_level() -> CudaLevel:
    """How far this machine takes a CUDA target here: ``emulate`` where it has a compiler for that, else ``compile``."""
    job = Job(files={"probe.cu": b""}, language="cpp", model="cuda", check="race", cuda="emulate")
    return "compile" if _missing(job) else "emulate"


def _missing(job: Job) -> str:
    chosen = toolchains.choose(job)
    return chosen.message if isinstance(chosen, toolchains.Unsupported) else ""


# ---------------------------------------------------------------- one batch


def _verify_batch(batch: Sequence[Candidate], settings: Settings) -> list[Finding]:
    sources: dict[tuple[str, str, str, tuple[str, ...]], Source] = {}
    cases = []
    for candidate in batch:
        key = (candidate.signature, candidate.source_model, candidate.source, candidate.tests)
        if key not in sources:
            sources[key] = read_source(candidate, settings.seed)
        cases.append(Case(candidate=candidate, source=sources[key]))
    for case in cases:
        check_text(case)
    wanted = [s for s in sources.values() if any(c.alive and c.source is s for c in cases)]
    run_sources(wanted, settings)
    try_sources([s for s in wanted if not s.reason], settings)
    if not settings.run_targets:
        for model in TARGET_MODELS:
            build_targets(_alive(cases, model), settings)
        return [_finding(case) for case in cases]
    for model in THREADED:
        run_openmp(_alive(cases, model), settings)
        if settings.race:
            find_races(_alive(cases, model))
    run_cuda(_alive(cases, "cuda"), settings)
    run_mpi(_alive(cases, "mpi"))
    for model in SEQUENTIAL:
        run_serial(_alive(cases, model), settings)
    for model in TARGET_MODELS:
        try_targets(_alive(cases, model), settings)
    return [_finding(case) for case in cases]


def _alive(cases: Sequence[Case], model: str) -> list[Case]:
    return [c for c in cases if c.alive and c.candidate.target_model == model]


def _finding(case: Case) -> Finding:
    source = case.source
    valid = source.staying
    return Finding(
        candidate_id=case.candidate.candidate_id,
        accepted=case.alive,
        reason=source.reason or case.reason,
        level=case.level,
        valid_tests=tuple(source.tests[t].text() for t in valid),
        killing_tests=tuple(source.tests[t].text() for t in valid if source.kills.get(t)),
        outputs=tuple(recorded.record(source.signature, source.expected[t]) for t in valid),
        seed=source.seed,
        coverage=source.coverage if source.lines else 0.0,
        tests_passed=len(case.tried - case.failed),
        failed_tests=tuple(source.tests[t].text() for t in valid if t in case.failed),
        mutants_killed=source.mutants_killed,
        mutants_total=source.mutants_total,
        target_mutants_killed=case.mutants_killed,
        target_mutants_total=case.mutants_total,
        log=source.log or case.log,
    )
