"""``codebleu``: the package of that name, as papers quote it, for C and C++ (CUDA is read as C++, which is what papers do).

It is optional: its metadata asks for a tree-sitter older than ours, but its code runs on ours, so it is installed without its
dependencies (docs/evaluation.md says how). Where it isn't installed, there is no figure of that name.

Theory of operation: its data flow is put together in the order of Python's sets of strings, which is another in every process, and its
score with it (by 0.02 on sixty pairs). So it runs in a process of its own in which that order is fixed, one pair after the other. The
process ends when ours closes its input.

What its figures suffer from, and `hpcraft.eval.code_bleu.score` doesn't: words are cut at blanks alone; Fortran is unknown and CUDA's
launches are comparisons; the data flow of C and C++ is read with the walker of C#, which misses the values of declarations; a
data-flow match of 0 counts as 1; equal subtrees of the reference are found again and again; the weighted n-grams' brevity penalty
compares with the number 2.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from threading import Lock

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
_one_at_a_time = Lock()


@cache
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
        MachineError: the package isn't installed, or failed.
        InputError: a language that it doesn't know.
    """
    if not knows(language):
        raise InputError(f"codebleu of language {language!r}: the package reads c and cpp (and cuda as cpp); use codebleu-hpc")
    if not is_installed():
        raise MachineError(f"codebleu is not installed; {INSTALL}")
    with _one_at_a_time:
        worker = _worker()
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(json.dumps([reference, candidate, _LANGUAGES[language]]) + "\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            _worker.cache_clear()
            raise MachineError("codebleu: the package's process ended on a pair; leave the package out or report the pair to its authors")
    found: dict[str, float] = json.loads(answer)
    return {name: found[key] for name, key in _PARTS.items()}


@cache
def _worker() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a warning for every pair whose reference has no data flow
        text=True,
        encoding="ascii",
        env=os.environ | {"PYTHONHASHSEED": "0"},
    )


def _serve() -> None:
    """Answer pairs until the input ends."""
    calc_codebleu = import_module("codebleu").calc_codebleu
    for line in sys.stdin:
        reference, candidate, language = json.loads(line)
        found = calc_codebleu([reference], [candidate], language)
        print(json.dumps({key: float(value) for key, value in found.items()}), flush=True)


if __name__ == "__main__":
    _serve()
