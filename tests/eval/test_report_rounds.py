"""The rounds of mutual supervision in the report: read as the stage writes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hpcraft.errors import InputError
from hpcraft.eval.report_rounds import read_rounds
from hpcraft.store import write_jsonl, write_text
from hpcraft.train.rounds import Round


def measured(number: int, solved: float, *, accepted: int = 0, candidates: int = 0) -> Round:
    """A round with what was measured behind it."""
    return Round(
        number=number,
        translator={
            "openmp/run": {"functions": 40, "pass@1": solved, "pass@1_low": 0.1, "pass@1_high": 0.8, "pass@10": 0.9}
            | {"compiled": 0.95, "bleu": 0.8, "codebleu_hpc": 0.7}
        },
        tester={"model": {"functions": 30, "valid": 0.5, "let_in": 0.0}, "rule": {"functions": 30, "valid": 0.9, "let_in": 0.01}},
        reasons={"differs": 3} if candidates else {},
        accepted=accepted,
        candidates=candidates,
    )


def test_rounds_are_columns_and_measures_are_curves(tmp_path: Path) -> None:
    """What was measured before has a column without counts; translator and testers each have their curves, with a title of their own."""
    write_jsonl(
        tmp_path / "rounds.jsonl",
        [measured(0, 0.25), measured(1, 0.5, accepted=7, candidates=40), measured(2, 0.75, accepted=9, candidates=40)],
    )
    rounds = read_rounds(tmp_path)
    assert rounds
    assert rounds.headings == ("Before", "Round 1", "Round 2")
    rows = dict(rounds.rows)
    assert rows["Translator to openmp (level run): pass@1"] == (0.25, 0.5, 0.75)
    assert rows["Translator to openmp (level run): pass@1, 95 % interval"] == ("0.100 to 0.800",) * 3
    assert not any("_low" in name or "_high" in name for name in rows)
    assert rows["Translations accepted: they ran and agreed with their source"] == ("–", 7, 9)
    assert rows["Refused: differs"] == ("–", 3, 3)
    assert rows["Tests by rule: share of wrong translations let in"] == (0.01, 0.01, 0.01)
    titles = [re.search(r"<title[^>]*>([^<]*)<", plot) for plot in rounds.plots]
    assert len({t[1] for t in titles if t}) == len(rounds.plots) == 4
    assert all(">pass@10<" in p or "pass@" not in p for p in rounds.plots)


def test_one_point_is_no_curve(tmp_path: Path) -> None:
    """A loop that measured nothing, or only once, has a table and no plot; no file is no section; a torn one is bad input."""
    assert read_rounds(tmp_path) is None
    write_jsonl(tmp_path / "rounds.jsonl", [Round(number=0), Round(number=1, candidates=5)])
    rounds = read_rounds(tmp_path)
    assert rounds
    assert rounds.plots == ()
    assert ("Translations tried", ("–", 5)) in rounds.rows
    write_text(tmp_path / "rounds.jsonl", '{"schema": "hpcraft.round/3"}\n')
    with pytest.raises(InputError):
        read_rounds(tmp_path)
