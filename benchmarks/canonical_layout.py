"""The canonical layout and the compiler: the same code before and after, on the files of a folder that compile alone.

    .venv/bin/python benchmarks/canonical_layout.py FOLDER [--suffixes .c,.f,.f90,.cpp,.cu] [--limit 200] [--comments] [--show 10]

A file counts when its compiler (`gcc`, `g++`, `gfortran`, `nvcc -ptx`) takes it as found, with its own folder for headers. Its canonical layout
is compiled in the same folder under the same name, and the assembly compared without file names and line numbers; assertions, which
hold the source as a string, are switched off, and
`__LINE__` is 0. The layout must also be its own layout. Nothing is linked or run.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections import Counter
from pathlib import Path

from fixed_form import comparable, unordered
from package_layout import compile_only

from hpcraft.errors import InputError
from hpcraft.tokenizer.languages import SUFFIXES, Source, source_of
from hpcraft.tokenizer.layout import canonical

_COMPILERS = {
    "c": ["gcc", "-std=gnu17"],
    "cpp": ["g++", "-std=gnu++20"],
    "cuda": ["nvcc", "-ptx", "-arch=sm_80"],
    "fortran": ["gfortran", "-std=legacy", "-fallow-argument-mismatch", "-ffree-line-length-none"],
}
_OFFLOADED = re.compile(r"\t\.section\t\.gnu\.offload_lto.*?(?=\t\.(?:section\t(?!\.gnu\.offload_lto)|text|data|bss|ident)|\Z)", re.DOTALL)
"""Bytecode for an accelerator, which is compressed and holds line numbers; what the host does instead is compared."""
_PTX_NOISE = re.compile(r"\s*(?://|\.file|\.loc)")


def assembly(path: Path, text: str, source: Source, fixed: bool) -> list[str] | None:
    """What the compiler makes of a text in the place of a file; None where it takes it not."""
    with tempfile.TemporaryDirectory() as folder:
        # The same name in another folder, which is searched for headers last.
        unit = Path(folder) / f"unit{path.suffix}"
        unit.write_bytes(text.encode("latin-1"))
        command = [*_COMPILERS[source.language], "-w", "-O0", "-DNDEBUG", f"-I{path.parent}", "-o", "-", unit.name]
        if source.language == "fortran":
            command[1:1] = [f"-f{'fixed' if fixed else 'free'}-form", "-cpp" if path.suffix.isupper() else "-nocpp", "-fopenmp"]
        elif source.language != "cuda":
            command[1:1] = ["-fopenmp", "-D__LINE__=0"]
        if source.language == "cuda":
            command[command.index("-w") : command.index("-w") + 2] = ["-w", "-O3"]
        else:
            command[1:1] = ["-S", "-g0"]
        done = compile_only(command, Path(folder))
    if not done.ok:
        return None
    if source.language == "cuda":
        return [line for line in done.out.split("\n") if not _PTX_NOISE.match(line)]
    return comparable(_OFFLOADED.sub("", done.out))


def compare(path: Path, comments: bool, counts: Counter[str]) -> str:
    """Compare one file; says what is wrong with it."""
    text = path.read_bytes().decode("latin-1")
    source = source_of(path, text)
    form, fixed = source.form, source.form in ("fixed", "wide")
    begin = time.perf_counter()
    laid = canonical(text, source.language, form=form, comments=comments)
    counts["nanoseconds"] += int(1e9 * (time.perf_counter() - begin))
    counts["bytes"] += len(text)
    counts["bytes laid out"] += len(laid)
    counts["files"] += 1
    if canonical(laid, source.language, form=form, comments=comments) != laid:
        counts["OTHER LAYOUT WHEN LAID OUT AGAIN"] += 1
        return "laid out again, it changes"
    if (before := assembly(path, text, source, fixed)) is None:
        return ""
    counts["compile as found"] += 1
    after = assembly(path, laid, source, fixed)
    if after is None:
        counts["DON'T COMPILE"] += 1
        return "doesn't compile"
    if after == before:
        counts["the same code"] += 1
        return ""
    if unordered(after) == unordered(before):
        counts["the same instructions in another order"] += 1
        return ""
    counts["OTHER CODE"] += 1
    return "other code"


def main() -> None:
    """Compare, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--suffixes", default="", help="with commas between them; all by default")
    parser.add_argument("--limit", type=int, default=200, help="files, by chance")
    parser.add_argument("--comments", action="store_true", help="keep them")
    parser.add_argument("--show", type=int, default=10)
    args = parser.parse_args()
    wanted = set(filter(None, args.suffixes.split(","))) or set(SUFFIXES)
    files = sorted(path for path in args.folder.rglob("*") if path.suffix in wanted and path.is_file())
    random.Random(0).shuffle(files)
    counts: Counter[str] = Counter()
    shown: list[str] = []
    for path in files[: args.limit]:
        try:
            if wrong := compare(path, args.comments, counts):
                shown.append(f"{path}: {wrong}")
        except InputError:
            counts["suffix names no language"] += 1
    seconds = counts.pop("nanoseconds") / 1e9
    print(f"{counts['bytes'] / 1e6 / max(seconds, 1e-9):.2f} MB/s in one process")
    for kind, count in counts.items():
        print(f"{kind}: {count}")
    print("\n".join(shown[: args.show]))


if __name__ == "__main__":
    main()
