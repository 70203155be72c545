"""``codebleu``: the package of that name, as papers quote it, for C and C++ (CUDA is read as C++, which is what papers do).

It is optional: its metadata asks for a tree-sitter older than ours, but its code runs on ours, so it is installed without its
dependencies (docs/evaluation.md says how). Where it isn't installed, there is no figure of that name.

What its figures suffer from, and `hpcraft.eval.code_bleu.score` doesn't: words are cut at blanks alone; Fortran is unknown and CUDA's
launches are comparisons; the data flow of C and C++ is read with the walker of C#, which misses the values of declarations; a
data-flow match of 0 counts as 1; equal subtrees of the reference are found again and again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from hpcraft.errors import InputError, MachineError

INSTALL = "pip install --no-deps codebleu==0.7.0"
_LANGUAGES = {"c": "c", "cpp": "cpp", "cuda": "cpp"}
_PARTS = {
    "codebleu": "codebleu",
    "ngram": "ngram_match_score",
    "weighted-ngram": "weighted_ngram_match_score",
    "syntax": "syntax_match_score",
    "data-flow": "dataflow_match_score",
}


def is_installed() -> bool:
    """Whether the package is there."""
    return find_spec("codebleu") is not None


def installed_version() -> str:
    """The package's version, empty where it isn't installed."""
    try:
        return version("codebleu")
    except PackageNotFoundError:
        return ""


def knows(language: str) -> bool:
    """Whether the package has a grammar that texts of a language are read with."""
    return language in _LANGUAGES


def package_parts(reference: str, candidate: str, language: str) -> dict[str, float]:
    """``codebleu`` and its four parts for one pair.

    Raises:
        MachineError: the package isn't installed.
        InputError: a language that it doesn't know.
    """
    if not knows(language):
        raise InputError(f"codebleu of language {language!r}: the package reads c and cpp (and cuda as cpp); use codebleu-hpc")
    if not is_installed():
        raise MachineError(f"codebleu is not installed; {INSTALL}")
    with _quiet():
        found = import_module("codebleu").calc_codebleu([reference], [candidate], _LANGUAGES[language])
    return {name: float(found[key]) for name, key in _PARTS.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the package's warning for every pair whose reference has no data flow."""
    root, silent = logging.getLogger(), logging.NullHandler()
    root.addFilter(_is_not_about_data_flow)
    root.addHandler(silent)  # else the package's call would set up logging for the whole process
    try:
        yield
    finally:
        root.removeFilter(_is_not_about_data_flow)
        root.removeHandler(silent)


def _is_not_about_data_flow(record: logging.LogRecord) -> bool:
    return "data-flow match score" not in record.getMessage()
