"""The report's plots, as SVG to stand inside the HTML.

Matplotlib draws them, because its SVG is 5 to 30 kB a plot, needs no script, prints sharply and can be read
without a network; plotly's plots need its script of 4.8 MB inside the file, and its static export a browser.
Text stays text (it can be searched, and is read aloud), colours become CSS variables, so that one plot
serves the light and the dark scheme, and every id carries the plot's name, so that plots don't share clip paths.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"

INK, GRID, PAPER, TEXT = "#010101", "#020202", "#030303", "#040404"
SERIES = ("#010001", "#020002", "#030003", "#040004")
"""Stand-ins that no plot would hold by itself; each becomes ``var(--series-N)``."""

_VARIABLES = {INK: "--muted", GRID: "--line", PAPER: "--paper", TEXT: "--ink"} | {c: f"--series-{i}" for i, c in enumerate(SERIES, 1)}
DASHES = ("-", "--", "-.", ":")
_WIDTH_INCHES = 5.6
_DPI = 72  # one SVG unit per point, so that font sizes are those of the page


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a plot."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    style: int
    """Colour and dash: the same number for the same thing in every plot."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A value with its interval, one row of a dot plot."""

    label: str
    value: float
    low: float
    high: float
    highlighted: bool
    """Drawn in the first series' colour; the others (the measuring sticks) are grey."""


def line_plot(name: str, lines: Sequence[Line], *, title: str, x_label: str, y_label: str, x_end: float) -> str:
    """Lines over an axis from 0 to ``x_end``, each with its own colour and dash, labelled in a legend."""
    with drawing(height_inches=3.1) as (figure, axes):
        for line in lines:
            few = len(line.x) <= 12
            axes.plot(
                line.x,
                line.y,
                color=SERIES[line.style],
                linestyle=DASHES[line.style],
                linewidth=2,
                marker="o" if few else None,
                markersize=4,
                label=line.label,
            )
        axes.set_xlim(0, 1.02 * x_end)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
        axes.xaxis.set_major_formatter(_short)
        axes.legend(frameon=False, labelcolor=INK, loc="best", fontsize=11)
        return to_svg(figure, name, title)


def interval_plot(name: str, rows: Sequence[Interval], *, title: str, x_label: str) -> str:
    """Shares between 0 and 1 as dots, their intervals as bars, one row each."""
    with drawing(height_inches=0.75 + 0.3 * len(rows)) as (figure, axes):
        for y, row in enumerate(reversed(rows)):
            colour = SERIES[0] if row.highlighted else INK
            axes.plot([row.low, row.high], [y, y], color=colour, linewidth=3, solid_capstyle="round", alpha=0.45)
            axes.plot([row.value], [y], color=colour, marker="o", markersize=8, clip_on=False, zorder=3)
        axes.set_yticks(range(len(rows)), [r.label for r in reversed(rows)])
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlabel(x_label)
        axes.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
        return to_svg(figure, name, title)


def bar_plot(name: str, values: Sequence[tuple[str, float]], *, title: str, x_label: str) -> str:
    """One horizontal bar per name, its value written at the end."""
    with drawing(height_inches=0.75 + 0.34 * len(values)) as (figure, axes):
        names = [n for n, _ in reversed(values)]
        bars = axes.barh(range(len(values)), [v for _, v in reversed(values)], height=0.62, color=SERIES[0])
        axes.bar_label(bars, fmt="%.3f", padding=5, color=INK, fontsize=11)
        axes.set_yticks(range(len(values)), names)
        axes.margins(x=0.14)
        axes.set_xlabel(x_label)
        axes.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
        return to_svg(figure, name, title)


def _short(value: float, _position: float | None = None) -> str:
    """Tick labels such as ``3 M`` instead of a power of ten at the axis' end."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


@contextmanager
def drawing(*, height_inches: float) -> Iterator[tuple[Figure, Axes]]:
    """An empty figure in the report's style; no pyplot, so that no window system is touched and nothing is kept."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "hpcraft",
        "font.size": 12,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GRID,
        "axes.labelcolor": INK,
        "xtick.color": GRID,
        "ytick.color": GRID,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "text.color": INK,
        "text.parse_math": False,
        "axes.axisbelow": True,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(_WIDTH_INCHES, height_inches), dpi=_DPI, layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        yield figure, axes


def to_svg(figure: Figure, name: str, title: str) -> str:
    """The finished figure as SVG for a page; ``name`` makes its ids its own."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ET.fromstring(buffer.getvalue())  # noqa: S314 - matplotlib's own output, made a line above
    for child in list(root):
        if child.tag.endswith("}metadata"):
            root.remove(child)
    for parent in root.iter():
        for sheet in parent.findall(f"{{{_SVG}}}style"):  # a style sheet inside the SVG would hold for the whole page
            parent.remove(sheet)
    root.set("style", "stroke-linejoin: round")
    for element in root.iter():
        _adapt(element, name)
    for size in ("width", "height", "version"):
        root.attrib.pop(size, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title")
    label = ET.Element(f"{{{_SVG}}}title", {"id": f"{name}-title"})
    label.text = title
    root.insert(0, label)
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    return ET.tostring(root, encoding="unicode")


def _adapt(element: ET.Element, name: str) -> None:
    """Give ``element`` ids of its own and the page's colours and font."""
    if "id" in element.attrib:
        element.set("id", f"{name}-{element.get('id')}")
    if reference := element.get(f"{{{_XLINK}}}href"):
        del element.attrib[f"{{{_XLINK}}}href"]
        element.set("href", reference.replace("#", f"#{name}-", 1))
    if clip := element.get("clip-path"):
        element.set("clip-path", clip.replace("url(#", f"url(#{name}-"))
    for attribute in ("style", "fill", "stroke"):
        if text := element.get(attribute):
            for colour, variable in _VARIABLES.items():
                text = text.replace(colour, f"var({variable})")
            element.set(attribute, re.sub(r"; font-family: [^;]*", "", text))
    element.text = None if element.text is not None and not element.text.strip() else element.text
    element.tail = None if element.tail is not None and not element.tail.strip() else element.tail
