"""What the report says of the rounds of ``mutual``: what each counted, and what translator and tester did on validation pairs before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcraft.eval.report_files import read_objects
from hpcraft.eval.report_plots import Line, line_plot
from hpcraft.tokenizer.prompt import BACK

ROUNDS = "rounds.jsonl"
_BEFORE = 0
"""The number of the line that was measured before the first round; it counts nothing."""
_COUNTED = {
    "functions": "Functions without a known translation",
    "candidates": "Translations tried",
    "accepted": "Translations accepted: they ran and agreed with their source",
    "new_pairs": "of them new: no earlier round had one",
    "tests_written": "Tests that the tester wrote",
    "tests_valid": "of them valid: the function runs cleanly on them",
    "tests_killing": "of them sharp: they notice a planted mistake",
    "tests_telling": "of them telling: a right translation passes them, a wrong one fails",
    "new_tests": "Tests to be learnt that no earlier round had",
    "mutants_killed": "Planted mistakes noticed",
    "mutants_total": "Planted mistakes in all",
    "translator_loss": "Loss of the translator after the round (nats per token)",
    "tester_loss": "Loss of the tester after the round (nats per token)",
}
_TRANSLATOR = {
    "functions": "validation pairs",
    "compiled": "share of answers that compile",
    "bleu": "BLEU against the proved targets",
    "codebleu_hpc": "CodeBLEU against the proved targets",
}
_TESTER = {
    "functions": "functions",
    "tests": "tests, those that differ in lengths alone counted once",
    "valid": "share of valid tests",
    "coverage": "share of lines run",
    "killed": "share of planted mistakes noticed",
    "wrong": "wrong translations tried",
    "let_in": "share of wrong translations let in",
    "right": "right translations tried",
    "right_let_in": "share of right translations let in",
}
_ENDS = ("_low", "_high")
"""What the ends of a share's 95 % interval are called behind its name."""
_TESTERS = {"model": "Tester", "rule": "Tests by rule"}
_SHARES = ("valid", "coverage", "killed", "let_in")
"""Of a tester, what is plotted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rounds:
    """One column for each round, and one for what was measured before; one row for each thing that was counted or measured."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int | float | str, ...]], ...]
    plots: tuple[str, ...]


def read_rounds(folder: Path) -> Rounds | None:
    """The rounds in a folder of ``mutual``, or None when there was none.

    Raises:
        InputError: the log is damaged.
    """
    path = folder / ROUNDS
    rounds = list(read_objects(path, "number")) if path.is_file() else []
    if not rounds:
        return None
    counted, measured = [dict(_counts(r)) for r in rounds], [dict(_measures(r)) for r in rounds]
    flat = [one | more for one, more in zip(counted, measured, strict=True)]
    names = dict.fromkeys(name for r in (*counted, *measured) for name in r)
    return Rounds(
        headings=tuple("Before" if r["number"] == _BEFORE else f"Round {r['number']}" for r in rounds),
        rows=tuple((name, tuple(r.get(name, "–") for r in flat)) for name in names),
        plots=tuple(_plots(rounds)),
    )


def _counts(one: Mapping[str, Any]) -> Iterator[tuple[str, int | float | str]]:
    """What one round counted, in words, the reasons of refusals last."""
    if one["number"] == _BEFORE:
        return
    for key, words in _COUNTED.items():
        if key in one:
            yield words, "nothing to learn from" if one[key] is None else one[key]
    for reason, number in one.get("skipped", {}).items():
        yield f"Left out: {reason}", number
    for reason, number in one.get("reasons", {}).items():
        yield f"Refused: {reason}", number


def _measures(one: Mapping[str, Any]) -> Iterator[tuple[str, int | float | str]]:
    for target, numbers in one.get("translator", {}).items():
        for key, value in numbers.items():
            if not key.endswith(_ENDS):
                yield f"Translator to {_target(target)}: {_TRANSLATOR.get(key, key)}", value
            if all(f"{key}{end}" in numbers for end in _ENDS):
                low, high = (numbers[f"{key}{end}"] for end in _ENDS)
                yield f"Translator to {_target(target)}: {key}, 95 % interval", f"{low:.3f} to {high:.3f}"
    for who, numbers in one.get("tester", {}).items():
        for key, value in numbers.items():
            yield f"{_TESTERS.get(who, who)}: {_TESTER.get(key, key)}", value


def _target(name: str) -> str:
    """A task with its level, in words."""
    task, _, level = name.partition("/")
    words = {back: f"C from {model}" for model, back in BACK.items()}
    return f"{words.get(task, task)} (level {level})"


def _plots(rounds: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The curves over the rounds, where more than one point was measured."""
    for target in dict.fromkeys(t for r in rounds for t in r.get("translator", {})):
        keys = dict.fromkeys(k for r in rounds for k in r["translator"].get(target, {}) if k != "functions")
        solved = [k for k in keys if k.startswith("pass@") and not k.endswith(_ENDS)] + ["compiled"]
        what = f"translator to {_target(target)} on validation pairs"
        yield from _plot(rounds, "translator", target, solved, f"{what}: share solved and share that compiles", "share")
        yield from _plot(rounds, "translator", target, ["bleu", "codebleu_hpc"], f"{what}: likeness to the proved targets", "likeness")
    for who in dict.fromkeys(w for r in rounds for w in r.get("tester", {})):
        yield from _plot(rounds, "tester", who, _SHARES, f"{_TESTERS.get(who, who)} on validation functions", "share")


def _plot(rounds: Sequence[Mapping[str, Any]], kind: str, name: str, keys: Sequence[str], title: str, y_label: str) -> Iterator[str]:
    words = _TRANSLATOR if kind == "translator" else _TESTER
    lines = []
    for style, key in enumerate(keys):
        points = [(r["number"], r[kind][name][key]) for r in rounds if key in r.get(kind, {}).get(name, {})]
        if len(points) > 1:
            lines.append(Line(label=words.get(key, key), x=[x for x, _ in points], y=[y for _, y in points], style=style))
    if lines:
        slug = re.sub(r"\W+", "-", f"mutual-{kind}-{name}-{y_label}")
        x_end = max(r["number"] for r in rounds)
        yield line_plot(
            slug, lines, title=f"{title}, before the first round (0) and after each", x_label="round", y_label=y_label, x_end=x_end
        )
