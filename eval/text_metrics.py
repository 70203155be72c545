"""Similarity of answers to a gold text: BLEU and chrF by sacrebleu, ``codebleu`` where it is installed, ``codebleu-hpc``, ``parableu-hpc``.

Text figures don't rank working programs, and stand beside pass@k for comparison with what has been published. All lie in
[0, 1]; papers print them times 100. The unit is the task: a task's samples are averaged first. BLEU and ``codebleu-hpc`` are of the whole
corpus, from counts summed over tasks; the others are means over tasks. An answer without code is 0, never dropped.

BLEU and chrF are counted on the lexemes of the code, blanks between them and comments left out, so that layout says nothing. Code
that the prompt ended with is taken off the front of both sides: it is never scored.

Not covered: several gold texts for one task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hpcraft import __version__
from hpcraft.data.syntax import parse
from hpcraft.errors import InputError
from hpcraft.eval.code_bleu import package
from hpcraft.eval.code_bleu.lexemes import lexemes, placed, words
from hpcraft.eval.code_bleu.score import LANGUAGES, codebleu_hpc, score_pair
from hpcraft.eval.code_bleu.subtrees import depth
from hpcraft.eval.metrics import Figure, Numbers, mean, of_sums
from hpcraft.eval.task import Task
from hpcraft.progress import bar
from hpcraft.samples import Completion

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

MAX_CHARACTERS, MAX_TIMES = 20_000, 4
"""No more of an answer is looked at than this, or than so many times the gold text where that is longer."""
DEEPEST = 200
"""The package takes minutes for a text that nests more deeply; such an answer's ``codebleu`` is 0."""
METRICS = ("bleu", "chrf", "codebleu", "codebleu-hpc", "parableu-hpc")


class TextPair(NamedTuple):
    """A gold text and an answer."""

    reference: str
    candidate: str
    language: str
    """``c``, ``cpp``, ``cuda`` or ``fortran``."""
    given: str = ""
    """Code that the prompt ended with, which neither side is scored for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextScore:
    """One answer's counts and figures; small, so that answers need not be kept."""

    bleu: tuple[float, ...]
    """Matches and totals of sacrebleu's orders, words of the candidate and of the reference."""
    chrf: float
    codebleu: float | None
    """None where the package isn't installed or doesn't know the language."""
    codebleu_hpc: tuple[float, ...]
    parableu_hpc: float


def text_figures(tasks: Iterable[Iterable[TextPair]]) -> dict[str, Figure]:
    """The figures of a suite's answers, ``tasks`` holding the pairs of each task."""
    return figures_of_scores([[text_score(pair) for pair in pairs] for pairs in tasks])


def compare_with_gold(
    tasks: Mapping[str, Task], answers: Iterable[Completion], code_of: Callable[[Task, str], str], *, total: int
) -> dict[tuple[str, int], TextScore]:
    """How like the gold text each answer is, by task and sample, of tasks that have one; answers are taken one at a time, and not kept.

    Args:
        tasks: of the suite, by id.
        answers: as models gave them.
        code_of: takes the code out of an answer.
        total: how many answers there are.
    """
    scores: dict[tuple[str, int], TextScore] = {}
    with bar("comparing with the gold text", total) as advance:
        for answer in answers:
            task = tasks[answer.task_id]
            language = "cuda" if task.model == "cuda" else task.language
            if task.reference:
                pair = TextPair(task.reference, code_of(task, answer.completion), language, task.stem)
                scores[answer.task_id, answer.sample_id] = text_score(pair)
            advance(1)
    return scores


def text_score(pair: TextPair) -> TextScore:
    """Compare one answer with the gold text.

    Raises:
        InputError: a language without a lexer, or an empty gold text.
    """
    language = pair.language
    if language not in LANGUAGES:
        raise InputError(f"text figures of language {language!r}: expected one of {', '.join(LANGUAGES)}")
    reference = without_given(pair.reference, pair.given, language)
    longest = max(MAX_CHARACTERS, MAX_TIMES * len(pair.reference))
    answered = pair.candidate[:longest].encode("utf-8", "replace").decode()  # half a surrogate pair is no text
    candidate = without_given(answered, pair.given, language)
    if not reference.strip():
        raise InputError("text figures: the gold text is empty; leave the task out or mend it")
    gold, answer = (" ".join(words(lexemes(text, language))) for text in (reference, candidate))
    bleu, chrf = _metrics()
    counted = bleu.corpus_score([answer], [[gold]])
    hpc = score_pair(reference, candidate, language)
    by_package = None
    if package.is_installed() and package.knows(language):
        readable = bool(answer) and depth(parse(language, candidate)) <= DEEPEST
        by_package = package.package_parts(reference, candidate, language)["codebleu"] if readable else 0.0
    return TextScore(
        bleu=(*map(float, counted.counts), *map(float, counted.totals), float(counted.sys_len), float(counted.ref_len)),
        chrf=min(1.0, chrf.sentence_score(answer, [gold]).score / 100) if answer else 0.0,
        codebleu=by_package,
        codebleu_hpc=hpc.counts,
        parableu_hpc=hpc.parableu_hpc,
    )


def figures_of_scores(tasks: Sequence[Sequence[TextScore]]) -> dict[str, Figure]:
    """The figures of answers that were compared before, task by task."""
    if not tasks or not all(tasks):
        raise ValueError("text figures: expected at least one task, and one answer of each")
    result = {
        "bleu": of_sums([_average([s.bleu for s in scores]) for scores in tasks], _corpus_bleu),
        "chrf": mean([_share(s.chrf for s in scores) for scores in tasks]),
    }
    by_package = [[s.codebleu for s in scores if s.codebleu is not None] for scores in tasks]
    if all(by_package):
        result["codebleu"] = mean([_share(scores) for scores in by_package])
    result["codebleu-hpc"] = of_sums([_average([s.codebleu_hpc for s in scores]) for scores in tasks], codebleu_hpc)
    result["parableu-hpc"] = mean([_share(s.parableu_hpc for s in scores) for scores in tasks])
    return result


def signatures() -> dict[str, str]:
    """What the figures rest on, by metric; figures of two signatures are not compared."""
    bleu, chrf = _metrics()
    found = {
        "bleu": f"{bleu.get_signature()}|lexer:hpcraft-{__version__}",
        "chrf": f"{chrf.get_signature()}|lexer:hpcraft-{__version__}",
        "codebleu-hpc": f"hpcraft:{__version__}",
        "parableu-hpc": f"hpcraft:{__version__}",
    }
    return found | ({"codebleu": f"codebleu:{package.installed_version()}"} if package.is_installed() else {})


def without_given(text: str, given: str, language: str) -> str:
    """A text without the code that the prompt ended with, if it begins with that, however it is laid out."""
    head = words(lexemes(given, language))
    found = placed(text, language)[: len(head)]
    if not head or [lexeme.text for lexeme, _ in found] != head:
        return text
    return text[found[-1][1] :]


def _average(rows: Sequence[tuple[float, ...]]) -> list[float]:
    """A task's counts: the mean of its samples', so that tasks weigh the same however many they have."""
    return [float(value) for value in np.asarray(rows, dtype=float).mean(axis=0)]


def _share(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _corpus_bleu(sums: Numbers) -> Numbers:
    """Corpus BLEU of summed counts, as sacrebleu has it."""
    from sacrebleu.metrics.bleu import BLEU

    def one(row: Numbers) -> float:
        counts: list[Any] = [float(value) for value in row]
        if not counts[0]:
            return 0.0
        # Lengths must be whole numbers there, and only their ratio counts.
        candidate, reference = (round(1000 * length) for length in counts[8:])
        score = BLEU.compute_bleu(counts[:4], counts[4:8], candidate, reference, smooth_method="exp").score
        return min(1.0, float(score) / 100)

    return np.apply_along_axis(one, -1, sums)


@cache
def _metrics() -> tuple[BLEU, CHRF]:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return BLEU(tokenize="none", force=True), CHRF()
