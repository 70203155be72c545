"""Copies of other people's libraries inside a package: by the folder's name, by the file's name, by a project's name above a licence of its own.

Not covered: a copy under another name in a folder without a licence file; the near-duplicate step finds it where its original is mined too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import pairwise
from pathlib import PurePosixPath

from hpcraft.data.sources.wanted import is_licence_material

_FOLDER_WORDS = (
    "third_party third-party thirdparty thirdpartylibs 3rdparty 3rd-party 3rd_party vendor vendored external externals extern external_libraries "
    "externalpackages tpl_src auxiliarysoftware submodules bundled node_modules googletest googlemock catch2 doctest pybind11"
)
_FOLDERS = frozenset(_FOLDER_WORDS.split())
_GTEST = frozenset([("gtest", "gtest"), ("gtest", "include"), ("gtest", "src"), ("include", "gtest"), ("include", "gmock")])
"""Folders of GoogleTest's own tree; a package's own tests lie in a plain ``gtest`` as well."""
_FILE_WORDS = (
    "sqlite3.c sqlite3.h sqlite3ext.h catch.hpp catch_amalgamated.hpp catch_amalgamated.cpp doctest.h json.hpp stb_image.h stb_image_write.h "
    "miniz.c miniz.h gtest.h gtest-all.cc gmock-gtest-all.cc uthash.h cJSON.c cJSON.h tinyxml2.cpp tinyxml2.h pugixml.cpp pugixml.hpp "
    "nanoflann.hpp cxxopts.hpp CLI11.hpp argparse.hpp toml.hpp lodepng.cpp lodepng.h xxhash.c xxhash.h khash.h kseq.h"
)
_FILES = frozenset(_FILE_WORDS.split())
_PROJECT_WORDS = (
    "hwloc libevent openpmix pmix prrte ucx ucc libfabric json-c jsonc yaksa izem romio cpu_features lz4 zstd zlib bzip2 xz fmt spdlog eigen eigen3 boost "
    "blas lapack cblas lapacke clapack openblas metis parmetis scotch superlu suitesparse arpack fftw fftw3 hdf5 netcdf cgns libxc libint rapidjson "
    "tinyxml tinyxml2 yaml-cpp yaml libyaml jsoncpp nlohmann muparser tng_io clfft cudpp_mini cudpp poems qhull libpng libjpeg sqlite lua expat "
    "mpi4py cub thrust jitify umpire raja mdspan range-v3 cereal colvars voro++ tetgen triangle libsvm mongoose gklib libltdl treematch md_xs "
    "googlebenchmark vdt dlb tbb ittnotify kokkos-tools"
)
_PROJECTS = frozenset(_PROJECT_WORDS.split())
"""Projects whose copies lie in others; Kokkos isn't one, for Trilinos is its home as well."""
_HOMES = {"yaml": {"petsc"}, "romio": {"mpich"}, "poems": {"lammps"}, "lapacke": {"lapack"}, "cblas": {"lapack"}, "metis": {"parmetis"}}
"""Project to packages that are its home, or the only place where it lives on."""
_VERSION = re.compile(r"[-_.]?v?\d[\d._-]*$")


def by_name(path: str) -> str:
    """``vendored`` for a file whose own name or one of whose folders says so by itself, else empty."""
    parts = PurePosixPath(path).parts
    folders = [part.lower() for part in parts[:-1]]
    named = not _FOLDERS.isdisjoint(folders) or parts[-1] in _FILES
    return "vendored" if named or not _GTEST.isdisjoint(pairwise(folders)) else ""


class Vendored:
    """Which folders of one package are copies of another project.

    A folder is one when it bears a project's name, with or without a version, and holds a licence file of its own.
    """

    def __init__(self, paths: Iterable[str], package: str, others: Collection[str] = ()) -> None:
        """Look through a package.

        Args:
            paths: every path of the package, licence files included.
            package: its name; a package isn't vendored in itself.
            others: names of the other packages of the run, which are known projects too.
        """
        own = _project(package)
        known = (_PROJECTS | {_project(other) for other in others}) - {own}
        known -= {project for project, homes in _HOMES.items() if own in homes}
        self._folders = frozenset(
            str(folder)
            for path in paths
            if is_licence_material(path) and (folder := PurePosixPath(path).parent).name and _project(folder.name) in known
        )

    def reason(self, path: str) -> str:
        """``vendored`` for a file of a copy, else empty."""
        if by_name(path):
            return "vendored"
        return "vendored" if self._folders and any(str(folder) in self._folders for folder in PurePosixPath(path).parents) else ""


def _project(name: str) -> str:
    """A folder's or package's name without case and version."""
    low = name.lower()
    return low if low in _PROJECTS else _VERSION.sub("", low) or low
