"""Measures what a tokenizer costs: bytes per token by language, and tokens per construct that parallel programs are about.

Constructs are found by patterns, in comments and strings too; a figure is about text, not about programs.
Not covered: quality; fewer tokens are no better model.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from hpcraft.store import JSON
from hpcraft.tokenizer.constructs import FREQUENT_WORDS
from hpcraft.tokenizer.keywords import FORTRAN_FREQUENT
from hpcraft.tokenizer.streams import Decoder, Encoder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_DIRECTIVE = r"^[ \t]*(?:#[ \t]*pragma[ \t]+(?:omp|acc)\b|[!c*]\$(?:omp|acc)\b)[^\n]*"
_PATTERNS = {
    "directive line": re.compile(_DIRECTIVE, re.IGNORECASE | re.MULTILINE),
    "MPI name": re.compile(r"\bMPI_[A-Za-z]\w*", re.IGNORECASE),
    "CUDA name": re.compile(
        r"\b(?:__(?:global|device|host|shared|constant|restrict|forceinline)__|__sync\w+|cuda[A-Z]\w*"
        r"|(?:threadIdx|blockIdx|blockDim|gridDim)(?:\.[xyz])?|atomic[A-Z]\w+)\b"
    ),
    "CUDA launch": re.compile(r"<<<[^;{}]{1,200}?>>>"),
}
_CLAUSE_WORD = re.compile(rf"\b(?:{'|'.join(sorted(FREQUENT_WORDS))})\b", re.IGNORECASE)
_FORTRAN_KEYWORD = re.compile(rf"\b(?:{'|'.join(sorted(FORTRAN_FREQUENT))})\b", re.IGNORECASE)
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


@dataclass(kw_only=True, slots=True)
class Tally:
    """Sums over the documents of one language."""

    documents: int = 0
    bytes: int = 0
    tokens: int = 0
    broken: int = 0
    blank_tokens: int = 0
    """Tokens that hold nothing but white space."""
    indentation_bytes: int = 0
    constructs: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Construct to how often it was found, its tokens and its bytes."""

    def row(self) -> JSON:
        """The figures as the report has them."""
        return {
            "documents": self.documents,
            "bytes": self.bytes,
            "tokens": self.tokens,
            "broken": self.broken,
            "bytes_per_token": _ratio(self.bytes, self.tokens),
            "tokens_per_byte": _ratio(self.tokens, self.bytes),
            "blank_token_share": _ratio(self.blank_tokens, self.tokens),
            "indentation_byte_share": _ratio(self.indentation_bytes, self.bytes),
            "constructs": {
                name: {"count": count, "tokens_each": _ratio(tokens, count), "bytes_each": _ratio(size, count)}
                for name, (count, tokens, size) in sorted(self.constructs.items())
            },
        }


def _ratio(one: int, other: int) -> float:
    return round(one / other, 4) if other else 0.0


class Meter:
    """Measures documents one by one."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.languages: dict[str, Tally] = {}
        self.first_broken = ""
        self._encoder, self._decoder = Encoder(tokenizer), Decoder(tokenizer)

    def add(self, name: str, language: str, text: str) -> None:
        """Measure one document and check that it comes back, whole and in chunks."""
        tally = self.languages.setdefault(language, Tally())
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        data = text.encode()
        tally.documents += 1
        tally.bytes += len(data)
        tally.tokens += len(encoding.ids)
        chunks = [i for ids in self._encoder.encode_file(BytesIO(data), chunk=4096) for i in ids]
        back = self.tokenizer.decode(encoding.ids, skip_special_tokens=False)
        if back != text or chunks != encoding.ids or self._decoder.decode(encoding.ids) != data:
            tally.broken += 1
            self.first_broken = self.first_broken or name
        tally.blank_tokens += sum(token.isspace() for token in encoding.tokens)
        tally.indentation_bytes += sum(len(found[0]) for found in _INDENTATION.finditer(text))
        begins, ends = [begin for begin, _ in encoding.offsets], [end for _, end in encoding.offsets]
        for construct, begin, end in _spans(text, language):
            count, tokens, size = tally.constructs.get(construct, (0, 0, 0))
            tokens += bisect_left(begins, end) - bisect_right(ends, begin)
            tally.constructs[construct] = (count + 1, tokens, size + len(text[begin:end].encode()))


def _spans(text: str, language: str) -> Iterator[tuple[str, int, int]]:
    """Constructs of a text and where they stand."""
    for name, pattern in _PATTERNS.items():
        for found in pattern.finditer(text):
            yield name, found.start(), found.end()
            if name == "directive line":
                yield from (("clause word", word.start(), word.end()) for word in _CLAUSE_WORD.finditer(text, found.start(), found.end()))
    if language == "fortran":
        yield from (("Fortran keyword", found.start(), found.end()) for found in _FORTRAN_KEYWORD.finditer(text))
