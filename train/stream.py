"""The order of training data: micro-batches one after the other, with a place to which a later run can go back.

Theory of operation. A source gives the micro-batches of a window of an epoch, always the same ones for the same numbers. All ranks walk
the same sequence and each takes every n-th, so that what is learnt in a step doesn't depend on how many ranks share it, and a
checkpoint's place holds for any number of them. Each micro-batch carries the place to go on from after the group that it belongs to.
A process beside the training one makes them ahead of time.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch.utils.data import DataLoader, IterableDataset

from hpcraft.errors import InputError
from hpcraft.train.batches import Batch

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    @classmethod
    def read(cls, value: Mapping[str, int], size: float) -> Place:
        """From a checkpoint's facts, whose micro-batches were ``size`` times as large."""
        return cls(value["epoch"], value["window"], int(value["offset"] * size), int(value["skipped"] * size))


class Source(Protocol):
    """Where micro-batches come from."""

    def window(self, epoch: int, number: int) -> Sequence[Callable[[], Batch]] | None:
        """What makes the micro-batches of a window, each when it is called; None behind the last window of the epoch."""
        ...


class EpochSource:
    """Micro-batches that a function makes for a whole epoch."""

    def __init__(self, epoch: Callable[[int], Iterable[Batch]]) -> None:
        self._epoch = epoch

    def window(self, epoch: int, number: int) -> Sequence[Callable[[], Batch]] | None:
        """The epoch is one window."""
        if number:
            return None
        return [lambda batch=batch: batch for batch in self._epoch(epoch)]  # type: ignore[misc]


class Stream(IterableDataset[Batch]):
    """One rank's micro-batches from a place on, without end."""

    def __init__(self, source: Source, place: Place, *, rank: int = 0, world: int = 1) -> None:
        self.source, self.place, self.rank, self.world = source, place, rank, world

    def __iter__(self) -> Iterator[Batch]:
        """Walk all, make one's own."""
        for number, (place, make) in enumerate(self._all()):
            if number % self.world == 0:
                group = place
            if number % self.world == self.rank:
                batch = make()
                batch[PLACE] = torch.tensor(astuple(Place(group.epoch, group.window, group.offset, group.skipped + self.world)))
                yield batch

    def _all(self) -> Iterator[tuple[Place, Callable[[], Batch]]]:
        """Every micro-batch with the place of its own."""
        at, to_skip = self.place, self.place.skipped
        epoch, number, offset = at.epoch, at.window, at.offset
        empty = 0
        while True:
            makers = self.source.window(epoch, number)
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
                else:
                    yield Place(epoch, number, position), makers[position]
            number, offset = number + 1, 0


def loader(stream: Stream, *, beside: bool, pinned: bool) -> DataLoader[Batch]:
    """A loader of ``stream``; ``beside`` in a process of its own, ``pinned`` in memory that a GPU copies from."""
    # Fork and not a fresh process: what the source holds is mapped files and closures, and the child computes on one thread with numpy alone.
    context = multiprocessing.get_context("fork") if beside else None
    return DataLoader(
        stream,
        batch_size=None,
        num_workers=1 if beside else 0,
        prefetch_factor=4 if beside else None,
        multiprocessing_context=context,
        pin_memory=pinned,
        generator=torch.Generator(),  # else each iterator would take a number from the one that dropout draws on
    )
