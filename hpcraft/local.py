"""Tasks on this machine: worker processes, where a crash costs one try of one task.

Theory of operation. Each worker is a process of its own with a pipe; it does one task at a time and says how it ended. The
parent hands the tasks out in their order and waits for pipes and for deaths. A worker that dies takes its task with it: the
task is tried again in a fresh worker, then given up as lost, and the others go on. After a task has raised, no later one is handed
out, while those before it come to their end: of several faults the one of the first task is raised, as one process
alone would do. Workers lead process groups of their own, so that Ctrl-C reaches the parent alone, which ends them with
their children; they end by themselves when the parent is gone, however it went.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Generic, TypeVar

from hpcraft.errors import HpcError, MachineError
from hpcraft.executor import Program, task_names
from hpcraft.processes import worker_context
from hpcraft.progress import bar, visible

T = TypeVar("T")

_TRIES = 2
_GOODBYE_SECONDS = 5.0
_HOPELESS = 3
"""So many tasks lost and none done: it isn't the tasks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What became of a task."""

    index: int
    error: Exception | None = None
    """What it raised."""
    lost: str = ""
    """How its process died, when it did."""


class LocalExecutor:
    """Runs tasks in worker processes; `hpcraft.executor.Executor`."""

    def __init__(self, num_workers: int = 0) -> None:
        """With ``num_workers`` processes, or one per core that this process may use."""
        self.num_workers = num_workers or len(os.sched_getaffinity(0))

    def map(self, function: Callable[[T], None], tasks: Sequence[T], *, folder: Path, label: str) -> None:  # noqa: ARG002 - files go where the tasks say
        """As `hpcraft.executor.Executor.map` says."""
        errors: dict[int, Exception] = {}
        lost: dict[int, str] = {}
        num_done = 0
        with bar(label, len(tasks)) as advance:
            for ended in each_ended(function, tasks, num_workers=self.num_workers, tries=_TRIES):
                if ended.error:
                    errors[ended.index] = ended.error
                elif ended.lost:
                    lost[ended.index] = ended.lost
                else:
                    num_done += 1
                    advance(1)
                if hopeless(lost, num_done):
                    break
        if errors:
            raise errors[min(errors)]
        if lost:
            raise MachineError(
                f"{label}: worker processes died twice on {len(lost)} of {len(tasks)} tasks ({lost[min(lost)]}): "
                f"{task_names([tasks[i] for i in sorted(lost)])}; {num_done} are done and kept: free some memory, or give fewer "
                "--workers, and run again to resume"
            )

    def run(self, program: Program, *, folder: Path, label: str) -> Path:  # noqa: ARG002 - as above
        """As `hpcraft.executor.Spreading.run` says."""
        log = folder / "log.txt"
        cores = max(1, len(os.sched_getaffinity(0)) // program.processes)
        with log.open("wb") as file:
            # On a terminal its bar is seen.
            said = None if visible() else file
            process = subprocess.Popen(
                program.command(("--standalone",)), env={"OMP_NUM_THREADS": str(cores), **os.environ}, stdin=subprocess.DEVNULL, stderr=said
            )
            try:
                process.wait()
            except BaseException:
                process.terminate()  # its processes save what they have
                process.wait()
                raise
        return log


def hopeless(lost: dict[int, str], num_done: int) -> bool:
    """Whether to give up although tasks are left."""
    return len(lost) >= _HOPELESS and not num_done


def each_ended(
    function: Callable[[T], None],
    tasks: Sequence[T],
    *,
    num_workers: int,
    tries: int,
    begin: Callable[[int], None] = lambda _index: None,
) -> Iterator[Ended]:
    """Do the tasks, and tell of each as it ends; ``begin`` is called when one is handed to a worker."""
    pool = _Pool(function, tasks, tries=tries, begin=begin)
    try:
        for _ in range(min(num_workers, len(tasks))):
            pool.start_worker()
        while pool.needed():
            yield from pool.wait()
        if not pool.cut_short:
            pool.dismiss()
    finally:
        pool.end()


@dataclass(kw_only=True, slots=True)
class _Worker:
    """A process and the end of its pipe that the parent holds."""

    process: ForkServerProcess
    pipe: Connection
    index: int | None = None
    """The task that it does."""


@dataclass(slots=True)
class _Pool(Generic[T]):
    """The workers, and the tasks that wait for one."""

    function: Callable[[T], None]
    tasks: Sequence[T]
    tries: int = field(kw_only=True)
    begin: Callable[[int], None] = field(kw_only=True)
    workers: list[_Worker] = field(default_factory=list, kw_only=True)
    waiting: deque[int] = field(default_factory=deque, kw_only=True)
    deaths: dict[int, int] = field(default_factory=dict, kw_only=True)
    """How often a task took its worker with it."""
    bound: int = field(default=0, kw_only=True)
    """Tasks from here on are no longer wanted: one before them has raised."""

    def __post_init__(self) -> None:
        self.waiting.extend(range(len(self.tasks)))
        self.bound = len(self.tasks)

    def needed(self) -> bool:
        """Whether a task that is still wanted waits or is under way."""
        return any(worker.index is not None and worker.index < self.bound for worker in self.workers)

    def start_worker(self) -> None:
        """Start a worker and give it a task."""
        context = worker_context()
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.function))
        process.start()
        theirs.close()
        worker = _Worker(process=process, pipe=ours)
        self.workers.append(worker)
        self._give(worker)

    def _give(self, worker: _Worker) -> None:
        worker.index = None
        if self.waiting and self.waiting[0] < self.bound:
            worker.index = self.waiting.popleft()
            self.begin(worker.index)
            try:
                worker.pipe.send((worker.index, self.tasks[worker.index]))
            except OSError:
                return  # it is dead already, as `wait` will find

    def wait(self) -> Iterator[Ended]:
        """Wait until something has ended, and tell of it."""
        ready = set(wait([worker.pipe for worker in self.workers] + [worker.process.sentinel for worker in self.workers]))
        for worker in list(self.workers):
            if worker.pipe not in ready and worker.process.sentinel not in ready:
                continue
            answer = _answer(worker)
            if answer is None:
                yield from self._buried(worker)
                continue
            assert worker.index is not None
            index, error = worker.index, answer[0]
            if error:
                self.bound = min(self.bound, index)
            self._give(worker)
            yield Ended(index=index, error=error)

    def _buried(self, worker: _Worker) -> Iterator[Ended]:
        """After the death of a worker: its task is tried again, or told of as lost."""
        _kill(worker)
        self.workers.remove(worker)
        index = worker.index
        if index is not None and index < self.bound:
            self.deaths[index] = self.deaths.get(index, 0) + 1
            if self.deaths[index] < self.tries:
                self.waiting.appendleft(index)
        if self.waiting:
            self.start_worker()
        if index is not None and self.deaths.get(index) == self.tries:
            yield Ended(index=index, lost=_how(worker.process.exitcode))

    @property
    def cut_short(self) -> bool:
        """Whether a task has raised, so that others may still be under way for nothing."""
        return self.bound < len(self.tasks)

    def dismiss(self) -> None:
        """Let workers that have nothing to do go by themselves, so that what they hold ready, such as boxes of the sandbox, is put away."""
        for worker in self.workers:
            worker.pipe.close()
        for worker in self.workers:
            worker.process.join(_GOODBYE_SECONDS)

    def end(self) -> None:
        """End all workers now, with what they have started."""
        for worker in self.workers:
            _kill(worker)
        self.workers.clear()


def _answer(worker: _Worker) -> tuple[Exception | None] | None:
    """What the worker says of its task, in a tuple; none when it died before."""
    try:
        # A child of the task may hold the other end open after the worker's death, so never wait for an answer.
        return (worker.pipe.recv(),) if worker.pipe.poll() else None
    except (EOFError, OSError):
        return None


def _how(exit_code: int | None) -> str:
    if exit_code == -signal.SIGKILL:
        return "killed by SIGKILL, as the kernel does when memory runs out"
    if exit_code is not None and exit_code < 0:
        return f"killed by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"


def _kill(worker: _Worker) -> None:
    assert worker.process.pid
    try:
        os.killpg(worker.process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        worker.process.kill()  # it hasn't made its group yet, or is gone
    worker.process.join()
    worker.pipe.close()


# ---------------------------------------------------------------- in a worker


def _serve(pipe: Connection, function: Callable[[Any], None]) -> None:
    """Do the tasks that come through the pipe, until it is closed."""
    os.setpgid(0, 0)
    _end_with_parent()
    while True:
        try:
            _index, task = pipe.recv()
        except EOFError:
            return
        error: Exception | None = None
        try:
            function(task)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it is raised where the tasks came from
            error = portable(raised)
        sys.stdout.flush()
        pipe.send(error)


def portable(error: Exception) -> Exception:
    """An exception that can travel: ours as it is, others with their traceback, which is lost on the way."""
    try:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in this line
    except Exception:  # noqa: BLE001 - a class may refuse in any way
        copy = None
    travels = isinstance(copy, type(error)) and str(copy) == str(error)
    if isinstance(error, HpcError) and travels:
        return error
    trace = "".join(traceback.format_exception(error))
    if not travels:
        return RuntimeError(trace)
    error.add_note(f"In a worker process:\n{trace}")
    return error


def _end_with_parent() -> None:
    """End with everything that was started here when the parent is gone, also after `kill -9`, which lets it say nothing."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
