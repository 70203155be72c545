"""Suite ``perplexity``: how likely a model finds the documents of a corpus, in bits per byte and per lexer token.

``--data DIR`` is what ``prepare`` made; every document of its splits valid and test is a task, in an order that a limit makes a sample of.
A text is taken as the corpus has it (UTF-8, one kind of line end, Fortran in free form), the same bytes for every model. There is no right
answer, so there is no reference; only models that compute here (``hf:``) can say what probability a given text has: a server's
completions don't, and neither does a file of answers. At most `MOST_BYTES` of a split are taken, chosen by hash.

Not covered: what a model has seen of the corpus before; the report of ``prepare`` says what was kept out of the training split.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log
from pathlib import Path

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.judging import Judgement
from hpcraft.eval.likelihood import Likelihood, bits_per_byte, num_lexer_tokens, perplexity_per_lexer_token
from hpcraft.eval.metrics import Figure
from hpcraft.eval.scoring import Scored
from hpcraft.eval.task import Task
from hpcraft.records import Document
from hpcraft.samples import Sample
from hpcraft.shards import read_rows
from hpcraft.store import sha256_json

BITS_PER_BYTE = "bits_per_byte"
PER_LEXEME = "perplexity_per_lexer_token"
MOST_BYTES = 20_000_000
SPLITS: tuple[str, ...] = ("test", "valid")
_UNKNOWN_BITS = 8.0
"""Bits a byte of a text that a model can't read: what it costs to know nothing. So no text is ever left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A document."""

    language: str
    text: str
    document_id: str

    @property
    def digest(self) -> str:
        """A hash of all that decides the figures."""
        return sha256_json([self.language, self.document_id])


def perplexity_tasks(folder: Path | None) -> list[Task]:
    """The documents of a corpus.

    Raises:
        ConfigError: no folder was given.
        InputError: it holds no corpus, or one without a split for this.
    """
    if folder is None:
        raise ConfigError("suite perplexity reads a corpus; give the folder that `hpcraft prepare` made as --data DIR")
    if not any(folder.glob("corpus-*.parquet")):
        raise InputError(f"{folder}: holds no corpus-*.parquet; give the folder that `hpcraft prepare` made as --data DIR")
    chosen: dict[str, list[tuple[int, int, Document]]] = {split: [] for split in SPLITS}
    sizes: dict[str, int] = dict.fromkeys(SPLITS, 0)
    for number, document in enumerate(read_rows(folder, "corpus", Document)):
        if document.split in chosen and document.text.strip():
            kept = chosen[document.split]
            # The largest hash is on top, and the first to go.
            heapq.heappush(kept, (-int(document.document_id, 16), number, document))
            sizes[document.split] += len(document.text.encode())
            while sizes[document.split] > MOST_BYTES and len(kept) > 1:
                sizes[document.split] -= len(heapq.heappop(kept)[2].text.encode())
    tasks = [_task(document) for split in SPLITS for _, _, document in sorted(chosen[split], key=lambda row: -row[0])]
    if not tasks:
        raise InputError(f"{folder}: no document of the splits {' and '.join(SPLITS)}; prepare it with valid_packages and test_packages")
    return tasks


def _task(document: Document) -> Task:
    model = "+".join(document.models) or "serial"
    return Task(
        task_id=f"perplexity/{document.split}/{model}/{document.language}/{document.document_id[:16]}",
        # A hash stands for the text: it binds answers to it, and puts no corpus into folders of results.
        prompt=f"The likelihood of the document {document.document_id}",
        stem="",
        language=document.language,
        model=model,
        level="run",
        group=document.split,
        prototype="void text(void)",
        reference="",
        case=Text(language=document.language, text=document.text, document_id=document.document_id),
    )


# ---------------------------------------------------------------- answers


def to_answer(scored: Scored, *, window: int, stride: int, begin: str) -> str:
    """What stands for a measurement among the answers of a model."""
    measured = {"problem": scored.problem} if scored.problem else {"nats": scored.nats, "tokens": scored.num_tokens}
    return json.dumps({**measured, "window": window, "stride": stride, "begin": begin})


def judge(task: Task, answer: str) -> Judgement:
    """The measurement with what it is divided by; a text that the model couldn't read costs 8 bits a byte."""
    case = task.case
    assert isinstance(case, Text)
    num_bytes = len(case.text.encode("utf-8", "surrogatepass"))
    problem, nats, tokens = _read(answer)
    judgement = Judgement(log=[problem] if problem else [])
    if problem:
        nats = _UNKNOWN_BITS * num_bytes * log(2)
        judgement.settle("correct", f"fail: {problem}")
    measures = {"nats": nats, "bytes": num_bytes, "lexer_tokens": max(1, num_lexer_tokens(case.text, case.language)), "tokens": tokens}
    judgement.measures = {name: float(value) for name, value in measures.items()}
    judgement.skip_rest("a likelihood is measured, nothing is built")
    return judgement


def _read(answer: str) -> tuple[str, float, float]:
    """What is wrong with a measurement, nats and tokens."""
    try:
        value = json.loads(answer)
        nats, tokens = float(value.get("nats", -1)), float(value.get("tokens", 0))
    except (ValueError, TypeError, AttributeError):
        return "not a measurement", 0.0, 0.0
    if problem := value.get("problem"):
        return str(problem), 0.0, 0.0
    return ("", nats, tokens) if isfinite(nats) and nats >= 0 else ("not a sum of -ln p", 0.0, 0.0)


# ---------------------------------------------------------------- figures


def is_measured(tasks: Sequence[Sequence[Sample]]) -> bool:
    """Whether samples hold likelihoods."""
    return bool(tasks) and all(samples and "nats" in samples[0].measures for samples in tasks)


def likelihood_of(sample: Sample) -> Likelihood:
    """The likelihood in a sample."""
    measures = sample.measures
    return Likelihood(nats=measures["nats"], num_bytes=int(measures["bytes"]), num_lexer_tokens=int(measures["lexer_tokens"]))


def figures(tasks: Sequence[Sequence[Sample]]) -> dict[str, Figure]:
    """Bits per byte and perplexity per lexer token over documents, a measurement each."""
    texts = [likelihood_of(samples[0]) for samples in tasks]
    return {BITS_PER_BYTE: bits_per_byte(texts), PER_LEXEME: perplexity_per_lexer_token(texts)}
