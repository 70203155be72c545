"""Stage ``tokenizer``: trains a tokenizer on a capped sample of each language and on the tasks it will write.

Writes ``tokenizer.json`` and ``tokenizer_config.json`` in Hugging Face format, of a BPE also ``tokenizer.model``, and ``report.json`` with
what a byte and each construct costs.
Not covered: morphology of other languages than code; any byte can be written, no token is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.errors import ConfigError, GateError, InputError
from hpcraft.progress import bar
from hpcraft.records import Pair
from hpcraft.shards import read_rows
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import JSON, write_json
from hpcraft.tokenizer import bpe, closed
from hpcraft.tokenizer.corpus import FUNCTIONS, characters_by_language, sample, share_of, units
from hpcraft.tokenizer.fertility import Meter
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.prompt import build_tests, build_translation, write_tests, write_translation
from hpcraft.tokenizer.rename import rename
from hpcraft.tokenizer.requests import teachable
from hpcraft.tokenizer.token_plan import SMALLEST

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_LEAST_CHARACTERS = 10_000
_TASK_REPEATS = 3
"""Task text is little beside the corpus, and it is what the model writes."""
KINDS = ("bpe", "tokompiler", "lexer")


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenizerConfig:
    """What the tokenizer is trained on."""

    kind: str = option("bpe", help="bpe; lexer: the most frequent lexemes; tokompiler: the closed vocabulary of Tokompiler, mended")
    vocab_size: int = option(2048, help="number of tokens; small vocabularies suit small models; that of tokompiler is fixed")
    max_characters: int = option(3_000_000, help="characters of each language to train on, at most")
    report_characters: int = option(1_000_000, help="characters of each language to measure and check on, at most")

    def __post_init__(self) -> None:
        """Check the values."""
        if self.kind not in KINDS:
            raise ConfigError(f"kind: {self.kind!r} isn't one of {', '.join(KINDS)}")
        if self.vocab_size < SMALLEST:
            raise ConfigError(
                f"vocab_size: {self.vocab_size} is too small; bytes, control tokens and canonical names need {SMALLEST} at least"
            )
        if self.max_characters < _LEAST_CHARACTERS:
            raise ConfigError(f"max_characters: {self.max_characters} is too little, give {_LEAST_CHARACTERS} and more")


def run(config: TokenizerConfig, work: Work) -> Report:
    """Train, save, measure."""
    corpus = work.inputs["corpus"]
    totals = characters_by_language(corpus, "train")
    if sum(totals.values()) < _LEAST_CHARACTERS:
        raise InputError(f"{corpus}: {sum(totals.values())} characters to train on, {_LEAST_CHARACTERS} are the least; mine more")
    counts = {"documents": 0, "functions": 0, "tasks": 0}
    with bar("tokenizer: reading") as advance:

        def texts() -> Iterator[str]:
            for kind, text in _texts(work, config.max_characters):
                counts[kind] += 1
                advance(1)
                yield text

        tokenizer = _train(config, texts())
    bpe.save(tokenizer, work.out)
    report = measure(tokenizer, work, config.report_characters) | {"kind": config.kind}
    write_json(work.out / "report.json", report)
    return Report(rows={"tokens": tokenizer.get_vocab_size(), **counts}, metrics={"bytes_per_token": report["bytes_per_token"]})


def _train(config: TokenizerConfig, texts: Iterator[str]) -> Tokenizer:
    if config.kind == "tokompiler":
        return closed.tokompiler()
    return (bpe.train if config.kind == "bpe" else closed.train_lexer)(texts, config.vocab_size)


def measure(tokenizer: Tokenizer, work: Work, max_characters: int) -> JSON:
    """Bytes per token by language and construct, on documents that the tokenizer wasn't trained on where there are some.

    Raises:
        GateError: a document doesn't come back from its tokens.
    """
    corpus = work.inputs["corpus"]
    split = "valid"
    try:
        characters_by_language(corpus, split)
    except InputError:
        split = "train"
    meter = Meter(tokenizer)
    for document in sample(corpus, split, max_characters, work.seed + 1):
        meter.add(document.document_id, document.language, document.text)
    tallies = dict(sorted(meter.languages.items()))
    if broken := sum(tally.broken for tally in tallies.values()):
        raise GateError(
            f"{broken} documents don't come back from their tokens, the first is {meter.first_broken}; don't use this tokenizer"
        )
    all_bytes, all_tokens = sum(tally.bytes for tally in tallies.values()), sum(tally.tokens for tally in tallies.values())
    return {
        "vocab_size": tokenizer.get_vocab_size(),
        "measured_on": split,
        "bytes_per_token": round(all_bytes / max(1, all_tokens), 4),
        "tokens_per_byte": round(all_tokens / max(1, all_bytes), 4),
        "languages": {language: tally.row() for language, tally in tallies.items()},
    }


def _texts(work: Work, max_characters: int) -> Iterator[tuple[str, str]]:
    """Kind and text of everything to train on."""
    corpus = work.inputs["corpus"]
    for document in sample(corpus, "train", max_characters, work.seed):
        yield "documents", document.text
    left = max_characters
    for unit in units(corpus, FUNCTIONS, "train"):
        if left > 0 and unit.language in ("c", "cpp", "cuda") and share_of(unit.unit_id, work.seed) < 0.5:
            left -= len(unit.text)
            yield "functions", canonical(rename(unit.text, unit.language).text, unit.language)
    if "pairs" in work.inputs:
        for pair in teachable(read_rows(work.inputs["pairs"], "pairs", Pair)):
            if pair.split == "train":
                yield from (("tasks", text) for text in _task_texts(pair))


def _task_texts(pair: Pair) -> Iterator[str]:
    translation = build_translation(pair.source, pair.target_model)
    yield from [translation.text + (write_translation(translation, pair.target, strides=True) or "")] * _TASK_REPEATS
    if pair.tests:
        tests = build_tests(pair.source)
        yield write_tests(tests, pair.tests)


STAGE = Stage(
    name="tokenizer",
    summary="train a tokenizer on the corpus",
    example="hpcraft tokenizer train --corpus runs/quickstart/prepare -o tokenizer",
    config=TokenizerConfig,
    inputs={
        "corpus": Input(stage="prepare", help="folder that `hpcraft prepare` made"),
        "pairs": Input(stage="pairs", help="folder that `hpcraft pairs` made", optional=True),
    },
    run=run,
    version=4,
)
COMMAND = STAGE.command
