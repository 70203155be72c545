"""``hpcraft leaderboard build``: a static page, JSON and CSV from results folders.

A board is made only of whole results: limited or damaged ones, those of another schema, those with fewer answers to some tasks than to
others, and those without the samples that give their pass@1 are refused. Each suite, in each version and at each level, has a table of
its own, so nothing is compared that can't be.

Not covered: signatures, and judging submitted completions again.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Any

from hpcraft import __version__
from hpcraft.command import Command, say
from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.metrics import at_k
from hpcraft.eval.perplexity import is_measured
from hpcraft.eval.results import SAMPLES, Results, by_task, find_results, read_results, read_samples
from hpcraft.samples import Sample
from hpcraft.store import write_json, write_text

SCHEMA = "hpcraft.leaderboard/1"

_ROUNDING = 1e-6
"""Figures are written with six decimals."""

_LEVELS = {
    "run": "built, run and checked",
    "compile": "built only",
    "emulate": "run on the CPU in place of a GPU",
    "device": "run on a GPU",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One model in one table."""

    model: str
    value: float
    """pass@1."""
    ci95: tuple[float, float]
    build: float
    """build@1."""
    n: int
    unsupported: int
    """Tasks that its judge's machine could not judge; they are not in ``n``."""
    groups: Mapping[str, float]
    """Parallel model to pass@1."""
    judged: str
    """Date."""
    hpcraft: str
    """Version that judged."""
    isolation: str
    samples_sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One suite in one version at one level."""

    suite: str
    suite_version: int
    suite_hash: str
    level: str
    level_words: str
    num_tasks: int
    """Tasks of the whole suite, all levels."""
    groups: tuple[str, ...]
    rows: tuple[Row, ...]
    """Best first."""


def build(folders: Sequence[Path]) -> list[Table]:
    """The tables of a board.

    Raises:
        InputError: results that are limited, damaged, of another schema, without their samples or at odds with them, or of a model that is there already.
    """
    tables: dict[tuple[str, int, str, str], list[Row]] = {}
    num_tasks: dict[str, int] = {}
    for path in [p for folder in folders for p in _results_in(folder)]:
        results = read_results(path)
        samples = _check(path, results)
        num_tasks[results.suite_hash] = results.num_tasks
        for level, found in results.levels.items():
            key = (results.suite, results.suite_version, results.suite_hash, level)
            rows = tables.setdefault(key, [])
            if any(row.model == results.model for row in rows):
                raise InputError(f"{path}: model {results.model!r} is on the board already; give each model once")
            rows.append(_row(results, level, found, path))
        _agree(path, results, samples)
    return [_table(key, rows, num_tasks[key[2]]) for key, rows in sorted(tables.items(), key=lambda item: _order(item[0]))]


def _results_in(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; give the output folder of `hpcraft eval judge`")
    return find_results(path) if path.is_dir() else [path]


def _check(path: Path, results: Results) -> list[Sample]:
    if results.limited:
        raise InputError(
            f"{path}: limited to a part of suite {results.suite}; a board takes whole suites, generate again without limit and tasks"
        )
    folder = path if path.is_dir() else path.parent
    if not (folder / SAMPLES).is_file():
        raise InputError(
            f"{folder / SAMPLES}: missing; a board takes results with their samples, give the whole folder of `hpcraft eval judge`"
        )
    samples = read_samples(folder, results)
    counts = Counter(s.task_id for s in samples)
    most = max(counts.values(), default=0)
    if fewest := next((task for task, count in counts.items() if count < most), ""):
        raise InputError(
            f"{path}: {fewest} has {counts[fewest]} of {most} samples, as if the worse ones had been left out; answer every task as often as the others"
        )
    if not results.levels:
        raise InputError(f"{path}: holds no figure; all its tasks are unsupported where it was judged")
    if is_measured(list(by_task(samples).values())):
        raise InputError(f"{path}: suite {results.suite} has no pass@1, which a board ranks by; give results of other suites")
    return samples


def _agree(path: Path, results: Results, samples: list[Sample]) -> None:
    """Refuse figures that the samples don't give."""
    shares: dict[str, list[float]] = {}
    for rows in by_task(samples).values():
        shares.setdefault(rows[0].level, []).append(at_k(len(rows), sum(s.passed for s in rows), 1))
    told = {level: float(found["metrics"]["pass@1"]["value"]) for level, found in results.levels.items()}
    for level in sorted(shares.keys() | told.keys()):
        value = sum(shares[level]) / len(shares[level]) if level in shares else None
        if value is None or level not in told or abs(value - told[level]) > _ROUNDING:
            raise InputError(f"{path}: pass@1 at level {level} is {told.get(level)}, its samples give {value}; judge the completions again")


def _row(results: Results, level: str, found: Any, path: Path) -> Row:
    try:
        metrics, groups = found["metrics"], found["groups"]
        for name, figure in metrics.items():
            highest = 1 if name.startswith(("pass@", "build@")) else inf
            if not all(0 <= value <= highest for value in (figure["value"], *figure["ci95"])):
                raise ValueError(f"{name} of {figure['value']}")
        return Row(
            model=results.model,
            value=float(metrics["pass@1"]["value"]),
            ci95=(float(metrics["pass@1"]["ci95"][0]), float(metrics["pass@1"]["ci95"][1])),
            build=float(metrics["build@1"]["value"]),
            n=int(metrics["pass@1"]["n"]),
            unsupported=len(results.unsupported),
            groups={name.partition(":")[2]: float(g["pass@1"]["value"]) for name, g in groups.items() if name.startswith("model:")},
            judged=results.created[:10],
            hpcraft=str(results.versions.get("hpcraft", "unknown")),
            isolation=str((results.isolation or {}).get("tier", "unknown")),
            samples_sha256=results.samples_sha256,
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InputError(f"{path}: damaged ({type(error).__name__}: {error} in level {level}); judge the completions again") from None


def _table(key: tuple[str, int, str, str], rows: list[Row], num_tasks: int) -> Table:
    suite, version, suite_hash, level = key
    return Table(
        suite=suite,
        suite_version=version,
        suite_hash=suite_hash,
        level=level,
        level_words=_LEVELS.get(level, level),
        num_tasks=num_tasks,
        groups=tuple(sorted({g for row in rows for g in row.groups})),
        rows=tuple(sorted(rows, key=lambda row: (-row.value, row.model))),
    )


def _order(key: tuple[str, int, str, str]) -> tuple[str, int, str, int]:
    levels = list(_LEVELS)
    return (key[0], -key[1], key[2], levels.index(key[3]) if key[3] in levels else len(levels))


def write(tables: Sequence[Table], out: Path, title: str) -> None:
    """Write ``index.html``, ``leaderboard.json`` and ``leaderboard.csv``."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("leaderboard.html.jinja").render(tables=tables, title=title, version=__version__)
    write_text(out / "index.html", page)
    write_json(out / "leaderboard.json", {"schema": SCHEMA, "title": title, "hpcraft": __version__, "tables": [asdict(t) for t in tables]})
    write_text(out / "leaderboard.csv", _csv(tables))


def _csv(tables: Sequence[Table]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    columns = (
        "suite",
        "suite_version",
        "suite_hash",
        "level",
        "model",
        "pass@1",
        "ci95_low",
        "ci95_high",
        "build@1",
        "n",
        "unsupported",
        "judged",
        "hpcraft",
    )
    writer.writerow(columns)
    for t in tables:
        for r in t.rows:
            # A name that begins like a formula would be run as one by spreadsheets.
            model = f"'{r.model}" if r.model[:1] in "=+-@\t\r" else r.model
            writer.writerow(
                (t.suite, t.suite_version, t.suite_hash, t.level, model, r.value, *r.ci95, r.build, r.n, r.unsupported, r.judged, r.hpcraft)
            )
    return file.getvalue()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft leaderboard build``."""
    parser.add_argument(
        "results", type=Path, nargs="+", metavar="RESULTS", help="judge folders, SUITE/MODEL folders in them, or results.json files"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="folder of the page")
    parser.add_argument("--title", default="HPC code models: leaderboard", help="heading of the page (default: %(default)s)")


def main(args: argparse.Namespace) -> int:
    """Build a board."""
    if args.out.exists() and not args.out.is_dir():
        raise ConfigError(f"{args.out}: is a file; give a folder for the page")
    tables = build(args.results)
    write(tables, args.out, args.title)
    rows = sum(len(t.rows) for t in tables)
    say(
        args,
        {"out": str(args.out), "tables": len(tables), "rows": rows},
        f"leaderboard: {rows} rows in {len(tables)} tables -> {args.out / 'index.html'}",
    )
    return 0


COMMAND = Command(
    summary="make a static leaderboard page from results folders",
    example="hpcraft leaderboard build runs/a/results runs/b/results --out board",
    add_arguments=add_arguments,
    main=main,
)
