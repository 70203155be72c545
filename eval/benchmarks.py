"""Stage ``benchmarks``: the texts of every suite, so that ``prepare`` can keep them out of the corpus.

Writes ``benchmarks-*.parquet`` (`BenchmarkText`): prompts, reference solutions, what is to be translated, tests and oracles of the suites of this
installation, of the held-out pairs of a ``pairs`` folder, and of the folder of unit tests that suite ``babeltower`` reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.suites import SUITES, find_suite
from hpcraft.eval.task import Task
from hpcraft.records import BenchmarkText
from hpcraft.shards import ShardWriter
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import sha256_file, sha256_json

_KERNELS = Path(__file__).parent / "kernels"
_BABELTOWER = "babeltower"
_FILES = ("unit_tests*.jsonl", "pairs*.jsonl")
_FIELDS = {
    "c": ("source", "c"),
    "cpp_code": ("source", "cpp"),
    "cuda": ("reference", "cuda"),
    "cuda_code": ("reference", "cuda"),
    "cuda_wrapper": ("reference", "cuda"),
    "consistent_cpp_inputs": ("test", "cpp"),
    "consistent_cuda_inputs": ("test", "cuda"),
}
"""Field of a babeltower row to the kind and language of its text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchmarksConfig:
    """Whose texts are written."""

    suites: tuple[str, ...] = option((), help="suites; empty means all; suite translation needs the input pairs")
    data: tuple[str, ...] = option(
        (), help="SUITE=DIR for suites that are read from a folder of yours, such as pareval=ParEval; DIR alone for one of babeltower"
    )

    def __post_init__(self) -> None:
        """Refuse suites that aren't there."""
        for name in (*self.suites, *(name for name, _ in self.folders)):
            find_suite(name)
        if wrong := next((name for name, _ in self.folders if not SUITES[name].reads_data or SUITES[name].likelihood), ""):
            there = ", ".join(name for name, suite in SUITES.items() if suite.reads_data and not suite.likelihood)
            raise ConfigError(f"data: suite {wrong} has no texts in a folder of yours; give SUITE=DIR for some of {there}")

    @property
    def folders(self) -> list[tuple[str, Path]]:
        """Suite and folder of what is read from the user's."""
        parts = [(suite, folder) if mark else (_BABELTOWER, suite) for suite, mark, folder in (word.partition("=") for word in self.data)]
        return [(suite, Path(folder)) for suite, folder in parts]


def run(config: BenchmarksConfig, work: Work) -> Report:
    """Write the texts of all suites that can be read here."""
    pairs = work.inputs.get("pairs")
    report = Report()
    counts: dict[str, int] = {}
    with ShardWriter(work.out, "benchmarks", BenchmarkText) as writer:
        for name in config.suites or tuple(SUITES):
            if SUITES[name].reads_data:
                continue  # its texts are read below, from `data`
            if SUITES[name].reads_pairs and pairs is None:
                if config.suites:
                    raise ConfigError(f"suite {name} reads held-out pairs; give the folder that `pairs` made as --pairs DIR")
                report.notes.append(f"suite {name}: no pairs given, so its held-out pairs aren't among the texts")
                continue
            for text in suite_texts(name, pairs):
                writer.write(text)
                counts[name] = counts.get(name, 0) + 1
        for name, folder in config.folders:
            for text in babeltower_texts(folder) if name == _BABELTOWER else suite_texts(name, folder):
                writer.write(text)
                counts[name] = counts.get(name, 0) + 1
    report.rows = {"benchmarks": writer.rows}
    report.metrics = {"texts_by_suite": counts}
    return report


def suite_texts(name: str, folder: Path | None = None) -> Iterator[BenchmarkText]:
    """Everything that a suite holds of text, which is read from a folder of pairs or of the user's where it needs one."""
    for task in SUITES[name].tasks(folder):
        yield from _task_texts(name, task)
    if name == "kernels":
        for path in sorted(_KERNELS.glob("*.py")):
            yield BenchmarkText(
                suite=name, task_id=f"kernels/{path.stem}", kind="test", language="python", text=path.read_text(encoding="utf-8")
            )


def _task_texts(suite: str, task: Task) -> Iterator[BenchmarkText]:
    language = "cuda" if task.model == "cuda" else task.language
    texts = [
        ("prompt", "cuda" if task.back and task.back.model == "cuda" else "c" if task.pair is not None else language, task.prompt),
        ("reference", language, task.reference),
        ("source", "c", task.source),
    ]
    texts += [("test", "text", test) for test in (task.pair.tests if task.pair is not None else ())]
    for kind, words, text in texts:
        if text.strip():
            yield BenchmarkText(suite=suite, task_id=task.task_id, kind=kind, language=words, text=text)


def babeltower_texts(folder: Path) -> Iterator[BenchmarkText]:
    """The texts of a folder of babeltower files.

    Raises:
        InputError: the folder holds none, or a line isn't a JSON object.
    """
    for path in _babeltower_files(folder):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip():
                yield from _row_texts(_row(path, number, line), f"{_BABELTOWER}/{path.stem}/{number}")


def _babeltower_files(folder: Path) -> list[Path]:
    files = sorted({path for pattern in _FILES for path in folder.glob(pattern)})
    if not files:
        raise InputError(f"{folder}: holds no {' or '.join(_FILES)}; give the folder of suite {_BABELTOWER}")
    return files


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise InputError(f"{path}:{number}: not JSON ({error})") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}:{number}: holds {type(value).__name__}, expected a JSON object")
    return value


def _row_texts(row: dict[str, Any], task_id: str) -> Iterator[BenchmarkText]:
    for field, (kind, language) in _FIELDS.items():
        value = row.get(field, "")
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text.strip():
                whole = text.encode(errors="replace").decode()  # JSON can hold half a surrogate pair, which is no text
                yield BenchmarkText(suite=_BABELTOWER, task_id=task_id, kind=kind, language=language, text=whole)


def _outside(config: BenchmarksConfig) -> dict[str, str]:
    """The suites themselves and the folder, which decide the texts but are no inputs."""
    ours = sha256_json(
        [
            [t.suite, t.task_id, t.kind, t.text]
            for name in SUITES
            if not (SUITES[name].reads_pairs or SUITES[name].reads_data)
            for t in suite_texts(name)
        ]
    )
    theirs: dict[str, str] = {}
    for name, folder in config.folders:
        if name == _BABELTOWER:
            theirs |= {path.name: sha256_file(path) for path in _babeltower_files(folder)}
        else:
            theirs[name] = sha256_json([[t.task_id, t.kind, t.text] for t in suite_texts(name, folder)])
    return {"suites": ours, **theirs}


STAGE = Stage(
    name="benchmarks",
    summary="write the texts of all suites, for prepare to keep out of the corpus",
    example="hpcraft eval benchmarks -o benchmarks",
    config=BenchmarksConfig,
    inputs={"pairs": Input(stage="pairs", help="folder that `hpcraft pairs` made, for suite translation", optional=True)},
    run=run,
    outside=_outside,
)
COMMAND = STAGE.command
