"""Answers of one model to one suite, kept from one run to the next as long as all that decides them stays the same.

Theory of operation. A run with another list of models or suites is another run to the stage, but answers may have cost hours, so that each
``SUITE/MODEL`` says, hidden, what it was made of: ``.asked.json`` holds a hash of the model and its weights, of the suite's tasks that were asked, of
how answers were drawn and of the seed. At the start, all that an interrupted run left goes to ``.answers/SUITE/MODEL``, whole or with
the shards of what was answered so far. What is asked is taken from there, or from the finished folder of an earlier run, when its hash is the same,
and made anew otherwise. What nobody asks for stays in ``.answers`` until a run ends without a fault: a suite that
can't be read for once, or a server that stops, costs no answers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from hpcraft.errors import InputError
from hpcraft.eval.models import prompt_hash
from hpcraft.eval.suites import find_suite, suite_hash
from hpcraft.eval.task import Task
from hpcraft.stages import Work
from hpcraft.store import JSON, read_json, sha256_json, write_json

COMPLETIONS = "completions.jsonl"
ANSWERS = ".answers"
_ASKED = ".asked.json"
_COPY = ".copy"


def hash_of(draws: JSON, model: str, weights: str, suite: str, tasks: Iterable[Task], seed: int) -> str:
    """Of all that decides the answers of a model to a suite.

    Args:
        draws: how answers are drawn.
        model: its name.
        weights: a hash of what the name points to.
        suite: its name.
        tasks: that are asked, with the prompts that are shown.
        seed: of the draws.
    """
    asked = list(tasks)
    shown = [[task.task_id, prompt_hash(task), task.stem, task.source, task.reference, task.empty] for task in asked]
    return sha256_json([draws, model, weights, suite_hash(find_suite(suite), asked), shown, seed])


def set_aside(work: Work) -> None:
    """Put what an interrupted run left where `take` looks for it; what doesn't say of what it was made goes."""
    for folder in list(_models(work.out)):
        kept = work.out / ANSWERS / folder.parent.name / folder.name
        shutil.rmtree(kept, ignore_errors=True)
        if (folder / _ASKED).is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(kept)
        else:
            shutil.rmtree(folder)


def take(work: Work, suite: str, name: str, wanted: str) -> Path:
    """The folder where a model's answers to a suite gather, with those of before that were made of the same; the others go."""
    kept = work.out / ANSWERS / suite / name
    if _asked(kept) == wanted:
        return kept
    earlier = [work.earlier / suite / name, work.earlier / ANSWERS / suite / name] if work.earlier else []
    found = next((folder for folder in earlier if _asked(folder) == wanted), None)
    shutil.rmtree(kept, ignore_errors=True)
    if found:
        _copy(found, kept)
    else:
        write_json(kept / _ASKED, {"hash": wanted, "notes": []})
    return kept


def notes(folder: Path) -> list[str]:
    """What was noted when the answers in a folder were made."""
    return [str(note) for note in read_json(folder / _ASKED)["notes"]]


def put_in_place(folder: Path, target: Path, told: list[str]) -> None:
    """Let a folder of `take` whose completions are whole take its place in the output, with what is to be noted about it and no shards."""
    write_json(folder / _ASKED, {**read_json(folder / _ASKED), "notes": told})
    for path in folder.iterdir():
        if path.name not in (_ASKED, COMPLETIONS):
            path.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(target)


def keep_rest(work: Work) -> None:
    """Keep what the earlier run had and nobody could ask for this time, because the folder that will replace it lacks something."""
    for root in (work.earlier, work.earlier / ANSWERS) if work.earlier else ():
        for folder in _models(root):
            kept = work.out / ANSWERS / folder.parent.name / folder.name
            if _asked(folder) and not kept.exists() and not (work.out / folder.parent.name / folder.name).exists():
                _copy(folder, kept)


def drop_rest(work: Work) -> None:
    """Remove what nobody has asked for."""
    shutil.rmtree(work.out / ANSWERS, ignore_errors=True)


def _models(root: Path) -> Iterator[Path]:
    """The folders ``SUITE/MODEL``."""
    found = (folder for folder in root.glob("*/*") if folder.is_dir())
    return (folder for folder in found if not any(part.startswith(".") for part in (folder.name, folder.parent.name)))


def _asked(folder: Path) -> str:
    """The hash in a folder; empty where there is none that can be read."""
    try:
        return str(read_json(folder / _ASKED).get("hash", ""))
    except InputError:
        return ""


def _copy(folder: Path, to: Path) -> None:
    """Whole or not at all, should it be interrupted."""
    draft = to.parent / f"{_COPY}-{to.name}"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(folder, draft)
    draft.rename(to)
