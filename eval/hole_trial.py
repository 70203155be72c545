"""Running a program that is its own test: how it is built and run, and whether what it prints is what it printed when it was whole.

A program passes when every run that was recorded ends by itself with exit code 0 and prints the same (`hpcraft.eval.printed`). What is
expected never enters the box. All of it happens in the sandbox.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import cast

from hpcraft import sandbox
from hpcraft.errors import MachineError
from hpcraft.eval.judging import describe_run
from hpcraft.eval.printed import difference
from hpcraft.records import Document
from hpcraft.sandbox.outcome import Job, Language, Limits, Model, Outcome, Run, Verdict

HOLES = "holes"
"""Name of the shards of tasks that are made of such programs."""
_FILES = {"c": "program.c", "cpp": "program.cpp", "fortran": "program.F90"}
_THREADS = (1, 2, 4)
_RANKS = ((2, 3), (4,), (1,))
"""Numbers of ranks, the first group with which a program runs is taken."""
_SECONDS, _MEMORY_MB, _OUTPUT_BYTES = 5.0, 1024, 1 << 16
_SLOWER = 4.0
"""A program with an answer in it may take so many times as long as any program may when tasks are made."""
_ARGUMENTS = (("3",), ("5", "7"))
_INPUTS = ("4\n3\n2\n1\n", "10 5 2 1 1 1 1 1 1 1\n")
_TAKES_ARGUMENTS = re.compile(r"\bargv\b|\bget_?command_argument\b|\bgetarg\b", re.IGNORECASE)
_READS = re.compile(r"\bscanf\b|\bstd::cin\b|\bcin\s*>>|\bfgets\b|\bread\s*(?:\(\s*(?:\*|5)\s*,|\*)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class How:
    """One way of running a program."""

    args: tuple[str, ...] = ()
    stdin: str = ""
    ranks: int = 1
    threads: int = 1

    def to_text(self) -> str:
        """As `HoleTask.runs` has it."""
        return json.dumps(asdict(self))

    @staticmethod
    def parse(text: str) -> How:
        """What `to_text` wrote."""
        value = json.loads(text)
        return How(args=tuple(value["args"]), stdin=value["stdin"], ranks=value["ranks"], threads=value["threads"])

    def describe(self) -> str:
        """For people."""
        words = [f"{self.ranks} ranks" * (self.ranks > 1), f"{self.threads} threads" * (self.threads > 1)]
        words += [f"arguments {' '.join(self.args)}" * bool(self.args), "input" * bool(self.stdin)]
        told = ", ".join(word for word in words if word)
        return f"with {told}: " if told else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A run of the whole program."""

    how: How
    printed: str


def model_of(document: Document) -> str:
    """The sandbox's model of a document; empty for one that isn't run here."""
    models = set(document.models)
    if not models <= {"openmp", "mpi"} or document.language not in _FILES:
        return ""
    return "+".join(model for model in ("mpi", "openmp") if model in models) or "serial"


def build(language: str, model: str, text: str) -> sandbox.Build:
    """A program of one file, built."""
    flags = ("-w", "-ffree-line-length-none") if language == "fortran" else ("-w",)
    job = Job(files={_FILES[language]: text.encode()}, language=cast("Language", language), model=cast("Model", model), flags=flags)
    return sandbox.build(job)


def run(built: sandbox.Build, how: How, *, seconds: float = _SECONDS) -> Outcome:
    """One run.

    Raises:
        MachineError: the sandbox failed.
    """
    limits = Limits(wall_seconds=seconds, memory_mb=_MEMORY_MB, output_bytes=_OUTPUT_BYTES)
    outcome = built.run(Run(args=how.args, stdin=how.stdin.encode(), ranks=how.ranks, threads=how.threads, limits=limits))
    if outcome.verdict is Verdict.INFRA_ERROR:
        raise MachineError(outcome.message)
    return outcome


def is_ordered(how: How) -> bool:
    """Whether the order of the printed lines counts."""
    return how.ranks == 1 and how.threads == 1


def record(built: sandbox.Build, model: str, text: str) -> list[Recorded] | str:
    """How a program can be run so that it prints the same each time; or why there is no way.

    Raises:
        MachineError: the sandbox failed.
    """
    found: list[Recorded] = []
    for group in _groups(model):
        seen = [_observed(built, how) for how in group]
        if all(isinstance(one, Recorded) for one in seen):
            found = [one for one in seen if isinstance(one, Recorded)]
            break
        why = next(one for one in seen if isinstance(one, str))
    else:
        return why
    for how in _variants(found[0].how, text):
        more = _observed(built, how)
        if isinstance(more, Recorded) and all(difference(one.printed, more.printed, ordered=False) for one in found):
            found.append(more)
    return found


def _groups(model: str) -> list[tuple[How, ...]]:
    if model.startswith("mpi"):
        threads = 2 if "openmp" in model else 1
        return [tuple(How(ranks=n, threads=threads) for n in group) for group in _RANKS]
    return [tuple(How(threads=n) for n in _THREADS)] if model == "openmp" else [(How(),)]


def _variants(first: How, text: str) -> Iterator[How]:
    """Other inputs that a program may take."""
    if _TAKES_ARGUMENTS.search(text):
        for args in _ARGUMENTS:
            yield How(args=args, ranks=first.ranks, threads=first.threads)
    if _READS.search(text):
        for stdin in _INPUTS:
            yield How(stdin=stdin, ranks=first.ranks, threads=first.threads)


def _observed(built: sandbox.Build, how: How) -> Recorded | str:
    """A run that comes out alike twice, or the reason why it is none."""
    first = run(built, how)
    if not first.ok:
        return "doesn't end well by itself"
    if first.truncated or not first.stdout.strip():
        return "prints nothing" if not first.stdout.strip() else "prints too much"
    second = run(built, how)
    if not second.ok or difference(first.stdout, second.stdout, ordered=is_ordered(how)):
        return "prints something else each time"
    return Recorded(how=how, printed=first.stdout)


def passes(built: sandbox.Build, recorded: Sequence[Recorded], *, seconds: float = _SECONDS) -> tuple[str, Outcome | None]:
    """Why a built program isn't what it was, and the outcome that shows it; an empty reason when it is.

    Raises:
        MachineError: the sandbox failed.
    """
    for one in recorded:
        outcome = run(built, one.how, seconds=seconds)
        if not outcome.ok:
            return f"{one.how.describe()}{describe_run(outcome)}", outcome
        if why := difference(one.printed, outcome.stdout, ordered=is_ordered(one.how)):
            return f"{one.how.describe()}{why}", outcome
    return "", None


def survives(language: str, model: str, text: str, recorded: Sequence[Recorded]) -> bool:
    """Whether a text is built and passes.

    Raises:
        MachineError: the sandbox failed.
    """
    with build(language, model, text) as built:
        if built.outcome.verdict is Verdict.INFRA_ERROR:
            raise MachineError(built.outcome.message)
        return built.ok and not passes(built, recorded)[0]


def judged_seconds() -> float:
    """The time limit of a program with an answer in it."""
    return _SECONDS * _SLOWER
