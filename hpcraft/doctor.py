"""``hpcraft doctor``: what this machine can build, run, isolate and train, and the command that mends each "no".

Every row of the toolchain table is tried by building and running a tiny program in the sandbox, every check by a program with a
fault that it must find: a compiler in PATH proves nothing. Slurm is asked where there is one. Not covered: disks, the speed of anything.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from hpcraft.command import Command, say
from hpcraft.errors import MachineError
from hpcraft.progress import track
from hpcraft.sandbox.builder import run
from hpcraft.sandbox.calls import INSTRUCTIONS
from hpcraft.sandbox.counters import missing
from hpcraft.sandbox.isolation import probe
from hpcraft.sandbox.outcome import TIERS, Outcome, Verdict
from hpcraft.sandbox.packages import install_command
from hpcraft.sandbox.python import interpreter, numba
from hpcraft.sandbox.table import EMULATED
from hpcraft.sandbox.tools import version
from hpcraft.sandbox.trials import Trial, trials


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One thing that a machine can do or not."""

    group: str
    """``isolate``, ``build and run``, ``check``, ``train``, ``count`` or ``cluster``."""
    name: str
    works: bool
    detail: str
    """What it rests on, or why it doesn't work."""
    switched_off: str = ""
    """What is not possible without it."""
    mend: str = ""


_TRIALS = tuple(trials())
_LANGUAGES = {"c": "C", "cpp": "C++", "fortran": "Fortran", "python": "Python"}
_EXTRAS = (
    ("train", ("torch", "transformers", "accelerate", "safetensors", "peft"), "pretrain, finetune, mutual, generate, release"),
    ("rl", ("trl", "datasets"), "reinforce"),
)
_NOT_ISOLATED = "verifying and judging: pairs, mutual, reinforce and judge stop with exit code 4"


def answers() -> Iterator[Answer]:
    """Try everything, on all cores."""
    yield from _isolation()
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        yield from track(pool.map(_try, _TRIALS), "doctor", total=len(_TRIALS))
    for extra, modules, switched_off in _EXTRAS:
        lacking = [module for module in modules if importlib.util.find_spec(module) is None]
        detail = f"without {', '.join(lacking)}" if lacking else ", ".join(modules)
        mend = f"pip install 'hpcraft[{extra}]'" if lacking else ""
        yield Answer(
            group="train" if extra == "train" else "extras",
            name=extra,
            works=not lacking,
            detail=detail,
            switched_off=switched_off if lacking else "",
            mend=mend,
        )
    yield _counters()
    yield from _cluster()


def _counters() -> Answer:
    """Whether the kernel counts instructions for the launcher."""
    why, _, mend = missing(INSTRUCTIONS).partition("; ")
    off = "instructions beside the times of answers (eval.timing)" if why else ""
    detail = why or "perf_event_open, outside of the kernel"
    return Answer(group="count", name="instructions", works=not why, detail=detail, switched_off=off, mend=mend)


def _cluster() -> Iterator[Answer]:
    """Whether stages can hand their tasks to Slurm; no row where there is none."""
    if shutil.which("sbatch") is None:
        return
    try:
        asked = subprocess.run(["scontrol", "ping"], capture_output=True, text=True, check=False, timeout=5)
        said, mend = " ".join(asked.stdout.split() or asked.stderr.split()), ""
    except subprocess.TimeoutExpired:  # without a slurm.conf it looks for the cluster in the network
        said, mend = "no answer from a controller", ""
    if " UP" not in said:
        mend = "ask on a login node of the cluster; set SLURM_CONF if its slurm.conf lies elsewhere"
    elif importlib.util.find_spec("submitit") is None:
        said, mend = "without submitit", "pip install 'hpcraft[slurm]'"
    yield Answer(group="cluster", name="slurm", works=not mend, detail=said, switched_off="--executor slurm" if mend else "", mend=mend)


def _isolation() -> Iterator[Answer]:
    """Every tier, the strongest first; one is enough."""
    found = {tier: probe(tier) for tier in reversed(TIERS) if tier != "none"}
    none = all(isinstance(jail, str) for jail in found.values())
    for tier, jail in found.items():
        if isinstance(jail, str):
            why, _, mend = jail.partition("; ")
            off = _NOT_ISOLATED if none else "nothing, as long as another tier works"
            yield Answer(group="isolate", name=tier, works=False, detail=why, switched_off=off, mend=mend or install_command("bwrap"))
        else:
            yield Answer(group="isolate", name=tier, works=True, detail=", ".join(jail.isolation.rests_on))


def _try(trial: Trial) -> Answer:
    group = "build and run" if trial.check == "none" else "check"
    try:
        outcome = run(trial.job)
    except MachineError as error:
        off, mend = _switched_off(trial), install_command("gcc")
        return Answer(group=group, name=_name(trial), works=False, detail=str(error), switched_off=off, mend=mend)
    if trial.works(outcome):
        return Answer(group=group, name=_name(trial), works=True, detail=_rests_on(trial, outcome))
    why, _, command = outcome.message.partition("; ") if outcome.verdict is Verdict.UNSUPPORTED else (outcome.message, "", "")
    detail = f"{outcome.verdict}: {why}" if why else str(outcome.verdict)
    mend = command or "see the compiler's words with `hpcraft sandbox run`; reinstall that toolchain"
    return Answer(group=group, name=_name(trial), works=False, detail=detail, switched_off=_switched_off(trial), mend=mend)


def _name(trial: Trial) -> str:
    what = trial.model if trial.check == "none" else trial.check
    if trial.level == "device":
        return f"{what} device {trial.family}"
    return " ".join((what, trial.kind, *(() if trial.kind == "python" else (trial.family,))))


def _rests_on(trial: Trial, outcome: Outcome) -> str:
    if trial.kind == "python":
        path, installed = interpreter(trial.job), numba() if trial.model == "openmp" else None
        return ", ".join((version(path), *((installed.version,) if installed else ())))
    level = ", compiled only" if outcome.cuda_level == "compile" else f" on {outcome.cuda_device}" if outcome.cuda_device else ""
    return (outcome.compile.compiler if outcome.compile else "") + level


def _switched_off(trial: Trial) -> str:
    language = _LANGUAGES[trial.language]
    if trial.check != "none":
        return f"the check {trial.check} in {language}"
    if trial.model == "serial" and trial.family in ("gcc", "auto"):
        return f"{language} tasks" if trial.kind != "c" else "everything that builds C"
    if trial.kind == EMULATED:
        return f"{trial.model.upper()} without a GPU"
    if trial.level == "device":
        return "CUDA on a GPU (the level device)"
    tasks = {"cuda": "CUDA tasks", "hip": "HIP tasks"}.get(trial.model, f"{language} tasks with {trial.model}")
    return f"{tasks} by the compiler {trial.family}" if trial.family in ("clang", "flang") else tasks


def machine() -> dict[str, object]:
    """What the machine is."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
    }


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No flags of its own."""


def main(args: argparse.Namespace) -> int:
    """Exit 0 as long as anything can be built."""
    found = list(answers())
    facts = machine()
    head = f"{facts['system']}, Python {facts['python']}, {facts['cores']} cores, {facts['memory_gib']} GiB"
    say(args, {"machine": facts, "answers": [asdict(answer) for answer in found]}, "\n".join([head, *_table(found)]))
    if not any(answer.works for answer in found if answer.group == "build and run"):
        raise MachineError(f"this machine can build nothing; {install_command('gcc')}")
    return 0


def _table(found: list[Answer]) -> Iterator[str]:
    width = max(len(answer.name) for answer in found)
    group = ""
    for answer in found:
        if answer.group != group:
            group = answer.group
            yield f"\n{group}"
        yield f"  {answer.name:{width}}  {'yes' if answer.works else 'no '}  {answer.detail}"
        if not answer.works:
            yield f"  {'':{width}}       switches off: {answer.switched_off}"
            yield f"  {'':{width}}       {answer.mend}"


COMMAND = Command(
    summary="say what this machine can build, run and isolate, and how to mend each no",
    example="hpcraft doctor --json",
    add_arguments=add_arguments,
    main=main,
)
