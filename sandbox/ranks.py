"""A run of several MPI ranks: what they need beside the program, and what their end means.

Two things are found out after the run, each in a box of its own: names for the addresses where ranks stood when the time
ran out, and whether mpirun can start anything here, if it failed without blaming a rank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hpcraft.sandbox import toolchains, waits
from hpcraft.sandbox.jail import Step
from hpcraft.sandbox.outcome import Job, Limits, Outcome, Run, Verdict
from hpcraft.sandbox.supervise import Ended
from hpcraft.sandbox.verdicts import describe, judge, unexplained

Execute = Callable[[Step], Ended]

_LOOKUP = Limits(memory_mb=1024)
_MESSAGE_CHARS = 300


def command(mpirun: str, program: tuple[str, ...], ranks: int) -> tuple[str, ...]:
    """The words that start a program's ranks, each with the library that tells where it waits."""
    return (mpirun, "-n", str(ranks), *waits.preloaded(program))


def run_ranks(step: Step, job: Job, run: Run, execute: Execute) -> Outcome:
    """Execute a step whose commands are those of `command`, and judge how it ended."""
    most = run.calls.ranks if run.calls else run.ranks
    step = replace(
        step,
        beside={**step.beside, waits.LIBRARY: waits.library()},
        collect=(*step.collect, *waits.files(most)),
        deadline_signal=waits.DEADLINE_SIGNAL,
    )
    ended = execute(step)
    if unexplained(ended, job):
        refusal = _refusal(step, ended.step, execute)
        if refusal:
            return refusal
    places = waits.read(ended.outputs, _num_ranks(run, ended.step)) if ended.reason in ("time", "cpu") else ()
    return judge(ended, job, run.limits, _named(places, step, execute))


def _num_ranks(run: Run, step: int) -> int:
    return run.calls.rounds[step].ranks if run.calls else run.ranks


def _refusal(step: Step, number: int, execute: Execute) -> Outcome | None:
    """The machine's failure, if mpirun can't start the same number of a program that does nothing."""
    words = step.commands[number]
    ranks = words[words.index("-n") + 1]
    trial = execute(replace(step, commands=((*words[: words.index("-n") + 2], "/bin/true"),), stdin=b"", collect=(), calls=None))
    if trial.reason != "exited" or trial.exit_code == 0:
        return None
    lines = [line.strip() for line in describe(trial).stderr.splitlines() if line.strip(" -\t")]
    why = " ".join(lines)[:_MESSAGE_CHARS] or f"exit code {trial.exit_code}"
    return Outcome(verdict=Verdict.INFRA_ERROR, message=f"mpirun cannot start {ranks} ranks in the box: {why}")


def _named(places: tuple[waits.Place, ...], step: Step, execute: Execute) -> tuple[waits.Place, ...]:
    """Names by ``addr2line``, in a box: it reads hostile bytes. Without them the calls are still told."""
    addresses = sorted({address for place in places for address in place.addresses})
    addr2line = toolchains.find("addr2line")
    if not addresses or addr2line is None:
        return places
    words = (addr2line, "-a", "-f", "-C", "-i", "-e", toolchains.PROGRAM, *addresses)
    found = execute(
        Step(
            commands=(words,),
            limits=_LOOKUP,
            environment=step.environment,
            beside={toolchains.PROGRAM: step.beside[toolchains.PROGRAM]},
            toolchains=toolchains.folders_outside((addr2line,)),
        )
    )
    return waits.named(places, found.stdout.decode(errors="replace"))
