"""The view of a file as one HTML page that holds all it shows and loads nothing.

A megabyte of code is some 300,000 tokens, more elements than a browser likes. So the page holds them as data, and its script makes elements for
the lines near the window alone, a block of lines at a time, and takes them away again. Source text is hostile: it reaches the page as
JSON that the template engine escapes, and the screen as text, never as markup; characters that turn the direction of text are shown as marks.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcraft import __version__
from hpcraft.tokenizer.view import KINDS, NAME_KINDS, Row, View, escaped, kind_of_name

_TEMPLATES = Path(__file__).parent / "templates"
_BLOCK_ROWS = 80
_BLOCK_FRAGMENTS = 2500
"""A block of the page: so many lines, or fewer where they are long."""
_MOST_NAMES = 5000
Block = list[list[object]]


@dataclass(frozen=True, slots=True)
class NameRow:
    """A line of the table of names."""

    canonical: str
    original: str
    kind: str
    uses: int


def render(view: View, path: Path, tokenizer_name: str, labels: dict[int, str]) -> str:
    """The page.

    Args:
        view: what it shows.
        path: of the file, for the title.
        tokenizer_name: of the tokenizer; empty for the lexer's tokens.
        labels: what the tokenizer calls the tokens that are shown, by id.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    script = (_TEMPLATES / "inspect.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    names = list(_names(view))
    return environment.get_template("inspect.html.jinja").render(
        version=__version__,
        title=escaped(path.name),
        view=view,
        tokenizer_name=tokenizer_name,
        names=names[:_MOST_NAMES],
        num_names=len(names),
        kinds=KINDS,
        num_rows=len(view.rows),
        data=_data(view, labels),
        style=Markup((_TEMPLATES / "inspect.css").read_text()),  # noqa: S704 - ours, from the package
        script=Markup(script),  # noqa: S704 - ours, from the package; its hash is in the policy
        script_hash=f"sha256-{digest}",
    )


def _names(view: View) -> Iterator[NameRow]:
    by_kind = {kind: place for place, kind in enumerate((*NAME_KINDS, "plain"))}
    for new, old in sorted(view.renamed.names.items(), key=lambda item: (by_kind[kind_of_name(item[0])], len(item[0]), item[0])):
        yield NameRow(new, escaped(old), kind_of_name(new), view.uses[new])


def _data(view: View, labels: dict[int, str]) -> dict[str, object]:
    """What the script shows: blocks of rows; a row is its line number, whether it is a directive, and its fragments, flat."""
    originals: dict[str, int] = {"": 0}
    blocks: list[Block] = [[]]
    size = 0
    for number, row in enumerate(view.rows, 1):
        for part, at in enumerate(range(0, max(1, len(row.fragments)), _BLOCK_FRAGMENTS)):
            fragments = row.fragments[at : at + _BLOCK_FRAGMENTS]
            if blocks[-1] and (len(blocks[-1]) >= _BLOCK_ROWS or size + len(fragments) > _BLOCK_FRAGMENTS):
                blocks.append([])
                size = 0
            size += len(fragments)
            blocks[-1].append(_flat(Row(fragments, row.directive), 0 if part else number, originals))
    return {
        "blocks": blocks,
        "ids": view.ids,
        "labels": {str(number): escaped(label) for number, label in labels.items()},
        "originals": [escaped(original) for original in originals],
        "kinds": [name for name, _ in KINDS],
    }


def _flat(row: Row, number: int, originals: dict[str, int]) -> list[object]:
    line: list[object] = [number, int(row.directive)]
    for fragment in row.fragments:
        line += [fragment.token, escaped(fragment.text), fragment.kind, originals.setdefault(fragment.original, len(originals))]
    return line
