"""Stage ``generate``: let models answer the tasks of suites.

Writes ``SUITE/MODEL/completions.jsonl``, a line per answer. Batches are cut from the whole list of tasks, so an interrupted
generation continues with the same batches, and with a given seed ends with the same answers, as an undisturbed one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.models import Model, Sampling, check_name, label, open_model, prompt_hash
from hpcraft.eval.suites import find_suite, select
from hpcraft.eval.task import Task
from hpcraft.progress import bar
from hpcraft.records import Completion
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import append_jsonl, drop_torn_tail, read_jsonl, sha256_file, sha256_json

COMPLETIONS = "completions.jsonl"

_MODEL_FILES = (".safetensors", ".bin", ".json", ".txt", ".model", ".jinja", ".py")
"""Suffixes of weights, configs and tokenizers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerateConfig:
    """What is asked, of whom, and how answers are drawn."""

    suites: tuple[str, ...] = option(("kernels",), help="suites to answer, such as [kernels, translation]")
    models: tuple[str, ...] = option(
        ("reference", "null"), help="models: hf:PATH (hf:@model/SUB inside the input), replay:FILE, reference, null"
    )
    samples: int = option(1, help="answers per task")
    temperature: float = option(0.0, help="0 takes the likeliest token, more draws more freely")
    top_p: float = option(1.0, help="draw from the likeliest tokens that make up this share")
    max_new_tokens: int = option(512, help="longest answer in tokens")
    limit: int = option(0, help="only the first tasks of each suite, 0 for all; a leaderboard refuses limited results")
    tasks: tuple[str, ...] = option((), help="only tasks whose id matches one of these patterns, such as [kernels/*/openmp/*]")

    def __post_init__(self) -> None:
        """Refuse names and numbers that can't be meant."""
        if not self.suites or not self.models:
            raise ConfigError("generate: give at least one suite and one model")
        for suite in self.suites:
            find_suite(suite)
        for model in self.models:
            check_name(model)
        labels = [label(m) for m in self.models]
        if twice := next((m for m in labels if labels.count(m) > 1), None):
            raise ConfigError(f"generate: two models would both be called {twice!r}; give each once, under different names")
        if self.samples < 1 or self.max_new_tokens < 1 or self.limit < 0:
            raise ConfigError("generate: samples and max_new_tokens are at least 1, limit at least 0")
        if self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ConfigError("generate: temperature is at least 0, top_p above 0 and at most 1")


def run(config: GenerateConfig, work: Work) -> Report:
    """Ask every model every task."""
    report = Report()
    chosen = {name: select(find_suite(name).tasks(work.inputs.get("pairs")), config.tasks, config.limit) for name in config.suites}
    for name, tasks in chosen.items():
        if not tasks:
            raise InputError(f"generate: suite {name} has no task here; check tasks={list(config.tasks)} and the input 'pairs'")
    report.rows["tasks"] = sum(map(len, chosen.values()))
    report.rows["completions"] = 0
    for model_name in config.models:
        model = open_model(model_name, work.inputs.get("model"))
        for suite, tasks in chosen.items():
            path = work.out / suite / label(model_name) / COMPLETIONS
            count, missing = _answer(config, work.seed, model_name, model, tasks, path)
            report.rows["completions"] += count
            if missing:
                report.notes.append(f"{model_name} has no answer to {missing} of {len(tasks)} tasks of {suite}")
    return report


def model_files(config: GenerateConfig) -> dict[str, str]:
    """A hash of each file or folder that a model's name points to, so that a changed one is asked again.

    Folders inside the input (``hf:@model/...``) are in that input's own hash; what is missing is refused when the stage runs.
    """
    found = {}
    for name in config.models:
        kind, _, where = name.partition(":")
        if kind == "replay":
            found[name] = sha256_file(Path(where)) if Path(where).is_file() else "missing"
        elif kind == "hf" and not where.startswith("@"):
            files = sorted(p for p in Path(where).glob("*") if p.suffix in _MODEL_FILES and p.is_file())
            found[name] = sha256_json([[p.name, p.stat().st_size, sha256_file(p)] for p in files])
    return found


def _answer(config: GenerateConfig, seed: int, name: str, model: Model, tasks: list[Task], path: Path) -> tuple[int, int]:
    """Write the answers that aren't there yet; returns how many there are now, and how many tasks have none."""
    drop_torn_tail(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    done = {(c.task_id, c.sample_id) for c in read_jsonl(path, Completion)}
    answered = {task_id for task_id, _ in done}
    sampling = Sampling(
        samples=config.samples, temperature=config.temperature, top_p=config.top_p, max_new_tokens=config.max_new_tokens, seed=seed
    )
    rest = iter(tasks)
    with bar(f"{label(name)}", len(tasks)) as advance:
        while batch := list(islice(rest, model.batch)):
            wanted = {(t.task_id, i) for t in batch for i in range(config.samples)}
            if not wanted <= done:
                drawn = replace(sampling, seed=_seed(seed, name, batch[0].task_id))
                for task, answers in zip(batch, model.answer(batch, drawn), strict=True):
                    for sample_id, text in enumerate(answers):
                        if (task.task_id, sample_id) not in done:
                            append_jsonl(path, _completion(task, sample_id, text, name, drawn))
                            done.add((task.task_id, sample_id))
                            answered.add(task.task_id)
            advance(len(batch))
    return len(done), sum(t.task_id not in answered for t in tasks)


def _completion(task: Task, sample_id: int, text: str, model: str, sampling: Sampling) -> Completion:
    return Completion(
        task_id=task.task_id,
        sample_id=sample_id,
        # A lone surrogate can't be written as UTF-8; no compiler would take it either.
        completion=text.encode(errors="replace").decode(),
        model=model,
        prompt_sha256=prompt_hash(task),
        sampling={
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_new_tokens": sampling.max_new_tokens,
            "seed": sampling.seed,
        },
    )


def _seed(seed: int, model: str, first_task: str) -> int:
    return int(sha256_json([seed, model, first_task])[:8], 16)


STAGE = Stage(
    name="generate",
    summary="let models answer the tasks of suites",
    example="hpcraft eval generate --suites '[kernels]' --models '[reference, null]' --out runs/completions",
    config=GenerateConfig,
    inputs={
        "model": Input(stage="mutual", help="folder of models, which hf:@model/SUB points into", optional=True),
        "pairs": Input(stage="pairs", help="folder of the pairs stage, for suite translation", optional=True),
    },
    run=run,
    outside=model_files,
)
COMMAND = STAGE.command
