"""Models that answer tasks, and the table of the kinds there are.

A model is named ``KIND`` or ``KIND:WHERE``. ``hf:@model/translator`` is the folder ``translator`` inside the stage's input ``model``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.prompts import null_answer
from hpcraft.eval.task import Task
from hpcraft.recipe import nearest
from hpcraft.store import sha256_bytes, sha256_json

if TYPE_CHECKING:
    from hpcraft.eval.completions import Found
    from hpcraft.eval.generate import GenerateConfig
    from hpcraft.samples import Completion

Fact = str | int | float | bool
"""A value in `hpcraft.samples.Completion.sampling`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A task that is to be answered once."""

    task: Task
    sample_id: int
    seed: int
    """Of the draw: it follows from the seed of the stage, the task and the sample, and from nothing else."""

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from all others of a suite and model."""
        return self.task.task_id, self.sample_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a model said."""

    ask: Ask
    text: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """How it came about, for ``sampling``."""


class AskError(Exception):
    """One question, or a batch of them, could not be put; the others can."""


class Model(Protocol):
    """Something that answers tasks."""

    def answer(self, asks: Sequence[Ask], done: Collection[tuple[str, int]]) -> Iterator[Answer | AskError]:
        """Answers in any order, but to those that are ``done``; some may stay without one.

        Raises:
            PartialError: no more answers are to be had now.
        """
        ...


class Reference:
    """Our own solutions; must score 1.0."""

    def answer(self, asks: Sequence[Ask], done: Collection[tuple[str, int]]) -> Iterator[Answer]:
        """The reference of each task that has one, again for each sample."""
        return (Answer(ask=ask, text=ask.task.reference) for ask in asks if ask.key not in done and ask.task.reference)


class Null:
    """Empty functions; must score 0.0."""

    def answer(self, asks: Sequence[Ask], done: Collection[tuple[str, int]]) -> Iterator[Answer]:
        """A function that builds and does nothing."""
        for task, ask in ((ask.task, ask) for ask in asks if ask.key not in done):
            yield Answer(ask=ask, text=task.empty or null_answer(task.prototype, task.language, task.kernel, task.model))


class Replay:
    """Completions that were made elsewhere; tasks without one are left out."""

    def __init__(self, path: Path) -> None:
        from hpcraft.eval.completions import read_completions

        found = read_completions(path)
        self._answers = {(c.task_id, c.sample_id): (c.completion, c.prompt_sha256) for c in found.completions}
        if not self._answers:
            raise InputError(f"{path}: holds no completion; give a JSONL file of hpcraft.completion/1{found.told()}")
        self.notes: list[str] = []

    def answer(self, asks: Sequence[Ask], done: Collection[tuple[str, int]]) -> Iterator[Answer]:
        """Each sample under its own number, those left out that were answered for another prompt.

        Raises:
            InputError: all were.
        """
        others: list[str] = []
        num_answered = len(done)
        for ask in asks:
            if ask.key in done or ask.key not in self._answers:
                continue
            text, prompt = self._answers[ask.key]
            if prompt not in ("", prompt_hash(ask.task)):
                others.append(ask.task.task_id)
                continue
            num_answered += 1
            yield Answer(ask=ask, text=text)
        if others and not num_answered:
            raise InputError(
                f"replay: {others[0]} was answered for another prompt, as all are; ask the model again with this version's prompts"
            )
        if others:
            self.notes.append(f"replay: {len(others)} answers left out, {OTHER_PROMPT} (the first: {others[0]})")


NOT_ASKED = ("a task that isn't asked", "a sample that isn't asked")
"""Reasons that are nobody's fault."""
OTHER_PROMPT = "answered for another prompt"


def unasked(path: Path, asked: Mapping[str, Task], known: Collection[str], num_samples: int) -> Found:
    """What a file of answers holds that can't be read, or that nobody asked for; it has been read to its end.

    Args:
        path: of the answers.
        asked: the tasks that were asked, by id.
        known: ids of all tasks of the suites.
        num_samples: asked of each task, from sample 0.
    """
    from hpcraft.eval.completions import read_completions

    def reason(completion: Completion) -> str:
        if completion.task_id not in known:
            return f"no such task: {completion.task_id!r:.80} in the suites that are asked"
        if completion.task_id not in asked:
            return f"{NOT_ASKED[0]}: {completion.task_id}"
        if completion.prompt_sha256 not in ("", prompt_hash(asked[completion.task_id])):
            return f"{OTHER_PROMPT}: {completion.task_id}"
        if completion.sample_id >= num_samples:
            return f"{NOT_ASKED[1]}: {completion.task_id} sample {completion.sample_id}, and samples={num_samples} asks for those below"
        return ""

    found = read_completions(path, reason)
    for _ in found.completions:
        pass
    return found


def _open_hugging_face(where: str, folder: Path | None, config: GenerateConfig) -> Model:
    from hpcraft.eval.hf_model import open_folder

    return open_folder(where, folder, config)


def _open_server(where: str, _folder: Path | None, config: GenerateConfig) -> Model:
    from hpcraft.eval.openai_model import open_server

    return open_server(where, config)


KINDS: dict[str, Callable[[str, Path | None, GenerateConfig], Model]] = {
    "hf": _open_hugging_face,
    "openai": _open_server,
    "replay": lambda where, _folder, _config: Replay(Path(where)),
    "reference": lambda _where, _folder, _config: Reference(),
    "null": lambda _where, _folder, _config: Null(),
}
_BARE = ("reference", "null")
_SHARDED = ("hf",)
_WHERE = {"hf": "FOLDER or a repository", "openai": "BASE_URL#MODEL", "replay": "FILE"}


def check_name(name: str) -> None:
    """Refuse a model name of an unknown kind.

    Raises:
        ConfigError: the name doesn't begin with a known kind, or lacks what the kind needs.
    """
    kind, _, where = name.partition(":")
    if kind not in KINDS:
        raise ConfigError(
            f"model {name!r}: no kind {kind!r}{nearest(kind, KINDS)}; models are hf:FOLDER, openai:BASE_URL#MODEL, replay:FILE, "
            "reference, null"
        )
    if bool(where) == (kind in _BARE):
        raise ConfigError(f"model {name!r}: expected {kind if kind in _BARE else f'{kind}:{_WHERE[kind]}'}")
    if kind == "openai":
        from hpcraft.eval.openai_model import parse_address

        parse_address(where)


def open_model(name: str, folder: Path | None, config: GenerateConfig) -> Model:
    """Load a model by its name; ``folder`` is what ``@model`` stands for."""
    check_name(name)
    kind, _, where = name.partition(":")
    return KINDS[kind](where, folder, config)


def is_sharded(name: str) -> bool:
    """Whether the model computes here, so that its questions are worth being shared out; a server is asked from one place."""
    return name.partition(":")[0] in _SHARDED


def label(name: str) -> str:
    """A model's name as a folder name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"


def prompt_hash(task: Task) -> str:
    """What `hpcraft.samples.Completion.prompt_sha256` holds for a task."""
    return sha256_bytes(task.prompt.encode())


def ask_seed(seed: int, task_id: str, sample_id: int) -> int:
    """The seed of one answer, of 31 bits as some servers want it."""
    return int(sha256_json([seed, task_id, sample_id])[:8], 16) >> 1
