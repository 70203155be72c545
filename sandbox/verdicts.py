"""From what the launcher reports to a verdict.

The only place that reads a program's own words, and only for tools that have no other voice (sanitizers, mpirun). A
program can use them against itself, never in its favour.
"""

from __future__ import annotations

import re
import signal
from dataclasses import replace

from hpcraft.sandbox import reports
from hpcraft.sandbox.box import cpu_seconds
from hpcraft.sandbox.outcome import Job, Limits, Outcome, Verdict
from hpcraft.sandbox.supervise import Ended
from hpcraft.sandbox.waits import Place, aborted, explain, words

_LIMITS = {
    "time": Verdict.TIME_LIMIT,
    "cpu": Verdict.TIME_LIMIT,
    "memory": Verdict.MEMORY_LIMIT,
    "processes": Verdict.PROCESS_LIMIT,
    "disk": Verdict.DISK_LIMIT,
    "output": Verdict.OUTPUT_LIMIT,
}
_RANK_SIGNAL = re.compile(r"(?:process (rank \d+) .{0,200}?)?exited on signal (\d+)", re.DOTALL)
_RANK_EXIT = re.compile(r"Process name: \[\[\d+,\d+\],(\d+)\]\s+Exit code:\s+(\d+)")
_RANK_LEFT = re.compile(r"process (rank \d+) .{0,200}?exiting improperly", re.DOTALL)
_RANK_ABORT = re.compile(r"MPI_ABORT was invoked(?: on (rank \d+))?|ORTE_ERROR_LOG: .*show_help\.c")
"""Open MPI 4.1 sometimes loses the words in the race to the end, and says where it lost them."""


def describe(ended: Ended) -> Outcome:
    """The facts of an end, with the verdict that they alone give."""
    verdict, message = Verdict.OK, ""
    if ended.reason in _LIMITS:
        verdict = _LIMITS[ended.reason]
    elif ended.reason in ("failed", "stopped"):
        verdict, message = Verdict.INFRA_ERROR, ended.error or "stopped before its end"
    elif ended.reason == "exec":
        verdict, message = Verdict.RUNTIME_ERROR, ended.error
    elif ended.signal == signal.SIGXFSZ:
        verdict, message = Verdict.DISK_LIMIT, "a file grew over its limit"
    elif ended.signal == signal.SIGXCPU:
        verdict, message = Verdict.TIME_LIMIT, "a process went over the limit of CPU time"
    elif ended.disk_full and ended.exit_code != 0:
        verdict = Verdict.DISK_LIMIT
    elif ended.signal is not None:
        verdict, message = Verdict.SIGNALED, f"ended by {_signal_name(ended.signal)}"
    elif ended.exit_code != 0:
        verdict, message = Verdict.RUNTIME_ERROR, f"exit code {ended.exit_code}"
    return Outcome(
        verdict=verdict,
        exit_code=ended.exit_code,
        signal=ended.signal,
        wall_seconds=ended.wall_seconds,
        cpu_seconds=ended.cpu_seconds,
        peak_memory_bytes=ended.peak_memory_bytes,
        stdout=ended.stdout.decode(errors="replace"),
        stderr=ended.stderr.decode(errors="replace"),
        truncated=ended.truncated,
        message=message,
        outputs=ended.outputs,
    )


def judge(ended: Ended, job: Job, limits: Limits, places: tuple[Place, ...] = ()) -> Outcome:
    """The outcome of a run; ``places`` are those of its ranks when its time ran out."""
    outcome = describe(ended)
    if ended.signal == signal.SIGXCPU and ended.cpu_seconds < cpu_seconds(limits):  # its own doing
        outcome = replace(outcome, verdict=Verdict.SIGNALED, message=f"ended by {_signal_name(ended.signal)}")
    if outcome.verdict in (Verdict.OK, Verdict.RUNTIME_ERROR, Verdict.SIGNALED):
        if job.model.startswith("mpi"):
            outcome = _ranks(outcome)
        if job.check != "none":
            outcome = _sanitized(outcome, job)
    message = outcome.message or _limit_message(ended.reason, outcome.verdict, limits)
    if outcome.verdict is Verdict.TIME_LIMIT and places:
        message, outcome = explain(places, message), replace(outcome, waits=tuple(map(words, places)))
    asked_for = {name: content for name, content in outcome.outputs.items() if not name.startswith(".")}
    return replace(outcome, message=message, outputs=asked_for)


def unexplained(ended: Ended, job: Job) -> bool:
    """Whether mpirun failed and blames no rank, so that the machine may be at fault."""
    if not job.model.startswith("mpi") or ended.reason != "exited" or ended.exit_code in (0, None):
        return False
    stderr = ended.stderr.decode(errors="replace")
    blames = (_RANK_SIGNAL, _RANK_EXIT, _RANK_LEFT, _RANK_ABORT)
    return not aborted(ended.outputs) and not any(pattern.search(stderr) for pattern in blames)


def _ranks(outcome: Outcome) -> Outcome:
    """Mpirun turns a rank's signal into an exit code, and an abort with code 0 into success."""
    found = _RANK_SIGNAL.search(outcome.stderr)
    if found and outcome.exit_code == 128 + int(found[2]):
        number = int(found[2])
        message = f"{found[1] or 'a rank'} was ended by {_signal_name(number)}"
        return replace(outcome, verdict=Verdict.SIGNALED, signal=number, exit_code=None, message=message)
    abort, known = _RANK_ABORT.search(outcome.stderr), aborted(outcome.outputs)
    if known or abort:
        message = known or f"{(abort and abort[1]) or 'a rank'} called MPI_Abort"
    elif found := _RANK_EXIT.search(outcome.stderr):
        message = f"rank {found[1]} ended with exit code {found[2]}"
    elif found := _RANK_LEFT.search(outcome.stderr):
        message = f"{found[1]} ended without MPI_Finalize"
    else:
        return outcome
    return replace(outcome, verdict=Verdict.RUNTIME_ERROR, message=message)


def _sanitized(outcome: Outcome, job: Job) -> Outcome:
    if job.check == "race" and (found := reports.race(outcome.stderr)):
        return replace(outcome, verdict=Verdict.RACE, message=found)
    found = reports.fault(outcome.stderr)
    if found and outcome.verdict is not Verdict.OK:
        return replace(outcome, verdict=Verdict.RUNTIME_ERROR, message=found)
    return outcome


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _limit_message(reason: str, verdict: Verdict, limits: Limits) -> str:
    if reason == "cpu":
        return f"over {cpu_seconds(limits):g} s of CPU time"
    return {
        Verdict.TIME_LIMIT: f"over {limits.wall_seconds:g} s",
        Verdict.MEMORY_LIMIT: f"over {limits.memory_mb} MB of memory",
        Verdict.OUTPUT_LIMIT: f"over {limits.output_bytes} bytes of output",
        Verdict.PROCESS_LIMIT: f"over {limits.processes} processes and threads",
        Verdict.DISK_LIMIT: f"over {limits.disk_mb} MB of files",
    }.get(verdict, "")
