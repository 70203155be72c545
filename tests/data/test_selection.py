"""The greedy choice among copies, near duplicates and leaks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.data.near import Edges
from hpcraft.data.selection import EXACT, KEPT, LEAK, NEAR, SPLITS, drop_copies, drop_leaks, drop_near, preference

GRAPHS = st.integers(1, 12).flatmap(
    lambda num: st.tuples(
        st.lists(st.sampled_from(SPLITS), min_size=num, max_size=num),
        st.dictionaries(
            st.tuples(st.integers(0, num - 1), st.integers(0, num - 1)).filter(lambda pair: pair[0] < pair[1]),
            st.sampled_from([0.6, 0.7, 0.9, 1.0]),
        ),
    )
)


def pairs(*rows: tuple[int, int, float]) -> Edges:
    """Edges from rows."""
    return Edges(
        np.array([r[0] for r in rows], np.int64), np.array([r[1] for r in rows], np.int64), np.array([r[2] for r in rows], np.float64)
    )


def among(rows: dict[tuple[int, int], float]):
    """A search that gives the edges between documents that are alive."""
    return lambda alive: pairs(*((a, b, s) for (a, b), s in sorted(rows.items()) if alive[a] and alive[b]))


@given(GRAPHS)
@settings(max_examples=200, deadline=None)
def test_an_independent_set_that_dominates(graph):
    """No edge is left, and each dropped document has an edge of the said similarity to the one that stands for it, which is preferred."""
    splits, rows = graph
    order = preference(splits)
    selection = drop_copies([str(n) for n in range(len(splits))], order)
    drop_near(selection, order, among(rows))
    place = np.argsort(order)
    for one, other in rows:
        assert not (selection.kept[one] and selection.kept[other])
    for number in range(len(splits)):
        keeper = int(selection.stands_for[number])
        if selection.kept[number]:
            assert keeper == number
            continue
        assert selection.kind[number] == NEAR
        assert selection.kept[keeper]
        assert rows[min(number, keeper), max(number, keeper)] == selection.similarity[number]
        assert place[keeper] < place[number]
        assert SPLITS.index(splits[keeper]) <= SPLITS.index(splits[number])


def test_preference_is_by_split_then_by_place():
    """Training comes before validation before testing; within a split the order stays."""
    assert preference(["test", "train", "valid", "train", "test"]).tolist() == [1, 3, 2, 0, 4]
    assert preference([]).tolist() == []


def test_copies_keep_the_preferred_one():
    """A copy in training stands for one in testing that was mined before."""
    selection = drop_copies(["a", "b", "a", "a"], preference(["test", "train", "train", "valid"]))
    assert selection.kind.tolist() == [EXACT, KEPT, KEPT, EXACT]
    assert selection.stands_for.tolist() == [2, 1, 2, 2]


def test_copies_of_near_duplicates_follow():
    """A copy of a document that is dropped as a near duplicate gets its keeper, kind and similarity."""
    order = preference(["train"] * 3)
    selection = drop_copies(["a", "b", "b"], order)
    drop_near(selection, order, among({(0, 1): 0.8}))
    assert selection.kind.tolist() == [KEPT, NEAR, NEAR]
    assert selection.stands_for.tolist() == [0, 0, 0]
    assert selection.similarity.tolist() == [1, 0.8, 0.8]


def test_the_most_alike_keeper_stands_for_it():
    """Of two kept neighbours the more alike one is named."""
    order = preference(["train"] * 3)
    selection = drop_copies(["a", "b", "c"], order)
    drop_near(selection, order, among({(0, 2): 0.6, (1, 2): 0.9}))
    assert selection.stands_for.tolist() == [0, 1, 1]


def test_a_chain_does_not_swallow_its_end():
    """Of three in a row the ends stay, since they are unlike."""
    order = preference(["train"] * 3)
    selection = drop_copies(["a", "b", "c"], order)
    rounds = drop_near(selection, order, among({(0, 1): 0.6, (1, 2): 0.6}))
    assert selection.kept.tolist() == [True, False, True]
    assert rounds == 2


def test_a_leak_takes_its_followers_along():
    """The held-out side of a leak goes, and what it stood for is a leak too."""
    order = preference(["train", "test", "test"])
    selection = drop_copies(["a", "b", "b"], order)
    drop_leaks(selection, pairs((0, 1, 0.75)))
    assert selection.kind.tolist() == [KEPT, LEAK, LEAK]
    assert selection.stands_for.tolist() == [0, 0, 0]
    drop_leaks(selection, pairs())
    assert selection.kept.tolist() == [True, False, False]


def test_the_most_alike_one_is_said_of_a_leak():
    """Of several documents of other splits that it is like; of equal ones the first."""
    selection = drop_copies(["a", "b", "c", "d"], preference(["train", "train", "train", "test"]))
    drop_leaks(selection, pairs((0, 3, 0.75), (1, 3, 0.9), (2, 3, 0.9)))
    assert (selection.stands_for[3], selection.similarity[3]) == (1, 0.9)


def test_what_followed_has_yet_to_be_compared():
    """A near duplicate of a document that leaks was never compared with what stands for it now; a copy is like it as its original is."""
    order = preference(["train", "test", "test", "test"])
    selection = drop_copies(["a", "b", "c", "b"], order)
    drop_near(selection, order, among({(1, 2): 0.8}))
    drop_leaks(selection, pairs((0, 1, 0.75)))
    assert selection.stands_for.tolist() == [0, 0, 0, 0]
    assert selection.similarity[[0, 1, 3]].tolist() == [1, 0.75, 0.75]
    assert np.isnan(selection.similarity[2])
