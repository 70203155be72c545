"""The answers of a model to a suite, in shards that are judged one by one, wherever that may be.

Theory of operation. The driver writes the answers that can be judged into numbered files. A shard's samples are appended to
``NUMBER.samples.jsonl`` in order, each line durable before the next answer is judged, so that one that was interrupted goes on behind its
last line, and doing one twice does no harm. When the sandbox itself fails, the answer gets no line; ``NUMBER.failed.json`` says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from hpcraft.errors import MachineError, UnreadableError
from hpcraft.eval import babeltower_judge, completion_judge, fortran2cpp_judge, hpctranseval_judge, kernel_judge, pareval_judge, perplexity
from hpcraft.eval.extract import extract
from hpcraft.eval.judging import Judgement, to_sample, unread
from hpcraft.eval.prompt_styles import in_style
from hpcraft.eval.suites import find_suite
from hpcraft.eval.task import Task
from hpcraft.eval.toolchain import SEVERAL, machine
from hpcraft.eval.translation_judge import Question
from hpcraft.eval.translation_judge import judge as judge_translations
from hpcraft.samples import Completion, Sample
from hpcraft.store import append_jsonl, drop_torn_tail, read_json, read_jsonl, write_json, write_jsonl

_FEWEST, _MOST, _SHARDS = 8, 64, 256
"""Answers in a shard, and shards as far as may be: many answers are cut into no more files than are handy, few keep all workers busy."""
_TOGETHER = {"translation": 24, "translation-to-c": 24}
"""Suite to the answers that its judge builds together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeShard:
    """Some of the answers of a model to a suite."""

    suite: str
    pairs: Path | None
    style: str
    """Of the prompts."""
    seed: int
    """Of the inputs."""
    cores: tuple[int, ...] = ()
    """Numbers of cores at which right answers are timed; none, and nothing is."""
    answers: Path

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.answers.parent.parent.name}/{self.answers.parent.name} {self.answers.stem}"

    @property
    def samples(self) -> Path:
        """Where its samples gather."""
        return self.answers.with_name(f"{self.answers.stem}.samples.jsonl")

    @property
    def failures(self) -> Path:
        """Where it is told what could not be judged."""
        return self.answers.with_name(f"{self.answers.stem}.failed.json")

    @property
    def machines(self) -> Path:
        """Where the machines are listed that judged it."""
        return self.answers.with_name(f"{self.answers.stem}.machines.json")

    def is_done(self) -> bool:
        """Whether each answer has its sample."""
        return _keys(self.samples, Sample) >= _keys(self.answers, Completion)


def _keys(path: Path, kind: type[Sample | Completion]) -> set[tuple[str, int]]:
    return {(row.task_id, row.sample_id) for row in read_jsonl(path, kind, torn_tail=True)} if path.exists() else set()


def cut(suite: str, completions: Iterable[Completion], count: int, folder: Path) -> list[Path]:
    """Write answers into numbered files, and give those; the same answers give the same files."""
    size = min(_MOST, max(_TOGETHER.get(suite, _FEWEST), count // _SHARDS))
    rest = iter(completions)
    paths: list[Path] = []
    while part := list(islice(rest, size)):
        path = folder / f"{len(paths):05d}.jsonl"
        write_jsonl(path, part)
        paths.append(path)
    return paths


@lru_cache(maxsize=4)
def tasks_of(suite: str, pairs: Path | None, style: str) -> dict[str, Task]:
    """The tasks of a suite by their ids, with prompts in a style."""
    return {task.task_id: in_style(task, style) for task in find_suite(suite).tasks(pairs)}


def judge_shard(shard: JudgeShard) -> None:
    """Judge the answers that have no sample yet."""
    drop_torn_tail(shard.samples)
    done = _keys(shard.samples, Sample)
    tasks = tasks_of(shard.suite, shard.pairs, shard.style)
    known = _machines(shard)
    if machine() not in known:
        write_json(shard.machines, {"machines": [*known, machine()]})
    rest = [c for c in read_jsonl(shard.answers, Completion) if (c.task_id, c.sample_id) not in done]
    failures: list[str] = []
    try:
        for sample in judged(shard.suite, ((tasks[c.task_id], c) for c in rest), shard.seed, shard.cores):
            if sample.verdict == "infra_error":
                failures.append(f"{sample.task_id}: {next(iter(sample.log.splitlines()), 'no reason given')}")
            else:
                append_jsonl(shard.samples, sample)
    except MachineError as error:
        failures.append(str(error))
    if failures:
        write_json(shard.failures, {"failures": failures})
    else:
        shard.failures.unlink(missing_ok=True)


def _machines(shard: JudgeShard) -> list[dict[str, str]]:
    return list(read_json(shard.machines)["machines"]) if shard.machines.exists() else []


def machine_of(shards: Iterable[JudgeShard]) -> dict[str, str]:
    """The machine that judged all of them, or what is the same of those that did."""
    found = [one for shard in shards for one in _machines(shard)]
    return {name: found[0][name] if len({one[name] for one in found}) == 1 else SEVERAL for name in (found[0] if found else ())}


def told_failures(shards: Iterable[JudgeShard]) -> list[str]:
    """What the shards say that they could not judge."""
    return [words for shard in shards if shard.failures.exists() for words in read_json(shard.failures)["failures"]]


# ---------------------------------------------------------------- the answers of a shard


def judged(suite: str, answers: Iterable[tuple[Task, Completion]], seed: int, cores: Sequence[int] = ()) -> Iterator[Sample]:
    """The samples of answers in their order; those without code need no judge.

    Raises:
        MachineError: the sandbox failed.
    """
    found = [(task, completion, extract(task, completion.completion)) for task, completion in answers]
    questions = [Question(task=task, completion=c, code=code.code) for task, c, code in found if not code.problem]
    judgements = JUDGES[suite](questions, seed, cores)
    for task, completion, code in found:
        begin = time.monotonic()
        judgement = unread(code.problem) if code.problem else next(judgements)
        yield to_sample(task, completion, judgement, time.monotonic() - begin)


def _one_by_one(questions: Sequence[Question], judge: Callable[[Question], Judgement]) -> Iterator[Judgement]:
    """The judgements in order; an answer that can't be looked at takes none of the others with it."""
    for question in questions:
        try:
            yield judge(question)
        except UnreadableError as error:
            yield unread(str(error), "not reached")


def _kernels(questions: Sequence[Question], seed: int, cores: Sequence[int]) -> Iterator[Judgement]:
    return _one_by_one(questions, lambda question: kernel_judge.judge(question.task, question.code, seed, cores))


def _translations(questions: Sequence[Question], seed: int, _cores: Sequence[int]) -> Iterator[Judgement]:
    return (found.judgement for found in judge_translations(questions, seed, workers=1)) if questions else iter(())


def _babeltower(questions: Sequence[Question], seed: int, _cores: Sequence[int]) -> Iterator[Judgement]:
    return _one_by_one(questions, lambda question: babeltower_judge.judge(question.task, question.code, seed))


def _pareval(questions: Sequence[Question], seed: int, cores: Sequence[int]) -> Iterator[Judgement]:
    return _one_by_one(questions, lambda question: pareval_judge.judge(question.task, question.code, seed, cores))


def _hpctranseval(questions: Sequence[Question], seed: int, cores: Sequence[int]) -> Iterator[Judgement]:
    return _one_by_one(questions, lambda question: hpctranseval_judge.judge(question.task, question.code, seed, cores))


def _fortran2cpp(questions: Sequence[Question], seed: int, _cores: Sequence[int]) -> Iterator[Judgement]:
    return _one_by_one(questions, lambda question: fortran2cpp_judge.judge(question.task, question.code, seed))


def _completion(questions: Sequence[Question], seed: int, _cores: Sequence[int]) -> Iterator[Judgement]:
    return _one_by_one(questions, lambda question: completion_judge.judge(question.task, question.code, seed))


def _perplexity(questions: Sequence[Question], _seed: int, _cores: Sequence[int]) -> Iterator[Judgement]:
    return _one_by_one(questions, lambda question: perplexity.judge(question.task, question.code))


JUDGES: dict[str, Callable[[Sequence[Question], int, Sequence[int]], Iterator[Judgement]]] = {
    "kernels": _kernels,
    "translation": _translations,
    "translation-to-c": _translations,
    "babeltower": _babeltower,
    "pareval": _pareval,
    "hpctranseval": _hpctranseval,
    "fortran2cpp": _fortran2cpp,
    "completion": _completion,
    "perplexity": _perplexity,
}
"""Suite to what judges its answers, one after the other and in order."""
