"""The jobs of one name in Slurm's queue: what states they are in, and how to be rid of them."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field

from hpcraft.errors import MachineError

LIVE = frozenset(
    (
        "PENDING",
        "RUNNING",
        "COMPLETING",
        "CONFIGURING",
        "REQUEUED",
        "SUSPENDED",
        "STOPPED",
        "RESIZING",
        "SIGNALING",
        "STAGE_OUT",
        "REQUEUE_FED",
        "RESV_DEL_HOLD",
    )
)
"""States of a job that may yet do something."""

LOST = {
    "TIMEOUT": "time limit; raise it with --slurm time_minutes=N",
    "DEADLINE": "deadline",
    "OUT_OF_MEMORY": "out of memory; give more with --slurm memory_gb=N",
    "NODE_FAIL": "node failure",
    "BOOT_FAIL": "node failure",
    "PREEMPTED": "preempted",
    "REQUEUE_HOLD": "held after a failed launch",
    "SPECIAL_EXIT": "held after a failed launch",
}
"""States of a job that another may do better, in words."""

FOR_EVER = frozenset(
    (
        "AccountNotAllowed",
        "AssocMaxWallDurationPerJobLimit",
        "BadConstraints",
        "InvalidAccount",
        "InvalidQOS",
        "PartitionConfig",
        "PartitionNodeLimit",
        "PartitionTimeLimit",
        "QOSMaxWallDurationPerJobLimit",
        "QOSNotAllowed",
    )
)
"""Reasons of a job to wait that don't pass: it asks for what it can't get, which many sites only say in this way."""

_SILENCE_SECONDS = 600.0
"""That the controller may be out of reach, as when it restarts."""


@dataclass(slots=True)
class Queue:
    """The jobs named ``name``."""

    name: str
    answered: float = field(default_factory=time.monotonic)
    """When the controller last answered."""

    def states(self) -> dict[str, tuple[str, str]] | None:
        """Job id, such as ``12_3``, to state and reason; jobs long ended are absent. None while the controller doesn't answer.

        Raises:
            MachineError: it hasn't answered for a long time.
        """
        words = [
            "squeue",
            "--noheader",
            "--array",
            "--states=all",
            f"--name={self.name}",
            "--format=%F|%K|%T|%r",
        ]
        found: dict[str, tuple[str, str]] = {}
        done = _ask(words)
        if done.returncode:
            if time.monotonic() - self.answered > _SILENCE_SECONDS:
                raise MachineError(f"Slurm's controller doesn't answer: {_words(done)}; run again later to resume")
            return None
        self.answered = time.monotonic()
        for line in done.stdout.splitlines():
            array, index, state, reason = line.split("|", 3)
            found[array if index == "N/A" else f"{array}_{index}"] = (state, reason)
        return found

    def cancel(self, *, patience_seconds: float, why: str = "") -> None:
        """Cancel the jobs, and wait until they have ended, for as long as there is patience.

        Raises:
            MachineError: with a ``why``, if some are still there.
        """
        done = _ask(["scancel", f"--name={self.name}"])
        if done.returncode and why:
            raise MachineError(f"Slurm doesn't answer: {_words(done)}; is this a login node of the cluster, and the cluster up?")
        give_up = time.monotonic() + patience_seconds
        while any(state in LIVE for state, _ in (self.states() or {}).values()):
            if time.monotonic() > give_up:
                if why:
                    raise MachineError(
                        f"jobs of {why} in this folder don't end; see squeue --name={self.name}, and run again when they are gone"
                    )
                return
            time.sleep(0.3)


def _ask(words: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 1, "", f"{words[0]} ran for two minutes")


def _words(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stderr.split())[-300:]
