"""Vendored copies: told by names, and by a known project with a licence of its own."""

from __future__ import annotations

import pytest

from hpcraft.data.vendored import Vendored, by_name

_PATHS = [
    "COPYING",
    "src/main.c",
    "modules/hwloc/COPYING",
    "modules/hwloc/src/topology.c",
    "opal/mca/hwloc/hwloc_base.c",
    "opal/event/libevent2022/libevent/LICENSE",
    "opal/event/libevent2022/libevent/event.c",
    "metis-5.1.0/LICENSE.txt",
    "metis-5.1.0/GKlib/x.c",
    "src/solver/LICENSE",
    "src/solver/cg.c",
    "lib/sundials/LICENSE",
    "lib/sundials/cvode.c",
]


@pytest.mark.parametrize(
    "path",
    [
        "third_party/a.c",
        "src/External/zlib/a.c",
        "common/gtest/gtest/a.cc",
        "include/gtest/gtest-printers.h",
        "lib/sqlite3.c",
        "include/catch.hpp",
    ],
)
def test_names_that_say_so(path):
    """Folders for other people's code and well-known single files are copies anywhere."""
    assert by_name(path) == "vendored"


@pytest.mark.parametrize(
    "path", ["src/a.c", "src/impl/tpls/spec.hpp", "test/gtest/ucp/test_tag.cc", "externality/a.c", "src/json.cpp", "external.c"]
)
def test_names_that_only_look_like_it(path):
    """A name that merely contains such a word isn't one."""
    assert by_name(path) == ""


def test_a_project_with_its_own_licence_is_a_copy():
    """A known name above a licence file is a copy; the same name without one may be the package's own glue code."""
    package = Vendored(_PATHS, "mpich")
    copies = {path for path in _PATHS if package.reason(path)}
    assert copies == {p for p in _PATHS if p.startswith(("modules/hwloc/", "opal/event/libevent2022/libevent/", "metis-5.1.0/"))}


def test_the_packages_of_the_run_are_known_projects():
    """A package that is mined itself is known in the others, and never vendored in itself."""
    assert Vendored(_PATHS, "mpich", ["sundials"]).reason("lib/sundials/cvode.c") == "vendored"
    assert Vendored(_PATHS, "sundials", ["mpich"]).reason("lib/sundials/cvode.c") == ""
    assert Vendored(["hwloc/COPYING"], "hwloc").reason("hwloc/a.c") == ""
    assert Vendored([], "empty").reason("a.c") == ""
