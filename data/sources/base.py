"""What every kind of source offers, and the table of kinds.

Theory of operation. `resolve` says cheaply what a source is now (package and version), so that an
interrupted run can tell whether the rows it already wrote still hold. Opening it then gives sorted
entries, each read only when asked for: memory stays flat however large the package is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from hpcraft.errors import ConfigError

KINDS: dict[str, str] = {
    "debian": "hpcraft.data.sources.debian",
    "git": "hpcraft.data.sources.git",
    "path": "hpcraft.data.sources.path",
}
"""Kind of source to the module that has a ``resolve``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What all kinds need to know."""

    cache: Path
    offline: bool
    """Never start a download; raise `hpcraft.errors.InputError` for what isn't cached."""
    max_file_bytes: int
    apt_folder: Path
    """Where the machine's apt is configured, normally ``/etc/apt``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One wanted file of a source."""

    path: str
    """Relative to the root of the package, with forward slashes."""
    read: Callable[[], bytes]
    """Raises `OSError` when the file can't be read after all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The wanted files of a source, sorted by path, and what was left out by reason."""

    entries: list[Entry]
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """What a source is now."""

    spec: str
    package: str
    version: str
    open: Callable[[], AbstractContextManager[Opened]]


class Resolver(Protocol):
    """A kind of source."""

    def resolve(self, rest: str, settings: Settings) -> Resolved:
        """Say what ``KIND:rest`` is now, downloading it when need be.

        Raises:
            InputError: there is no such thing, or it is damaged.
            MachineError: the machine lacks what this kind needs.
        """
        ...


def check_spec(spec: str) -> None:
    """Refuse a source that no kind can read.

    Raises:
        ConfigError: the kind is unknown or nothing follows it.
    """
    kind, colon, rest = spec.partition(":")
    if not colon or kind not in KINDS or not rest.strip():
        known = ", ".join(f"{k}:..." for k in KINDS)
        raise ConfigError(f"source {spec!r}: expected one of {known}, such as debian:hypre, git:https://host/repo@v1 or path:./src")


def resolve(spec: str, settings: Settings) -> Resolved:
    """Resolve a source by the kind that its name begins with."""
    check_spec(spec)
    kind, _, rest = spec.partition(":")
    return cast("Resolver", import_module(KINDS[kind])).resolve(rest.strip(), settings)
