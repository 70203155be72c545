"""Stage ``generate``: let models answer the tasks of suites.

Writes ``SUITE/MODEL/completions.jsonl``, a line per answer, in the order of the tasks and samples. A model that computes here (``hf:``) is
given its questions in shards (`hpcraft.eval.answering`), which run as Slurm jobs or, on this machine, one after the other with the
model loaded once; others are asked from this process. With a given seed an interrupted generation ends with the same answers as an
undisturbed one, wherever it ran. When a model or a suite can't be used, the others are answered first; what was answered is kept for a
run with another list of models or suites (`hpcraft.eval.kept_answers`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from hpcraft.errors import ConfigError, HpcError, InputError, PartialError, Stopped
from hpcraft.eval.answering import Shard, answer_each, answer_shard, chosen_tasks, opened, shards, told_faults
from hpcraft.eval.kept_answers import COMPLETIONS, drop_rest, hash_of, keep_rest, notes, put_in_place, set_aside, take
from hpcraft.eval.models import NOT_ASKED, OTHER_PROMPT, check_name, is_sharded, label, unasked
from hpcraft.eval.prompt_styles import DEFAULT, Style
from hpcraft.eval.suites import DATA_HELP, find_suite
from hpcraft.executor import runs_here
from hpcraft.progress import bar
from hpcraft.samples import Completion
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import JSON, read_jsonl, read_manifest, sha256_file, sha256_json, write_jsonl

_MODEL_FILES = (".safetensors", ".bin", ".json", ".txt", ".model", ".jinja", ".py")
"""Suffixes of weights, configs and tokenizers."""
_PACE = frozenset({"concurrency", "requests_per_minute", "request_timeout_seconds"})
_CHOICE = frozenset({"suites", "models", "limit", "tasks"})
"""What is asked of whom; all other keys say how answers are drawn."""
_MOST_NAMES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerateConfig:
    """What is asked, of whom, and how answers are drawn."""

    suites: tuple[str, ...] = option(("kernels",), help="suites to answer, such as [kernels, translation]")
    models: tuple[str, ...] = option(
        ("reference", "null"),
        help="models: hf:FOLDER (hf:@model/SUB inside the input, or a repository in the Hub's cache), openai:BASE_URL#MODEL, "
        "replay:FILE, reference, null",
    )
    samples: int = option(1, help="answers per task")
    temperature: float = option(0.0, help="0 takes the likeliest token, more draws more freely")
    top_p: float = option(1.0, help="draw from the likeliest tokens that make up this share")
    max_new_tokens: int = option(512, help="longest answer in tokens")
    stop: tuple[str, ...] = option((), help="an answer ends before the first of these words")
    prompt_style: Style = option(  # noqa: RUF009 - a field, not a shared value
        DEFAULT,
        help="of kernel tasks: plain is a sentence, study the words of the Codex study (axpy OpenMP), study-hint the same with its keyword",
    )
    chat: Literal["auto", "always", "never"] = option(
        "auto", help="put prompts as requests in a conversation: auto where the tokenizer has a template, or the server takes them"
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", help="type of the weights of hf: models; auto is bfloat16 on a GPU that has it, else float32"
    )
    window: int = option(0, help="tokens that a model sees at a time in suite perplexity; 0 for all that it can see")
    stride: int = option(0, help="tokens by which that window moves on; 0 for half of it")
    concurrency: int = option(8, help="requests under way at a time, of openai: models")
    requests_per_minute: float = option(0.0, help="most requests a minute, of openai: models; 0 for no limit")
    request_timeout_seconds: float = option(600.0, help="longest wait for an answer, of openai: models")
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
        if self.samples < 1 or self.max_new_tokens < 1 or self.limit < 0 or self.concurrency < 1:
            raise ConfigError("generate: samples, max_new_tokens and concurrency are at least 1, limit at least 0")
        if self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ConfigError("generate: temperature is at least 0, top_p above 0 and at most 1")
        if self.window < 0 or self.stride < 0:
            raise ConfigError("generate: window and stride are at least 0")
        if self.requests_per_minute < 0 or not self.request_timeout_seconds > 0:
            raise ConfigError("generate: requests_per_minute is at least 0, request_timeout_seconds above 0")
        if "" in self.stop:
            raise ConfigError("generate: stop holds an empty word, at which every answer would end")
        sampled = [m for m in self.models if m.partition(":")[0] == "hf"]
        if self.samples > 1 and self.temperature == 0 and sampled:
            raise ConfigError(f"generate: {self.samples} equal answers of {sampled[0]} at temperature 0; give a temperature or one sample")


def run(config: GenerateConfig, work: Work) -> Report:
    """Ask every model every task; what could not be had is in the report, beside why."""
    chosen_tasks.cache_clear()
    set_aside(work)
    report = Report(rows={"tasks": 0, "completions": 0})
    faults: list[HpcError] = []
    suites = _readable(config, work, report, faults)
    left_out = [why for model in config.models for suite in suites if (why := lacks_likelihoods(model, suite))]
    for model in config.models:
        _ask_all(config, work, model, suites, report, faults)
        opened.cache_clear()
    for model in config.models:
        _tell_unasked(config, work, model, suites, report)
    report.notes += left_out
    if left_out and not faults and not report.rows["completions"]:
        raise ConfigError(f"generate: nothing to do; {left_out[0]}")
    if not faults:
        drop_rest(work)
        return report
    keep_rest(work)
    report.missing = _missing(config, work)
    report.fault = _fault(faults, report)
    if not report.rows["completions"]:
        raise report.fault
    return report


def _readable(config: GenerateConfig, work: Work, report: Report, faults: list[HpcError]) -> list[str]:
    """The suites whose tasks can be asked."""
    suites = []
    for suite in config.suites:
        try:
            tasks = chosen_tasks(config, suite, find_suite(suite).folder(work.inputs))
            if not tasks:
                raise InputError(
                    f"generate: suite {suite} has no task here; check tasks={list(config.tasks)} and the inputs 'pairs' and 'data'"
                )
            report.rows["tasks"] += len(tasks)
            suites.append(suite)
        except Stopped:
            raise
        except HpcError as error:
            faults.append(error)
    return suites


def _ask_all(config: GenerateConfig, work: Work, model: str, suites: Sequence[str], report: Report, faults: list[HpcError]) -> None:
    """Ask a model the suites that it can be measured on."""
    try:
        weights = _weights(model, work)
        for suite in suites:
            if not lacks_likelihoods(model, suite) and (told := _ask(config, work, model, weights, suite, report)):
                faults.append(PartialError(f"generate: {told[0]}; the other answers are kept, run the same command again for these"))
    except Stopped:
        raise
    except HpcError as error:  # what one suite can't have of it, another can't either
        faults.append(error)


def _tell_unasked(config: GenerateConfig, work: Work, model: str, suites: Sequence[str], report: Report) -> None:
    """Count and tell what of a file of answers nobody asked for, once all suites are known."""
    kind, _, where = model.partition(":")
    if kind != "replay" or len(suites) < len(config.suites) or not Path(where).is_file():
        return
    asked, known = (
        {task.task_id: task for suite in suites for task in chosen_tasks(these, suite, find_suite(suite).folder(work.inputs))}
        for these in (config, replace(config, tasks=(), limit=0))
    )
    found = unasked(Path(where), asked, known, config.samples)
    report.notes += [note for note in found.notes(where) if OTHER_PROMPT not in note]  # of those the model has told
    for reason, count in found.dropped.items():
        if reason not in NOT_ASKED:
            report.rejections[reason] = report.rejections.get(reason, 0) + count


def _missing(config: GenerateConfig, work: Work) -> list[str]:
    """``SUITE/MODEL`` of what has no answers, or not all."""
    wanted = [(suite, model) for suite in config.suites for model in config.models if not lacks_likelihoods(model, suite)]
    names = [f"{suite}/{label(model)}" for suite, model in wanted]
    return [name for name in names if not (work.out / name / COMPLETIONS).exists()]


def _fault(faults: list[HpcError], report: Report) -> HpcError:
    """The first of all faults, with what is missing because of them."""
    if not report.rows["completions"]:
        return faults[0]
    names = ", ".join(report.missing[:_MOST_NAMES])
    more = f" and {len(report.missing) - _MOST_NAMES} more" if len(report.missing) > _MOST_NAMES else ""
    return type(faults[0])(f"{faults[0]}; missing: {names}{more}; the answers of other models and suites are kept")


def lacks_likelihoods(model: str, suite: str) -> str:
    """Why a model can't be measured on a suite that asks for likelihoods; empty when it can, or needn't."""
    kind = model.partition(":")[0]
    if not find_suite(suite).likelihood or kind == "hf":
        return ""
    whys = {
        "openai": "a server's completions don't tell the probability of a given text",
        "replay": "answers have no probabilities of texts",
    }
    return f"{model} is left out of suite {suite}: {whys.get(kind, 'it is no language model')}; only hf: models can be measured"


def _ask(config: GenerateConfig, work: Work, model: str, weights: str, suite: str, report: Report) -> list[str]:
    """Ask a model the tasks of a suite, those that it hasn't answered yet; returns what could not be asked and why."""
    pairs = find_suite(suite).folder(work.inputs)
    tasks = chosen_tasks(config, suite, pairs)
    draws: JSON = {key: value for key, value in asdict(config).items() if key not in _PACE | _CHOICE}
    kept = take(work, suite, label(model), hash_of(draws, model, weights, suite, tasks, work.seed))
    told = notes(kept)
    if not (kept / COMPLETIONS).exists():
        folder = _absolute(work.inputs.get("model"))
        all_shards = shards(config, model, suite, len(tasks), pairs=pairs, folder=folder, seed=work.seed, out=kept.absolute())
        todo = [shard for shard in all_shards if not shard.out.exists()]
        if is_sharded(model) and not runs_here(work.executor):
            work.executor.map(answer_shard, todo, folder=work.out, label=f"answer {suite}")
        else:
            _answer_here(model, todo, config.samples)
            told = list(getattr(opened(model, folder, config), "notes", [])) if todo else []
        if unanswered := told_faults(todo):
            return unanswered
        write_jsonl(kept / COMPLETIONS, _joined(all_shards))
    report.notes += [note for note in told if note not in report.notes]
    path = work.out / suite / label(model)
    put_in_place(kept, path, told)
    samples = 1 if find_suite(suite).likelihood else config.samples
    _count(path / COMPLETIONS, model, suite, [task.task_id for task in tasks], samples, report)
    return []


def _weights(model: str, work: Work) -> str:
    """A hash of what a model's name points to; empty for a server and what is in this program."""
    if model.startswith("hf:@"):
        return read_manifest(work.inputs["model"]).outputs_sha256 if "model" in work.inputs else ""
    return _hash_outside(model) or ""


def _answer_here(model: str, todo: list[Shard], samples: int) -> None:
    """One shard after the other in this process: the model is loaded once, and uses all there is of the machine."""
    with bar(label(model), sum((shard.end - shard.begin) * samples for shard in todo)) as advance:
        for shard in todo:
            for count in answer_each(shard):
                advance(count)


def _absolute(path: Path | None) -> Path | None:
    return path.absolute() if path else None


def _joined(all_shards: list[Shard]) -> Iterator[Completion]:
    for shard in all_shards:
        yield from read_jsonl(shard.out, Completion)


def _count(path: Path, model: str, suite: str, task_ids: list[str], samples: int, report: Report) -> None:
    """Counts and notes about the answers of a model to a suite."""
    finishes: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    cut, refusal = 0, ""
    for completion in read_jsonl(path, Completion):
        finishes[str(completion.sampling.get("finish", "end"))] += 1
        answered[completion.task_id] += 1
        cut += "prompt_tokens_cut" in completion.sampling
        refusal = refusal or str(completion.sampling.get("refusal", ""))
    report.rows["completions"] += finishes.total()
    report.metrics[f"{suite}/{label(model)}"] = {"finish": dict(sorted(finishes.items()))}
    if missing := sum(task_id not in answered for task_id in task_ids):
        report.notes.append(f"{model} has no answer to {missing} of {len(task_ids)} tasks of {suite}")
    if fewer := sum(0 < answered[task_id] < samples for task_id in task_ids):
        report.notes.append(f"{model} has fewer than the {samples} answers that were asked to {fewer} of {len(task_ids)} tasks of {suite}")
    if cut:
        report.notes.append(f"{model}: {cut} prompts of {suite} are longer than what it can see, their beginning was left out")
    if finishes["refused"]:
        report.notes.append(
            f"{model}: {finishes['refused']} questions of {suite} were refused by the server ({refusal}); those answers are empty"
        )


def model_files(config: GenerateConfig) -> dict[str, str]:
    """A hash of each file or folder that a model's name points to, so that a changed one is asked again.

    Folders inside the input (``hf:@model/...``) are in that input's own hash; what is missing is refused when the stage runs.
    """
    return {name: found for name in config.models if (found := _hash_outside(name)) is not None}


def _hash_outside(model: str) -> str | None:
    """A hash of the file or folder that a name points to; none where it points to none, or into the input."""
    kind, _, where = model.partition(":")
    if kind == "replay":
        return sha256_file(Path(where)) if Path(where).is_file() else "missing"
    return _folder_hash(where) if kind == "hf" and not where.startswith("@") else None


def _folder_hash(where: str) -> str:
    from hpcraft.inference import find_folder

    try:
        folder = Path(where) if Path(where).is_dir() else find_folder(where)
    except HpcError:
        return "missing"
    files = sorted(p for p in folder.glob("*") if p.suffix in _MODEL_FILES and p.is_file())
    return sha256_json([[p.name, p.stat().st_size, sha256_file(p)] for p in files])


STAGE = Stage(
    name="generate",
    summary="let models answer the tasks of suites",
    example="hpcraft eval generate --suites '[kernels]' --models '[reference, null]' --out runs/completions",
    config=GenerateConfig,
    inputs={
        "model": Input(stage="mutual", help="folder of models, which hf:@model/SUB points into", optional=True),
        "pairs": Input(stage="pairs", help="folder of the pairs stage, for suite translation", optional=True),
        "data": Input(stage="", help=DATA_HELP, optional=True, foreign=True),
    },
    run=run,
    version=3,
    outside=model_files,
    pace=_PACE,
    parallel=True,
    keeps=True,
)
COMMAND = STAGE.command
