"""Suite ``completion``: parts of real programs and functions to be filled in, judged by running them.

``--data DIR`` is the folder that ``hpcraft eval tasks`` made. A model sees what stands before and behind the hole; what the program must
print stays outside of prompts and boxes. A model that was taught to fill in the middle gets its own tokens (`hpcraft.tokenizer.infilling`),
one that converses a request, any other what stands before the hole.

Not covered: context from other files of the program's package; speed; races in whole programs, beyond running them with several numbers
of threads.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.hole_trial import HOLES, How, Recorded
from hpcraft.eval.task import Task
from hpcraft.records import HoleTask
from hpcraft.shards import read_rows
from hpcraft.store import sha256_json
from hpcraft.tokenizer.requests import hole_request


@dataclass(frozen=True, kw_only=True, slots=True)
class Infill:
    """A hole, what was in it, and what the whole program prints."""

    boundary: str
    language: str
    prefix: str
    middle: str
    suffix: str
    recorded: tuple[Recorded, ...]
    """Of a whole program."""
    signature: str
    """Of a function that is called; empty for a program."""
    tests: tuple[str, ...]
    origin: str
    """Package, version, path and licence of the program."""

    @property
    def digest(self) -> str:
        """A hash of all that decides the figures."""
        return sha256_json(asdict(self))

    def filled(self, filling: str) -> str:
        """The program with something in the hole."""
        return self.prefix + filling + self.suffix


def completion_tasks(folder: Path | None) -> list[Task]:
    """The tasks of a folder.

    Raises:
        ConfigError: no folder was given.
        InputError: it isn't what ``hpcraft eval tasks`` makes.
    """
    if folder is None:
        raise ConfigError("suite completion reads tasks that `hpcraft eval tasks` made of real programs; give their folder as --data DIR")
    if not any(folder.glob(f"{HOLES}-*.parquet")):
        raise InputError(f"{folder}: holds no {HOLES}-*.parquet; make them first: hpcraft eval tasks --data CORPUS --out DIR")
    tasks = {}
    for hole in read_rows(folder, HOLES, HoleTask):
        task = _task(hole)
        if task.task_id in tasks or len(hole.runs) != len(hole.expected) or not (hole.runs or hole.tests):
            raise InputError(f"{folder}: damaged task {task.task_id}; make the folder again: hpcraft eval tasks")
        tasks[task.task_id] = task
    return list(tasks.values())


def _task(hole: HoleTask) -> Task:
    recorded = tuple(Recorded(how=How.parse(how), printed=text) for how, text in zip(hole.runs, hole.expected, strict=False))
    return Task(
        task_id=f"completion/{hole.boundary}/{hole.model}/{hole.language}/{hole.hole_id}",
        prompt=hole_request(hole.prefix, hole.suffix, boundary=hole.boundary, language=hole.language, is_program=not hole.signature),
        is_request=True,
        leading=hole.prefix,
        stem="",
        language=hole.language,
        model=hole.model,
        level="run",
        group=hole.boundary,
        prototype="void hole(void)",
        reference=hole.middle,
        case=Infill(
            boundary=hole.boundary,
            language=hole.language,
            prefix=hole.prefix,
            middle=hole.middle,
            suffix=hole.suffix,
            recorded=recorded,
            signature=hole.signature,
            tests=hole.tests,
            origin=f"{hole.package} {hole.version} {hole.path} ({hole.licence})",
        ),
        empty=hole.empty,
    )
