"""Which files are mined, and what becomes of their names and times."""

from __future__ import annotations

import time
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data.sources.base import plausible_year, year_of
from hpcraft.data.sources.wanted import is_licence_material, is_wanted, safe_path


@given(st.one_of(st.text(), st.text(alphabet="ab.:/\\C\0\udc80", max_size=12)))
def test_a_safe_path_never_leaves_its_folder(name: str) -> None:
    """Whatever the name, the path is relative here and on Windows, climbs nowhere, can be written, and is its own safe path."""
    path = safe_path(name)
    if path is None:
        return
    assert not PurePosixPath(path).is_absolute()
    assert not PureWindowsPath(path).drive
    assert not set(PurePosixPath(path).parts) & {"..", "."}
    assert path.encode().decode() == path
    assert safe_path(path) == path


@given(st.text(alphabet="abc.C/", max_size=10))
def test_a_suffix_is_what_paths_have_for_one(path: str) -> None:
    """The quick look at a suffix agrees with pathlib's."""
    from hpcraft.data.sources.wanted import _suffix

    if PurePosixPath(path).name == path.rpartition("/")[2] != "":
        assert _suffix(path) == PurePosixPath(path).suffix


@pytest.mark.parametrize(
    ("path", "wanted", "licence"),
    [
        ("a.c", True, False),
        ("src/LICENSE.BSD-3", True, True),
        ("COPYING.LESSER", True, True),
        ("debian/copyright", True, True),
        ("PKG-INFO", True, True),
        ("toy.egg-info/PKG-INFO", False, False),
        ("license.c", True, False),
        ("LICENSE.png", False, False),
        (".c", False, False),
    ],
)
def test_code_and_licences_are_wanted(path: str, wanted: bool, licence: bool) -> None:
    """Code by its suffix, licences by their name, a package's metadata at the top alone."""
    assert (is_wanted(path), is_licence_material(path)) == (wanted, licence)


def test_a_year_that_cannot_be_is_none() -> None:
    """The epoch, the time before it, the future and what is no time at all."""
    now = time.gmtime().tm_year
    assert [plausible_year(year) for year in (0, 1969, 1970, now, now + 1)] == [0, 0, 1970, now, 0]
    assert [year_of(moment) for moment in (0.0, -1.0, 1e9, 1e18, float("inf"), float("nan"))] == [0, 0, 2001, 0, 0, 0]
