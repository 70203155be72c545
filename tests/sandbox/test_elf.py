"""Symbols read from objects: the same as nm's, and no damage does any."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.errors import InputError
from hpcraft.sandbox.elf import symbols

_C = b"""#include <stdio.h>
#include <math.h>
extern int maybe __attribute__((weak));
static int own(void) { return 1; }
int common;
__attribute__((weak)) int weak(void) { return 1; }
void *pick(void) { return weak; }
int chosen(void) __attribute__((ifunc("pick")));
double f(double x) { double s = own() + common;
#pragma omp parallel for reduction(+ : s)
for (int i = 0; i < 9; i++) s += sin(x + i);
printf("%f", s); return s + (&maybe ? maybe : 0); }
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An object of our own."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("objects")
    (folder / "a.c").write_bytes(_C)
    subprocess.run([compiler, "-fopenmp", "-g", "-c", "a.c"], cwd=folder, check=True)
    return (folder / "a.o").read_bytes()


def test_as_nm_has_it(made: bytes, tmp_path: Path, need: Callable[..., None]) -> None:
    """Undefined and weak names, no others."""
    need("nm")
    (tmp_path / "a.o").write_bytes(made)
    listed = subprocess.run(["nm", "-u", "-P", "a.o"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    names = {line.split()[0].partition("@")[0] for line in listed.splitlines()}
    assert {"GOMP_parallel", "sin", "maybe"} <= names
    assert symbols(made).undefined == names


def test_definitions_as_nm_has_them(made: bytes, tmp_path: Path, need: Callable[..., None]) -> None:
    """What others can use, but for what is the file's own."""
    need("nm")
    (tmp_path / "a.o").write_bytes(made)
    listed = subprocess.run(["nm", "-g", "--defined-only", "-P", "a.o"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert set(symbols(made).defined) == {line.split()[0] for line in listed.splitlines()} == {"f", "common", "weak", "chosen", "pick"}
    assert dict(symbols(made).defined) | {"pick": "T"} == {"f": "T", "common": "T", "weak": "W", "chosen": "i", "pick": "T"}


@pytest.mark.parametrize("byte", [40, 47])
def test_sections_that_begin_nowhere_are_told(made: bytes, byte: int) -> None:
    """Behind the end of the object, and so far behind that no index holds it."""
    damaged = made[:byte] + b"\x80" + made[byte + 1 :] if byte == 47 else made[:byte] + b"\xff\xff\xff" + made[byte + 3 :]
    with pytest.raises(InputError, match="a damaged object"):
        symbols(damaged)


@given(st.data())
def test_damage_is_told_or_harmless(made: bytes, data: st.DataObject) -> None:
    """An object that was cut or changed anywhere gives names or one error, never another exception."""
    damaged = bytearray(made[: data.draw(st.integers(0, len(made)))])
    for _ in range(data.draw(st.integers(0, 8))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert all(isinstance(name, str) for name in symbols(bytes(damaged)).undefined)
    except InputError as error:
        assert "object" in str(error)  # noqa: PT017 - most damage is an error, some does no harm
