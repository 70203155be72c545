"""What the tests of mutual supervision share: settings of seconds, verifiers that say what they are told to, and folders of pairs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from hpcraft.records import Function, Pair
from hpcraft.shards import ShardWriter
from hpcraft.stages import Work
from hpcraft.train.decisions import SOURCE_ONLY
from hpcraft.train.mutual_config import MutualConfig
from hpcraft.verification import Candidate, Finding
from tests.tokenizer.corpus_folder import finish
from tests.train.conftest import signature, source

QUICK = MutualConfig(train_steps=3, max_new_tokens=60, valid_functions=0, self_training=True)


def lines(path: Path) -> list[dict[str, object]]:
    """The objects of a JSON lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def finding(candidate: Candidate, reason: str, valid: tuple[str, ...], killing: tuple[str, ...]) -> Finding:
    """What a verifier may say."""
    return Finding(
        candidate_id=candidate.candidate_id, accepted=not reason, reason=reason, level="run", valid_tests=valid, killing_tests=killing,
        mutants_killed=len(killing), mutants_total=2, log="",
    )  # fmt: skip


def accepting(candidates: Iterable[Candidate]) -> Iterator[Finding]:
    """A verifier that takes every candidate with a directive, and holds that every test is valid and the first one kills."""
    for c in candidates:
        good = "#pragma omp" in c.target or c.target_model == SOURCE_ONLY
        yield finding(c, "" if good else "not-parallel", c.tests, c.tests[:1])


def refusing(candidates: Iterable[Candidate]) -> Iterator[Finding]:
    """A verifier that takes nothing."""
    for c in candidates:
        yield finding(c, "differs", (), ())


def work_of(run_folder: Path, tuned: Path, out: Path) -> Work:
    """The stage's work."""
    out.mkdir(exist_ok=True)
    return Work(out=out, inputs={"model": tuned, "pairs": run_folder / "pairs"}, seed=0)


def pairs_folder(folder: Path, functions: Iterable[Function], pairs: Iterable[Pair]) -> Path:
    """A folder of the stage ``pairs``."""
    folder.mkdir()
    with ShardWriter(folder, "monolingual", Function) as shards:
        for one in functions:
            shards.write(one)
    with ShardWriter(folder, "pairs", Pair) as rows:
        for pair in pairs:
            rows.write(pair)
    finish(folder, "pairs")
    return folder


def function(number: int, head: str | None = None) -> Function:
    """A function without a translation."""
    return Function(
        function_id=f"f{number}", signature=head or signature(number), source=source(number), tests=("3 [3] [3]",), package="demo",
        version="1", path="a.c", licence="MIT", split="train",
    )  # fmt: skip
