"""`hpcraft sandbox run` and `hpcraft sandbox check` as a person types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft import cli
from hpcraft.sandbox import check
from hpcraft.sandbox.outcome import TIERS
from hpcraft.sandbox.promises import MENDS, Promise

Need = Callable[..., None]


@pytest.mark.usefixtures("isolation")
def test_run_prints_the_object_of_the_design(tmp_path: Path, capsys: pytest.CaptureFixture[str], need: Need) -> None:
    """All fields of the contract are there, and the exit code is 0 though the program failed."""
    need("bwrap", "gcc")
    (tmp_path / "a.c").write_text('#include "b.h"\nint main(int n, char **v) { return n + B; }\n')
    (tmp_path / "b.h").write_text("#define B 3\n")
    assert cli.main(["sandbox", "run", str(tmp_path / "a.c"), str(tmp_path / "b.h"), "--args", "one 'two three'", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["verdict"], result["exit_code"]) == ("runtime_error", 6)
    shared = {"verdict", "exit_code", "signal", "wall_seconds", "cpu_seconds", "peak_memory_bytes", "stdout", "stderr", "truncated"}
    assert shared | {"compile", "isolation", "cuda_level"} <= set(result)
    assert shared | {"command", "compiler"} <= set(result["compile"])
    assert {"tier", "rests_on", "limits"} == set(result["isolation"])


@pytest.mark.usefixtures("isolation")
def test_run_shows_control_characters_harmlessly(tmp_path: Path, capsys: pytest.CaptureFixture[str], need: Need) -> None:
    """A program can't send codes to the terminal of the person who judges it."""
    need("bwrap")
    (tmp_path / "a.py").write_text("print('\\x1b]0;title\\x07')")
    assert cli.main(["sandbox", "run", str(tmp_path / "a.py")]) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "\\x1b]0;title\\x07" in text


def test_run_refuses_what_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file is bad input, two files of one name are a usage error; one line each."""
    assert cli.main(["sandbox", "run", str(tmp_path / "no.c")]) == 3
    (tmp_path / "sub").mkdir()
    for folder in (tmp_path, tmp_path / "sub"):
        (folder / "a.c").touch()
    assert cli.main(["sandbox", "run", str(tmp_path / "a.c"), str(tmp_path / "sub/a.c")]) == 2
    assert cli.main(["sandbox", "run", str(tmp_path / "a.c"), "--args", "'open"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3


@pytest.mark.usefixtures("isolation")
def test_check_exits_4_when_a_promise_is_broken(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], need: Need) -> None:
    """The broken promise is named in the table and in the error."""
    need("bwrap")
    sound = Promise(name="sound", tiers=TIERS, attempt=lambda _scene: "", rests_on="view")
    leaky = Promise(name="leaky", tiers=TIERS, attempt=lambda _scene: "it leaks", rests_on="groups")
    monkeypatch.setattr(check, "PROMISES", (sound, leaky))
    assert cli.main(["sandbox", "check"]) == 4
    printed = capsys.readouterr()
    assert "it leaks" in printed.out
    assert "leaky" in printed.err
    assert MENDS["groups"] in printed.err


@pytest.mark.usefixtures("isolation")
def test_words_may_begin_with_a_dash(tmp_path: Path, capsys: pytest.CaptureFixture[str], need: Need) -> None:
    """Compiler flags and arguments are given as one writes them."""
    need("gcc")
    (tmp_path / "a.c").write_text("int main(int n, char **v) { return v[1][1] - 'n' + N; }")
    assert cli.main(["sandbox", "run", str(tmp_path / "a.c"), "--flags", "-DN=7", "--args", "-n", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["exit_code"] == 7
