"""Plots of a corpus as PNG, drawn by matplotlib; the same counts give the same bytes."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hpcraft.data.card import PLOT_TITLES
from hpcraft.data.card_words import LANGUAGE_NAMES, NAMES
from hpcraft.data.facts import Facts, rank
from hpcraft.errors import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_BARS = 20
_COLOURS = ("#2a6fbb", "#c8553d", "#3a8d5d", "#8a5fb0", "#8c8c8c")
_MARKERS = ("o", "s", "^", "D", "v")
_WIDTH_INCHES, _DPI = 7.0, 110


def draw(facts: Facts) -> dict[str, bytes]:
    """Every plot for which there are counts, by name."""
    megabytes = {"languages": "by_language", "licences": "by_licence", "packages": "by_package"}
    drawn = {name: _bars(name, [(key, size / 1e6) for key, _, size in facts.sized(metric)], "MB") for name, metric in megabytes.items()}
    drawn["models"] = _bars(
        "models", [(key, files) for key, files, _ in sorted(facts.sized("by_model"), key=lambda r: (-r[1], r[0]))], "files"
    )
    drawn["constructs"] = _bars("constructs", facts.ranked("by_construct"), "occurrences")
    drawn["clauses"] = _bars("clauses", facts.ranked("by_clause"), "occurrences")
    drawn["rejections"] = _bars("rejections", rank(facts.rejections), "files")
    drawn["sizes"] = _sizes(facts.counts("sizes"))
    drawn["years"] = _years({key: files for key, files, _ in facts.sized("by_year")})
    return {name: drawn[name] for name in PLOT_TITLES if drawn[name]}


def _bars(name: str, values: Sequence[tuple[str, float]], unit: str) -> bytes:
    """One horizontal bar per name, the longest on top; of many the longest, and the rest together."""
    shown = [(NAMES.get(key, printable(key)), value) for key, value in values if value > 0]
    if not shown:
        return b""
    if len(shown) > _MOST_BARS:
        rest = shown[_MOST_BARS - 1 :]
        shown = [*shown[: _MOST_BARS - 1], (f"{len(rest)} others", sum(value for _, value in rest))]

    def paint(axes: Axes) -> None:
        bars = axes.barh(range(len(shown)), [value for _, value in reversed(shown)], height=0.65, color=_COLOURS[0])
        axes.bar_label(bars, labels=[_short(value) for _, value in reversed(shown)], padding=4, fontsize=9)
        axes.set_yticks(range(len(shown)), [textwrap.shorten(key, 44, placeholder="..") or key[:44] for key, _ in reversed(shown)])
        axes.set_xlabel(unit)
        axes.margins(x=0.12, y=0.02)
        axes.grid(visible=True, axis="x")

    return _png(name, 1.0 + 0.27 * len(shown), paint)


def _sizes(sizes: dict[str, dict[str, int]]) -> bytes:
    """A line per language over the sizes of files: how many have how many bits in their number of bytes."""
    rows = {language: {int(bits): n for bits, n in counts.items() if n} for language, counts in sorted(sizes.items())}
    used = [bits for counts in rows.values() for bits in counts]
    if not used:
        return b""
    ticks = range(min(used), max(used) + 1)

    def paint(axes: Axes) -> None:
        for number, (language, counts) in enumerate(rows.items()):
            style = number % len(_COLOURS)
            values = [counts.get(bits, 0) for bits in ticks]
            axes.plot(ticks, values, color=_COLOURS[style], marker=_MARKERS[style], label=LANGUAGE_NAMES.get(language, language))
        axes.set_xticks(ticks, [_bytes(2 ** max(bits - 1, 0)) for bits in ticks], rotation=45, ha="right")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("size of the file, from this on to twice as much")
        axes.set_ylabel("files")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
        axes.grid(visible=True, axis="y")

    from matplotlib.ticker import MaxNLocator

    return _png("sizes", 3.6, paint)


def _years(years: dict[str, int]) -> bytes:
    known = {int(year): count for year, count in years.items() if str(year).isdigit() and int(year) > 0}
    if not known:
        return b""
    from matplotlib.ticker import MaxNLocator

    unknown = sum(years.values()) - sum(known.values())

    def paint(axes: Axes) -> None:
        axes.bar(list(known), list(known.values()), width=0.8, color=_COLOURS[0])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(f"year; not known of {unknown:,} files" if unknown else "year")
        axes.set_ylabel("files")
        axes.grid(visible=True, axis="y")

    return _png("years", 3.2, paint)


def _png(name: str, height_inches: float, paint: Callable[[Axes], None]) -> bytes:
    with _figure(height_inches) as (figure, axes):
        paint(axes)
        axes.set_title(PLOT_TITLES[name], loc="left")
        buffer = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")  # a name in letters that the font lacks is shown as boxes
            # No name of a program and no date, so that equal counts give equal bytes.
            figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
        return buffer.getvalue()


@contextmanager
def _figure(height_inches: float) -> Iterator[tuple[Figure, Axes]]:
    """An empty figure without pyplot, so that no window system is touched; the user's own style isn't used."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": "#dddddd",
        "text.parse_math": False,
    }
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(style)
        figure = Figure(figsize=(_WIDTH_INCHES, height_inches), layout="constrained")
        yield figure, figure.add_subplot()


def _short(value: float) -> str:
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if value >= size:
            return f"{value / (1e3 if unit == ' k' else size):,.1f}{unit}"
    return f"{value:,.0f}" if value >= 100 or float(value).is_integer() else f"{value:,.2g}"


def _bytes(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB" if size >= 1 << 10 else f"{size} B"
