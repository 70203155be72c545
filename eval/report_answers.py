"""Judged answers as the report reads them: a sample with its completion, one after the other, and what became of it in words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hpcraft.errors import InputError
from hpcraft.eval.report_text import visible
from hpcraft.eval.results import SAMPLES
from hpcraft.samples import Completion, Sample
from hpcraft.store import read_jsonl

COMPLETIONS = "completions.jsonl"
FOLDER = "samples"
"""Beside the report: a page for each answer, and one that lists them."""
INDEX = f"{FOLDER}/index.html"

_WHY_LIMIT = 300
_NAME_LIMIT = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check of an answer."""

    name: str
    state: str
    """``pass``, ``fail`` or ``skip``."""
    why: str


class Judged(NamedTuple):
    """A sample, and the text that was judged."""

    sample: Sample
    completion: str


def judged_answers(folder: Path) -> Iterator[Judged]:
    """The answers in a ``SUITE/MODEL`` folder, in the order of its samples; completions in another order are kept until they are wanted.

    Raises:
        InputError: a file is missing or damaged, or a sample has no completion.
    """
    rest = read_jsonl(folder / COMPLETIONS, Completion)
    waiting: dict[tuple[str, int], str] = {}
    for sample in read_jsonl(folder / SAMPLES, Sample):
        key = (sample.task_id, sample.sample_id)
        while key not in waiting:
            found = next(rest, None)
            if found is None:
                raise InputError(f"{folder}: no completion for {sample.task_id} sample {sample.sample_id}; judge again")
            waiting[found.task_id, found.sample_id] = found.completion
        yield Judged(sample, waiting.pop(key))


def result_of(sample: Sample) -> str:
    """``passed``, ``failed``, or ``not judged`` where the machine lacks what it takes."""
    return "passed" if sample.passed else "not judged" if sample.verdict == "unsupported" else "failed"


def checks_of(sample: Sample) -> tuple[Check, ...]:
    """The checks from their words: ``pass``, ``fail: why`` or ``skip: why``."""
    return tuple(_check(name, result) for name, result in sample.checks.items())


def _check(name: str, result: str) -> Check:
    state, _, why = result.partition(":")
    return Check(name=name, state=state.strip(), why=visible(why.strip(), _WHY_LIMIT))


def failed_checks(sample: Sample) -> list[str]:
    """The checks that failed; the sandbox's verdict where none did and the answer didn't pass; none when it did."""
    failed = [name for name, result in sample.checks.items() if result.startswith("fail")]
    return failed or ([] if sample.passed else [sample.verdict])


def best_speedup(sample: Sample) -> float | None:
    """Over the sequential reference, on the most cores; 0 for a wrong answer, None for a right one that wasn't timed."""
    if not sample.passed:
        return 0.0
    most = max(sample.timings, key=int, default="")
    return sample.timings[most]["speedup"] if most else None


def page_name(suite: str, label: str, task_id: str, sample_id: int) -> str:
    """The file of an answer's page: readable, safe, and another one for each answer."""
    digest = hashlib.sha256(f"{suite}\0{label}\0{task_id}\0{sample_id}".encode(errors="surrogatepass")).hexdigest()[:10]
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", task_id.removeprefix(f"{suite}/")).strip("-")[:_NAME_LIMIT]
    return f"{readable or 'task'}-{digest}.html"
