"""One program as one job of Slurm, over one node or many: the script, and waiting for its end.

Theory of operation. The script asks for what ``--slurm KEY=VALUE`` says, starts the program once on every node, and is put back into the queue by
Slurm when it is preempted or a node fails. Some time before its limit Slurm signals the processes with USR1, which save what they have, leave a
file that says so, and end; the script then puts itself back. The driver waits for the files by which the program tells its end; what
it submitted it cancels when it is stopped, and what an earlier driver left it cancels first.
Not covered: jobs over several clusters.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from hpcraft.command import note
from hpcraft.errors import ConfigError, MachineError
from hpcraft.executor import ExecutorConfig, Program
from hpcraft.progress import track
from hpcraft.slurm_queue import FOR_EVER, LIVE, LOST, Queue

LOG = "job.log"
_WARNED_SECONDS = 120
"""Before the limit of time, in which the program saves what it has."""
_PORT = 29400
_ASK_SECONDS = (1.0, 20.0)
_GRACE_SECONDS = 20.0
"""For a shared file system to show a result."""
_SCRIPT = """#!/bin/bash
{options}
{setup}
export PYTHONPATH={path}
export OMP_NUM_THREADS=${{OMP_NUM_THREADS:-{threads}}}
export head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1):$(({port} + SLURM_JOB_ID % 1000))
rm -f {late}
srun --cpus-per-task={cpus} --kill-on-bad-exit=1 {program}
code=$?
# Before its limit of time the program has saved what it had; it goes back into the queue and on from there.
if [ -f {late} ]; then scontrol requeue "$SLURM_JOB_ID"; sleep 60; fi
exit $code
"""


def script(config: ExecutorConfig, program: Program, logs: Path, name: str, label: str) -> str:
    """The script that sbatch is given."""
    asked: dict[str, str] = {
        "job-name": name,
        "comment": label,
        "nodes": "1",
        "ntasks-per-node": "1",
        "cpus-per-task": str(config.cpus_per_task),
        "time": str(config.time_minutes),
        "requeue": "",
        "open-mode": "append",
        "output": str(logs / LOG),
        "signal": f"USR1@{min(_WARNED_SECONDS, 30 * config.time_minutes)}",
        **{key: value for key in ("partition", "account", "qos") if (value := getattr(config, key))},
        **({"mem": f"{max(1, round(config.memory_gb * 1024))}M"} if config.memory_gb else {}),
        **dict(config.extra),
    }
    nodes = ("--nnodes=$SLURM_JOB_NUM_NODES", "--rdzv-backend=c10d", "--rdzv-id=$SLURM_JOB_ID", "--rdzv-endpoint=$head")
    words = " ".join(word if "$" in word else shlex.quote(word) for word in program.command(nodes))
    # What starts the processes would die of the signal that they are to hear.
    deaf = shlex.quote("trap '' USR1; exec " + words)
    return _SCRIPT.format(
        options="\n".join(f"#SBATCH --{key}={value}" if value else f"#SBATCH --{key}" for key, value in asked.items()),
        setup="\n".join(config.setup),
        path=shlex.quote(":".join(path for path in sys.path if path)),
        port=_PORT,
        threads=max(1, config.cpus_per_task // program.processes),
        cpus=config.cpus_per_task,
        program=f"bash -c {deaf}",
        late=shlex.quote(str(program.late)),
    )


def run_program(config: ExecutorConfig, queue: Queue, program: Program, logs: Path, label: str) -> Path:
    """Have ``program`` done by a job, and wait for its end; the log that it left.

    Raises:
        ConfigError: sbatch refuses it, or it would wait for ever.
        MachineError: the job was cancelled, or lost for good.
    """
    queue.cancel(patience_seconds=60.0, why="an earlier run")
    logs.mkdir(parents=True, exist_ok=True)
    path = logs / "job.sbatch"
    path.write_text(script(config, program, logs, queue.name, label))
    done = subprocess.run(["sbatch", "--parsable", str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigError(f"sbatch refuses the job: {' '.join(done.stderr.split())[-300:]}; change --slurm KEY=VALUE, see docs/slurm.md")
    job = re.split(r"[;\s]", done.stdout.strip())[0]
    note(f"{label}: job {job}, script {path}, log {logs / LOG}")
    gone_since = 0.0
    try:
        for _ in track(_polls(), f"{label}: job {job}"):
            if any(mark.is_file() for mark in program.marks):
                break
            states = queue.states()
            state, reason = ("RUNNING", "") if states is None else states.get(job, ("", ""))
            if state == "PENDING" and reason in FOR_EVER:
                raise ConfigError(f"{label}: the job would wait for ever ({reason}); change --slurm KEY=VALUE, see docs/slurm.md")
            gone_since = 0.0 if state in LIVE else gone_since or time.monotonic()
            if gone_since and time.monotonic() - gone_since > _GRACE_SECONDS:
                if state == "CANCELLED" or state in LOST:
                    why = LOST.get(state, "cancelled")
                    raise MachineError(f"{label}: job {job} is lost: {why}; log: {logs / LOG}; run the same command again to go on")
                break
    finally:
        queue.cancel(patience_seconds=10.0)
    return logs / LOG


def _polls() -> Iterator[None]:
    """Between two looks, longer and longer."""
    begin = time.monotonic()
    while True:
        yield None
        time.sleep(min(max(_ASK_SECONDS[0], (time.monotonic() - begin) / 20), _ASK_SECONDS[1]))
