"""Builds the folders of a whole run for the report's tests, through the stages' own records, stores and figures."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from hpcraft.eval import report
from hpcraft.eval.models import Ask, Null, Reference, prompt_hash
from hpcraft.eval.performance import Timing
from hpcraft.eval.results import Results, TaskRow, level_figures, to_json
from hpcraft.eval.suites import SUITES, kernel_tasks, suite_hash, translation_tasks
from hpcraft.records import Pair
from hpcraft.samples import Completion, Failure, Sample
from hpcraft.shards import ShardWriter
from hpcraft.store import Manifest, hash_outputs, list_outputs, write_json, write_jsonl, write_manifest, write_text

HOSTILE = "</code></pre></script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\x1b[2J\u202e\x00"


class Page(HTMLParser):
    """Collects what a test asks about, and checks that tags are balanced and ids unique."""

    VOID = frozenset({"meta", "br", "input", "link", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data):
        self.text.append(data)


def study_tasks():
    """The kernels of the Codex study in the models that its answers are asked for: a suite of a size that a page is looked at with."""
    names = ("axpy", "gemv", "gemm", "spmv", "jacobi", "cg")
    models = ("serial", "openmp", "mpi", "cuda")
    return [task for task in kernel_tasks() if task.group in names and task.model in models and task.language != "python"]


def finish(folder: Path, stage: str, *, seconds: float = 12.5, **said) -> Path:
    """End a stage folder as `hpcraft.stages.execute` does."""
    folder.mkdir(parents=True, exist_ok=True)
    outputs = list_outputs(folder)
    facts: dict[str, Any] = {
        "config": {},
        "seed": 1,
        "inputs": {},
        "rows": {},
        "rejections": {},
        "metrics": {},
        "fingerprint": stage,
    } | said
    manifest = Manifest(
        stage=stage,
        outputs=outputs,
        outputs_sha256=hash_outputs(outputs),
        versions={"python": "3.11.7", "hpcraft": "0.1.0", "torch": "2.13.0"},
        host={"system": "Linux", "machine": "x86_64", "cores": 2},
        seconds=seconds,
        created="2026-01-02T03:04:05+00:00",
        **facts,
    )
    write_manifest(folder, manifest)
    return folder


def make_pairs(count: int) -> list[Pair]:
    """Pairs of every origin and level, a third of them held out."""
    loop = "void f{i}(int n, double a, const double *x, double *y)\n{{\n{p}  for (int j = 0; j < n; j++)\n    y[j] += a * x[j] * {i};\n}}\n"
    cuda = (
        "__global__ void k(int n, double a, const double *x, double *y)\n{{\n  int j = blockIdx.x * blockDim.x + threadIdx.x;\n"
        "  if (j < n) y[j] += a * x[j] * {i};\n}}\n"
    )
    return [
        Pair(
            pair_id=f"pair-{i:04d}",
            origin=("made", "mined", "mutual")[i % 3],
            family=f"family-{i % 7}",
            signature=f"void f{i}(int n, double a, const double *x, double *y)",
            source=loop.format(i=i, p=""),
            target=cuda.format(i=i) if i % 2 else loop.format(i=i, p="  #pragma omp parallel for\n"),
            target_model="cuda" if i % 2 else "openmp",
            level="compile" if i % 2 else "run",
            tests=("4 2.0 [4] [4]",),
            mutants_killed=7,
            mutants_total=8,
            package="hypre",
            version="2.28",
            path=f"src/f{i}.c",
            licence="MIT",
            split=("train", "train", "valid", "test")[i % 4] if i % 5 else "test",
        )
        for i in range(count)
    ]


def timings(speedup: float) -> dict[str, Mapping[str, float]]:
    """An answer at one and two cores, of work that moves 24 MB in 2 million operations."""
    return {
        str(n): Timing(
            threads=n,
            ranks=1,
            seconds=0.01 / (speedup * n**0.8),
            spread=0.0001,
            baseline_seconds=0.01,
            baseline_spread=0.0002,
            speedup=speedup * n**0.8,
            cpu_seconds=0.01,
            least_seconds=0.0005 / n,
            calls=9,
            num_bytes=24e6,
            flops=2e6,
            most_bandwidth=2.4e10 * n,
            most_flops=3e10 * n,
        ).to_json()
        for n in (1, 2)
    }


WRONG = Failure(
    check="correct",
    why="2 of 1009 elements wrong, first [3] is nan instead of 2.25",
    size="n=1009, a=0.5",
    call=5,
    num_calls=12,
    threads=7,
    output="y",
    index=3,
    got="nan",
    expected="2.25",
    tolerance=1.5e-15,
    num_wrong=2,
    num_elements=1009,
)


def judged(task, text: str, model: str, *, passed: bool, sample_id: int = 0) -> Sample:
    """A judgement as the judge would write it; right answers in OpenMP are timed."""
    checks = {
        "build": "pass",
        "correct": "pass" if passed else f"fail: {WRONG.words}",
        "parallel": "pass",
        "race-free": "skip: serial",
    }
    if not passed and len(text) % 2:
        checks = {"build": "fail: 1 error", "correct": "skip: not built"}
        failures = (Failure(check="build", why="1 error"),)
    failures = (WRONG,)
    log = "" if passed else "candidate.c: In function 'f':\ncandidate.c:3:5: error: expected ';' before '}' token\n" + "  note: here\n" * 12
    verdict = "ok" if checks["build"] == "pass" else "compile_error"
    return Sample(
        task_id=task.task_id,
        sample_id=sample_id,
        model=model,
        passed=passed,
        level=task.level,
        checks=checks,
        verdict=verdict,
        seconds=1.25,
        log=log,
        timings=timings(0.9) if passed and task.model == "openmp" else {},
        failures=failures if not passed else (),
    )


def write_results(folder: Path, suite: str, name: str, tasks, samples, completions) -> None:
    """One ``SUITE/MODEL`` folder of a judge stage, by the judge's own records and figures."""
    folder.mkdir(parents=True)
    by_id = {t.task_id: t for t in tasks}
    rows = [TaskRow(**{k: getattr(t, k) for k in TaskRow.__slots__ if k != "prompt_sha256"}, prompt_sha256=prompt_hash(t)) for t in tasks]
    write_jsonl(folder / "tasks.jsonl", rows)
    write_jsonl(folder / "samples.jsonl", samples)
    write_jsonl(folder / "completions.jsonl", completions)
    results = Results(
        suite=suite,
        suite_version=1,
        suite_hash=suite_hash(SUITES[suite], tasks),
        model=name,
        limited=False,
        levels=level_figures(by_id, samples),
        unsupported=[],
        num_tasks=len(tasks),
        seeds={"inputs": 7, "run": 1},
        toolchain={"gcc": "gcc 12.2.0", "nvcc": "nvcc 13.0"},
        isolation={"tier": "bubblewrap"},
        cuda_level="compile",
        versions={"hpcraft": "0.1.0"},
        created="2026-01-02T03:04:05+00:00",
        samples_sha256="0" * 64,
    )
    write_json(folder / "results.json", to_json(results))


def write_judge(folder: Path, pairs: Path) -> None:
    """Both suites for a model under test (right on every third task, hostile on one), reference and null."""
    for suite, tasks in (("kernels", study_tasks()), ("translation", translation_tasks(pairs))):
        asks = [Ask(task=task, sample_id=0, seed=0) for task in tasks]
        answers = {
            "hf-model-translator": ("hf:@model/translator", Reference().answer(asks, ())),
            "reference": ("reference", Reference().answer(asks, ())),
            "null": ("null", Null().answer(asks, ())),
        }
        for label, (name, given) in answers.items():
            texts = [answer.text for answer in given]
            if label.startswith("hf"):
                texts = [t if i % 3 == 0 else f"{t[: len(t) * 2 // 3]}\n{HOSTILE if i == 1 else ''}" for i, t in enumerate(texts)]
            rights = [label == "reference" or (label.startswith("hf") and i % 3 == 0) for i in range(len(tasks))]
            samples = [judged(t, text, name, passed=right) for t, text, right in zip(tasks, texts, rights, strict=True)]
            completions = [
                Completion(task_id=t.task_id, sample_id=0, completion=text, model=name, prompt_sha256=prompt_hash(t))
                for t, text in zip(tasks, texts, strict=True)
            ]
            write_results(folder / suite / label, suite, name, tasks, samples, completions)


def parts(**sizes: int) -> dict[str, dict[str, int]]:
    """A breakdown as ``mine`` and ``prepare`` count it."""
    return {name.replace("__", "-"): {"files": size // 9000 + 1, "bytes": size} for name, size in sizes.items()}


def write_metrics(path: Path, steps: int) -> None:
    """A training log: the loss falls, validation now and then."""
    lines = []
    for step in range(10, steps + 1, 10):
        loss = 1.4 + 6 * math.exp(-step / 120)
        lines.append({"step": step, "tokens": step * 8192, "seconds": step * 0.3, "split": "train", "loss": loss, "bits_per_byte": None})
        if step % 100 == 0:
            lines.append(lines[-1] | {"split": "valid", "loss": loss + 0.1, "bits_per_byte": (loss + 0.1) * 0.55})
    write_text(path, "".join(json.dumps({"schema": "hpcraft.metric/1", **line}) + "\n" for line in lines))


def make_run(root: Path, num_pairs: int = 120) -> dict[str, Path]:
    """The folders of a whole run; returns input name to folder."""
    packages = parts(hypre=9_200_000, sundials=6_100_000, scalapack=5_400_000, lapack=4_000_000)
    finish(root / "mine", "mine", rows={"files": 2748}, rejections={"too-large": 12, "not-wanted": 300}, metrics={"by_package": packages})
    kept = {
        "by_package": parts(hypre=8_000_000, sundials=5_100_000, scalapack=3_400_000),
        "by_language": parts(c=12_000_000, cpp=1_500_000, fortran=2_700_000, cuda=300_000),
        "by_licence": {"BSD-3-Clause": {"files": 700, "bytes": 9_000_000}, "Apache-2.0 OR MIT": {"files": 500, "bytes": 7_500_000}},
        "by_model": parts(serial=9_000_000, openmp=2_000_000, mpi=5_500_000, cuda=400_000),
        "by_split": parts(train=13_000_000, valid=1_500_000, test=2_000_000),
        "units": {"functions": {"c": 7_100, "fortran": 2_050}, "loops": {"c": 311}, "programs": {"c": 47}, "kernels": {"cuda": 58}},
        "duplicates": {"exact": 310, "near": 187, "leak": 3, "clusters": 90, "units": 412},
        "leakage": {"threshold": 0.7, "pairs": 0, "removed": 3},
        "contamination": {"kernels": 6},
    }
    finish(root / "prepare", "prepare", rows={"documents": 2100}, rejections={"duplicate": 310, "licence:none": 44}, metrics=kept)
    languages = {
        name: {"documents": 20, "bytes": 100_000, "tokens": n, "broken": 0, "bytes_per_token": 100_000 / n, "tokens_per_byte": n / 100_000}
        | {"constructs": {"directive line": {"count": 12, "tokens_each": n / 4000, "bytes_each": 61.5}}}
        for name, n in (("c", 31_000), ("cpp", 33_500), ("cuda", 36_100), ("fortran", 39_900))
    }
    totals = {"vocab_size": 2048, "measured_on": "valid", "bytes_per_token": 2.85, "tokens_per_byte": 0.351}
    write_json(root / "tokenizer" / "report.json", totals | {"languages": languages})
    finish(root / "tokenizer", "tokenizer", rows={"tokens": 2048})
    pairs = make_pairs(num_pairs)
    with ShardWriter(root / "pairs", "pairs", Pair) as writer:
        for pair in pairs:
            writer.write(pair)
    finish(root / "pairs", "pairs", rows={"pairs": len(pairs)}, rejections={"differs": 31, "target:compile_error": 12})
    write_metrics(root / "pretrain" / "metrics.jsonl", 600)
    finish(root / "pretrain", "pretrain", seconds=260, metrics={"parameters": 2_900_000})
    write_metrics(root / "finetune" / "metrics.jsonl", 400)
    finish(root / "finetune", "finetune", seconds=170, notes=["ended by time <b>on a slow machine</b>"])
    counts = {"functions": 64, "candidates": 64, "tests_written": 190, "tests_valid": 150, "tests_killing": 120, "mutants_total": 300}
    rounds = [
        {
            "schema": "hpcraft.round/3",
            "number": i,
            "accepted": 9 * i,
            "reasons": {"differs": 64 - 9 * i} if i else {},
            "mutants_killed": 200 + i,
        }
        | {"translator_loss": 0.4 if i > 1 else None, "tester_loss": 0.5}
        | {"translator": {"cuda/emulate": {"functions": 40, "pass@1": 0.4 + 0.1 * i, "compiled": 0.8, "bleu": 0.9, "codebleu_hpc": 0.88}}}
        | {"tester": {"model": {"functions": 40, "valid": 0.5, "coverage": 0.9, "killed": 0.7, "wrong": 80, "let_in": 0.0125}}}
        | counts
        for i in (0, 1, 2)
    ]
    write_text(root / "mutual" / "rounds.jsonl", "".join(json.dumps(r) + "\n" for r in rounds))
    write_metrics(root / "mutual" / "training" / "translator-1" / "metrics.jsonl", 60)
    finish(root / "mutual", "mutual", rows={"pairs": 27})
    write_judge(root / "judge", root / "pairs")
    finish(root / "generate", "generate", rows={"completions": 300})
    finish(root / "judge", "judge", seconds=95, rows={"samples": 300})
    write_text(root / "recipe.yaml", "schema: hpcraft.recipe/1\nname: quickstart\nseed: 1\n")
    write_json(root / "env.json", {"command": ["/some/where/bin/hpcraft", "run", "recipes/quickstart.yaml"]})
    return {name: root / name for name in report.STAGE.inputs}
