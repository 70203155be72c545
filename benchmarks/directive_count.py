"""No directive lost: ours against the compilers' own count, on the files of a mined folder that compile.

    .venv/bin/python benchmarks/directive_count.py MINED [--packages hypre,elpa] [--limit 200] [--show 5]

C and C++: `gcc -E -fopenmp -fopenacc` prints every directive of the branches that are on, `_Pragma` included, with its file and
line; compared are lines, in every file of the package that a source file brings in. A file "compiles" when `-fsyntax-only` of
that output passes; where only preprocessing passes (mostly for missing types) it is counted apart. Headers that lie nowhere are
replaced by empty ones, so that more files get that far. A directive that a macro makes has the line where it is used, and ours
has the line of the macro's definition: both are counted apart.

Fortran: `gfortran -fopenmp -fdump-parse-tree` prints every executable directive without lines; compared are counts by the first
word of the construct (ends and declarative directives are not in that print). Modules of the package are made first.

Ours beyond the compiler's are explained by inactive branches: in C when a marker in the directive's place doesn't come
through the preprocessor, in Fortran when our parser on the preprocessed text agrees with the compiler. Files in CUDA are left out.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from package_layout import compile_only, lay_out, mpi_options, packages, switches, with_stubs

from hpcraft.data.directives import Directive, find_directives
from hpcraft.data.fortran_form import to_free
from hpcraft.data.languages import promise
from hpcraft.records import SourceFile
from hpcraft.tokenizer.fortran_form import looks_fixed

_LINE_MARK = re.compile(r'# (\d+) "([^"]*)"')
_PRAGMA = re.compile(r"[ \t]*#[ \t]*pragma[ \t]+(?:omp|acc)\b")
_WRITTEN = re.compile(r"#\s*pragma|\b_Pragma\s*\(|pragma\w*\s*\(\s*(?:omp|acc)\b", re.IGNORECASE)
_DUMPED = re.compile(r"!\$(OMP|ACC) (?!END\b)([A-Z]+)")
_DECLARATIVE = frozenset(("threadprivate", "declare", "requires", "end", "begin", "routine", "assumes", "assume", "nothing", "error"))
_MAY_HOLD = re.compile(rb"(?:pragma|_Pragma)[^\n]*(?:omp|acc)\b", re.IGNORECASE)
_MAY_HOLD_FORTRAN = re.compile(rb"[!cC*]\$(?:omp|acc)", re.IGNORECASE)
_MODULE = re.compile(rb"^[ \t]*module[ \t]+(?!procedure\b)(\w+)[ \t]*(?:!.*)?$", re.IGNORECASE | re.MULTILINE)
_USE = re.compile(rb"^[ \t]*use\b[ \t]*(?:,[^:\n]*)?(?:::)?[ \t]*(\w+)", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Tally:
    """What was counted in one group of files."""

    files: int = 0
    compiled: int = 0
    preprocessed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)

    def note(self, kind: str, what: str) -> None:
        """Count a difference and keep it to be shown."""
        self.counts[kind] += 1
        self.shown.append(f"{kind}: {what}")


@dataclass(slots=True)
class _Seen:
    """What the preprocessor said of one file of the package, over all that include it."""

    lines: set[int] = field(default_factory=set)
    compiled: bool = False


def count_c(rows: list[SourceFile], root: Path, includes: list[str], limit: int, tally: Tally) -> None:
    """Compare lines of directives in C and C++."""
    texts = {str(root / row.path): row.content.decode(errors="replace") for row in rows if _MAY_HOLD.search(row.content)}
    seen: dict[str, _Seen] = defaultdict(_Seen)
    ours = {path: find_directives("cpp", text) for path, text in texts.items() if promise(path) in ("c", "cpp", "header")}
    units = [row for row in rows if promise(row.path) in ("c", "cpp") and str(root / row.path) in texts][:limit]
    active: dict[str, set[int]] = defaultdict(set)
    for row in units:
        tally.files += 1
        path = root / row.path
        options = [*includes, f"-I{path.parent}"]
        expanded = _preprocessed(path, options, root)
        if expanded is None:
            continue
        tally.preprocessed += 1
        compiled = _compiles(path, expanded, root)
        tally.compiled += compiled
        for file, lines in _pragma_lines(expanded).items():
            if file in texts:
                seen[file].lines |= lines
                seen[file].compiled |= compiled
        seen[str(path)].compiled |= compiled
        mine = ours.get(str(path), [])
        if {directive.line for directive in mine} - seen[str(path)].lines:
            active[str(path)] |= _active(path, texts[str(path)], mine, options, root)
    for file, found in seen.items():
        _compare_c(file, texts[file], ours.get(file, []), found, active.get(file), tally)


def _compare_c(file: str, text: str, ours: list[Directive], seen: _Seen, active: set[int] | None, tally: Tally) -> None:
    lines = text.split("\n")
    group = "compiled" if seen.compiled else "preprocessed only"
    own = {directive.line for directive in ours}
    theirs = {line for line in seen.lines if line <= len(lines)}
    macro_made = {line for line in theirs - own if not _WRITTEN.search(lines[line - 1])}
    tally.counts[f"{group}: by the compiler"] += len(theirs - macro_made)
    tally.counts[f"{group}: by ours"] += len(own)
    tally.counts[f"{group}: both"] += len(own & theirs)
    tally.counts[f"{group}: made by a macro, at its use"] += len(macro_made)
    for line in sorted(theirs - own - macro_made):
        tally.note(f"{group}: LOST", f"{file}:{line}: {lines[line - 1].strip()}")
    for directive in ours:
        if directive.line in theirs:
            continue
        first = lines[directive.line - 1]
        if not _PRAGMA.match(first):
            tally.counts[f"{group}: more of ours, in a macro's definition"] += 1
        elif active is None:
            tally.counts[f"{group}: more of ours, in headers (inactive or template branches not told apart)"] += 1
        elif directive.line not in active:
            tally.counts[f"{group}: more of ours, inactive branch"] += 1
        else:
            tally.note(f"{group}: EXTRA", f"{file}:{directive.line}: {first.strip()}")


def _preprocessed(path: Path, options: list[str], root: Path) -> str | None:
    """The text after the preprocessor; headers that lie nowhere are made as empty ones."""
    driver = ["gcc", "-std=gnu17"] if promise(path.name) == "c" else ["g++", "-std=gnu++17"]
    done = with_stubs([*driver, "-E", "-fopenmp", "-fopenacc", "-w", *options, str(path)], root)
    return done.out if done.ok else None


def _compiles(path: Path, expanded: str, root: Path) -> bool:
    kind = "cpp-output" if promise(path.name) == "c" else "c++-cpp-output"
    unit = root / ".unit"
    unit.write_text(expanded)
    driver = ["gcc", "-std=gnu17"] if kind == "cpp-output" else ["g++", "-std=gnu++17"]
    return compile_only([*driver, "-fsyntax-only", "-fopenmp", "-fopenacc", "-w", "-x", kind, str(unit)], root).ok


def _pragma_lines(expanded: str) -> dict[str, set[int]]:
    """File to the lines of its directives, from the marks that the preprocessor leaves."""
    found: dict[str, set[int]] = defaultdict(set)
    file, line = "", 0
    for text in expanded.split("\n"):
        mark = _LINE_MARK.match(text)
        if mark:
            file, line = mark[2], int(mark[1])
            continue
        if _PRAGMA.match(text):
            found[file].add(line)
        line += 1
    return found


def _active(path: Path, text: str, directives: list[Directive], options: list[str], root: Path) -> set[int]:
    """Lines of pragmas in branches that are on: a marker in their place comes through the preprocessor."""
    lines = text.split("\n")
    for directive in directives:
        if _PRAGMA.match(lines[directive.line - 1]):
            lines[directive.line - 1] = f"hpcraft_marker_{directive.line}"
            lines[directive.line : directive.end_line] = [""] * (directive.end_line - directive.line)
    path.write_text("\n".join(lines), errors="replace")
    marked = _preprocessed(path, options, root) or ""
    path.write_text(text, errors="replace")
    return {int(number) for number in re.findall(r"hpcraft_marker_(\d+)", marked)}


def count_fortran(rows: list[SourceFile], root: Path, includes: list[str], limit: int, tally: Tally) -> None:
    """Compare counts of directives in Fortran."""
    units = {row.path: row for row in rows if promise(row.path) in ("fixed", "free")}
    wanted = [path for path, row in units.items() if _MAY_HOLD_FORTRAN.search(row.content)][:limit]
    if not wanted:
        return
    tally.files += len(wanted)
    (root / ".modules").mkdir()
    dumps: dict[str, str] = {}
    for path in _in_order(units, wanted):
        done = with_stubs(_gfortran(root, path, includes, "-fsyntax-only", "-fdump-parse-tree"), root)
        if done.ok:
            dumps[path] = done.out
    for path in wanted:
        if path in dumps:
            tally.compiled += 1
            _compare_fortran(root, path, includes, dumps[path], tally)


def _in_order(units: dict[str, SourceFile], wanted: list[str]) -> list[str]:
    """The wanted files and the modules that they need, what is needed first."""
    home = {name.lower(): path for path, row in units.items() for name in _MODULE.findall(row.content)}
    order: dict[str, None] = {}
    waiting = [(path, False) for path in reversed(wanted)]
    begun: set[str] = set()
    while waiting:
        path, ready = waiting.pop()
        if ready:
            order[path] = None
        elif path not in begun:
            begun.add(path)
            waiting.append((path, True))
            needed = {home[name.lower()] for name in _USE.findall(units[path].content) if name.lower() in home}
            waiting.extend((other, False) for other in sorted(needed))
    return list(order)


def _gfortran(root: Path, path: str, includes: list[str], *more: str) -> list[str]:
    folders = [*includes, f"-I{(root / path).parent}", f"-J{root / '.modules'}"]
    return ["gfortran", "-fopenmp", "-fopenacc", "-w", "-std=legacy", "-fallow-argument-mismatch", *more, *folders, str(root / path)]


def _compare_fortran(root: Path, path: str, includes: list[str], dump: str, tally: Tally) -> None:
    text = (root / path).read_text(errors="replace")
    form = promise(path) or ""
    theirs = Counter(f"{found[1].lower()} {found[2].lower()}" for found in _DUMPED.finditer(dump))
    raw = find_directives("fortran", text, form)
    ours = _first_words(raw)
    tally.counts["by the compiler"] += theirs.total()
    tally.counts["by ours"] += ours.total()
    tally.counts["both"] += (ours & theirs).total()
    for name, count in (theirs - ours).items():
        tally.note("LOST", f"{path}: {count} x {name}")
        tally.counts["LOST"] += count - 1
    more = (ours - theirs).total()
    if more:
        expanded = with_stubs(_gfortran(root, path, includes, "-cpp", "-E"), root).out
        if _first_words(find_directives("fortran", expanded, form)) == theirs:
            tally.counts["more of ours, inactive branch"] += more
        else:
            tally.note("EXTRA", f"{path}: {dict(ours - theirs)}")
            tally.counts["EXTRA"] += more - 1
    if form == "fixed" and looks_fixed(text):
        after = find_directives("fortran", to_free(text), "free")
        tally.counts["converted files"] += 1
        if [(d.construct, d.clauses, d.argument) for d in after] != [(d.construct, d.clauses, d.argument) for d in raw]:
            tally.note("OTHER AFTER CONVERSION", path)


def _first_words(directives: list[Directive]) -> Counter[str]:
    words = (f"{d.model} {d.construct.split(' ')[0].lower()}" for d in directives)
    return Counter(word for word in words if word.split(" ")[1] not in _DECLARATIVE)


def main() -> None:
    """Count, and print the two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mined", type=Path)
    parser.add_argument("--packages", default="", help="names with commas between them; all by default")
    parser.add_argument("--limit", type=int, default=10_000, help="files per package and kind")
    parser.add_argument("--show", type=int, default=10, help="differences shown per kind")
    arguments = parser.parse_args()
    tallies = {"C and C++": Tally(), "Fortran": Tally()}
    for name, rows in packages(arguments.mined, frozenset(filter(None, arguments.packages.split(",")))):
        if not any(_MAY_HOLD.search(row.content) or _MAY_HOLD_FORTRAN.search(row.content) for row in rows):
            continue
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            includes = [*lay_out(rows, root), *mpi_options(), *switches(rows)]
            count_c(rows, root, includes, arguments.limit, tallies["C and C++"])
            count_fortran(rows, root, includes, arguments.limit, tallies["Fortran"])
        print(f"{name}: {dict(tallies['C and C++'].counts)} {dict(tallies['Fortran'].counts)}", flush=True)
    for language, tally in tallies.items():
        print(f"\n{language}: {tally.files} files with directives, {tally.compiled} compile, {tally.preprocessed} preprocess")
        for kind, count in sorted(tally.counts.items()):
            print(f"  {kind}: {count}")
        for line in tally.shown[: arguments.show]:
            print(f"    {line}")


if __name__ == "__main__":
    main()
