"""Examples become rows to learn: one model, several tasks, told apart by the direction token.

`own_maker` makes the rows of hpcraft's own models; `hpcraft.train.hub_rows` those of others'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any

from hpcraft.data.lone_kernel import c_head, is_complete, kernel_to_read, lone_kernel
from hpcraft.data.plain_loops import plain_loops
from hpcraft.records import REAL_ORIGINS, Pair
from hpcraft.tokenizer.edits import num_lexemes
from hpcraft.tokenizer.fim import FAMILIES
from hpcraft.tokenizer.infilling import TASK, infill, shortened
from hpcraft.tokenizer.insertions import take_off
from hpcraft.tokenizer.prompt import (
    ANSWER,
    BACK,
    END,
    Prompt,
    build_tests,
    build_translation,
    holds_control,
    write_tests,
    write_translation,
)
from hpcraft.tokenizer.strides import AXES
from hpcraft.train.batches import Row

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TESTS = "tests"
INSTRUCT = "instruct"
"""An instruction and its answer."""
FILL = TASK
"""Filling in the middle."""
_MOST_TESTS = 4
Maker = Callable[["Example", int | None, Random], Row | None]
"""Makes a row of an example: with names and markers numbered by a seed where one is given; None when it can't be written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One thing to learn: a pair seen as one task, lines to be put back, or a hole."""

    task: str
    """A task of `hpcraft.tokenizer.prompt.TASKS`, ``tests``, ``fim`` or ``instruct``."""
    source: str
    """Of a hole what stands before it."""
    target: str
    """Of a hole what was in it."""
    tests: tuple[str, ...] = ()
    repeats: float = 1.0
    """How often an epoch shows it; the fraction is the chance of one time more."""
    language: str = "c"
    signature: str = ""
    """Of a pair: its prototype; on the way back that of the C function as it is spelled there."""
    taken: tuple[int, ...] = ()
    """Of lines to be put back: which lines of the target the source lacks."""
    suffix: str = ""
    """What stands behind a hole."""
    boundary: str = ""
    """Of a hole: a `hpcraft.data.holes.Boundary`."""

    @classmethod
    def of_lines(cls, task: str, lines: Sequence[str], taken: tuple[int, ...], **more: Any) -> Example:
        """Code of which some lines are to be put back."""
        return cls(task=task, **cls.fields_of_lines(lines, taken), **more)

    @staticmethod
    def fields_of_lines(lines: Sequence[str], taken: tuple[int, ...]) -> dict[str, Any]:
        """The fields that say which lines are to be put back."""
        return {"source": take_off(lines, taken)[0], "target": "".join(f"{line}\n" for line in lines), "taken": taken}


def examples(pairs: Sequence[Pair], repeats: Mapping[str, float] | None = None, *, mined_repeats: float = 1.0) -> list[Example]:
    """The examples of ``pairs``: each as a translation from C, and each source once as a task for the tester.

    Of several targets of one model that a source has only the first is shown, so that no question has two answers.

    Args:
        pairs: what to learn from.
        repeats: task to how often an epoch shows it, 1 where it isn't named; tasks of 0 are left out.
        mined_repeats: factor for pairs from real code.
    """
    often = repeats or {}
    first: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        first.setdefault((pair.source, pair.target_model), pair)
    found = [
        Example(
            task=p.target_model,
            source=p.source,
            target=p.target,
            signature=p.signature,
            repeats=often.get(p.target_model, 1.0) * (mined_repeats if p.origin in REAL_ORIGINS else 1.0),
        )
        for p in first.values()
    ]
    by_source = {p.source: p for p in pairs if p.tests}
    found += [Example(task=TESTS, source=p.source, target="", tests=p.tests, repeats=often.get(TESTS, 1.0)) for p in by_source.values()]
    return [example for example in found if example.repeats > 0]


def way_back(pairs: Iterable[Pair], cuda_answer: str, repeats: Mapping[str, float], *, mined_repeats: float = 1.0) -> list[Example]:
    """The examples of translating the parallel side of ``pairs`` back to C.

    Args:
        pairs: what to learn from, with targets as they were proved.
        cuda_answer: ``whole``, or ``kernel`` where the source is to be the CUDA kernel alone, of those that mean something alone.
        repeats: task (`hpcraft.tokenizer.prompt.BACK`) to how often an epoch shows it; tasks that aren't named or of 0 are left out.
        mined_repeats: factor for pairs from real code.
    """
    found: list[Example] = []
    for pair in pairs:
        task = BACK.get(pair.target_model, "")
        often = repeats.get(task, 0.0) * (mined_repeats if pair.origin in REAL_ORIGINS else 1.0)
        side = parallel_side(pair, cuda_answer) if often > 0 else None
        if side is not None:
            head = c_head(pair.source)
            target = _nearest(pair.source, side, head) if task == BACK["cuda"] else pair.source
            found.append(Example(task=task, source=side, target=target, signature=head, repeats=often))
    return found


def _nearest(source: str, kernel: str, head: str) -> str:
    """C code in that spelling of its loops which a kernel comes nearest to: it doesn't say how they were spelled."""
    prompt = build_translation(kernel, BACK["cuda"], head=head)
    spellings = (plain_loops(source), plain_loops(source, bare=True), source)
    return min(spellings, key=lambda code: num_lexemes(write_translation(prompt, code, strides=True) or code))


def parallel_side(pair: Pair, cuda_answer: str) -> str | None:
    """A pair's target as the source of the way back; None for a kernel that is to stand alone and means nothing so."""
    if pair.target_model != "cuda" or cuda_answer == "whole":
        return pair.target
    head = c_head(pair.source)
    kernel = kernel_to_read(pair.target, head)
    return kernel if kernel is not None and is_complete(kernel, head) else None


def as_answered(pairs: Iterable[Pair], cuda_answer: str) -> list[Pair]:
    """The pairs with targets as a model answers them: ``whole``, or for CUDA the ``kernel`` alone, of those whose kernel can stand alone."""
    if cuda_answer == "whole":
        return list(pairs)
    found: list[Pair] = []
    for pair in pairs:
        kernel = lone_kernel(pair.target, pair.source) if pair.target_model == "cuda" else pair.target
        if kernel is not None:
            found.append(replace(pair, target=kernel))
    return found


def epoch_rows(
    items: Sequence[Example], make: Maker, *, seed: int, epoch: int | None, max_length: int, shuffled_share: float
) -> Iterator[Row]:
    """The rows of one epoch.

    Args:
        items: what to learn.
        make: makes the rows.
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
            row = make(item, row_seed, rng)
            if row and len(row.ids) <= max_length:
                yield row


def own_maker(tokenizer: Tokenizer, longest: int) -> Maker:
    """The rows of one of hpcraft's models; what stands around a hole is cut so that they aren't longer than ``longest``."""

    def row(item: Example, seed: int | None, rng: Random) -> Row | None:
        if item.task == FILL:
            return _fill_row(item, tokenizer, longest)
        return _instruction_row(item, tokenizer) if item.task == INSTRUCT else make_row(item, tokenizer, seed, rng)

    return row


def _instruction_row(item: Example, tokenizer: Tokenizer) -> Row | None:
    if any(map(holds_control, (item.source, item.target))):
        return None
    given, learnt = (tokenizer.encode(text, add_special_tokens=False).ids for text in (item.source + ANSWER, item.target + END))
    return Row(ids=(*given, *learnt), num_given=len(given), num_bytes=len((item.target + END).encode()))


def _fill_row(item: Example, tokenizer: Tokenizer, longest: int) -> Row | None:
    def ids_of(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    if any(map(holds_control, (item.source, item.target, item.suffix))):
        return None
    answer = item.target + END
    learnt = ids_of(answer)
    tokens = FAMILIES[0]
    around = shortened(item.source, item.suffix, longest - len(learnt) - len(tokens), cache(lambda text: len(ids_of(text))))
    given = ids_of(infill(tokens, *around))
    return Row(ids=(*given, *learnt), num_given=len(given), num_bytes=len(answer.encode()))


def make_row(item: Example, tokenizer: Tokenizer, seed: int | None, rng: Random) -> Row | None:
    """One example as ids, of which the prompt is given; None when its answer can't be written."""
    if item.task == TESTS:
        prompt = build_tests(item.source, seed=seed)
        tests = rng.sample(item.tests, len(item.tests))
        # Generalising looks at all tests; only then are some of them taken.
        answer = _first_lines(write_tests(prompt, tests), _MOST_TESTS)
    else:
        prompt = build_translation(item.source, item.task, seed=seed, head=item.signature if item.task == BACK["cuda"] else "")
        written = write_translation(prompt, item.target, strides=all(tokenizer.token_to_id(token) is not None for token in AXES))
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
