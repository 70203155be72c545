"""The order of training data: micro-batches one after the other, with a place to which a later run can go back.

Theory of operation. A source gives the micro-batches of a window of an epoch, always the same ones for the same numbers. All ranks walk
the same sequence and each takes every n-th, so that what is learnt in a step doesn't depend on how many ranks share it, and a
checkpoint's place holds for any number of them. Each micro-batch carries the place to go on from after the group that it belongs to.
A process beside the training one makes them ahead of time. Some sources change in the course of the training: at each such turn, which falls between
two steps, the rest of the window is left, and the next one is made in the new way.
"""

from __future__ import annotations

import math
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch.utils.data import DataLoader, IterableDataset

from hpcraft.errors import HpcError, InputError
from hpcraft.train.batches import Batch

if TYPE_CHECKING:
    from collections.abc import Mapping

_AHEAD = 4
"""Micro-batches that a process beside the training one makes ahead of time."""
_MOST_EMPTY = 3
"""Epochs one after the other without a batch."""
PLACE = "place"
"""Key of a batch under which its place stands."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the data a run is."""

    epoch: int = 0
    window: int = 0
    offset: int = 0
    """Micro-batches of the window that were taken."""
    skipped: int = 0
    """Micro-batches from there on, over the ends of windows, that were taken too."""
    turn: int = 0
    """How often the source had changed when the window was made."""

    @classmethod
    def read(cls, value: Mapping[str, int], size: float) -> Place:
        """From a checkpoint's facts, whose micro-batches were ``size`` times as large; sources for which they differ have whole steps in a window."""
        offset, skipped, turn = value["offset"], value["skipped"], value.get("turn", 0)
        if size == 1:
            return cls(value["epoch"], value["window"], offset, skipped, turn)
        return cls(value["epoch"], value["window"], round((offset + skipped) * size), 0, turn)

    def of_batch(self, back: int = 0) -> str:
        """Where the micro-batch stands that was taken ``back`` before the last, in words."""
        return f"batch {self.offset + self.skipped - 1 - back} of window {self.window}, epoch {self.epoch}"


class Source(Protocol):
    """Where micro-batches come from."""

    @property
    def turns(self) -> tuple[float, ...]:
        """The shares of the training at which it changes, in order."""
        ...

    def window(self, epoch: int, number: int, turn: int) -> Sequence[Callable[[], Batch]] | None:
        """What makes the micro-batches of a window after so many turns, each when it is called; None behind the last window of the epoch."""
        ...


class Turns:
    """The steps in which a source's turns come: as the steps tell, or earlier as the time does, which is told to the process beside, too."""

    def __init__(self, shares: Sequence[float], max_steps: int, *, beside: bool = False) -> None:
        self._shares = shares
        # What was made ahead of time can't be made anew, so a turn that the time brings comes behind it, on all ranks in the same step.
        self._lead = _AHEAD + 2 if beside else 0
        steps = [math.ceil(share * max_steps - 1e-9) for share in shares]
        self._steps = multiprocessing.get_context("fork").RawArray("q", steps)

    def tell(self, step: int, share: float) -> None:
        """After ``step`` steps ``share`` of the seconds are used up."""
        for number, wanted in enumerate(self._shares):
            if share >= wanted:
                self._steps[number] = min(self._steps[number], step + self._lead)

    def at(self, step: int) -> int:
        """How many turns have come before the step behind ``step`` others."""
        return sum(begin <= step for begin in self._steps)


class EpochSource:
    """Micro-batches that a function makes for a whole epoch."""

    def __init__(self, epoch: Callable[[int], Iterable[Batch]]) -> None:
        self._epoch = epoch
        self.turns: tuple[float, ...] = ()

    def window(self, epoch: int, number: int, turn: int) -> Sequence[Callable[[], Batch]] | None:  # noqa: ARG002 - it never changes
        """The epoch is one window."""
        if number:
            return None
        return [lambda batch=batch: batch for batch in self._epoch(epoch)]  # type: ignore[misc]


class Stream(IterableDataset[Batch]):
    """One rank's micro-batches from a place on, without end."""

    def __init__(
        self, source: Source, place: Place, *, rank: int = 0, world: int = 1, turns: Turns | None = None, step: int = 0, accumulate: int = 1
    ) -> None:
        """Prepare to walk.

        Args:
            source: of the micro-batches.
            place: to begin at.
            rank: whose they are.
            world: how many ranks there are.
            turns: in which steps the source changes.
            step: how many steps were done before.
            accumulate: micro-batches of each rank in a step.
        """
        self.source, self.place, self.rank, self.world = source, place, rank, world
        self.turns, self.step, self.accumulate = turns or Turns((), 1), step, accumulate

    def __iter__(self) -> Iterator[Batch]:
        """Walk all, make one's own."""
        for number, (place, make) in enumerate(self._all()):
            if number % self.world == 0:
                group = place
            if number % self.world == self.rank:
                batch = make()
                batch[PLACE] = torch.tensor(astuple(replace(group, skipped=group.skipped + self.world)))
                yield batch

    def _all(self) -> Iterator[tuple[Place, Callable[[], Batch]]]:
        """Every micro-batch with the place of its own."""
        at, to_skip = self.place, self.place.skipped
        epoch, number, offset, turn = at.epoch, at.window, at.offset, at.turn
        empty = count = 0
        while True:
            if not offset and not to_skip:
                turn = max(turn, self._turn(count))
            makers = self.source.window(epoch, number, turn)
            if makers is None:
                if empty == _MOST_EMPTY:
                    raise InputError(
                        "no batch can be made of the texts: too few, or of a kind that the objective doesn't learn from; mine more"
                    )
                epoch, number, offset, empty = epoch + 1, 0, 0, empty + 1
                continue
            for position in range(offset, len(makers)):
                empty = 0
                if to_skip:
                    to_skip -= 1
                    continue
                if turn < (now := self._turn(count)):
                    turn = now
                    break
                yield Place(epoch, number, position, 0, turn), makers[position]
                count += 1
            number, offset = number + 1, 0

    def _turn(self, count: int) -> int:
        """How often the source has changed before the micro-batch behind ``count`` others; it does between two steps only."""
        steps, inside = divmod(count, self.world * self.accumulate)
        return 0 if inside else self.turns.at(self.step + steps)


class _HandedOver(IterableDataset["Batch | HpcError"]):
    """A stream whose error comes as its last item: raised in a process beside the training one, torch would bury its line in a traceback."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def __iter__(self) -> Iterator[Batch | HpcError]:
        try:
            yield from self.stream
        except HpcError as error:
            yield error


def _deaf(_number: int) -> None:
    """A process beside leaves signals to the training one: Slurm, `timeout` and a terminal send them to all, and without batches no step could be ended."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)


def loader(stream: Stream, *, beside: bool, pinned: bool) -> DataLoader[Any]:
    """A loader of ``stream``, whose error it may give for a batch; ``beside`` in a process of its own, ``pinned`` in memory that a GPU copies from."""
    # Fork and not a fresh process: what the source holds is mapped files and closures, and the child computes on one thread with numpy alone.
    context = multiprocessing.get_context("fork") if beside else None
    return DataLoader(
        _HandedOver(stream) if beside else stream,
        batch_size=None,
        num_workers=1 if beside else 0,
        prefetch_factor=_AHEAD if beside else None,
        multiprocessing_context=context,
        worker_init_fn=_deaf if beside else None,
        pin_memory=pinned,
        generator=torch.Generator(),  # else each iterator would take a number from the one that dropout draws on
    )
