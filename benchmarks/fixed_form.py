"""Fixed-form Fortran and its conversion: the same code from the compiler, on the files of a mined folder that compile alone.

    .venv/bin/python benchmarks/fixed_form.py MINED [--packages lapack,mumps] [--limit 300] [--openmp] [--show 10]

Each package is laid out twice, as found and with all fixed-form sources and include files converted, so that `include` finds files
of the right form. A file counts when `gfortran -S -ffixed-form -std=legacy` takes it as found; then the converted file is compiled
with `-ffree-form`, and the assembly is compared, without names of files and numbers of lines (which input and output keep for
their messages). With `--openmp` directives are compiled too. Nothing is linked or run.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections import Counter
from pathlib import Path

from package_layout import compile_only, lay_out, mpi_options, packages

from hpcraft.data.clean import decode
from hpcraft.data.fortran_form import to_free
from hpcraft.data.languages import form_of, promise
from hpcraft.records import SourceFile
from hpcraft.tokenizer.fortran_form import looks_fixed

_NAME = "unit"
_STORED = re.compile(r"\tmov[lq]\t\$(\d+), (.*)")
_LABEL = re.compile(r"(\.LC\d+):")
_USED = re.compile(r"\.LC\d+\b")
_STRING = re.compile(r"\t\.(?:string|ascii)\t\"(.*)\"$")
_IN_MESSAGE = re.compile(r"At line \d+ of file|In file '.*', around line \d+")
_FORMAT_BLANKS = re.compile(r"('[^']*'|\\\"[^\"]*\\\")|(?: |\\t)+")
_DROPPED = re.compile(r"\t\.(?:file|ident|loc|section|align|text|data)\b")


def convert(rows: list[SourceFile], root: Path) -> None:
    """Turn every fixed-form file below a folder into free form."""
    for row in rows:
        text = decode(row.content).text
        if form_of(row.path, text) == "fixed":
            (root / row.path).write_text(to_free(text))


def assembly(path: Path, form: str, includes: list[str], openmp: bool) -> list[str] | None:
    """What the compiler makes of a file, comparable; None where it doesn't compile."""
    unit = path.parent / _NAME
    unit.write_bytes(path.read_bytes())
    command = [
        "gfortran",
        "-x",
        "f77",
        "-cpp" if path.suffix.isupper() or path.suffix == ".fpp" else "-nocpp",
        f"-f{form}-form",
        "-S",
        "-O0",
        "-g0",
        "-w",
    ]
    command += ["-std=legacy", "-fallow-argument-mismatch", *(["-fopenmp"] if openmp else [])]
    command += ["-ffree-line-length-none"] if form == "free" else []
    done = compile_only([*command, f"-I{path.parent}", *includes, "-o", "-", _NAME], path.parent)
    unit.unlink()
    return comparable(done.out) if done.ok else None


def comparable(assembled: str) -> list[str]:
    """The instructions, with constants in the place of their labels, and without file names, line numbers and what only spaces formats."""
    lines = [line for line in assembled.split("\n") if line and not _DROPPED.match(line)]
    constants: dict[str, str] = {}
    label, code = "", list[str]()
    for line in lines:
        if found := _LABEL.match(line):
            label = found[1]
            constants[label] = ""
        elif label and (found := _STRING.match(line)):
            constants[label] += found[1]
        elif label and line.startswith(("\t.long", "\t.quad", "\t.value", "\t.byte")):
            constants[label] += line
        else:
            label = ""
            code.append(line)
    lengths = {len(text.replace('\\"', '"').replace("\\t", "\t")) for text in constants.values() if text.startswith("(")}
    kept: list[str] = []
    for line in code:
        near = "".join(kept[-3:])
        shown = _USED.sub(lambda found: _constant(constants.get(found[0], found[0])), line)
        if (stored := _STORED.match(line)) and ("{FILE}" in near or ("{(" in near and int(stored[1]) in lengths)):
            shown = f"\tstored {stored[2]}"
        kept.append(shown)
    return kept


def _constant(text: str) -> str:
    if text.startswith(_NAME):
        return "{FILE}"
    if found := _IN_MESSAGE.search(text):
        return "{" + found[0][:7] + "}"
    # Blanks between the parts of a format say nothing, and lines cut at column 72 have more of them.
    return "{" + (_FORMAT_BLANKS.sub(lambda found: found[1] or "", text) if text.startswith("(") else text) + "}"


def unordered(lines: list[str]) -> Counter[str]:
    """How often each instruction stands, whatever its place and its place on the stack."""
    return Counter(re.sub(r"-?\d*\(%r[bs]p\)|%\w+|\.L\w+", "_", line) for line in lines)


def compare(rows: list[SourceFile], limit: int, openmp: bool, counts: Counter[str], shown: list[str]) -> None:
    """Compare a sample of one package."""
    fixed = [row for row in rows if promise(row.path) == "fixed"]
    random.Random(0).shuffle(fixed)
    with tempfile.TemporaryDirectory() as folder:
        found, converted = Path(folder) / "found", Path(folder) / "converted"
        options = [lay_out(rows, place) for place in (found, converted)]
        convert(rows, converted)
        for row in fixed[:limit]:
            counts["files with a fixed-form suffix"] += 1
            if not looks_fixed(decode(row.content).text):
                counts["left as they are: free form"] += 1
                continue
            before = assembly(found / row.path, "fixed", [*options[0], *mpi_options()], openmp)
            if before is None:
                continue
            counts["compile as found"] += 1
            after = assembly(converted / row.path, "free", [*options[1], *mpi_options()], openmp)
            kind = _kind(before, after)
            counts[kind] += 1
            if kind.isupper():
                shown.append(f"{kind}: {row.package} {row.path}")


def _kind(before: list[str], after: list[str] | None) -> str:
    if after is None:
        return "DON'T COMPILE CONVERTED"
    if after == before:
        return "the same code"
    return "the same instructions in another order" if unordered(after) == unordered(before) else "OTHER CODE"


def main() -> None:
    """Compare, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mined", type=Path)
    parser.add_argument("--packages", default="", help="names with commas between them; all by default")
    parser.add_argument("--limit", type=int, default=300, help="files per package, by chance")
    parser.add_argument("--openmp", action="store_true")
    parser.add_argument("--show", type=int, default=10)
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    shown: list[str] = []
    for name, rows in packages(arguments.mined, frozenset(filter(None, arguments.packages.split(",")))):
        if any(promise(row.path) == "fixed" for row in rows):
            compare(rows, arguments.limit, arguments.openmp, counts, shown)
            print(f"{name}: {dict(counts)}", flush=True)
    for kind, count in counts.items():
        print(f"{kind}: {count}")
    print("\n".join(shown[: arguments.show]))


if __name__ == "__main__":
    main()
