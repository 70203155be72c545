"""Completions as anybody may have written them: what can be read of a file, and what of it was left out and why.

A line is never mended so that it says something else: bytes that aren't UTF-8 become replacement characters, as does half of a
surrogate pair, and then the compiler decides. Of two answers with one (task, sample) the first counts, wherever the second stands, so
that nobody can send several and have the best judged. The mark that some editors put before UTF-8 is no part of the first line. Not covered: files of several gigabytes on one line.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hpcraft.errors import InputError
from hpcraft.parse import record_from
from hpcraft.samples import Completion

Refusal = Callable[[Completion], str]
"""Why a completion can't be judged, under a short stable reason and after a colon in words; empty when it can."""


@dataclass(kw_only=True, slots=True)
class Found:
    """What a file held."""

    completions: Iterator[Completion]
    """In the order of the file."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason to number of lines; whole when ``completions`` has been read to its end."""
    first: dict[str, str] = field(default_factory=dict)
    """Reason to the first line of it, with the particulars."""

    def drop(self, reason: str, words: str) -> None:
        """Count a line that is left out."""
        self.dropped[reason] += 1
        self.first.setdefault(reason, words)

    def notes(self, where: str) -> list[str]:
        """What was left out, a line for each reason."""
        return [
            f"{where}: {count} lines left out, {reason} (the first: {self.first[reason]})" for reason, count in sorted(self.dropped.items())
        ]

    def told(self) -> str:
        """The same as the end of a sentence; nothing when nothing was left out."""
        words = ", ".join(f"{count} {reason}" for reason, count in sorted(self.dropped.items()))
        return f" ({words}; the first: {next(iter(self.first.values()))})" if words else ""


def read_completions(path: Path, refusal: Refusal = lambda _completion: "") -> Found:
    """The completions of a file that can be used, each (task, sample) once; it is read as the iterator goes on.

    Raises:
        InputError: there is no such file.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    found = Found(completions=iter(()))
    found.completions = _read(path, refusal, found)
    return found


def _read(path: Path, refusal: Refusal, found: Found) -> Iterator[Completion]:
    seen: set[tuple[str, int]] = set()
    with path.open("rb") as file:
        for number, whole in enumerate(file, 1):
            line = whole.removeprefix(codecs.BOM_UTF8) if number == 1 else whole
            if not line.strip():
                continue
            where = f"line {number}"
            try:
                completion = parse_line(line, where)
            except InputError as error:
                found.drop("torn" if not line.endswith(b"\n") else "unreadable", str(error))
                continue
            key = (completion.task_id, completion.sample_id)
            if key in seen:
                found.drop("a second answer with the same task and sample", f"{where}: {completion.task_id} sample {completion.sample_id}")
                continue
            # A refused answer holds its place, too: another one of the same number isn't taken for it.
            seen.add(key)
            reason, _, words = refusal(completion).partition(": ")
            if reason:
                found.drop(reason, f"{where}: {words}")
                continue
            yield completion


def parse_line(line: bytes, where: str) -> Completion:
    """The completion on a line, its text such that it can be written as UTF-8.

    Raises:
        InputError: it isn't one.
    """
    try:
        value = json.loads(line.decode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON ({' '.join(str(error).split())[:80]})") from None
    completion = record_from(value, Completion, where=where)
    if completion.sample_id < 0:
        raise InputError(f"{where}: sample_id {completion.sample_id} is below 0")
    return Completion(
        task_id=_utf8(completion.task_id),
        sample_id=completion.sample_id,
        completion=_utf8(completion.completion),
        model=_utf8(completion.model),
        prompt_sha256=_utf8(completion.prompt_sha256),
        sampling={_utf8(k): _utf8(v) if isinstance(v, str) else v for k, v in completion.sampling.items()},
    )


def _utf8(text: str) -> str:
    """``text`` with a replacement for each half of a surrogate pair, which no compiler would take either."""
    return text.encode(errors="replace").decode()
