"""The near-duplicate join, beside a comparison of everything with everything."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from hpcraft.data.joining import band_tasks, find_near, read_edges
from hpcraft.data.near import BANDS, PERMUTATIONS, Collection, Likeness, edges, signatures, write_features
from hpcraft.data.selection import drop_copies, drop_near
from hpcraft.data.shingles import Traits, jaccard
from tests.data.near_inputs import all_alive, collection, family, made_up, of_text, pairs_alike, programs

ALL = range(BANDS)


def alone(threshold: float) -> Likeness:
    """A threshold that doesn't ask for names."""
    return Likeness(similarity=threshold, with_names=threshold, names=0.0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("threshold", [0.55, 0.7])
def test_finds_what_comparing_everything_finds(tmp_path, seed, threshold):
    """Edges are true pairs with their similarity, and who is like another document has an edge, but for chance."""
    sets = family(seed)
    documents = collection(tmp_path, sets)
    found = edges(documents, all_alive(documents), ALL, alone(threshold))
    pairs = dict(zip(zip(found.one.tolist(), found.other.tolist(), strict=True), found.similarity.tolist(), strict=True))
    truth = pairs_alike(sets, threshold)
    assert pairs == {pair: truth[pair] for pair in pairs}
    linked = set(found.one.tolist()) | set(found.other.tolist())
    assert all(one in linked and other in linked for one, other in truth)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_alike_is_left(tmp_path, seed):
    """After the rounds of dropping no two documents are alike, and each that was dropped is like one before it."""
    sets = family(seed)
    documents = collection(tmp_path, sets)
    order = np.random.default_rng(seed).permutation(len(sets))
    selection = drop_copies([str(n) for n in range(len(sets))], order)
    drop_near(selection, order, lambda alive: edges(documents, alive, ALL, alone(0.55)))
    kept = np.flatnonzero(selection.kept)
    assert pairs_alike([sets[n] for n in kept], 0.55) == {}
    place = np.argsort(order)
    dropped = np.flatnonzero(~selection.kept)
    assert len(dropped) > 10
    assert selection.kept[selection.stands_for[dropped]].all()
    assert (place[selection.stands_for[dropped]] < place[dropped]).all()
    assert (selection.similarity[dropped] >= 0.55).all()


def test_names_decide_between_the_thresholds(tmp_path):
    """Of pairs of one similarity those with names in common are near duplicates; from the upper threshold on all are."""
    shared, most, far = (np.arange(size, dtype=np.uint32) for size in (100, 130, 180))
    sets = [shared, far, shared + 1000, far + 1000, shared + 2000, most + 2000]
    names = [np.array(found, np.uint32) for found in ([1, 2, 3], [1, 2, 4], [1, 2, 3], [4, 5, 6], [1, 2, 3], [4, 5, 6])]
    documents = collection(tmp_path, sets, names=names)
    found = edges(documents, all_alive(documents), ALL, Likeness(similarity=0.65, with_names=0.5, names=0.5))
    assert list(zip(found.one.tolist(), found.other.tolist(), strict=True)) == [(0, 1), (4, 5)]


def test_order_of_bands_and_tasks_do_not_matter(tmp_path):
    """Bands are independent: any split into tasks gives the same edges, as does any split into files."""
    sets = family(7)
    documents = collection(tmp_path / "two", sets)
    alive = all_alive(documents)
    alive[::7] = False
    whole = edges(documents, alive, ALL, alone(0.55))
    parts = [edges(documents, alive, range(start, start + 16), alone(0.55)) for start in (48, 0, 32, 16)]
    union = {pair for part in parts for pair in zip(part.one.tolist(), part.other.tolist(), part.similarity.tolist(), strict=True)}
    assert sorted(union) == list(zip(whole.one.tolist(), whole.other.tolist(), whole.similarity.tolist(), strict=True))
    assert not {0, 7} & set(whole.one.tolist())
    folders = tuple(sorted((tmp_path / "two").iterdir()))
    np.save(tmp_path / "alive.npy", alive)
    tasks = band_tasks(folders, tmp_path / "alive.npy", alone(0.55), tmp_path)
    for task in reversed(tasks):
        find_near(task)
    read = read_edges(task.out for task in tasks)
    other = edges(collection(tmp_path / "five", sets, parts=5), alive, ALL, alone(0.55))
    for name in ("one", "other", "similarity"):
        assert np.array_equal(getattr(read, name), getattr(whole, name))
        assert np.array_equal(getattr(other, name), getattr(whole, name))


def test_signatures_estimate_the_similarity():
    """The share of equal minima is the similarity, within five standard deviations."""
    sets = [one for one in made_up(random.Random(3), 200) if len(one)]
    minima = signatures(sets)
    assert minima.shape == (len(sets), PERMUTATIONS)
    for one, other in zip(range(190), range(5, 195), strict=True):
        similarity = jaccard(sets[one], sets[other])
        assert (minima[one] == minima[other]).mean() == pytest.approx(similarity, abs=5 * 0.5 / PERMUTATIONS**0.5)


def test_signatures_do_not_depend_on_the_batch():
    """A document has the same signature alone and among a thousand others."""
    sets = made_up(random.Random(4), 1100)
    minima = signatures(sets)
    assert all(np.array_equal(signatures([sets[n]])[0], minima[n]) for n in (0, 4, 511, 512, 1099))


@pytest.mark.parametrize("count", [0, 1])
def test_few_documents(tmp_path, count):
    """No document and one document are no pair."""
    documents = collection(tmp_path, [of_text(programs()[0])] * count, parts=1)
    assert len(documents) == count
    assert len(edges(documents, all_alive(documents), ALL, alone(0.55)).one) == 0
    assert len(Collection([])) == 0
    assert len(edges(Collection([]), np.zeros(0, np.bool_), ALL, alone(0.55)).one) == 0


def test_empty_documents_are_like_nothing(tmp_path):
    """Texts without a lexeme, in files of their own too, take no part."""
    documents = collection(tmp_path, [of_text("")] * 4 + [of_text("x = 1;")] * 2, parts=3)
    found = edges(documents, all_alive(documents), ALL, alone(0.55))
    assert (found.one.tolist(), found.other.tolist()) == ([4], [5])


def test_a_large_family_costs_no_square(tmp_path):
    """Two thousand copies of a file are compared with one of them."""
    one = of_text(programs()[0])
    write_features(tmp_path, [Traits(one, one)] * 2000)
    documents = Collection([tmp_path])
    start = time.process_time()
    found = edges(documents, all_alive(documents), ALL, alone(0.55))
    assert time.process_time() - start < 10
    assert len(found.one) == 1999
    assert set(found.one.tolist()) == {0}
    assert (found.similarity == 1).all()
