"""Where a training function runs: here, in several processes under torchrun, or in a job of Slurm over one node or many.

Theory of operation. A training function takes a stage's config and work, and returns what its runs came to. Here it is called. Else what
it needs is written down below the work folder, torchrun starts `hpcraft.train.worker` on every node, each of its processes calls the function, and
rank 0 leaves the result or the error as a file. On Slurm the same command stands in a script, which is submitted, asked about, and put back
into the queue when it is preempted, when a node fails or before its time is up; it goes on from the newest checkpoint each time.
"""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcraft import errors
from hpcraft.errors import ConfigError, HpcError, MachineError, Stopped
from hpcraft.executor import Program, Spreading, runs_here
from hpcraft.store import read_json, write_json
from hpcraft.train.agent import DIED
from hpcraft.train.loop import LOWER, Fitted

if TYPE_CHECKING:
    from hpcraft.stages import Stage, Work

LATE = "late"
"""File that a run leaves which Slurm has ended before its limit of time."""
_TAIL = 600


def call(function: Callable[[Any, Work], list[Fitted]], stage: Stage[Any], config: Any, work: Work, *, processes: int) -> list[Fitted]:
    """Call a training function where it is to run.

    Args:
        function: can be imported by name; called with the config and the work on every rank.
        stage: whose function it is; `STAGE` of the module that holds the config.
        config: the stage's.
        work: the stage's.
        processes: on each node; 0 means one for each GPU.

    Raises:
        ConfigError: no number of processes for the nodes of a cluster.
        HpcError: what the function raised on one of the ranks.
        MachineError: a process died otherwise.
    """
    import torch

    executor = work.executor
    here = runs_here(executor)
    if not processes and not here:
        raise ConfigError("processes: 0 counts the GPUs of this machine; with --executor slurm give how many a node has")
    processes = processes or torch.cuda.device_count() or 1
    if here and processes == 1:
        return function(config, work)
    folder = work.out / ".run"
    folder.mkdir(exist_ok=True)
    for name in ("result.json", "error.json", DIED):
        (folder / name).unlink(missing_ok=True)
    plan = {
        "function": f"{function.__module__}:{function.__name__}",
        "stage": f"{type(config).__module__}:STAGE",
        "config": asdict(config),
        "inputs": {name: _where(path) for name, path in work.inputs.items()},
        "out": str(work.out.resolve()),
        "seed": work.seed,
        "requeued": not here,
        "processes": processes,
    }
    write_json(folder / "plan.json", plan)
    program = Program(
        command=partial(_command, folder.resolve(), processes),
        processes=processes,
        marks=(folder / "result.json", folder / "error.json"),
        late=folder.resolve() / LATE,
    )
    assert isinstance(executor, Spreading), "those of make_executor are"
    log = executor.run(program, folder=folder if here else work.out, label=stage.name)
    _raise_error(folder, log)
    found = [Fitted(**one) for one in read_json(folder / "result.json")["fitted"]]
    shutil.rmtree(folder)
    return found


def _where(path: Path) -> str:
    """An input, for a process whose working folder may be another; the name of a repository in the Hub's cache stays a name."""
    return str(path.resolve() if path.exists() else path)


def _command(folder: Path, processes: int, nodes: tuple[str, ...]) -> list[str]:
    """The command that starts the processes of one node."""
    return [
        sys.executable,
        "-m",
        "hpcraft.train.agent",
        *nodes,
        f"--nproc-per-node={processes}",
        "--module",
        "hpcraft.train.worker",
        str(folder),
    ]


def _raise_error(folder: Path, log: Path) -> None:
    """Raise what the processes said, if they failed."""
    if (folder / "result.json").is_file():
        return
    if (folder / "error.json").is_file():
        raise _error(folder / "error.json")
    died = read_json(folder / DIED) if (folder / DIED).is_file() else {}
    if died.get("exit_code") == -signal.SIGKILL:
        raise MachineError(
            f"a training process ({died['name']}) was killed by SIGKILL, as the kernel does when memory runs out; {LOWER}, and run again"
        )
    said = log.read_text(errors="replace") if log.is_file() else ""
    told = [line for line in said.splitlines() if "Error" in line] or said.splitlines()[-1:]
    if died:
        told.append(f"{died['name']} ended with exit code {died['exit_code']}")
    # On a terminal the processes spoke to the terminal.
    where = f"log: {log}" if said else "what it said stands above"
    raise MachineError(f"a training process died: {' '.join(told)[-_TAIL:] or 'torchrun'}; {where}; run the same command again to go on")


def _error(path: Path) -> HpcError:
    value = read_json(path)
    kind = getattr(errors, value["kind"], None)
    if kind is Stopped:
        return Stopped(value["message"], exit_code=int(value["exit_code"]))
    if isinstance(kind, type) and issubclass(kind, HpcError):
        return kind(value["message"])
    return MachineError(value["message"])


def plain(fitted: Fitted) -> dict[str, Any]:
    """What a run came to, without its weights."""
    return {f.name: getattr(fitted, f.name) for f in fields(Fitted) if f.name != "weights"}
