"""Looking at a finished data folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.data.inspect import describe, render
from hpcraft.data.mine import STAGE, MineConfig
from hpcraft.data.prepare import STAGE as PREPARE
from hpcraft.data.prepare import PrepareConfig
from hpcraft.errors import InputError
from hpcraft.stages import execute


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A small prepared folder with rejected rows kept."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.c").write_text("// SPDX-License-Identifier: MIT\nint add(int a, int b)\n{\n    return a + b;\n}\n")
    (tmp_path / "lib" / "b.c").write_text("int sub(int a, int b)\n{\n    return a - b;\n}\n")
    execute(STAGE, MineConfig(sources=(f"path:{tmp_path / 'lib'}",), cache=str(tmp_path / "cache")), {}, tmp_path / "files")
    execute(PREPARE, PrepareConfig(keep_rejected=True), {"files": tmp_path / "files"}, tmp_path / "corpus")
    return tmp_path / "corpus"


def test_counts_and_rejections_are_shown_with_examples(corpus: Path) -> None:
    """Both the words and the JSON say what was kept and what was rejected, with a path."""
    value = describe(corpus)
    assert value["metrics"]["by_licence"]["MIT"]["files"] == 1
    assert value["rejections"] == {"no-licence": 1}
    assert value["rejected_examples"] == {"no-licence": ["lib/b.c"]}
    text = render(value)
    assert "no-licence" in text
    assert "lib/b.c" in text
    assert "MIT" in text


def test_the_command_prints_json(corpus: Path, hpcraft: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """``--json`` is one object on stdout."""
    done = hpcraft("inspect", corpus, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == {"corpus": 1, "functions": 1, "loops": 0, "programs": 0, "kernels": 0}


def test_an_unfinished_folder_is_named(tmp_path: Path) -> None:
    """A folder without a manifest is bad input."""
    with pytest.raises(InputError, match="not a finished stage folder"):
        describe(tmp_path)
