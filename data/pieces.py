"""What is built many in one program: a piece of code with one entry point, and how pieces of a language come to stand side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hpcraft.sandbox.abi import Signature
from hpcraft.sandbox.outcome import Language, Model

CodeLanguage: TypeAlias = Literal["c", "cpp", "cuda", "fortran"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One entry point with the code that defines it."""

    signature: Signature
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How pieces of a language stand in one program: each in a file of its own, ``piece3.inc``, which another file includes."""

    language: Language
    """Of the job."""
    is_tame: Callable[[str], bool]
    """Whether a piece can stand beside others without changing what they mean."""
    entry: Callable[[Piece, int], str]
    """What the entry point of the piece of that number is called in the program."""
    files: Callable[[Mapping[int, Piece], Model], dict[str, bytes]]
    """The files of pieces by their numbers."""
    culprit: re.Pattern[str]
    """What the compiler says of an error in a piece; the first group is its number."""
    probe: str
    """The name of a source file of its kind."""
