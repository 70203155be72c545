"""Tasks on a cluster: job arrays of Slurm through submitit.

Theory of operation. The tasks are cut into shares; a share is an element of a job array, and does its tasks as `hpcraft.local`
does them, on the cores of its job. It keeps a journal of what began and what is done, and leaves its result as a file, both below
``FOLDER/.slurm/``. The driver, which runs where the command was typed, looks for results and asks ``squeue`` (not ``sacct``: many
sites keep no accounts) about the elements that have none. What a lost job had done stays done; the rest goes into a new share, as
long as no task has been lost too often. All jobs of a folder have one name, made from its path, so that what an earlier driver
left in the queue is cancelled before anything is handed out, and nothing outlives this one. Not covered: tasks over several
nodes, GPUs, federated clusters.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import re
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from hpcraft.command import note
from hpcraft.errors import ConfigError, MachineError
from hpcraft.executor import JOBS, ExecutorConfig, Program, task_names
from hpcraft.local import Ended, hopeless
from hpcraft.progress import bar
from hpcraft.slurm_job import Journal, pack, run_share
from hpcraft.slurm_queue import FOR_EVER, LIVE, LOST, Queue

T = TypeVar("T")

_TRIES = 3
_POLL_SECONDS = (0.2, 5.0)
"""Between two looks for results, when things go fast and when they go slowly."""
_ASK_SECONDS = (1.0, 30.0)
"""Between two questions to the controller, which all users share."""
_GRACE_SECONDS = 15.0
"""After the end of a job, for a shared file system to show its result."""
_TOO_MANY = ("MaxSubmitJob", "Invalid job array specification")
"""In what sbatch says when it may take a smaller array."""
_BUSY = (*_TOO_MANY, "temporarily unable", "Unable to contact", "timed out", "try again")
"""In what sbatch says when it may say otherwise later."""


class SlurmExecutor:
    """Runs tasks in Slurm jobs; `hpcraft.executor.Executor`."""

    def __init__(self, config: ExecutorConfig) -> None:
        """With what ``config`` asks for each job.

        Raises:
            MachineError: there is no Slurm here, or no submitit.
        """
        for tool in ("sbatch", "srun", "squeue", "scancel"):
            if shutil.which(tool) is None:
                raise MachineError(
                    f"Slurm's {tool} is not in PATH; run this where jobs are submitted (a login node), or with --executor local"
                )
        if importlib.util.find_spec("submitit") is None:
            raise MachineError("--executor slurm needs submitit, which is not installed; pip install 'hpcraft[slurm]'")
        self.config = config

    def map(self, function: Callable[[T], None], tasks: Sequence[T], *, folder: Path, label: str) -> None:
        """As `hpcraft.executor.Executor.map` says; after a fault the tasks that are under way are cancelled."""
        assert function.__module__ != "__main__", "a job imports the function by name"
        if not tasks:
            return
        folder = folder.resolve()
        queue = job_queue(folder)
        queue.cancel(patience_seconds=60.0, why="an earlier run")
        logs = folder / JOBS / re.sub(r"\W+", "-", label)
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        mapping = _Mapping(config=self.config, function=function, tasks=tasks, logs=logs, label=label, queue=queue)
        try:
            mapping.run()
        finally:
            if mapping.unsure:
                queue.cancel(patience_seconds=10.0)
        shutil.rmtree(logs, ignore_errors=True)
        with contextlib.suppress(OSError):
            (folder / JOBS).rmdir()

    def run(self, program: Program, *, folder: Path, label: str) -> Path:
        """As `hpcraft.executor.Spreading.run` says; the program has a job of its own."""
        from hpcraft.slurm_program import run_program

        folder = folder.resolve()
        with outside_of_a_job():
            return run_program(self.config, job_queue(folder), program, folder / JOBS, label)


def cancel_left(folder: Path) -> None:
    """Cancel the jobs of a driver that was killed, before what they write could be taken for the work of another run."""
    if shutil.which("scancel"):
        job_queue(folder.resolve()).cancel(patience_seconds=60.0, why="an earlier run")


def job_queue(folder: Path) -> Queue:
    """The jobs of a folder, which have one name."""
    return Queue(f"hpcraft-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}")


@dataclass(kw_only=True, slots=True)
class _Share:
    """Some of the tasks, as one job."""

    tasks: tuple[int, ...]
    job: Any
    """Of submitit."""
    array: str
    journal: Journal
    ended_since: float | None = None
    """When the queue first said that the job has ended, though its result isn't there."""


@dataclass(kw_only=True, slots=True)
class _Mapping(Generic[T]):
    """One call of `SlurmExecutor.map`."""

    config: ExecutorConfig
    function: Callable[[T], None]
    tasks: Sequence[T]
    logs: Path
    label: str
    queue: Queue
    waiting: deque[tuple[int, ...]] = field(default_factory=deque)
    running: list[_Share] = field(default_factory=list)
    unsure: bool = False
    """Whether a job may be in the queue that isn't among those that have given their result."""
    done: set[int] = field(default_factory=set)
    losses: dict[int, int] = field(default_factory=dict)
    """How often a task was lost with its job."""
    lost: dict[int, str] = field(default_factory=dict)
    """Tasks that are given up, and why."""
    lanes: int = 1
    """Arrays that are in the queue at a time."""
    array_size: int = 1
    """Jobs in an array, as far as is known of what the site allows."""
    num_shares: int = 0
    reasons: set[str] = field(default_factory=set)
    """Why jobs wait, as far as it was said."""

    def run(self) -> None:
        """Until all tasks are done."""
        # Four jobs for each that runs at a time keep all busy to the end, and none alone holds much that can be lost.
        size = self.config.tasks_per_job or max(self.config.cpus_per_task, -(-len(self.tasks) // (4 * self.config.max_parallel)))
        self.waiting.extend(tuple(range(i, min(i + size, len(self.tasks)))) for i in range(0, len(self.tasks), size))
        self.array_size = self.config.max_array_size
        self.lanes = min(self.config.max_parallel, -(-len(self.waiting) // self.config.max_array_size))
        begin = asked = looked = time.monotonic()
        with bar(self.label, len(self.tasks)) as advance:
            while self.waiting or self.running:
                self._submit()
                before = len(self.done)
                self._collect()
                advance(len(self.done) - before)
                now = time.monotonic()
                if now - asked >= _paced(_ASK_SECONDS, now - begin) and self.running:
                    self._ask()
                    asked = time.monotonic()
                if hopeless(self.lost, len(self.done)):
                    break
                looked = now if len(self.done) > before else looked
                time.sleep(_paced(_POLL_SECONDS, now - looked))
        self.unsure = self.unsure and bool(self.losses or self.running)
        if self.lost:
            raise self._loss()

    def _submit(self) -> None:
        """Hand out waiting shares in arrays."""
        while self.waiting and len({share.array for share in self.running}) < self.lanes:
            count = min(len(self.waiting), self.array_size)
            shares = [self.waiting.popleft() for _ in range(count)]
            journals = [Journal(self.logs / f"share-{self.num_shares + i:06d}.journal") for i in range(count)]
            blobs = [pack(self.function, {i: self.tasks[i] for i in share}) for share in shares]
            self.unsure = True
            try:
                jobs = self._array(blobs, [str(journal.path) for journal in journals])
            except _Busy as busy:
                self.waiting.extendleft(reversed(shares))
                if count > 1 and any(word in str(busy) for word in _TOO_MANY):
                    self.array_size = count // 2
                    continue
                if not self.running:
                    raise MachineError(f"{self.label}: sbatch takes no jobs now: {busy}; run again later to resume") from None
                return
            self.num_shares += count
            for share, job, journal in zip(shares, jobs, journals, strict=True):
                self.running.append(_Share(tasks=share, job=job, array=job.job_id.partition("_")[0], journal=journal))

    def _array(self, blobs: list[bytes], journals: list[str]) -> list[Any]:
        import submitit
        from submitit.core.utils import FailedJobError

        executor = submitit.SlurmExecutor(folder=self.logs)
        executor.update_parameters(**_parameters(self.config, self.queue.name, self.label, self.config.max_parallel // self.lanes))
        said = io.StringIO()
        try:
            with outside_of_a_job(), contextlib.redirect_stderr(said):
                return list(executor.map_array(run_share, blobs, journals, [self.config.cpus_per_task] * len(blobs)))
        except FailedJobError as error:
            words = "; ".join(line.removeprefix("sbatch: ").removeprefix("error: ") for line in str(error).splitlines())
            if any(word in words for word in _BUSY):
                raise _Busy(words) from None
            raise ConfigError(f"sbatch refuses a job: {words}; change --slurm KEY=VALUE, see docs/slurm.md") from None

    def _collect(self) -> None:
        """Take the results that are there."""
        with contextlib.suppress(OSError):
            self.logs.chmod(self.logs.stat().st_mode)  # makes NFS look again
        errors: dict[int, Exception] = {}
        for share in list(self.running):
            self.done |= share.journal.read().done
            if share.job.paths.result_pickle.exists():
                self.running.remove(share)
                for ended in self._results(share):
                    if ended.error:
                        errors[ended.index] = ended.error
                    elif ended.lost:
                        self._count_loss(ended.index, f"{ended.lost}, log {share.job.paths.stderr}")
                    else:
                        self.done.add(ended.index)
                self._again(share)
        if errors:
            raise errors[min(errors)]

    def _results(self, share: _Share) -> list[Ended]:
        from submitit.core.utils import FailedJobError

        try:
            return list(share.job.result())
        except FailedJobError as error:
            trace = [line for line in str(error).splitlines() if line.strip() and not line.startswith(("---", "You can check", "  - "))]
            raise MachineError(
                f"{self.label}: job {share.job.job_id} could not begin: {trace[-1].strip()}; is the same Python there on the nodes? "
                f"Log: {share.job.paths.stderr}"
            ) from None

    def _ask(self) -> None:
        """Ask the controller about the jobs without a result."""
        states = self.queue.states()
        if states is None:
            return
        now = time.monotonic()
        for share in list(self.running):
            state, reason = states.get(share.job.job_id, ("", ""))
            if state in LIVE:
                share.ended_since = None
                self._say_why(state, reason)
            elif share.ended_since is None:
                share.ended_since = now
            elif now - share.ended_since > _GRACE_SECONDS and not share.job.paths.result_pickle.exists():
                self.running.remove(share)
                self._bury(share, state)

    def _say_why(self, state: str, reason: str) -> None:
        if state == "PENDING" and reason in FOR_EVER:
            raise ConfigError(f"{self.label}: a job would wait for ever ({reason}); change --slurm KEY=VALUE, see docs/slurm.md")
        if state == "PENDING" and reason not in ("None", "Priority", "Resources", "JobArrayTaskLimit", *self.reasons):
            self.reasons.add(reason)
            note(f"{self.label}: jobs wait in the queue: {reason} (squeue --name={self.queue.name})")

    def _bury(self, share: _Share, state: str) -> None:
        """After the end of a job without a result."""
        if state.startswith("CANCELLED"):
            raise MachineError(
                f"{self.label}: job {share.job.job_id} was cancelled; {len(self.done)} tasks are done and kept, run again to resume"
            )
        journal = share.journal.read()
        log = share.job.paths.stderr
        if not journal.began and not log.exists() and state not in LOST:
            raise MachineError(
                f"{self.label}: job {share.job.job_id} ended ({state or 'gone'}) and left no trace in {self.logs}; the nodes "
                "don't see that folder: give an output folder on a file system that they share"
            )
        self.done |= journal.done
        left = [i for i in share.tasks if i not in self.done]
        why = LOST.get(state) or (f"job ended as {state}" if state else "job vanished")
        if not journal.began and (last := _last_line(log)):
            why += f": {last}"
        for index in [i for i in left if i in journal.began] or left:
            # With the whole of its time for itself, a task won't do better in another job.
            self._count_loss(index, f"{why}, log {log}", final=state == "TIMEOUT" and not journal.done)
        self._again(share)

    def _count_loss(self, index: int, why: str, *, final: bool = False) -> None:
        self.losses[index] = self.losses.get(index, 0) + 1
        if final or self.losses[index] >= _TRIES:
            self.lost[index] = why

    def _again(self, share: _Share) -> None:
        """What a share left undone waits anew."""
        if left := tuple(i for i in share.tasks if i not in self.done and i not in self.lost):
            self.waiting.append(left)

    def _loss(self) -> MachineError:
        indices = sorted(self.lost)
        why = self.lost[indices[0]]
        more = "; a job gets more memory with --slurm memory_gb=N" if "memory" in why and "memory_gb" not in why else ""
        return MachineError(
            f"{self.label}: {len(indices)} of {len(self.tasks)} tasks were lost with their jobs ({why}): "
            f"{task_names([self.tasks[i] for i in indices])}; {len(self.done)} are done and kept, run again to resume{more}"
        )


class _Busy(Exception):  # noqa: N818 - a state of the cluster, dealt with here
    """Sbatch takes no job at present."""


def _parameters(config: ExecutorConfig, name: str, label: str, parallel: int) -> dict[str, Any]:
    """What submitit is told of a job."""
    words = {key: value for key in ("partition", "account", "qos") if (value := getattr(config, key))}
    return {
        "job_name": name,
        "comment": label,
        "time": config.time_minutes,
        "cpus_per_task": config.cpus_per_task,
        # Slurm 22.05 and later don't hand it on from sbatch to srun.
        "srun_args": [f"--cpus-per-task={config.cpus_per_task}"],
        "array_parallelism": parallel,
        "setup": list(config.setup),
        # submitit would have its job signalled before the time is over, to put it back into the queue, which the driver does better;
        # a short job would get that signal before it can deal with it. The shell gets one that does nothing.
        "additional_parameters": {"signal": "B:CONT@1", **{key: value or True for key, value in config.extra}},
        **({"mem": f"{max(1, round(config.memory_gb * 1024))}M"} if config.memory_gb else {}),
        **words,
    }


@contextlib.contextmanager
def outside_of_a_job() -> Iterator[None]:
    """Hide the variables of the job that the driver itself may run in, of which sbatch would make options."""
    hidden: dict[str, str] = {}
    if "SLURM_JOB_ID" in os.environ:
        names = [n for n in os.environ if n.startswith(("SLURM_", "SLURMD_", "SRUN_", "SUBMITIT_")) and n != "SLURM_CONF"]
        hidden = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _paced(bounds: tuple[float, float], elapsed_seconds: float) -> float:
    """Seconds to wait, a tenth of what has passed within bounds."""
    return min(max(bounds[0], elapsed_seconds / 10), bounds[1])


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip() and not line.startswith(("srun:", "slurmstepd:"))), "")
