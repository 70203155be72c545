"""Progress bars with rate and time left on stderr; silent when stderr is no terminal or ``--quiet`` was given."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")

_QUIET_VARIABLE = "HPCRAFT_QUIET"
_BAR_WIDTH = 12


def set_quiet(quiet: bool) -> None:
    """Switch bars and notes off, or on, for this process and those it starts."""
    if quiet:
        os.environ[_QUIET_VARIABLE] = "1"
    else:
        os.environ.pop(_QUIET_VARIABLE, None)


def is_quiet() -> bool:
    """Whether the command was asked to say nothing but errors."""
    return bool(os.environ.get(_QUIET_VARIABLE))


def visible() -> bool:
    """Whether bars are drawn."""
    return sys.stderr.isatty() and not is_quiet()


class Advance(Protocol):
    """Moves a bar on."""

    def __call__(self, amount: float, words: str = "") -> None:
        """By ``amount``; ``words`` stand behind the rate from now on."""
        ...


@contextmanager
def bar(description: str, total: float | None = None) -> Iterator[Advance]:
    """A bar; the block receives a function that advances it."""
    if not visible():
        yield _still
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column
    from rich.text import Text

    class Words(ProgressColumn):
        """On a narrow terminal the words are cut; how far it is, and how long it will take, stay."""

        def render(self, task: Task) -> Text:
            return Text(task.fields["words"], no_wrap=True, overflow="ellipsis")

    def whole() -> Column:
        return Column(no_wrap=True)

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=_BAR_WIDTH, table_column=whole()),
        MofNCompleteColumn(table_column=whole()),
        TimeElapsedColumn(table_column=whole()),
        TimeRemainingColumn(table_column=whole()),
        TextColumn("{task.fields[rate]}"),
        Words(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=total, rate="", words="")

        def advance(amount: float, words: str = "") -> None:
            speed = progress.tasks[0].speed
            kept = words or progress.tasks[0].fields["words"]
            progress.update(task, advance=amount, rate=f"{speed:,.1f}/s" if speed else "", words=kept)

        yield advance


def _still(amount: float, words: str = "") -> None:
    """Moves no bar."""


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield ``items`` while a bar counts them."""
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    with bar(description, total) as advance:
        for item in items:
            yield item
            advance(1)
