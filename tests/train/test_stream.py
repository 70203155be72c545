"""The order of micro-batches: one for any number of ranks, from any place, with turns of the objectives in their steps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from hpcraft.train.batches import Batch
from hpcraft.train.stream import PLACE, EpochSource, Place, Stream, Turns
from tests.train.runs import batches


def taken(stream: Stream, count: int) -> list[tuple[Place, list[int]]]:
    """The places and first ids of some micro-batches."""
    found = []
    for batch, _ in zip(stream, range(count), strict=False):
        found.append((Place(*batch[PLACE].tolist()), batch["input_ids"].flatten()[:6].tolist()))
    return found


@pytest.mark.parametrize("world", [1, 2, 3])
def test_ranks_share_one_order_and_a_place_holds_for_any_number_of_them(world: int) -> None:
    """What the ranks take together is what one would take, from the beginning and from a place in the middle."""
    source = EpochSource(batches())
    alone = [ids for _, ids in taken(Stream(source, Place()), 30)]
    shared = [taken(Stream(source, Place(), rank=rank, world=world), 30 // world) for rank in range(world)]
    together = [shared[n % world][n // world][1] for n in range(30 // world * world)]
    assert together == alone[: len(together)]
    place = shared[-1][2][0]
    assert all(ranks[2][0] == place for ranks in shared)
    for other in (1, 2):
        rest = [taken(Stream(source, place, rank=rank, world=other), 4) for rank in range(other)]
        following = [rest[n % other][n // other][1] for n in range(4)]
        assert following == alone[3 * world : 3 * world + 4]


class Turning:
    """A source whose batches tell their window and how often it has turned."""

    turns = (0.3, 0.5)

    def window(self, epoch: int, number: int, turn: int) -> list[Callable[[], Batch]] | None:
        """Two windows an epoch, of six micro-batches."""
        made = {"input_ids": torch.tensor([[epoch, number, turn]])}
        return [lambda: dict(made)] * 6 if number < 2 else None


@pytest.mark.parametrize("world", [1, 2])
def test_a_turn_comes_in_its_step_with_a_new_window(world: int) -> None:
    """On all ranks alike, also from a place in the middle, and earlier where the time says so."""

    def steps(rank: int, place: Place, begin: int, count: int, told: tuple[int, float] | None = None) -> list[tuple[list[int], Place]]:
        turns = Turns(Turning.turns, 20)
        if told:
            turns.tell(*told)
        stream = Stream(Turning(), place, rank=rank, world=world, turns=turns, step=begin, accumulate=2 // world)
        found = taken(stream, count * 2 // world)[:: 2 // world]
        last = taken(stream, count * 2 // world)[2 // world - 1 :: 2 // world]
        return [(ids, after) for (_, ids), (after, _) in zip(found, last, strict=True)]

    whole = steps(0, Place(), 0, 20)
    assert [ids[2] for ids, _ in whole] == [0] * 6 + [1] * 4 + [2] * 10
    assert [ids[:2] for ids, _ in whole[4:12]] == [[0, 1], [0, 1], [1, 0], [1, 0], [1, 0], [1, 1], [2, 0], [2, 0]][:8]
    for rank in range(world):
        for at in (3, 6, 7, 12):
            assert [ids for ids, _ in steps(rank, whole[at - 1][1], at, 20 - at)] == [ids for ids, _ in whole[at:]]
    assert [ids[2] for ids, _ in steps(0, Place(), 0, 8, told=(2, 0.4))] == [0] * 2 + [1] * 6
