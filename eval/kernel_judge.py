"""Judge answers to kernel tasks: build, call from outside, compare with the oracle, check for races and for real parallel work.

Theory of operation. The candidate is compiled alone and linked with a small main. The sandbox's launcher calls it through shared memory:
inputs come into the box one call at a time, everything stands still while results are copied, and the clock, the guard zones, the comparison
of const inputs and the use of the processor are outside (`sandbox/calls.py`). What the arrays must hold is computed here, by numpy, and never enters
the box. Outputs hold NaN before the call where the kernel must not read them. Neither exit code nor words on stdout are
evidence: only right outputs are. Inputs come from a seed that nobody knows before the judgement. One build is started with several
numbers of threads or ranks, a device's code on the processor with several orders of blocks.

Not covered: results that are wrong on ranks other than 0, races between MPI ranks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import cast

from hpcraft import sandbox
from hpcraft.errors import MachineError
from hpcraft.eval import forbidden, parallel_use, performance, run_evidence
from hpcraft.eval.judging import Judgement, describe_run, first_error, settle_build
from hpcraft.eval.kernel_trial import Trial, race_shape, trial
from hpcraft.eval.python_code import unbuildable
from hpcraft.eval.seen import Seen, differs, needs_preprocessor, seen, with_static_schedules, without_includes, without_simd
from hpcraft.eval.suites import reference
from hpcraft.eval.task import Task
from hpcraft.records import Failure
from hpcraft.sandbox.calls import Called
from hpcraft.sandbox.drivers import caller_source, host_target_source, python_caller_source
from hpcraft.sandbox.outcome import Check, CudaLevel, Job, Language, Limits, Model, Outcome, Run, Verdict
from hpcraft.store import sha256_bytes

_FLAGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("mpi", "cpp"): ("-DOMPI_SKIP_MPICXX",),
    ("mpi+openmp", "cpp"): ("-DOMPI_SKIP_MPICXX",),
}
"""Open MPI's C++ bindings left the standard with MPI 3; parsing them takes three quarters of the compiler's time."""
_CANDIDATE = {"c": "candidate.c", "cpp": "candidate.cpp", "fortran": "candidate.f90", "python": "candidate.py"}
_RUN_LIMITS = Limits(wall_seconds=40.0, memory_mb=2048, disk_mb=256)
"""For all rounds together."""
_PYTHON_LIMITS = replace(_RUN_LIMITS, wall_seconds=60.0)
"""The first start compiles, each one imports numba."""
_RACE_LIMITS = Limits(wall_seconds=60.0, memory_mb=2048, disk_mb=256)
_MOST_WORDS = 160
"""Of what a program in Python raised."""
_MORE_STARTS, _MORE_CALLS = 5, 6
"""Until a suspicion is a verdict."""
_RACES = ("openmp", "mpi+openmp", "offload", "cuda")
"""The models whose races the sandbox can look for; those of a device by OpenMP on the host's threads."""
_LAUNCHES = "_ZN12hpcraft_cuda6launch"
"""How the emulation of a device calls what the device's compiler calls ``cudaLaunchKernel``."""


def judge(task: Task, code: str, seed: int, cores: Sequence[int] = ()) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``.

    Args:
        task: what was asked.
        code: the answer.
        seed: of all inputs.
        cores: numbers of cores at which a right answer is timed; none, and nothing is.
    """
    assert task.kernel is not None
    judgement, plain = Judgement(), None
    if not code.strip():
        judgement.settle("build", "fail: the answer holds no code")
        judgement.verdict = Verdict.COMPILE_ERROR
        judgement.skip_rest("no code")
        return judgement
    if task.language == "python" and (why := unbuildable(code, task.kernel.signature)):
        judgement.settle("build", f"fail: {why}")
        judgement.verdict = Verdict.COMPILE_ERROR
        judgement.skip_rest("not reached")
        return judgement
    with sandbox.build(_job(task, code, "none")) as build:
        level = build.outcome.cuda_level
        judgement.level = level or ""
        if settle_build(judgement, build.outcome):
            plain = _read(judgement, task, code, build)
            if build.runnable:
                _run_all(judgement, task, code, build, seed)
                if cores and not judgement.failed and judgement.verdict is Verdict.OK:
                    _time(judgement, task, build, seed, cores)
            else:
                judgement.settle("correct", "skip: built, not run (no device)")
    if judgement.verdict not in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        _race(judgement, task, code, seed, plain)
    judgement.skip_rest("not reached")
    return judgement


def _read(judgement: Judgement, task: Task, code: str, build: sandbox.Build) -> Seen | None:
    """Settle what an answer's code and symbols show; returns what its compiler sees, where that is something else than the answer."""
    assert task.kernel is not None
    name, entry, driver = candidate_name(task), task.kernel.name, _driver_name(task)
    if task.language == "python":
        judgement.settle("honest", forbidden.check(task.model, task.language, code, entry=entry))
        judgement.settle("parallel", parallel_use.check(task.model, task.language, code, None, entry=entry))
        return None
    plain = _seen(task, code, build)
    text = plain.text if plain else ""
    symbols = forbidden.Symbols(
        undefined=_symbols(build.symbols(name), code),
        defined=build.defined(name),
        harness_undefined=build.symbols(driver),
        harness_defined=build.defined(driver),
    )
    judgement.settle("honest", forbidden.check(task.model, task.language, code, entry=entry, seen=text, symbols=symbols))
    judgement.settle("parallel", parallel_use.check(task.model, task.language, text or code, symbols.undefined, entry=entry))
    return plain


def _seen(task: Task, code: str, build: sandbox.Build) -> Seen | None:
    """What the preprocessor leaves; of emulated CUDA, which was translated before it, what the answer's own macros leave."""
    if task.language == "fortran" or not needs_preprocessor(code):
        return None
    if task.model == "cuda" and build.outcome.cuda_level == "emulate":
        own = Job(files={"candidate.cpp": without_includes(code).encode(errors="replace")}, language="cpp", flags=("-D__CUDACC__",))
        try:
            return seen(sandbox.preprocess(own, "candidate.cpp"))
        except MachineError:  # its conditionals need what stands in headers; the text as it is written is looked at
            return None
    return seen(build.preprocessed(candidate_name(task)))


def candidate_name(task: Task) -> str:
    """The source file that holds an answer."""
    return "candidate.cu" if task.model == "cuda" else _CANDIDATE[task.language]


def object_sha256(task: Task, code: str) -> str:
    """A hash of the object that an answer compiles to; empty where it doesn't. Two answers of one object do the same."""
    with sandbox.build(_job(task, code, "none")) as build:
        content = build.objects().get(candidate_name(task))
    return sha256_bytes(content) if content else ""


def _driver_name(task: Task) -> str:
    if task.language == "python":
        return "driver.py"
    return "driver.cpp" if task.model == "kokkos" else "driver.c"


def _job(task: Task, code: str, check: Check) -> Job:
    assert task.kernel is not None
    language, model = cast("Language", task.language), cast("Model", task.model)
    if language == "python":
        driver = python_caller_source([task.kernel.signature], task.kernel.shapes, "candidate")
        files = {_driver_name(task): driver.encode(), candidate_name(task): code.encode(errors="replace")}
        return Job(files=files, language=language, model=model)
    driver = caller_source([task.kernel.signature], mpi=model.startswith("mpi"), kokkos=model == "kokkos")
    driver += host_target_source() if check == "race" and language == "fortran" else ""
    files = {candidate_name(task): code.encode(errors="replace"), _driver_name(task): driver.encode()}
    level: CudaLevel = "auto" if check == "none" else "emulate"
    return Job(files=files, language=language, model=model, check=check, cuda=level, flags=_FLAGS.get((model, language), ()))


def _symbols(found: Collection[str], code: str) -> frozenset[str]:
    """With the emulation's word for a launch in the device's own; Thrust's algorithms are emulated without a launch."""
    emulated = any(name.startswith(_LAUNCHES) for name in found) or "#include <thrust/" in code
    return frozenset(found) | ({"cudaLaunchKernel"} if emulated else set[str]())


def _trial(task: Task, build: sandbox.Build, seed: int) -> Trial:
    assert task.kernel is not None
    if task.language == "python":
        return trial(task.kernel.name, "numba" if task.model == "openmp" else task.model, seed)
    level = build.outcome.cuda_level
    return trial(task.kernel.name, "emulate" if level == "emulate" else task.model, seed)


def _limits(task: Task) -> Limits:
    return _PYTHON_LIMITS if task.language == "python" else _RUN_LIMITS


def _run_all(judgement: Judgement, task: Task, code: str, build: sandbox.Build, seed: int) -> None:
    """Make every call of every round, and settle the checks ``correct`` and ``parallel``."""
    made = _trial(task, build, seed)
    outcome = build.run(Run(calls=made.calls, limits=_limits(task)))
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        judgement.verdict = outcome.verdict
        judgement.checks["correct"] = f"skip: {outcome.message}"
        judgement.log.append(outcome.message)
        return
    if failure := wrong(made, outcome):
        judgement.fail(failure, failure.words, outcome)
        judgement.log += [outcome.stdout.strip(), outcome.stderr.strip(), outcome.message]
        return
    judgement.settle("correct", "pass")
    if judgement.checks["parallel"] == "pass" and (why := _evidence(task, code, build, made, outcome.called)):
        judgement.fail(made.shapes[0].place(Failure(check="parallel", why=why, size=made.sizes[0][-1]), task.model), why)


def _evidence(task: Task, code: str, build: sandbox.Build, made: Trial, called: Sequence[Called]) -> str:
    """Why threads or ranks did not share the work at the timed size, the last call of the first round; empty when they did.

    A suspicion is looked into by more such calls.

    Where the machine is busy, one thread may be through with a dynamic schedule before another one is given a core: then it counts that
    there is another one.
    """
    shape = made.shapes[0]
    largest = [one for one in called if one.round == 0][-1]
    why = run_evidence.suspicion(task.model, [largest], shape)
    for _ in range(_MORE_STARTS):
        if not why:
            return ""
        again = build.run(Run(calls=made.repeated(_MORE_CALLS), limits=_limits(task)))
        why = run_evidence.suspicion(task.model, again.called, shape)
        if why and "openmp" in task.model and run_evidence.others_came_late(code, again.called):
            return ""
    return why


def _time(judgement: Judgement, task: Task, build: sandbox.Build, seed: int, cores: Sequence[int]) -> None:
    """Measure a right answer and settle the check ``fast``, which refuses what the machine can't do."""
    assert task.kernel is not None
    if build.outcome.cuda_level == "emulate":
        judgement.checks["fast"] = "skip: emulated"
        return
    baseline = reference(task.kernel.name, "serial", "c")
    for shape in dict.fromkeys(performance.shape_of(task.model, count) for count in cores):
        found = performance.measure(task.kernel.name, build, baseline, shape, seed)
        if found.wrong:
            judgement.fail(shape.place(found.wrong, task.model), f"when timed: {found.wrong.words}")
        if found.timing is None:
            judgement.checks["fast"] = f"skip: {found.failed or 'wrong when timed'}"
            return
        judgement.timings[str(shape.threads * shape.ranks)] = found.timing.to_json()
        if judgement.checks.get("fast", "pass") == "pass":
            _settle_fast(judgement, found.timing, shape.place(Failure(check="fast", why="", size=found.size), task.model))


def _settle_fast(judgement: Judgement, timing: performance.Timing, place: Failure) -> None:
    """Settle the check ``fast`` at one number of cores, which ``place`` says."""
    verdict = timing.verdict()
    if not verdict.startswith("fail: "):
        judgement.checks["fast"] = verdict
        return
    why = verdict.removeprefix("fail: ")
    got, least = (f"{seconds * 1e3:.3g} ms" for seconds in (timing.seconds, timing.least_seconds))
    judgement.fail(replace(place, why=why, got=got, expected=f"at least {least}"), why)


def wrong(made: Trial, outcome: Outcome) -> Failure | None:
    """What is wrong with a run, None when every call left what it must and the program ended well."""
    if failure := made.wrong(outcome.called, outcome.progress, _ending(outcome)):
        return failure
    why = run_evidence.leftovers(outcome.called) or ("" if outcome.ok else describe_run(outcome))
    return Failure(check="correct", why=why) if why else None


def _ending(outcome: Outcome) -> str:
    if outcome.ok:
        return "the program ended without the result"
    words = outcome.stderr.strip().splitlines()
    raised = words[-1].strip()[:_MOST_WORDS] if words and "Traceback (most recent call last)" in words[0] else ""
    return describe_run(outcome) + (f": {raised}" if raised else "")


def _race(judgement: Judgement, task: Task, code: str, seed: int, plain: Seen | None) -> None:
    """Settle the check ``race-free`` with the thread sanitizer or the emulation's own, which needs another build of the same code."""
    assert task.kernel is not None
    if task.model not in _RACES or task.language == "python":
        judgement.checks["race-free"] = f"skip: not offered for {'python' if task.language == 'python' else task.model}"
        return
    if judgement.failed:
        judgement.checks["race-free"] = "skip: failed before"
        return
    made = trial(task.kernel.name, task.model, seed, race=True)
    raced = replace(task, model="openmp") if task.model == "offload" else task
    checked = with_static_schedules(without_simd(code) if task.language == "fortran" else code)
    with sandbox.build(_job(raced, checked, "race")) as build:
        if not build.ok:
            _race_unbuilt(judgement, build.outcome)
            return
        if plain and task.model != "cuda" and (why := _hides(code, plain, seen(build.preprocessed(candidate_name(task))), task.model)):
            judgement.settle("race-free", f"fail: {why}")
            return
        outcome = build.run(Run(calls=made.calls, limits=_RACE_LIMITS))
    judgement.log.append(outcome.stderr.strip() if not outcome.ok else "")
    if outcome.ok:
        # An answer that leaves before the calls are made has shown nothing.
        judgement.settle("race-free", _all_called(outcome.called, made.num_calls))
    elif outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        _race_unbuilt(judgement, outcome)
    elif outcome.verdict is Verdict.RACE or "ThreadSanitizer: data race" in outcome.stderr:
        # So many reports can take so long that the time limit ends them; it is the race that decides.
        failure = race_shape(task.model).place(Failure(check="race-free", why="data race"), task.model)
        judgement.fail(failure, failure.why, replace(outcome, verdict=Verdict.RACE))
    else:
        told = f" ({outcome.message})" if task.model == "cuda" and outcome.message else ""
        judgement.settle("race-free", f"fail: under the race detector it {describe_run(outcome)}{told}", outcome)


def _hides(code: str, plain: Seen, checked: Seen, model: str) -> str:
    """Why the program that the race detector sees isn't the one that was judged."""
    if where := differs(code, plain, checked):
        return f"the race detector would see other code than the judge ({where} of the answer)"
    return forbidden.text(checked.text, model)


def _race_unbuilt(judgement: Judgement, outcome: Outcome) -> None:
    """Settle ``race-free`` where nothing ran: only what the machine lacks is a skip, as an answer can refuse this build alone."""
    if outcome.verdict in (Verdict.UNSUPPORTED, Verdict.INFRA_ERROR):
        judgement.checks["race-free"] = f"skip: {outcome.message or outcome.verdict}"
        if outcome.verdict is Verdict.INFRA_ERROR:
            judgement.verdict = Verdict.INFRA_ERROR
        return
    judgement.settle("race-free", f"fail: doesn't build for the race detector: {first_error(outcome)}", outcome)


def _all_called(called: Sequence[Called], num_calls: int) -> str:
    count = len(called)
    return "pass" if count == num_calls else f"fail: under the race detector {count} of {num_calls} calls left a whole result"
