"""The view of a file in a terminal: colours through rich, or plain text where there are none.

The text is hostile: whatever would act on a terminal is shown as a mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hpcraft.tokenizer.view import KINDS, Row, View, escaped

if TYPE_CHECKING:
    from rich.text import Text

_SHADES = ("#16191e", "#3b4554")
"""Far enough apart to differ in a terminal of 16 colours as well."""
_COLOURS = {
    "plain": "#d8dee9",
    "variable": "bold #82bdf7",
    "function": "bold #f5ae70",
    "type": "bold #cfa8f5",
    "member": "bold #6fd6c4",
    "label": "bold #f294c4",
    "macro": "bold #e8c36a",
    "platform": "bold #ffffff",
    "string": "#a9d27c",
    "number": "#ff9f97",
    "comment": "italic #a3adb8",
}
_DIRECTIVE = "bold #f0a03c"


def plain(view: View) -> str:
    """The text with a bar between tokens."""
    return "|".join(visible(piece).replace("⏎", "⏎\n") for piece in view.pieces)


def coloured(view: View) -> Iterator[Text]:
    """The lines in colours: shades alternate from token to token, and a renamed word says at its first use what it was."""
    from rich.text import Text

    seen: set[str] = set()
    for row in view.rows:
        yield _line(row, seen)
    yield Text()
    legend = Text()
    for name, _ in KINDS[1:]:
        if name in view.names or name not in _NAMES:
            legend.append(name, _COLOURS[name] + f" on {_SHADES[0]}").append("  ")
    yield legend.append("▌", _DIRECTIVE).append("directive")


_NAMES = frozenset(name for name, _ in KINDS[1:7])


def _line(row: Row, seen: set[str]) -> Text:
    from rich.text import Text

    line = Text().append("▌" if row.directive else " ", _DIRECTIVE)
    for i, fragment in enumerate(row.fragments):
        style = f"{_COLOURS[KINDS[fragment.kind][0]]} on {_SHADES[fragment.token % 2]}"
        line.append(visible(fragment.text).replace(" ", "·") or "▯", style)
        goes_on = i + 1 < len(row.fragments) and row.fragments[i + 1].original == fragment.original
        if fragment.original and fragment.original not in seen and not goes_on:
            seen.add(fragment.original)
            line.append(f"‹{visible(fragment.original)}›", "dim")
    return line


def visible(text: str) -> str:
    """Text with newlines as marks and without what would act on a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else {"\n": "⏎", "\t": "→"}.get(c, "␣") for c in escaped(text))


def summary(view: View) -> str:
    """The figures of a view, a line or more."""
    lines = [f"{len(view.pieces):,} tokens, {view.num_bytes:,} bytes, {view.bytes_per_token} bytes per token"]
    if view.renamed.names and view.ids:
        lines[0] += f"; {view.tokens_as_written:,} tokens with its own names"
    if view.names:
        lines.append("names: " + ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in view.names.items()))
    if view.directive_words:
        lines.append(f"directives: {view.directive_tokens} tokens for {view.directive_words} words and marks ({view.fertility} each)")
    return "\n".join(lines)
