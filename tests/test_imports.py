"""Imports go one way: records, errors, store <- sandbox, tokenizer <- data <- train, eval <- cli.

``hpcraft.inference`` and ``hpcraft.decoding``, which train and eval share, stand between data and the two.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOMS = ("data", "tokenizer", "train", "sandbox", "eval")
ALLOWED = {
    "sandbox": {"sandbox"},
    "tokenizer": {"tokenizer"},
    "data": {"data", "sandbox", "tokenizer"},
    "train": {"train", "data", "decoding", "inference", "sandbox", "tokenizer"},
    "eval": {"eval", "data", "decoding", "inference", "sandbox", "tokenizer"},
}
FOR_EVERYBODY = {
    "__version__",
    "command",
    "errors",
    "executor",
    "intervals",
    "parse",
    "processes",
    "progress",
    "recipe",
    "records",
    "samples",
    "shards",
    "stages",
    "store",
    "verification",
}
"""The parts of the spine that a room may use; the rest (cli, run, doctor) uses the rooms."""

BASE = ("errors", "records", "samples", "verification")


def files_of(folder: Path) -> list[Path]:
    """All Python files below a folder."""
    return sorted(folder.rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, also inside functions; ``from hpcraft import x`` gives ``hpcraft.x``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield from (f"hpcraft.{alias.name}" for alias in node.names) if module == "hpcraft" else (module,)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_stands_before_it(room: str, root: Path) -> None:
    """No room imports the command line, recipes or a room after it; train and eval don't know each other."""
    wrong = []
    for path in files_of(root / room):
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] == "hpcraft" and parts[1] not in ALLOWED[room] | FOR_EVERYBODY:
                wrong.append(f"{path.relative_to(root)} imports {name}")
    assert not wrong


@pytest.mark.ci
def test_nobody_imports_a_room_by_its_bare_name(root: Path) -> None:
    """``import data`` would take whatever package of that name is installed; it is always ``hpcraft.data``."""
    wrong = [
        f"{path.relative_to(root)} imports {name}"
        for folder in (*ROOMS, "hpcraft", "tests", "benchmarks")
        for path in files_of(root / folder)
        for name in imports_of(path)
        if name.split(".")[0] in ROOMS
    ]
    assert not wrong


def test_the_spine_knows_no_room(root: Path) -> None:
    """Errors and the records import the standard library alone; nothing imports the command line but ``__main__``."""
    for path in (root / "hpcraft").glob("*.py"):
        names = {name for name in imports_of(path) if name.startswith("hpcraft.")}
        if path.stem in BASE:
            assert not names, path
        if path.stem not in ("__main__", "cli"):
            assert "hpcraft.cli" not in names, path
        rooms = {name.split(".")[1] for name in names} & set(ROOMS)
        if path.stem in FOR_EVERYBODY:
            assert not rooms, path
        if path.stem == "inference":
            assert rooms <= {"tokenizer", "data"}


def test_links_lead_to_the_rooms(root: Path) -> None:
    """The package holds a relative link to each room at the top level."""
    for room in ROOMS:
        link = root / "hpcraft" / room
        assert link.is_symlink()
        assert link.readlink() == Path("..") / room
        assert (link / "__init__.py").is_file()
