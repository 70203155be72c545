"""Renamed programs are the programs that they were, to a compiler."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hpcraft.tokenizer.rename import rename, restore
from tests.tokenizer.generated_programs import c_programs

_HEADERS = sorted(Path("/usr/include").glob("*.h"))[:40]
_needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")


def _assembly(folder: Path, text: str) -> str | None:
    """What gcc makes of a C text, or None if it refuses it."""
    path = folder / "program.c"
    path.write_text(text)
    made = subprocess.run(["gcc", "-std=gnu11", "-O1", "-w", "-S", "-g0", "-o", "-", path], capture_output=True, text=True, check=False)
    return made.stdout if made.returncode == 0 else None


def _with_names(assembly: str, names: Mapping[str, str]) -> str:
    return re.sub(r"(?<![\w.$])\w+", lambda m: names.get(m.group(), m.group()), assembly)


@_needs_gcc
@given(source=c_programs(), seed=st.none() | st.integers(0, 9))
@settings(max_examples=30, deadline=None, suppress_health_check=(HealthCheck.function_scoped_fixture, HealthCheck.too_slow))
def test_generated_programs_keep_their_code(source: str, seed: int | None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The compiler makes the same code of a program and of its renamed form, but for the names."""
    folder = tmp_path_factory.getbasetemp()
    before = _assembly(folder, source)
    assume(before is not None)
    assert before is not None
    renamed = rename(source, "c", seed=seed)
    assert restore(renamed) == source
    after = _assembly(folder, renamed.text)
    assert after is not None, renamed.text
    assert _with_names(after, renamed.names) == before


@pytest.mark.skipif(not _HEADERS, reason="no headers of a system")
def test_headers_of_the_system_round_trip() -> None:
    """Real headers, in whatever encoding, come back byte for byte, and words that stay are never taken for canonical names."""
    for path in _HEADERS:
        source = path.read_bytes().decode("utf-8", "replace")
        for language in ("c", "cpp"):
            renamed = rename(source, language)
            assert restore(renamed) == source
            assert set(renamed.names) <= set(re.findall(r"\w+", renamed.text))
