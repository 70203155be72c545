"""`hpcraft doctor` tells the truth about this machine and about a barer one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hpcraft import cli, doctor


def test_it_tries_every_language_and_model(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each trial is a row, with what it rests on or the command that mends it."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    quick = tuple(trial for trial in doctor._TRIALS if trial[0] in ("c serial", "fortran openmp", "python serial"))
    monkeypatch.setattr(doctor, "_TRIALS", quick)
    assert cli.main(["doctor", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["answers"]}
    assert rows["c serial"]["works"]
    assert {"c serial", "fortran openmp", "python serial", "bubblewrap", "train"} == set(rows)
    assert all(row["detail"] if row["works"] else row["mend"] and row["switched_off"] for row in rows.values())


def test_it_names_what_a_bare_machine_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without bubblewrap and compilers each no comes with its command; only Python is left to run."""
    monkeypatch.setenv("PATH", str(tmp_path))
    code = cli.main(["doctor"])
    text = capsys.readouterr().out
    assert code == 0
    assert "no   unsupported: gfortran is not on this machine" in text
    assert "gfortran" in text.partition("switches off: Fortran tasks")[2]
    assert "switches off: verifying and judging" in text
    assert "bubblewrap" in text
