"""The kernels of the evaluation suite and CUDA functions with unit tests, renamed: the judge must say of them what it says of the originals.

Used by `benchmarks/renamed_programs.py`, which tells how to run it. Each text is judged in every way of `ways`, with one seed of inputs
for all, and the verdict and the result of every check must be those of the original.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from cuda_unit_tests import HEADER, answers

from hpcraft.eval import kernel_judge
from hpcraft.eval.suites import kernel_tasks
from hpcraft.eval.task import Task
from hpcraft.sandbox import Job, Run, build
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.rename import rename

WAYS = ("renamed", "random numbers", "canonical layout", "renamed, canonical layout")
SEPARATOR = " | "
"""Between what is said of each check or input."""
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """What was said of one program."""

    name: str
    group: str
    original: str
    others: Mapping[str, str]
    """By way; equal to ``original`` where all is well."""
    names: int
    """How many names the renamed text has."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """The texts that were judged otherwise."""

    @property
    def differing(self) -> dict[str, str]:
        """The ways that changed the verdict."""
        return {way: said for way, said in self.others.items() if said != self.original}


def ways(text: str, language: str, keep: frozenset[str], seed: int) -> tuple[dict[str, str], int]:
    """A text in each of `WAYS`, and how many names were found; the names in ``keep`` stay."""
    plain, random = (rename(text, language, seed=s, keep=keep) for s in (None, seed))
    texts = (plain.text, random.text, canonical(text, language), canonical(plain.text, language))
    return dict(zip(WAYS, texts, strict=True)), len(plain.names)


def kernels(wanted: str, seed: int, workers: int) -> Iterator[Verdicts]:
    """Judge the reference solution of every kernel task whose id holds ``wanted``."""
    tasks = [task for task in kernel_tasks() if wanted in task.task_id]

    def one(task: Task) -> Verdicts:
        assert task.kernel is not None
        language = "cuda" if task.model == "cuda" else task.language

        def judged(text: str) -> str:
            judgement = kernel_judge.judge(task, text, seed)
            return SEPARATOR.join((str(judgement.verdict), *(f"{check}: {said}" for check, said in sorted(judgement.checks.items()))))

        return _verdicts(
            task.task_id, f"{task.model} {task.language}", task.reference, language, frozenset([task.kernel.name]), judged, seed
        )

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(one, tasks)


def unit_tests(path: Path, limit: int, seed: int, workers: int) -> Iterator[Verdicts]:
    """Run the CUDA functions, emulated, and the C++ functions of a file of unit tests (see `benchmarks/cuda_unit_tests.py`)."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [row for row in rows if not row["undefined_behaviour"]]
    rows = rows[:: max(1, len(rows) // limit)][:limit] if limit else rows

    def cuda(row: dict[str, object]) -> Verdicts:
        text, keep = f"{row['cuda_code']}\n{row['cuda_wrapper']}", _words_of(row["consistent_cuda_inputs"])

        def judged(text: str) -> str:
            changed = {**row, "cuda_code": text, "cuda_wrapper": ""}
            return SEPARATOR.join(answer.reason or "right" for answer in answers(changed, "none", "emulate"))

        return _verdicts(f"unit test {row['row']}", "cuda emulated", text, "cuda", keep, judged, seed)

    def cpp(row: dict[str, object]) -> Verdicts:
        keep = _words_of(row["consistent_cpp_inputs"])
        return _verdicts(
            f"unit test {row['row']}", "cpp functions", str(row["cpp_code"]), "cpp", keep, lambda text: _run_cpp(row, text), seed
        )

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(cuda, rows)
        yield from pool.map(cpp, rows)


def _verdicts(name: str, group: str, text: str, language: str, keep: frozenset[str], judged: Callable[[str], str], seed: int) -> Verdicts:
    texts, num_names = ways(text, language, keep, seed)
    said = {way: judged(changed) for way, changed in texts.items()}
    expected = judged(text)
    wrong = {way: texts[way] for way in said if said[way] != expected}
    return Verdicts(name=name, group=group, original=expected, others=said, names=num_names, texts=wrong)


def _words_of(inputs: object) -> frozenset[str]:
    """The names that the calls of a unit test use."""
    assert isinstance(inputs, Iterable)
    return frozenset(word for text in inputs for word in _WORD.findall(text))


def _run_cpp(row: Mapping[str, object], text: str) -> str:
    """What a C++ function gives for each input, against what was recorded."""
    inputs, outputs = row["consistent_cpp_inputs"], row["consistent_outputs"]
    assert isinstance(inputs, list)
    assert isinstance(outputs, list)
    cases = "\n".join(f"case {number}: {{\n{snippet}\n}} break;" for number, snippet in enumerate(inputs))
    main = f"int main(int, char **words) {{\nswitch (std::atoi(words[1])) {{\n{cases}\n}}\n}}\n"
    files = {"main.cpp": f'#include "show.h"\n{text}\n{main}'.encode(), "show.h": HEADER.encode()}
    said = []
    with build(Job(files=files, language="cpp", model="openmp", flags=("-w",))) as built:
        for number, expected in enumerate(outputs):
            outcome = built.run(Run(args=(str(number),)))
            right = outcome.stdout.replace("\r", "\n").strip() == str(expected).strip()
            said.append(str(outcome.verdict) if not outcome.ok else "right" if right else "differs")
    return SEPARATOR.join(said)
