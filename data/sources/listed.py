"""``list:FILE``: one source a line, such as a list of repositories; one that fails doesn't stop the others.

A line is a source of any other kind, an ``https://`` address of a git repository, or ``owner/repo`` on GitHub; ``#`` begins a comment.
Relative paths start at the list's folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from hpcraft.data.sources.base import KINDS, Settings, check_spec
from hpcraft.errors import ConfigError, InputError

_GITHUB = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+(@[\w./+-]+)?")
_WITH_PATHS = frozenset({"path", "git", "archive", "hf"})
_COMMENT = re.compile(r"(^|\s)#.*$")


@dataclass(frozen=True, slots=True)
class Listed:
    """A source of a list."""

    spec: str
    """With paths as they are found from here."""
    label: str
    """As the list names it."""
    package: str = ""
    """``owner/repo`` of a repository, since lists hold many of the same last name; empty for other kinds."""


def resolve(rest: str, settings: Settings) -> NoReturn:  # noqa: ARG001 - the signature of all kinds
    """A list has no package of its own; `expand` gives what it names."""
    raise ConfigError(f"list:{rest}: a list can't stand in a list")


def expand(rest: str) -> list[Listed]:
    """The sources of a list, each once.

    Raises:
        InputError: no such file, not text, no source in it, or a line that is none.
    """
    file = Path(rest).expanduser()
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise InputError(f"list:{rest}: {why}; give a text file with one source a line") from None
    found: dict[str, Listed] = {}
    for number, line in enumerate(lines, 1):
        if text := _COMMENT.sub("", line).strip():
            listed = _listed(text, file.parent, f"{rest}:{number}")
            found.setdefault(listed.label, listed)
    if not found:
        raise InputError(f"list:{rest}: names no source; give one a line, such as git:https://host/repo@v1 or owner/repo")
    return list(found.values())


def _listed(text: str, folder: Path, where: str) -> Listed:
    if text.startswith("https://"):
        text = f"git:{text}"
    elif _GITHUB.fullmatch(text) and text.partition(":")[0] not in KINDS:
        text = f"git:https://github.com/{text}"
    try:
        check_spec(text)
    except ConfigError as error:
        raise InputError(f"{where}: {error}; in a list also owner/repo or https://host/repo") from None
    kind, _, rest = text.partition(":")
    if kind == "list":
        raise InputError(f"{where}: a list can't stand in a list; give its lines here")
    spec = f"{kind}:{_from_here(rest, folder)}" if kind in _WITH_PATHS else text
    return Listed(spec, text, _repository(rest) if kind == "git" else "")


def _from_here(rest: str, folder: Path) -> str:
    """A path below the list's folder where it is one; addresses and names of data sets stay."""
    if "://" in rest or rest.startswith(("/", "~")):
        return rest
    # A git revision and the hash of an archive stand behind the path.
    here = folder / re.sub(r"(@[\w./+-]*|#.*)$", "", rest)
    return str(folder / rest) if rest.startswith(("./", "../")) or here.exists() or (folder / rest).exists() else rest


def _repository(rest: str) -> str:
    address = re.sub(r"@[\w./+-]*$", "", rest) if not rest.startswith("git@") else rest
    parts = re.split(r"[/:]", address.rstrip("/").removesuffix(".git"))
    return "/".join([part for part in parts if part not in ("", ".", "..")][-2:])
