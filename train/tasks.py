"""Pairs become rows to learn: one model, several tasks, told apart by the direction token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING

from hpcraft.records import Pair
from hpcraft.tokenizer.prompt import Prompt, build_tests, build_translation, write_tests, write_translation
from hpcraft.train.batches import Row

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TESTS = "tests"
_MOST_TESTS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One thing to learn: a pair seen as one task."""

    task: str
    """A target model, or ``tests``."""
    source: str
    target: str
    tests: tuple[str, ...] = ()
    repeats: float = 1.0
    """How often an epoch shows it; the fraction is the chance of one time more."""


def examples(pairs: Sequence[Pair], repeats: Mapping[str, float] | None = None, *, mined_repeats: float = 1.0) -> list[Example]:
    """The examples of ``pairs``: each as a translation, and each source once as a task for the tester.

    Args:
        pairs: what to learn from.
        repeats: task to how often an epoch shows it, 1 where it isn't named; tasks of 0 are left out.
        mined_repeats: factor for pairs from real code.
    """
    often = repeats or {}
    found = [
        Example(
            task=p.target_model,
            source=p.source,
            target=p.target,
            repeats=often.get(p.target_model, 1.0) * (mined_repeats if p.origin == "mined" else 1.0),
        )
        for p in pairs
    ]
    by_source = {p.source: p for p in pairs if p.tests}
    found += [Example(task=TESTS, source=p.source, target="", tests=p.tests, repeats=often.get(TESTS, 1.0)) for p in by_source.values()]
    return [example for example in found if example.repeats > 0]


def epoch_rows(
    items: Sequence[Example], tokenizer: Tokenizer, *, seed: int, epoch: int | None, max_length: int, shuffled_share: float
) -> Iterator[Row]:
    """The rows of one epoch.

    Args:
        items: what to learn.
        tokenizer: of the model.
        seed: of the run.
        epoch: number of the epoch; None for validation, which sees each item once and as it will be used.
        max_length: longer rows are left out.
        shuffled_share: share of rows whose names and markers are numbered at random.
    """
    for item in items:
        identity = sha256(f"{item.task}\0{item.source}\0{item.target}".encode()).hexdigest()
        rng = Random(f"{seed}/{epoch}/{identity}")
        times = 1 if epoch is None else int(item.repeats) + (rng.random() < item.repeats % 1)
        for _ in range(times):
            row_seed = rng.randrange(1 << 30) if epoch is not None and rng.random() < shuffled_share else None
            row = make_row(item, tokenizer, row_seed, rng)
            if row and len(row.ids) <= max_length:
                yield row


def make_row(item: Example, tokenizer: Tokenizer, seed: int | None, rng: Random) -> Row | None:
    """One example as ids, of which the prompt is given; None when its answer can't be written."""
    if item.task == TESTS:
        prompt = build_tests(item.source, seed=seed)
        tests = rng.sample(item.tests, len(item.tests))
        # Generalising looks at all tests; only then are some of them taken.
        answer = _first_lines(write_tests(prompt, tests), _MOST_TESTS)
    else:
        prompt = build_translation(item.source, item.task, seed=seed)
        written = write_translation(prompt, item.target)
        if written is None:
            return None
        answer = written
    return encode(prompt, answer, tokenizer)


def encode(prompt: Prompt, answer: str, tokenizer: Tokenizer) -> Row:
    """A prompt and its answer as one row."""
    given = tokenizer.encode(prompt.text, add_special_tokens=False).ids
    learnt = tokenizer.encode(answer, add_special_tokens=False).ids
    return Row(ids=(*given, *learnt), num_given=len(given), num_bytes=len(answer.encode()))


def _first_lines(answer: str, count: int) -> str:
    lines = answer.splitlines(keepends=True)
    return "".join([*lines[:-1][:count], lines[-1]])
