"""The suites, in one table: where their tasks come from, at which version."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from hpcraft.data.lone_kernel import c_head
from hpcraft.errors import ConfigError
from hpcraft.eval.babeltower import babeltower_tasks
from hpcraft.eval.completion import completion_tasks
from hpcraft.eval.fortran2cpp import fortran2cpp_tasks
from hpcraft.eval.hpctranseval import hpctranseval_tasks
from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.pareval import pareval_tasks
from hpcraft.eval.perplexity import perplexity_tasks
from hpcraft.eval.prompts import kernel_question
from hpcraft.eval.task import Kernel, Task, WayBack
from hpcraft.recipe import nearest
from hpcraft.records import Pair
from hpcraft.sandbox.outcome import LANGUAGES, MODELS
from hpcraft.shards import read_rows
from hpcraft.store import sha256_bytes, sha256_file, sha256_json
from hpcraft.tokenizer.prompt import BACK
from hpcraft.tokenizer.requests import teachable, translation_question, way_back_question

_HERE = Path(__file__).parent
REFERENCES = _HERE / "kernels" / "references"
"""Our solutions of the kernel tasks, ``KERNEL.MODEL.SUFFIX``."""
_SUFFIXES = {"c": "c", "cpp": "cpp", "fortran": "f90", "python": "py"}


DATA_HELP = "folder of yours that suites such as babeltower, completion and perplexity are read from"


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """A named set of tasks."""

    name: str
    version: int
    """Raised when prompts, inputs, oracles or checks change, so that figures of two versions are never compared."""
    summary: str
    reads_pairs: bool
    """Whether the tasks come from the folder of a ``pairs`` stage."""
    tasks: Callable[[Path | None], list[Task]]
    """All tasks in order, from that folder where one is read."""
    reads_data: bool = False
    """Whether the tasks come from a folder of the user's."""
    gold: bool = False
    """Whether the references are gold texts that answers are compared with (`hpcraft.eval.text_metrics`)."""
    timed: bool = False
    """Whether right answers are timed where that is asked."""
    likelihood: bool = False
    """Whether models are asked for the likelihood of texts rather than for answers."""

    def folder(self, inputs: Mapping[str, Path]) -> Path | None:
        """The one of a stage's inputs, or of a command's folders, that the tasks come from."""
        found = inputs.get("data" if self.reads_data else "pairs")
        return found.absolute() if found else None


def kernel_tasks(_pairs: Path | None = None) -> list[Task]:
    """A task for each reference solution that there is: every kernel in the models and languages that make sense for it."""
    found = {(kernel, model, suffix) for kernel, model, suffix in (path.name.rsplit(".", 2) for path in REFERENCES.glob("*.*.*"))}
    return [
        _kernel_task(kernel, model, language)
        for kernel in KERNELS.values()
        for model in MODELS
        for language in LANGUAGES
        if (kernel.name, model, _suffix(model, language)) in found
    ]


def _suffix(model: str, language: str) -> str:
    if model == "cuda":
        return "cu" if language == "cpp" else ""
    return _SUFFIXES[language]


def _kernel_task(kernel: Kernel, model: str, language: str) -> Task:
    question = kernel_question(kernel, model, language)
    translatable = (model, language) in (("openmp", "c"), ("cuda", "cpp"))
    return Task(
        task_id=f"kernels/{kernel.name}/{model}/{language}",
        prompt=question.prompt,
        stem=question.stem,
        language=language,
        model=model,
        level="emulate" if model == "cuda" else "run",
        group=kernel.name,
        prototype=kernel.prototype,
        reference=reference(kernel.name, model, language),
        source=reference(kernel.name, "serial", "c") if translatable else "",
        kernel=kernel,
    )


def reference(kernel: str, model: str, language: str) -> str:
    """Our own solution of a kernel task."""
    return (REFERENCES / f"{kernel}.{model}.{_suffix(model, language)}").read_text()


def translation_tasks(pairs: Path | None) -> list[Task]:
    """One task for each held-out pair of a ``pairs`` stage; of several targets of one model that a source has the first is the reference."""
    if pairs is None:
        raise ConfigError("suite translation reads held-out pairs; give the folder that `pairs` made as --pairs DIR")
    first: dict[tuple[str, str], Pair] = {}
    for pair in _held_out(pairs):
        first.setdefault((pair.source, pair.target_model), pair)
    return [_translation_task(pair) for pair in first.values()]


def way_back_tasks(pairs: Path | None) -> list[Task]:
    """One task for each held-out pair of a ``pairs`` stage: its parallel side back to C."""
    if pairs is None:
        raise ConfigError("suite translation-to-c reads held-out pairs; give the folder that `pairs` made as --pairs DIR")
    return [_way_back_task(pair) for pair in _held_out(pairs) if pair.target_model in BACK]


def _held_out(pairs: Path) -> Iterator[Pair]:
    return (pair for pair in teachable(read_rows(pairs, "pairs", Pair)) if pair.split == "test")


def _translation_task(pair: Pair) -> Task:
    question = translation_question(pair)
    return Task(
        task_id=f"translation/{pair.pair_id}",
        prompt=question.prompt,
        stem=question.stem,
        language="cpp" if pair.target_model == "cuda" else "c",
        model=pair.target_model,
        level=pair.level,
        group=pair.origin,
        prototype=pair.signature,
        reference=pair.target,
        source=pair.source,
        pair=pair,
    )


def _way_back_task(pair: Pair) -> Task:
    question = way_back_question(pair)
    return Task(
        task_id=f"translation-to-c/{pair.pair_id}",
        prompt=question.prompt,
        stem=question.stem,
        language="c",
        model="serial",
        level="run",
        group=f"{pair.origin} {pair.target_model}",
        prototype=pair.signature,
        reference=pair.source,
        pair=pair,
        back=WayBack(source=pair.target, model=pair.target_model, head=c_head(pair.source)),
    )


SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            name="kernels",
            version=6,
            summary="31 kernels in C, C++ and Fortran: serial, OpenMP, offload, OpenACC, MPI, both; CUDA and Kokkos; six in Python with numba",
            reads_pairs=False,
            tasks=kernel_tasks,
            timed=True,
        ),
        Suite(
            name="translation",
            version=3,
            summary="held-out pairs: sequential C to OpenMP and CUDA",
            reads_pairs=True,
            tasks=translation_tasks,
            gold=True,
        ),
        Suite(
            name="translation-to-c",
            version=3,
            summary="the same pairs on the way back: OpenMP and CUDA to sequential C",
            reads_pairs=True,
            tasks=way_back_tasks,
            gold=True,
        ),
        Suite(
            name="babeltower",
            version=6,
            summary="C to CUDA and back with unit tests, from a folder of yours (--data DIR: unit_tests*.jsonl, pairs*.jsonl)",
            reads_pairs=False,
            reads_data=True,
            tasks=babeltower_tasks,
            gold=True,
        ),
        Suite(
            name="pareval",
            version=5,
            summary="the generation prompts of your checkout of ParEval (--data DIR): its inputs and baselines, judging of ours",
            reads_pairs=False,
            reads_data=True,
            tasks=pareval_tasks,
            timed=True,
        ),
        Suite(
            name="hpctranseval",
            version=4,
            summary="CUDA kernels to C with OpenMP, of your checkout of HPCTransCompile (--data DIR), judging of ours",
            reads_pairs=False,
            reads_data=True,
            tasks=hpctranseval_tasks,
            gold=True,
            timed=True,
        ),
        Suite(
            name="fortran2cpp",
            version=2,
            summary="Fortran programs to C++, of your checkout of Fortran2Cpp or its successor (--data DIR), judging of ours",
            reads_pairs=False,
            reads_data=True,
            tasks=fortran2cpp_tasks,
            gold=True,
        ),
        Suite(
            name="completion",
            version=3,
            summary="holes in real programs, judged by running them, from a folder that `hpcraft eval tasks` made (--data DIR)",
            reads_pairs=False,
            reads_data=True,
            tasks=completion_tasks,
        ),
        Suite(
            name="perplexity",
            version=1,
            summary="bits per byte and per lexer token of the valid and test documents of a corpus (--data DIR), of hf: models",
            reads_pairs=False,
            reads_data=True,
            tasks=perplexity_tasks,
            likelihood=True,
        ),
    )
}


def find_suite(name: str) -> Suite:
    """The suite of a name.

    Raises:
        ConfigError: no such suite.
    """
    if name not in SUITES:
        raise ConfigError(f"no suite {name!r}{nearest(name, SUITES)}; suites are {', '.join(SUITES)}")
    return SUITES[name]


def select(tasks: Iterable[Task], patterns: Iterable[str], limit: int) -> list[Task]:
    """The tasks whose id matches one of the patterns (all without patterns), the first ``limit`` of them (0: all)."""
    wanted = tuple(patterns)
    chosen = [t for t in tasks if not wanted or any(fnmatchcase(t.task_id, p) for p in wanted)]
    return chosen[:limit] if limit else chosen


def suite_hash(suite: Suite, tasks: Iterable[Task]) -> str:
    """One hash over all that decides a suite's figures: tasks, inputs and oracles."""
    rows = [[t.task_id, t.prompt, t.prototype, t.level, list(t.pair.tests) if t.pair else [t.case.digest] if t.case else []] for t in tasks]
    sources = [sha256_file(p) for p in sorted((_HERE / "kernels").glob("*.py"))] if suite.name == "kernels" else []
    return sha256_bytes(json.dumps([suite.name, suite.version, sha256_json(rows), sources]).encode())
