"""The questions to a model, in shards that are answered one by one, wherever that may be.

Theory of operation. Tasks times samples, in their order, are cut into shards. Answers to a shard are appended to ``NUMBER.part.jsonl`` as
they come, each line durable; when all are there they are written in order to ``NUMBER.jsonl``, and the part goes. So a shard that was
interrupted asks for what is missing alone, and doing one twice does no harm. What could not be asked is told in ``NUMBER.faults.json``, and
the shard stays unfinished. The seed of an answer follows from the task and the sample, so that shards, batches and interruptions
decide nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from hpcraft.errors import ConfigError
from hpcraft.eval.models import Answer, Ask, Model, ask_seed, is_sharded, open_model, prompt_hash
from hpcraft.eval.prompt_styles import in_style
from hpcraft.eval.suites import find_suite, select
from hpcraft.eval.task import Task
from hpcraft.samples import Completion
from hpcraft.store import append_jsonl, drop_torn_tail, read_json, read_jsonl, write_json, write_jsonl

if TYPE_CHECKING:
    from hpcraft.eval.generate import GenerateConfig

SHARD_ANSWERS = 512
"""Enough for the batches of a GPU."""
_MOST_FAULTS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """Some of the tasks of a suite for one model."""

    config: GenerateConfig
    model: str
    suite: str
    begin: int
    end: int
    """Tasks from ``begin`` to before ``end``, of those that the config asks for."""
    pairs: Path | None
    folder: Path | None
    """What ``@model`` stands for."""
    seed: int
    out: Path

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.model} on {self.suite}, tasks {self.begin} to {self.end}"

    @property
    def part(self) -> Path:
        """Where answers gather."""
        return self.out.with_suffix(".part.jsonl")

    @property
    def faults(self) -> Path:
        """Where it is told what could not be asked."""
        return self.out.with_suffix(".faults.json")

    def asks(self) -> list[Ask]:
        """Every question, in order."""
        tasks = chosen_tasks(self.config, self.suite, self.pairs)[self.begin : self.end]
        # A likelihood is the same each time.
        samples = 1 if find_suite(self.suite).likelihood else self.config.samples
        return [Ask(task=task, sample_id=i, seed=ask_seed(self.seed, task.task_id, i)) for task in tasks for i in range(samples)]


@lru_cache(maxsize=8)
def chosen_tasks(config: GenerateConfig, suite: str, pairs: Path | None) -> tuple[Task, ...]:
    """The tasks of a suite that a config asks for, in its style."""
    tasks = select(find_suite(suite).tasks(pairs), config.tasks, config.limit)
    return tuple(in_style(task, config.prompt_style) for task in tasks)


def shards(
    config: GenerateConfig, model: str, suite: str, num_tasks: int, *, pairs: Path | None, folder: Path | None, seed: int, out: Path
) -> list[Shard]:
    """The shards of a model and a suite, cut in the same way wherever they are answered; a server, asked from one place, has one."""
    size = max(1, SHARD_ANSWERS // config.samples) if is_sharded(model) else max(1, num_tasks)
    return [
        Shard(
            config=config,
            model=model,
            suite=suite,
            begin=begin,
            end=min(begin + size, num_tasks),
            pairs=pairs,
            folder=folder,
            seed=seed,
            out=out / f"{number:05d}.jsonl",
        )
        for number, begin in enumerate(range(0, num_tasks, size))
    ]


@lru_cache(maxsize=1)
def opened(name: str, folder: Path | None, config: GenerateConfig) -> Model:
    """A model, kept for the next shard of the same."""
    return open_model(name, folder, config)


def answer_shard(shard: Shard) -> None:
    """Answer what isn't answered yet.

    Raises:
        HpcError: no more answers are to be had; those that came are kept.
    """
    for _ in answer_each(shard):
        pass


def answer_each(shard: Shard) -> Iterator[int]:
    """The same, giving the number of answers that each step brought."""
    asks = shard.asks()
    if shard.out.exists():
        yield len(asks)
        return
    drop_torn_tail(shard.part)
    found = {(c.task_id, c.sample_id): c for c in read_jsonl(shard.part, Completion)} if shard.part.exists() else {}
    yield len(found)
    faults: list[str] = []
    if any(ask.key not in found for ask in asks):
        for answer in opened(shard.model, shard.folder, shard.config).answer(asks, found.keys()):
            if not isinstance(answer, Answer):
                faults.append(str(answer))
                continue
            completion = _completion(answer, shard)
            _check_kind(completion, found)
            append_jsonl(shard.part, completion)
            found[answer.ask.key] = completion
            yield 1
    if faults:
        write_json(shard.faults, {"count": len(faults), "first": faults[:_MOST_FAULTS]})
        return
    shard.faults.unlink(missing_ok=True)
    write_jsonl(shard.out, (found[ask.key] for ask in asks if ask.key in found))
    with suppress(FileNotFoundError):
        shard.part.unlink()


def _check_kind(completion: Completion, found: Mapping[tuple[str, int], Completion]) -> None:
    """Refuse to put answers to requests and continuations of prompts into one file."""
    first = next(iter(found.values()), completion)
    if first.sampling.get("chat") != completion.sampling.get("chat") and "refusal" not in {*first.sampling, *completion.sampling}:
        raise ConfigError(
            f"{completion.model}: the server took {'conversations' if first.sampling.get('chat') else 'plain prompts'} before "
            "and takes them no more; "
            "say which with chat=always or never, and it is asked anew"
        )


def told_faults(todo: Sequence[Shard]) -> list[str]:
    """What the shards that aren't finished say of it."""
    return [
        f"{shard.name}: {told['count']} unanswered, {told['first'][0]}"
        for shard in todo
        if shard.faults.exists()
        for told in [read_json(shard.faults)]
    ]


def _completion(answer: Answer, shard: Shard) -> Completion:
    config = shard.config
    return Completion(
        task_id=answer.ask.task.task_id,
        sample_id=answer.ask.sample_id,
        # A lone surrogate can't be written as UTF-8; no compiler would take it either.
        completion=answer.text.encode(errors="replace").decode(),
        model=shard.model,
        prompt_sha256=prompt_hash(answer.ask.task),
        sampling={
            "temperature": config.temperature,
            "top_p": config.top_p,
            "max_new_tokens": config.max_new_tokens,
            "seed": answer.ask.seed,
            "prompt_style": config.prompt_style,
            **answer.facts,
        },
    )
