"""Renaming and restoring files: byte for byte, whatever the bytes, and one line for every mistake."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.cli import main
from hpcraft.errors import InputError
from hpcraft.tokenizer import names
from hpcraft.tokenizer.rename import Renamed, rename, restore

ODD = b'\xef\xbb\xbfint main(void) {\r\n int total = 1;\0 char *s = "\xff\xfe"; /* \xe9 */ return total;\r\n}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with odd source in it."""
    (tmp_path / "a.c").write_bytes(ODD)
    (tmp_path / "a.zig").write_bytes(ODD)
    return tmp_path


@pytest.mark.parametrize("flags", [[], ["--random", "--seed", "7"], ["--keep", "total"], ["--language", "cpp"]])
def test_a_file_comes_back(folder: Path, flags: list[str], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Byte order mark, NUL, CRLF and bytes that aren't UTF-8 survive renaming and restoring, through files and standard output."""
    renamed, stored = str(folder / "b.c"), str(folder / "names.json")
    assert main(["tokenizer", "rename", str(folder / "a.c"), "-o", renamed, "--names", stored, *flags]) == 0
    assert (Path(renamed).read_bytes() == ODD) is False
    assert (b"total" in Path(renamed).read_bytes()) is ("--keep" in flags)
    assert main(["tokenizer", "restore", renamed, "--names", stored, "-o", str(folder / "c.c")]) == 0
    assert (folder / "c.c").read_bytes() == ODD
    capsysbinary.readouterr()
    assert main(["tokenizer", "rename", str(folder / "a.c"), *flags]) == 0
    assert capsysbinary.readouterr().out == Path(renamed).read_bytes()
    assert main(["tokenizer", "restore", renamed, "--names", stored]) == 0
    assert capsysbinary.readouterr().out == ODD


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_text_and_back(data: bytes) -> None:
    """Decoding loses nothing, and neither does the file of names."""
    text = names.decode(data)
    assert names.encode(text) == data
    record = Renamed(text=text, names={"v0": "x"}, language="fortran", form="fixed", spellings=((1, "Xy"),), patches=((5, 2, text),))
    stored = json.loads(json.dumps(names.to_json(record, data)))
    assert stored["schema"] == "hpcraft.names/1"
    assert names.renamed_with(text, names.from_json(stored, "here")) == record


def test_the_file_of_names_restores(tmp_path: Path) -> None:
    """What is written and read again restores the text."""
    source = "double total(int n) { return n; }\n"
    renamed = rename(source, "c")
    names.write(tmp_path / "n.json", renamed, source.encode())
    assert restore(names.renamed_with(renamed.text, names.read(tmp_path / "n.json"))) == source


def test_an_edited_text_is_restored_with_a_note(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names go back into what a model or a person changed, and a note says that it isn't the original."""
    assert main(["tokenizer", "rename", str(folder / "a.c"), "-o", str(folder / "b.c"), "--names", str(folder / "n.json")]) == 0
    (folder / "b.c").write_text("int v0;\n")
    assert main(["tokenizer", "restore", str(folder / "b.c"), "--names", str(folder / "n.json"), "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"is_original": False, "text": "int total;\n"}
    assert "was edited since it was renamed" in shown.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["rename", "a.zig"], 3, "names no language; give --language, one of c, cpp, cuda, fortran"),
        (["rename", "none.c"], 3, "none.c: no such file"),
        (["rename", "."], 3, "a folder; give a file"),
        (["rename", "a.c", "--form", "fixed"], 2, "only Fortran has forms, and a.c is c"),
        (["rename", "a.c", "--language", "ada"], 2, "language 'ada': expected one of"),
        (["rename", "a.c", "--form", "odd"], 2, "form 'odd': expected one of free, fixed, wide"),
        (["rename", "a.c", "--names", "a.c"], 2, "give the names a file of their own"),
        (["restore", "a.c", "--names", "a.c"], 3, "not JSON"),
        (["restore", "a.c", "--names", "none.json"], 3, "hpcraft: none.json: no such file\n"),
        (["inspect", "."], 3, "a folder; give a file"),
        (["restore", "a.c", "--names", "bad.json"], 3, "schema 'x/1'"),
        (["restore", "a.c", "--names", "ada.json"], 3, "language 'ada'"),
        (["restore", "a.c", "--names", "rows.json"], 3, "patches: expected rows of int, int, str"),
        (["restore", "long.f", "--names", "patch.json"], 3, "patch.json: patch at byte 5000 doesn't fit the text; give the names"),
        (["restore", "long.f", "--names", "spelling.json"], 3, "spelling.json: spelling of name 0 doesn't fit the text"),
        (["restore", "long.f", "--names", "number.json"], 3, "number.json: -1 among patches and spellings: expected numbers up to"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], code: int, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says what was given, what is allowed, and what to do."""
    monkeypatch.chdir(folder)
    (folder / "bad.json").write_text('{"schema": "x/1"}')
    (folder / "ada.json").write_text('{"schema": "hpcraft.names/1", "language": "ada", "form": "", "names": {}}')
    (folder / "rows.json").write_text(
        '{"schema": "hpcraft.names/1", "language": "fortran", "form": "free", "names": {}, "patches": [[1, "x"]]}'
    )
    (folder / "long.f").write_text("      v0 = 1\n      end\n")
    for name, rows in (
        ("patch", {"patches": [[5000, 2, ""]]}),
        ("spelling", {"spellings": [[0, "y"]]}),
        ("number", {"spellings": [[-1, "X"]]}),
    ):
        stored = {"schema": "hpcraft.names/1", "language": "fortran", "form": "fixed", "names": {"v0": "x"}, **rows}
        (folder / f"{name}.json").write_text(json.dumps(stored))
    assert main(["tokenizer", *words]) == code
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1
    assert (folder / "a.c").read_bytes() == ODD


_LONG = "      SUBROUTINE S(AN, BN, CN)\n" + "      CALL  G(" + "AN,bn," * 9 + "CN)\n      CALL H(an,BN)\n      END\n"
_BROKEN = replace(rename(_LONG, "fortran", form="fixed", seed=3), language="fortran")


@settings(max_examples=100, deadline=None)
@given(
    patches=st.lists(st.tuples(st.integers(-5, 400), st.integers(-5, 40), st.sampled_from(["", "x"])), max_size=2),
    spellings=st.lists(st.tuples(st.integers(-5, 40), st.sampled_from(["an", "AN", "bn", "q"])), max_size=2),
)
def test_numbers_of_another_text_are_refused(patches: list[tuple[int, int, str]], spellings: list[tuple[int, str]]) -> None:
    """Patches and spellings either fit the text, so that it differs from the original by blanks, breaks and cases alone, or are an error."""
    refused = text = ""
    try:
        text = restore(replace(_BROKEN, patches=tuple(patches), spellings=tuple(spellings)))
    except InputError as error:
        refused = str(error)
    same = re.sub(r"[\s&x]", "", text).lower() == re.sub(r"[\s&x]", "", _LONG).lower()
    assert same or (refused and "\n" not in refused)
    assert restore(_BROKEN) == _LONG
