"""The search for leaks, beside a comparison of everything with everything."""

from __future__ import annotations

import random
import resource

import numpy as np
import pytest

from hpcraft.data.joining import find_leaks, leak_tasks, open_collection, read_edges
from hpcraft.data.leakage import HeldOut, leaks
from hpcraft.data.near import Collection, write_features
from hpcraft.data.shingles import Traits
from tests.data.near_inputs import collection, family, made_up, pairs_alike


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.75, 1.0])
@pytest.mark.parametrize("most_counted", [0, 10_000])
def test_equals_comparing_everything(tmp_path, monkeypatch, seed, threshold, most_counted):
    """Exactly the pairs that cross the splits, with their similarity, at any threshold; sets that are empty take no part."""
    monkeypatch.setattr("hpcraft.data.leakage._MOST_COUNTED", most_counted)
    rng = random.Random(seed)
    sets = family(seed) if seed % 2 else made_up(rng, 150)
    held_out = np.array(sorted(rng.sample(range(len(sets)), len(sets) // 3)), np.int64)
    others = np.setdiff1d(np.arange(len(sets)), held_out)
    documents = collection(tmp_path, sets, parts=3)
    found = leaks(documents, HeldOut(documents, held_out), others, threshold)
    inside = set(held_out.tolist())
    truth = sorted(
        (*((b, a) if a in inside else (a, b)), similarity)
        for (a, b), similarity in pairs_alike(sets, threshold).items()
        if (a in inside) != (b in inside)
    )
    assert truth or threshold == 1
    assert list(zip(found.one.tolist(), found.other.tolist(), found.similarity.tolist(), strict=True)) == truth


def test_tasks_give_the_same(tmp_path, monkeypatch):
    """The split into tasks doesn't matter."""
    monkeypatch.setattr("hpcraft.data.joining._LEAK_CHUNK", 13)
    sets = family(1)
    documents = collection(tmp_path / "sets", sets)
    held_out, others = np.arange(0, len(sets), 3), np.setdiff1d(np.arange(len(sets)), np.arange(0, len(sets), 3))
    np.save(tmp_path / "held-out.npy", held_out)
    np.save(tmp_path / "others.npy", others)
    tasks = leak_tasks(tuple(sorted((tmp_path / "sets").iterdir())), tmp_path / "held-out.npy", tmp_path / "others.npy", 0.5, tmp_path)
    assert len(tasks) > 1
    for task in tasks:
        find_leaks(task)
    found, whole = read_edges(task.out for task in tasks), leaks(documents, HeldOut(documents, held_out), others, 0.5)
    assert found.one.tolist() == whole.one.tolist()
    assert found.other.tolist() == whole.other.tolist()
    assert found.similarity.tolist() == whole.similarity.tolist()


def test_a_corpus_of_many_shards_can_be_opened(tmp_path):
    """More files than a process may have open by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    folders = [tmp_path / f"{number}" for number in range(150)]
    for number, folder in enumerate(folders):
        folder.mkdir()
        write_features(folder, [Traits(np.arange(number, number + 9, dtype=np.uint32), np.zeros(0, np.uint32))])
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (120, hard))
        documents = open_collection(tuple(folders))
        assert documents[149].tolist() == list(range(149, 158))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_nothing_held_out(tmp_path):
    """An empty split, and one of empty texts, have no leaks."""
    documents = collection(tmp_path, [np.zeros(0, np.uint32), np.array([1, 2], np.uint32)])
    nobody = np.zeros(0, np.int64)
    assert len(leaks(documents, HeldOut(documents, nobody), np.arange(2), 0.5).one) == 0
    assert len(leaks(documents, HeldOut(documents, np.array([0])), np.arange(1, 2), 0.5).one) == 0
    assert len(leaks(documents, HeldOut(documents, np.array([1])), nobody, 0.5).one) == 0
    assert len(leaks(Collection([]), HeldOut(Collection([]), nobody), nobody, 0.5).one) == 0
