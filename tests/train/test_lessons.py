"""What the translator is taught of accepted translations, and what a model must know to take part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hpcraft.errors import ConfigError, InputError
from hpcraft.inference import ModelFacts
from hpcraft.records import Pair
from hpcraft.train.lessons import check_pupil, lessons, untaught
from hpcraft.train.mutual_config import MutualConfig
from hpcraft.train.ways import ways
from tests.train.conftest import cuda_that_runs, make_pair, openmp, source

BOTH = ("openmp", "cuda")
MODEL = Path("model")


def accepted() -> dict[tuple[str, str], Pair]:
    """OpenMP and CUDA that were written of real C, and C that was written of real OpenMP."""
    written = {model: make_pair(n, model, "train") for n, model in ((1, "openmp"), (2, "cuda"))}
    written["cuda"] = replace(written["cuda"], target=cuda_that_runs(2))
    return {("f1", "openmp"): written["openmp"], ("f2", "cuda"): written["cuda"], ("f3", "serial"): make_pair(3, "openmp", "train")}


def test_real_code_is_always_the_target() -> None:
    """What was written is a source; real C is its target where the way back is known, and real OpenMP that of C."""
    asked = ways(BOTH, ("omp2c", "cuda2c"))
    found = {(e.task, e.source, e.target) for e in lessons(accepted(), asked, "whole", self_training=False)}
    assert found == {
        ("omp2c", openmp(1), source(1)),
        ("cuda2c", cuda_that_runs(2), source(2)),
        ("openmp", source(3), openmp(3)),
    }
    assert {e.task for e in lessons(accepted(), ways(BOTH, ("omp2c",)), "whole", self_training=False)} == {"omp2c", "openmp"}


def test_what_was_written_is_a_target_where_that_is_asked_for() -> None:
    """Self-training teaches both directions of every pair."""
    found = [(e.task, e.target) for e in lessons(accepted(), ways(BOTH, ("omp2c", "cuda2c")), "whole", self_training=True)]
    assert sorted(found) == sorted(
        [("openmp", openmp(1)), ("omp2c", source(1)), ("cuda", cuda_that_runs(2)), ("cuda2c", source(2)), ("openmp", openmp(3)), ("omp2c", source(3))]
    )  # fmt: skip
    forth = lessons(accepted(), ways(BOTH, ()), "whole", self_training=True)
    assert {e.task for e in forth} == {"openmp", "cuda"}


def test_ways_back_are_shown_as_often_as_is_said() -> None:
    """Each pair has a way back, so unweighted they would push the ways there out."""
    found = lessons(accepted(), ways(BOTH, ("omp2c", "cuda2c")), "whole", self_training=False, back_repeats=0.25)
    assert {e.task: e.repeats for e in found} == {"omp2c": 0.25, "cuda2c": 0.25, "openmp": 1.0}


@pytest.mark.parametrize(
    ("tasks", "config", "kind", "words"),
    [
        (("openmp", "tests"), MutualConfig(), ConfigError, ("--omp2c-repeats", "--self-training true")),
        (("openmp", "omp2c"), MutualConfig(), ConfigError, ("--tester rule", "--tests-repeats")),
        (("openmp", "omp2c", "tests"), MutualConfig(targets=BOTH), InputError, ("'cuda'", "other targets")),
        ((), MutualConfig(), InputError, ("only pre-trained",)),
    ],
)
def test_a_model_that_can_not_take_part_is_told_at_once(
    tasks: tuple[str, ...], config: MutualConfig, kind: type[Exception], words: tuple[str, ...]
) -> None:
    """In one line that names what to do."""
    with pytest.raises(kind) as caught:
        check_pupil(MODEL, ModelFacts(tasks=tasks), config)
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)


def test_a_model_takes_part_with_what_it_knows() -> None:
    """By rule or without tests where it knows none; a target without its way back teaches nothing, and a note says so."""
    facts = ModelFacts(tasks=("openmp", "cuda", "omp2c"))
    config = MutualConfig(targets=BOTH, tester="rule")
    check_pupil(MODEL, facts, config)
    [note] = untaught(facts, config)
    assert "translations to cuda" in note
    assert "--cuda2c-repeats" in note
    alone = MutualConfig(tester="none", self_training=True)
    check_pupil(MODEL, ModelFacts(tasks=("openmp",)), alone)
    assert list(untaught(facts, alone)) == []
