"""Whether renamed programs mean what the originals mean: the kernels, unit tests, and mined files that compile alone.

    .venv/bin/python benchmarks/renamed_programs.py kernels [--only TEXT]
    .venv/bin/python benchmarks/renamed_programs.py units unit_tests.valid.jsonl [--limit N]
    .venv/bin/python benchmarks/renamed_programs.py files MINED .. [--limit N] [--language L] [--random] [--keep DIR]

Targets: all kernels of the evaluation suite get the same verdicts, also with random numbering and in canonical layout; at least 300 mined files
that compile alone compile when they are renamed, and programs give the same output.

``kernels`` judges the reference solutions as the stage ``judge`` does; ``units`` runs functions that have recorded outputs. ``files`` takes
files that need nothing but the machine's own headers and compiles them in the sandbox, with the same flags (``-O1``), before and after. Of
C and C++ the objects are compared (`benchmarks/object_code.py`), of Fortran what the compiler's front end understood (`benchmarks/fortran_dump.py`):
equal code is equal meaning, as far as the compiler sees. Constants are compared apart, as a program may hold its own names (``__func__``,
``assert``, ``#x``, namelists). A file with a main program
that ends by itself, twice with the same output, is run renamed as well. CUDA is compiled only.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import cast

import fortran_dump
import object_code
from renamed_kernels import SEPARATOR, Verdicts, kernels, unit_tests
from tokenizer_files import GROUPS, File, files, spread

from hpcraft.errors import HpcError
from hpcraft.eval.judging import first_error
from hpcraft.sandbox import Build, Job, Limits, Outcome, Run, Verdict, build
from hpcraft.sandbox.outcome import Language, Model
from hpcraft.store import sha256_bytes
from hpcraft.tokenizer.rename import Renamed, rename

_OWN_HEADER = re.compile(r"^[ \t]*#[ \t]*include[ \t]*\"(?!mpi\.h|omp\.h|mpif\.h|cuda)", re.MULTILINE)
_FORTRAN_HEADER = re.compile(r"^[ \t]*include[ \t]*['\"](?!mpif\.h)", re.MULTILINE | re.IGNORECASE)
_MAIN = re.compile(r"\bmain\s*\(|^[ \t]*(?:program[ \t]+\w+[ \t]*(?:!.*)?$)", re.MULTILINE | re.IGNORECASE)
_MPI = re.compile(r"\bmpi\.h\b|\bmpif\.h\b|^[ \t]*use[ \t]+mpi", re.MULTILINE | re.IGNORECASE)
_FLAGS = ("-O1", "-g0", "-w")
_COMPILE = Limits(wall_seconds=60.0, memory_mb=4096, output_bytes=1 << 24, disk_mb=512, processes=64)
_RUN = Run(limits=Limits(wall_seconds=5.0, memory_mb=1024))
_ENDED = (Verdict.OK, Verdict.RUNTIME_ERROR)
_LONGEST = 300_000
_OF_PACKAGE = 400
"""Candidates of a package and group, so that memory stays small."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of a file; a state is empty where it doesn't apply."""

    name: str
    group: str
    alone: bool
    """Whether the original compiles."""
    names: int = 0
    error: str = ""
    """Why the renamed file doesn't compile."""
    code: str = ""
    """``same`` or ``other``."""
    data: str = ""
    run: str = ""
    """``same``, or what is different."""
    text: str = field(default="", repr=False)
    """Of a renamed file that failed."""

    @property
    def failure(self) -> str:
        """What is wrong, for people."""
        if self.error:
            return f"doesn't compile: {self.error}"
        if self.code == "other":
            return "other code"
        return f"other output: {self.run}" if self.run not in ("", "same") else ""


def job_of(file: File, text: str, *, links: bool) -> Job:
    """How a text is compiled; its file has one name whatever it was called, as programs print ``__FILE__``."""
    language = cast("Language", "cpp" if file.language == "cuda" else file.language)
    suffix = {"c": ".c", "cpp": ".cpp", "cuda": ".cu", "fortran-free": ".f90", "fortran-fixed": ".f"}[file.group]
    if file.language == "fortran" and (PurePosixPath(file.path).suffix[1:2] == "F" or re.search(r"^#", file.text, re.MULTILINE)):
        suffix = suffix.upper()
    model = "cuda" if file.language == "cuda" else "mpi+openmp" if _MPI.search(file.text) else "openmp"
    fortran = (fortran_dump.FLAG,) if file.language == "fortran" else ()
    free = ("-ffree-line-length-none",) if file.group == "fortran-free" else ()
    return Job(
        files={f"unit{suffix}": text.encode()},
        language=language,
        model=cast("Model", model),
        links=links,
        flags=(*(_FLAGS if model != "cuda" else ("-w",)), *free, *fortran),
        cuda="compile" if model == "cuda" else "auto",
        compile_limits=_COMPILE,
    )


def compare(file: File, seed: int | None) -> Result:
    """Compile a file before and after, and compare."""
    result = Result(name=file.name, group=file.group, alone=False)
    main = file.language != "cuda" and bool(_MAIN.search(file.text))
    with _built(file, file.text, main=main) as before:
        if not before.ok:
            return result
        renamed = rename(file.text, file.language, form=file.form, seed=seed)
        result = replace(result, alone=True, names=len(renamed.names))
        with _built(file, renamed.text, main=before.runnable) as after:
            if not after.ok:
                return replace(result, error=first_error(after.outcome), text=renamed.text)
            result = _compare_code(result, file, before, after, renamed)
            if before.runnable:
                result = replace(result, run=_compare_runs(before, after))
    return replace(result, text=renamed.text) if result.failure else result


def _built(file: File, text: str, *, main: bool) -> Build:
    """A program where there is a main program and it can be linked, else the object."""
    if main:
        linked = build(job_of(file, text, links=True))
        if linked.ok:
            return linked
        linked.close()
    return build(job_of(file, text, links=False))


def _compare_code(result: Result, file: File, before: Build, after: Build, renamed: Renamed) -> Result:
    """Whether the compiler made the same of both."""
    if file.language == "cuda":
        return result
    one, other = (next(iter(built.objects().values())) for built in (before, after))
    data = "same" if object_code.data(one) == object_code.data(other) else "other"
    if file.language == "fortran":
        same = _dumped(before, {}) == _dumped(after, renamed.names)
    else:
        codes = [
            object_code.code(content, object_code.original(names, file.language)) for content, names in ((one, {}), (other, renamed.names))
        ]
        same = codes[0] == codes[1]
    return replace(result, code="same" if same else "other", data=data)


def _dumped(built: Build, names: Mapping[str, str]) -> Counter[fortran_dump.Procedure]:
    compiled = built.outcome.compile
    assert compiled is not None
    assert not compiled.truncated
    return fortran_dump.procedures(compiled.stderr, names)


def _compare_runs(before: Build, after: Build) -> str:
    first, second = before.run(_RUN), before.run(_RUN)
    if first.verdict not in _ENDED or _said(first) != _said(second):
        return ""  # asks for input, never ends, or says the time
    now = after.run(_RUN)
    return "same" if _said(now) == _said(first) else f"{_said(first)[:80]!r} became {_said(now)[:80]!r}"


def _said(outcome: Outcome) -> str:
    return f"{outcome.verdict} {outcome.exit_code} {outcome.stdout}"


def candidates(folders: Iterable[Path], groups: Iterable[str], seed: int) -> dict[str, list[File]]:
    """Files of each group that may compile alone, as far as their includes say: of each package some by chance."""
    kept: dict[tuple[str, str], dict[str, File]] = {}
    wanted = frozenset(groups)
    for file in chain.from_iterable(files(folder, wanted) for folder in folders):
        own = _FORTRAN_HEADER if file.language == "fortran" else _OWN_HEADER
        header = PurePosixPath(file.path).suffix.startswith((".h", ".H", ".cuh", ".inc", ".fh"))
        if file.group not in wanted or header or len(file.text) > _LONGEST or own.search(file.text):
            continue
        of_package = kept.setdefault((file.group, file.package), {})
        of_package[sha256_bytes(f"{seed}{file.text}".encode())] = file
        if len(of_package) > 2 * _OF_PACKAGE:
            for key in sorted(of_package)[_OF_PACKAGE:]:
                del of_package[key]
    found: dict[str, list[File]] = {}
    for (group, _), of_package in kept.items():
        found.setdefault(group, []).extend(of_package[key] for key in sorted(of_package)[:_OF_PACKAGE])
    return found


def compare_group(args: argparse.Namespace, of_group: list[File]) -> list[Result]:
    """Go through the files of a group by chance, the packages taking turns, until enough compile alone."""
    found: list[Result] = []
    ordered = spread(of_group, args.limit * args.tries, args.seed)
    with ThreadPoolExecutor(args.workers) as pool:
        for at in range(0, len(ordered), 4 * args.workers):
            found += pool.map(lambda file: compare(file, args.seed if args.random else None), ordered[at : at + 4 * args.workers])
            if sum(result.alone for result in found) >= args.limit:
                break
    return found


def report_files(results: list[Result], args: argparse.Namespace) -> int:
    """Print the table and the failures."""
    print(f"{'':15}{'tried':>7}{'alone':>7}{'names':>8}{'compile':>9}{'same code':>11}{'same data':>11}{'run':>6}{'same output':>13}")
    for group in (*GROUPS, "all"):
        rows = [r for r in results if r.group == group or group == "all"]
        alone = [r for r in rows if r.alone]
        compiled = [r for r in alone if not r.error]
        with_code, ran = [r for r in compiled if r.code], [r for r in compiled if r.run]
        if rows:
            code = f"{sum(r.code == 'same' for r in with_code)}/{len(with_code)}"
            data = f"{sum(r.data == 'same' for r in with_code)}/{len(with_code)}"
            outputs = sum(r.run == "same" for r in ran)
            print(
                f"{group:15}{len(rows):7}{len(alone):7}{sum(r.names for r in alone):8}{len(compiled):9}{code:>11}{data:>11}{len(ran):6}{outputs:13}"
            )
    failures = [result for result in results if result.failure]
    for result in failures:
        print(f"{result.group}: {result.name}: {result.failure}")
        if args.keep:
            args.keep.mkdir(parents=True, exist_ok=True)
            (args.keep / f"{result.group}-{re.sub(r'[^A-Za-z0-9._-]+', '_', result.name)[-120:]}").write_bytes(result.text.encode())
    alone = sum(result.alone for result in results)
    print(f"{alone} files compile alone (target: 300 and more), {len(failures)} of them fail renamed (target: 0)")
    return 1 if failures else 0


def report_verdicts(found: Iterable[Verdicts], as_json: Path | None) -> int:
    """Print what each program was said to be, in each way, as it comes."""
    counts: dict[str, Counter[str]] = {}
    rows = []
    for verdicts in found:
        row = counts.setdefault(verdicts.group, Counter())
        row.update(
            {"programs": 1, "names": verdicts.names, **{way: int(said == verdicts.original) for way, said in verdicts.others.items()}}
        )
        for way, said in verdicts.differing.items():
            print(f"{verdicts.name}, {way}: {_changes(verdicts.original, said)}", flush=True)
        rows.append({"name": verdicts.name, "original": verdicts.original, "differing": verdicts.differing, "texts": dict(verdicts.texts)})
    for group, row in counts.items():
        print(
            f"{group}: {row.pop('programs')} programs, {row.pop('names')} names; same verdicts: "
            + ", ".join(f"{w} {n}" for w, n in row.items())
        )
    wrong = sum(bool(row["differing"]) for row in rows)
    print(f"{len(rows)} programs, {wrong} judged otherwise in some way (target: 0)")
    if as_json:
        as_json.write_text(json.dumps({"counts": counts, "programs": rows}, indent=1) + "\n")
    return 1 if wrong else 0


def _changes(original: str, said: str) -> str:
    """The checks or inputs of which something else is said."""
    pairs = zip(original.split(SEPARATOR), said.split(SEPARATOR), strict=False)
    return "; ".join(f"{one} became {other}" for one, other in pairs if one != other)[:400]


def main() -> int:
    """Run one of the three comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("kernels", "units", "files"))
    parser.add_argument("folders", type=Path, nargs="*", help="mined folders, or the file of unit tests")
    parser.add_argument(
        "--limit", type=int, default=0, help="files of each group that compile alone (default 80), or functions (default all)"
    )
    parser.add_argument("--tries", type=int, default=6, help="files tried for each that is wanted (default: %(default)s)")
    parser.add_argument("--language", action="append", default=[], choices=GROUPS, help="of files; can be repeated")
    parser.add_argument("--only", default="", help="kernel tasks whose id holds this")
    parser.add_argument("--random", action="store_true", help="of files: number the names at random")
    parser.add_argument("--seed", type=int, default=1, help="of inputs, of the choice of files and of random numbering")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for renamed files that fail")
    parser.add_argument("--json", type=Path, help="write everything here")
    args = parser.parse_args()
    if args.what == "kernels":
        return report_verdicts(kernels(args.only, args.seed, args.workers), args.json)
    if not args.folders:
        raise SystemExit(f"renamed_programs {args.what}: give the folder or file to read")
    if args.what == "units":
        return report_verdicts(unit_tests(args.folders[0], args.limit, args.seed, args.workers), args.json)
    args.limit = args.limit or 80
    found = candidates(args.folders, args.language or GROUPS, args.seed)
    results = list(chain.from_iterable(compare_group(args, found[group]) for group in GROUPS if group in found))
    if args.json:
        rows = [{name: getattr(r, name) for name in r.__dataclass_fields__ if name != "text"} | {"failure": r.failure} for r in results]
        args.json.write_text(json.dumps(rows, indent=1) + "\n")
    return report_files(results, args)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HpcError as error:
        sys.exit(str(error))
