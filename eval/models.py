"""Models that answer tasks, and the table of the kinds there are.

A model is named ``KIND`` or ``KIND:WHERE``. ``hf:@model/translator`` is the folder ``translator`` inside the stage's input ``model``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.prompts import null_answer
from hpcraft.eval.task import Task
from hpcraft.recipe import nearest
from hpcraft.records import Completion
from hpcraft.store import read_jsonl, sha256_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How answers are drawn."""

    samples: int
    temperature: float
    top_p: float
    max_new_tokens: int
    seed: int


class Model(Protocol):
    """Something that answers tasks."""

    batch: int
    """How many tasks it takes at once."""

    def answer(self, tasks: Sequence[Task], sampling: Sampling) -> list[list[str]]:
        """The answers to each task, ``sampling.samples`` of them where the model has so many."""
        ...


class Reference:
    """Our own solutions; must score 1.0."""

    batch = 64

    def answer(self, tasks: Sequence[Task], sampling: Sampling) -> list[list[str]]:
        """The reference of each task, again for each sample."""
        return [[task.reference] * sampling.samples for task in tasks]


class Null:
    """Empty functions; must score 0.0."""

    batch = 64

    def answer(self, tasks: Sequence[Task], sampling: Sampling) -> list[list[str]]:
        """A function that builds and does nothing."""
        return [[null_answer(task.prototype, task.language, task.kernel, task.model)] * sampling.samples for task in tasks]


class Replay:
    """Completions that were made elsewhere; tasks without one are left out."""

    batch = 64

    def __init__(self, path: Path) -> None:
        self._answers: dict[str, list[tuple[int, str]]] = {}
        self._hashes: dict[str, str] = {}
        for completion in read_jsonl(path, Completion):
            self._answers.setdefault(completion.task_id, []).append((completion.sample_id, completion.completion))
            self._hashes[completion.task_id] = completion.prompt_sha256
        if not self._answers:
            raise InputError(f"{path}: holds no completion; give a JSONL file of {Completion.SCHEMA}")

    def answer(self, tasks: Sequence[Task], sampling: Sampling) -> list[list[str]]:
        """The first samples in the order of their ids."""
        for task in tasks:
            if self._hashes.get(task.task_id) not in (None, "", prompt_hash(task)):
                raise InputError(f"replay: {task.task_id} was answered for another prompt; ask the model again with this version's prompts")
        return [[text for _, text in sorted(self._answers.get(task.task_id, []))[: sampling.samples]] for task in tasks]


class HuggingFace:
    """A model folder that transformers can load; one of hpcraft's own knows which translations it was taught."""

    batch = 48

    def __init__(self, path: Path) -> None:
        # transformers and torch are needed by this kind alone.
        from hpcraft.inference import load

        self._generator = load(path)

    def answer(self, tasks: Sequence[Task], sampling: Sampling) -> list[list[str]]:
        """Translations where the model is a translator and the task has sequential C, else continuations of the prompt."""
        answers: dict[str, list[str]] = {}
        to_translate = [t for t in tasks if t.source and t.model in self._generator.facts.tasks]
        to_complete = [t for t in tasks if t not in to_translate]
        options = {"temperature": sampling.temperature, "top_p": sampling.top_p}
        if to_translate:
            found = self._generator.translate(
                [(t.source, t.model) for t in to_translate],
                max_new_tokens=sampling.max_new_tokens,
                samples=sampling.samples,
                seed=sampling.seed,
                **options,
            )
            answers |= {t.task_id: a for t, a in zip(to_translate, found, strict=True)}
        if to_complete:
            found = self._generator.complete(
                [t.prompt for t in to_complete],
                max_new_tokens=sampling.max_new_tokens,
                samples=sampling.samples,
                seed=sampling.seed,
                **options,
            )
            answers |= {t.task_id: a for t, a in zip(to_complete, found, strict=True)}
        return [answers[t.task_id] for t in tasks]


def _hugging_face(where: str, folder: Path | None) -> Model:
    path = Path(where)
    if where.startswith("@"):
        name, _, below = where[1:].partition("/")
        if name != "model" or folder is None:
            raise ConfigError(f"model 'hf:{where}': '@model/...' means a folder inside the input 'model', which was not given")
        path = folder / below
    if not (path / "config.json").is_file():
        raise InputError(f"model 'hf:{where}': {path} holds no config.json; give a folder that transformers can load")
    return HuggingFace(path)


KINDS: dict[str, Callable[[str, Path | None], Model]] = {
    "hf": _hugging_face,
    "replay": lambda where, _folder: Replay(Path(where)),
    "reference": lambda _where, _folder: Reference(),
    "null": lambda _where, _folder: Null(),
}
_BARE = ("reference", "null")


def check_name(name: str) -> None:
    """Refuse a model name of an unknown kind.

    Raises:
        ConfigError: the name doesn't begin with a known kind, or lacks what the kind needs.
    """
    kind, _, where = name.partition(":")
    if kind not in KINDS:
        raise ConfigError(f"model {name!r}: no kind {kind!r}{nearest(kind, KINDS)}; models are hf:PATH, replay:FILE, reference, null")
    if bool(where) == (kind in _BARE):
        raise ConfigError(f"model {name!r}: expected {kind if kind in _BARE else kind + ':PATH'}")


def open_model(name: str, folder: Path | None) -> Model:
    """Load a model by its name; ``folder`` is what ``@model`` stands for."""
    check_name(name)
    kind, _, where = name.partition(":")
    return KINDS[kind](where, folder)


def label(name: str) -> str:
    """A model's name as a folder name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"


def prompt_hash(task: Task) -> str:
    """What `hpcraft.records.Completion.prompt_sha256` holds for a task."""
    return sha256_bytes(task.prompt.encode())
