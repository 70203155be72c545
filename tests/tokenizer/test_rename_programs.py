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


def _assembly(folder: Path, text: str, *flags: str) -> str | None:
    """What gcc makes of a C text, or None if it refuses it."""
    path = folder / "program.c"
    path.write_text(text)
    made = subprocess.run(
        ["gcc", *flags, "-std=gnu11", "-O1", "-w", "-S", "-g0", "-o", "-", path], capture_output=True, text=True, check=False
    )
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


_BRACES = {
    "body": "int b = 3;\nint f(int a) BEGIN int b = a; return b; END\nint h(int a) { return a + b; }\nint k(int b) { return b; }\n",
    "body, one brace bare": "int f(int a) BEGIN int b = a; return b; }\nint b = 3;\nint h(int a) { return a + b; }\n",
    "block": "int b = 3;\nint f(int a) { if (a) BEGIN int b = 7; a += b; END\n return a + b; }\nint h(int a) { return a + b; }\n",
    "loop": "int i;\nint f(int n) { int s = 0; for (int i = 0; i < n; i++) BEGIN int k = i; s += k; END int k = 5; return s + i + k; }\n",
    "K&R": "int b = 3;\nint f(a) int a; BEGIN int b = a; return b; END\nint h(int a) { return a + b; }\n",
    "pointers": "int x, t;\nint f(int a) BEGIN int x = a, *t = &x; { int t = 2; x += t; } return x + *t; END\nint g(int a) { return a + x + t; }\n",
}


@_needs_gcc
@pytest.mark.parametrize("case", _BRACES)
@pytest.mark.parametrize(
    "macros",
    ["#define BEGIN {\n#define END }\n", "#define OPEN {\n#define BEGIN OPEN\n#define END ; }\n", '#include "braces.h"\n'],
    ids=["exact", "more than braces", "in a header"],
)
def test_braces_behind_macros_keep_their_scopes(case: str, macros: str, tmp_path: Path) -> None:
    """A block that a macro opens or closes is a block, or else names are told by their spelling alone."""
    (tmp_path / "braces.h").write_text("#define BEGIN {\n#define END }\n")
    source = macros + _BRACES[case]
    before = _assembly(tmp_path, source)
    renamed = rename(source, "c")
    assert restore(renamed) == source
    after = _assembly(tmp_path, renamed.text)
    assert before is not None
    assert after is not None, renamed.text
    assert _with_names(after, renamed.names) == before


def test_macros_for_braces_cost_no_scope() -> None:
    """Where the text says that a macro is a brace, each function still has names of its own; so has one between braces of `extern "C"`."""
    source = "#define BEGIN {\n#define END }\nint f(int a) BEGIN return a; END\nint g(int a) { return a; }\n"
    assert rename(source, "c").text.splitlines()[2:] == ["int f0(int v0) d0 return v0; d1", "int f1(int v1) { return v1; }"]
    source = '#ifdef C\n#define BEGIN extern "C" {\n#define END }\n#else\n#define BEGIN\n#define END\n#endif\nBEGIN int f(int a); int g(int a); END\n'
    assert rename(source, "cpp").text.splitlines()[-1] == "d0 int f0(int v0); int f1(int v1); d1"


_COMMAND_LINE = """#include <stdlib.h>
#ifndef N
#define N 10
#endif
#if defined(USE_FLOAT) || LEVEL > 1
static float table[N];
#endif
REAL sum(REAL *x, int count) { REAL s = 0; for (int i = 0; i < count; i++) s += x[i] * SCALE; return s + N; }
int level(int count) { int USE = 3; return LEVEL > 1 ? abs(count) : USE; }
"""


@_needs_gcc
@pytest.mark.parametrize("flags", [(), ("-DN=3", "-DUSE_FLOAT", "-DLEVEL=2"), ("-DLEVEL=7",)])
def test_macros_of_the_command_line_do_what_they_did(flags: tuple[str, ...], tmp_path: Path) -> None:
    """A macro that the text leaves to the compiler's options, or lets them change, has its name in the renamed text too."""
    flags = ("-DREAL=double", "-DSCALE=2", *(flags or ("-DLEVEL=0",)))
    before = _assembly(tmp_path, _COMMAND_LINE, *flags)
    renamed = rename(_COMMAND_LINE, "c")
    after = _assembly(tmp_path, renamed.text, *flags)
    assert before is not None
    assert after is not None, renamed.text
    assert _with_names(after, renamed.names) == before
    assert {"sum", "count", "USE", "table"} <= set(renamed.names.values())


@pytest.mark.skipif(not _HEADERS, reason="no headers of a system")
def test_headers_of_the_system_round_trip() -> None:
    """Real headers, in whatever encoding, come back byte for byte, and words that stay are never taken for canonical names."""
    for path in _HEADERS:
        source = path.read_bytes().decode("utf-8", "replace")
        for language in ("c", "cpp"):
            renamed = rename(source, language)
            assert restore(renamed) == source
            assert set(renamed.names) <= set(re.findall(r"\w+", renamed.text))
