"""What the report says of the tokenizer: what a byte of each language and each construct costs, from the tokenizer's ``report.json``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hpcraft.errors import InputError
from hpcraft.eval.report_plots import bar_plot
from hpcraft.eval.report_text import LANGUAGES
from hpcraft.store import read_json


@dataclass(frozen=True, kw_only=True, slots=True)
class Fertility:
    """How many tokens a language's bytes cost."""

    language: str
    documents: int
    size_bytes: int
    tokens: int
    tokens_per_byte: float
    bytes_per_token: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Construct:
    """How many tokens one occurrence of a construct costs."""

    language: str
    name: str
    count: int
    tokens_each: float
    bytes_each: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokenizer:
    """The tokenizer's measurements."""

    vocab_size: int
    measured_on: str
    """The split of the corpus."""
    languages: tuple[Fertility, ...]
    constructs: tuple[Construct, ...]
    """What parallel programs are about, where the measured documents have it."""
    tokens_per_byte: float
    bytes_per_token: float
    plot: str


def read_tokenizer(folder: Path) -> Tokenizer | None:
    """The tokenizer's ``report.json``, or None when it measured nothing.

    Raises:
        InputError: it is missing or damaged.
    """
    path = folder / "report.json"
    report = read_json(path)
    try:
        languages = tuple(
            Fertility(
                language=LANGUAGES.get(str(name), str(name)),
                documents=row["documents"],
                size_bytes=row["bytes"],
                tokens=row["tokens"],
                tokens_per_byte=row["tokens_per_byte"],
                bytes_per_token=row["bytes_per_token"],
            )
            for name, row in report["languages"].items()
        )
        constructs = tuple(
            Construct(language=LANGUAGES.get(str(name), str(name)), name=construct, **figures)
            for name, row in report["languages"].items()
            for construct, figures in row["constructs"].items()
        )
        values = [(f.language, f.tokens_per_byte) for f in languages]
        title = "Tokens per byte by language: " + ", ".join(f"{name} {value:.3f}" for name, value in values)
        return (
            Tokenizer(
                vocab_size=report["vocab_size"],
                measured_on=report["measured_on"],
                languages=languages,
                constructs=constructs,
                tokens_per_byte=report["tokens_per_byte"],
                bytes_per_token=report["bytes_per_token"],
                plot=bar_plot("tokens-per-byte", values, title=title, x_label="tokens per byte"),
            )
            if languages
            else None
        )
    except KeyError as error:
        raise InputError(f"{path}: no key {error}; train the tokenizer again with this version") from None
