"""`hpcraft doctor` tells the truth about this machine and about a barer one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hpcraft import cli, doctor


def test_it_tries_every_language_and_model(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tier and each trial is a row, with what it rests on or the command that mends it."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    names = ("serial c gcc", "openmp fortran gcc", "serial python", "race c clang")
    monkeypatch.setattr(doctor, "_TRIALS", tuple(trial for trial in doctor._TRIALS if doctor._name(trial) in names))
    assert cli.main(["doctor", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["answers"]}
    assert rows["serial c gcc"]["works"]
    assert {*names, "bubblewrap+cgroup", "bubblewrap", "apptainer", "landlock", "train", "rl", "instructions"} == set(rows) - {"slurm"}
    assert all(row["detail"] if row["works"] else row["mend"] and row["switched_off"] for row in rows.values())


def test_it_names_what_a_bare_machine_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without bubblewrap and compilers each no comes with its command; only Python is left to run."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("hpcraft.sandbox.tools._nvcc_beside", lambda: None)
    code = cli.main(["doctor"])
    text = capsys.readouterr().out
    assert code == 0
    assert "no   unsupported: gfortran is not on this machine" in text
    assert "gfortran" in text.partition("switches off: Fortran tasks")[2]
    assert "bubblewrap" in text.partition("bubblewrap is not installed")[2]
    for tool in ("nvcc", "hipcc", "flang", "clang"):
        assert f"unsupported: {tool} is not on this machine" in text


def test_without_any_isolation_it_says_what_that_stops(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no tier works, each says why, what can't be done, and how to mend it."""
    monkeypatch.setattr(doctor, "_TRIALS", tuple(trial for trial in doctor._TRIALS if trial.kind == "python"))
    monkeypatch.setattr(doctor, "probe", lambda tier: f"{tier} does not work; mend {tier}")
    assert cli.main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert text.count("switches off: verifying and judging") == 4
    assert "landlock does not work" in text
    assert "mend landlock" in text


@pytest.mark.ci
@pytest.mark.usefixtures("slurm")
def test_it_asks_slurm_where_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cluster that answers is a yes; commands without a cluster behind them are a no, as on a machine that has only the client."""
    (there,) = doctor._cluster()
    assert (there.works, there.mend) == (True, "")
    assert "is UP" in there.detail
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    (gone,) = doctor._cluster()
    assert (gone.works, gone.switched_off) == (False, "--executor slurm")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not list(doctor._cluster())
