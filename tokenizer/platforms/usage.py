"""Counts how real programs use the platforms' words: which of them they declare as variables, and which MPI names are common.

``python -m hpcraft.tokenizer.platforms.usage [PACKAGE ..]`` reads the source archives of Debian packages in the cache of ``hpcraft mine``
(``~/.cache/hpcraft/debian``), writes ``ordinary.txt``, and prints
the most used names of MPI, from which `vocabulary.MPI_COMMON` comes.

Counted are files, not uses, so that one large table doesn't decide. A word is ordinary when at least `MIN_FILES` files of at least
two packages declare a variable or a parameter of that name. Of macros, programs' own are `OWN_MACROS`; others that programs define, such
as ``M_PI``, stand in for the library's.

Not covered: what names mean; a file of a library that declares the library's own function is counted like a program's.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tarfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from hpcraft.tokenizer.platforms.collect import FOLDER, written
from hpcraft.tokenizer.vocabulary import owned


def _words(text: str) -> list[str]:
    return text.split()


PACKAGES = _words(
    "petsc hypre lammps gromacs mumps sundials suitesparse hdf5 scotch metis elpa p4est espresso nwchem trilinos zfp openblas fftw3 libxc"
)
MIN_FILES = 20
SHARE = 2
"""One file in so many is read."""
OWN_MACROS = {"MIN", "MAX", "CTRL", "MAGIC", "LEN"}

_C = (".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".cu", ".cuh", ".hip")
_FORTRAN = (".f", ".f90", ".F", ".F90", ".f03", ".F03")
_LARGEST = 1_000_000
_NO_CODE = re.compile(
    r"^[ \t]*#(?:[^\n\\]|\\.)*|\btypedef\b[^;]*;|//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL | re.MULTILINE
)
_NOT_A_TYPE = _words("""
return case goto else delete throw new sizeof not and or defined const volatile struct union enum class typename typedef extern
static inline restrict using namespace public private protected
""")
_VARIABLE = re.compile(r"\b([A-Za-z_]\w*)[ \t]+[*&]*[ \t]*([A-Za-z_]\w*)[ \t]*(?=[;,=)\[])")
_MPI = re.compile(
    r"MPI_(?:COMM_\w+|ANY_\w+|STATUSES?_\w+|\w+_NULL|SUCCESS|SUM|MAX|MIN|PROD|L?B?(?:AND|OR|XOR)|MAXLOC|MINLOC|IN_PLACE|BYTE|CHAR|SHORT|INT|LONG|UNSIGNED|FLOAT|DOUBLE|REAL|INTEGER"
    r"|LOGICAL|CHARACTER|COMPLEX|DOUBLE_\w+|LONG_\w+|UNSIGNED_\w+|U?INT\d+_T|[A-Z]+[48]|MODE_\w+|INFO_NULL|THREAD_\w+|MAX_\w+|TAG|SOURCE|ERROR|TAG_UB|UNDEFINED|PACKED|VERSION"
    r"|Comm|Status|Request|Datatype|Op|Group|File|Win|Info|Aint|Offset|Fint|Errhandler|Count|Message|OFFSET_KIND|ADDRESS_KIND|STATUS_SIZE|BOTTOM|[A-Z]+_INT)"
)
_MPI = re.compile(r"\bMPI_\w+", re.IGNORECASE)


def sources(package: Path) -> Iterator[tuple[str, str]]:
    """Names and texts of a package's program files, a fixed share of them."""
    for archive in sorted(package.glob("*.orig*.tar.*")):
        with tarfile.open(archive) as members:
            for member in members:
                wanted = member.isfile() and member.name.endswith(_C + _FORTRAN) and member.size <= _LARGEST
                if not wanted or zlib.crc32(member.name.encode()) % SHARE:
                    continue
                content = members.extractfile(member)
                if content:
                    yield member.name, content.read().decode("utf-8", "replace")


def declared_words(text: str) -> set[str]:
    """The variables and parameters that a C or C++ text declares, roughly."""
    return {word for before, word in _VARIABLE.findall(_NO_CODE.sub(" ", text)) if before not in _NOT_A_TYPE}


def count(packages: Iterable[Path]) -> tuple[Counter[str], dict[str, set[str]], Counter[str]]:
    """Files that declare each word, the packages these are of, and files that name each name of MPI, as C spells it."""
    declared: Counter[str] = Counter()
    within: dict[str, set[str]] = defaultdict(set)
    mpi: Counter[str] = Counter()
    spelt: dict[str, Counter[str]] = defaultdict(Counter)
    for package in packages:
        for name, text in sources(package):
            mpi.update({word.upper() for word in _MPI.findall(text)})
            if name.endswith(_C):
                for word in set(_MPI.findall(text)):
                    spelt[word.upper()][word] += 1
                words = declared_words(text)
                declared.update(words)
                for word in words:
                    within[word].add(package.name)
        print(f"{package.name}: read", file=sys.stderr)
    return declared, within, Counter({spelt[word].most_common(1)[0][0]: files for word, files in mpi.items() if word in spelt})


def main(arguments: list[str] | None = None) -> int:
    """Write ``ordinary.txt`` and print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", default=PACKAGES)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "hpcraft", "debian")
    declared, within, mpi = count(cache / name for name in parser.parse_args(arguments).packages)
    library = owned("cuda", "functions") | owned("cuda", "types") | owned("cuda", "values")
    ordinary = {
        word
        for word in library
        if not word.isupper() and not word.startswith("M_") and declared[word] >= MIN_FILES and len(within[word]) > 1
    }
    for word in sorted(ordinary, key=lambda word: -declared[word]):
        print(declared[word], len(within[word]), word)
    for word, files in mpi.most_common(240):
        print(files, word)
    (FOLDER / "ordinary.txt").write_text(
        written(ordinary | OWN_MACROS & library | {word for word in library if len(word) == 1}), encoding="utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
