"""Plots of one answer, drawn by the thousand: speed-up against cores, and the roofline.

Matplotlib takes 40 to 90 ms a plot, most of it for axes. So it draws each pair of axes once, as a `Frame`; their limits are powers of two or
ten, which makes them few. What is particular to an answer, lines and points, is put into the frame's SVG here, in its coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from hpcraft.eval.report_plots import GRID, drawing, to_svg

_MOST_TICKS = 7
_POINT, _SQUARE = 4, 11
_LABEL = 11
"""Sizes in SVG units, which are points."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """A logarithmic axis between two powers of its base."""

    label: str
    base: int
    low: int
    """Exponent."""
    high: int
    pad: float = 0.0
    """Room beyond both ends, in exponents."""

    def position(self, value: float) -> float:
        """Where a value lies: 0 at the axis' beginning, 1 at its end."""
        return (math.log(value, self.base) - self.low + self.pad) / (self.high - self.low + 2 * self.pad)

    @property
    def limits(self) -> tuple[float, float]:
        """The values at both ends."""
        return float(self.base) ** (self.low - self.pad), float(self.base) ** (self.high + self.pad)

    @property
    def ticks(self) -> list[float]:
        """At powers of the base, not more than fit."""
        step = max(1, math.ceil((self.high - self.low) / (_MOST_TICKS - 1)))
        return [float(self.base) ** e for e in range(self.low, self.high + 1, step)]


def axis_over(values: Iterable[float], *, label: str, base: int) -> Axis:
    """The shortest axis that holds all of ``values``, which are positive, with some room at both ends."""
    logs = [math.log(v, base) for v in values]
    low, high = math.floor(min(logs) - 0.05), math.ceil(max(logs) + 0.05)
    return Axis(label=label, base=base, low=low, high=high)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """Axes as SVG, without its end, and where they lie."""

    svg: str
    x: Axis
    y: Axis
    left: float
    right: float
    top: float
    bottom: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The place of a point in SVG units."""
        across = self.left + self.x.position(x) * (self.right - self.left)
        return round(across, 1), round(self.bottom - self.y.position(y) * (self.bottom - self.top), 1)

    def finish(self, marks: Sequence[str]) -> str:
        """The whole plot."""
        return f"{self.svg}{''.join(marks)}</svg>"

    def line(self, points: Sequence[tuple[float, float]], *, colour: str, dashed: bool = False, width: float = 2) -> str:
        """A line through points, which must lie within the axes."""
        path = " L".join("{} {}".format(*self.at(x, y)) for x, y in points)
        dash = ";stroke-dasharray:5 4" if dashed else ""
        return f'<path d="M{path}" style="fill:none;stroke:var({colour});stroke-width:{width}{dash}"/>'

    def point(self, x: float, y: float, *, colour: str, words: str, square: bool = False) -> str:
        """A point with words for people who point at it; a square is hollow and larger, so that a point on it hides nothing."""
        across, up = self.at(x, y)
        about = f"<title>{escape(words)}</title>"
        if not square:
            return f'<circle cx="{across}" cy="{up}" r="{_POINT}" style="fill:var({colour})">{about}</circle>'
        place = f'x="{across - _SQUARE / 2}" y="{up - _SQUARE / 2}" width="{_SQUARE}" height="{_SQUARE}"'
        return f'<rect {place} style="fill:none;stroke-width:2;stroke:var({colour})">{about}</rect>'

    def words(self, x: float, y: float, text: str, *, anchor: str = "start", right: float = 0, up: float = 0) -> str:
        """Words beside a place."""
        across, height = self.at(x, y)
        style = f"font-size:{_LABEL}px;text-anchor:{anchor};fill:var(--muted);stroke:var(--paper);stroke-width:3px;paint-order:stroke"
        return f'<text x="{across + right:.1f}" y="{height - up:.1f}" style="{style}">{escape(text)}</text>'


@lru_cache(maxsize=512)
def frame(name: str, x: Axis, y: Axis, title: str) -> Frame:
    """Axes with their ticks, labels and grid."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    with drawing(height_inches=3.2) as (figure, axes):
        for at, axis, shown in ((axes.xaxis, x, "x"), (axes.yaxis, y, "y")):
            getattr(axes, f"set_{shown}scale")("log", base=axis.base)
            getattr(axes, f"set_{shown}lim")(*axis.limits)
            getattr(axes, f"set_{shown}label")(axis.label)
            at.set_major_locator(FixedLocator(axis.ticks))
            at.set_minor_locator(NullLocator())
            at.set_major_formatter(FuncFormatter(_tick))
        axes.grid(visible=True, color=GRID, linewidth=0.8)
        svg = to_svg(figure, name, title)
        height = figure.get_figheight() * figure.dpi
        (left, bottom), (right, top) = axes.transAxes.transform(((0, 0), (1, 1)))
    return Frame(
        svg=svg.removesuffix("</svg>"),
        x=x,
        y=y,
        left=float(left),
        right=float(right),
        top=height - float(top),
        bottom=height - float(bottom),
    )


def _tick(value: float, _position: float | None = None) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:.3g}"


# ---------------------------------------------------------------- the two plots


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """An answer on so many cores."""

    cores: int
    seconds: float
    spread: float
    baseline_seconds: float
    num_bytes: float
    flops: float
    most_bandwidth: float
    """0 where that isn't known, as `most_flops`."""
    most_flops: float

    @property
    def speedup(self) -> float:
        """Over the sequential reference."""
        return self.baseline_seconds / self.seconds

    @property
    def intensity(self) -> float:
        """Operations by byte that has to move; 0 for work without floating-point numbers."""
        return self.flops / self.num_bytes if self.num_bytes else 0.0

    @property
    def roof_share(self) -> float:
        """How much of the most that so many cores can do; 0 where that isn't known."""
        if not self.most_bandwidth or not self.most_flops:
            return 0.0
        return max(self.num_bytes / self.most_bandwidth, self.flops / self.most_flops) / self.seconds

    @property
    def words(self) -> str:
        """For people."""
        return core_words(self.cores)


def core_words(cores: int) -> str:
    """``1 core``, ``2 cores``."""
    return f"{cores} core{'s' * (cores > 1)}"


ANSWER, REFERENCE, IDEAL, ROOF = "--series-1", "--series-2", "--muted", "--series-3"
"""Colours, the same in both plots."""


def speedup_plot(timings: Sequence[Timed]) -> str:
    """Speed-up over the sequential reference against cores, with the reference itself and the ideal."""
    most = max(2, *(t.cores for t in timings))
    values = [v for t in timings for v in (t.speedup, *_bounds(t))]
    x = Axis(label="cores", base=2, low=0, high=math.ceil(math.log2(most)), pad=0.2)
    y = axis_over([*values, 1, most], label="speed-up over the reference", base=2)
    made = frame("speedup", x, y, "Speed-up over the sequential reference against the number of cores")
    marks = [
        made.line([(1, 1), (most, most)], colour=IDEAL, dashed=True, width=1.5),
        made.line([(end, 1) for end in x.limits], colour=REFERENCE, width=1.5),
        made.line([(t.cores, t.speedup) for t in timings], colour=ANSWER),
    ]
    for t in timings:
        low, high = _bounds(t)
        marks.append(made.line([(t.cores, low), (t.cores, high)], colour=ANSWER, width=1))
        marks.append(made.point(t.cores, t.speedup, colour=ANSWER, words=f"{t.words}: {t.speedup:.2f} times as fast"))
    return made.finish(marks)


def _bounds(timed: Timed) -> tuple[float, float]:
    """Speed-up by the median time and its spread."""
    spread = min(timed.spread, 0.9 * timed.seconds)
    return timed.baseline_seconds / (timed.seconds + spread), timed.baseline_seconds / (timed.seconds - spread)


def roofline_plot(timings: Sequence[Timed]) -> str:
    """Operations a second against operations by byte: the roofs of one core and of the most, the answer, the reference.

    Empty where the work has no floating-point operations, or the machine was not measured.
    """
    known = [t for t in timings if t.intensity and t.most_bandwidth and t.most_flops]
    if not known:
        return ""
    last = max(known, key=lambda t: t.cores)
    bandwidth, flops = last.most_bandwidth / last.cores / 1e9, last.most_flops / last.cores / 1e9  # of one core
    at, ridge = last.intensity, flops / bandwidth
    baseline = last.flops / last.baseline_seconds / 1e9
    reached = {t: t.flops / t.seconds / 1e9 for t in known}
    x = axis_over([at / 2, at * 4, ridge / 2, ridge * 4], label="operations by byte", base=10)
    y = axis_over([*reached.values(), baseline, flops / 20, flops * last.cores * 1.5], label="Gflop/s", base=10)
    made = frame("roofline", x, y, "Roofline: operations a second against operations by byte that has to move")
    marks = [made.line([(at, 10.0**y.low), (at, 10.0**y.high)], colour="--muted", width=0.8)]
    for n in dict.fromkeys((1, last.cores)):
        marks += _roof(made, n, n * bandwidth, n * flops)
    marks.append(made.point(at, baseline, colour=REFERENCE, words=f"reference: {baseline:.3g} Gflop/s", square=True))
    marks.append(made.words(at, baseline, "reference", anchor="end", right=-8, up=-4))
    for t, rate in reached.items():
        marks.append(made.point(at, rate, colour=ANSWER, words=f"{t.words}: {rate:.3g} Gflop/s"))
    marks.append(made.words(at, reached[last], last.words, right=8, up=-4))
    return made.finish(marks)


def _roof(made: Frame, cores: int, bandwidth: float, flops: float) -> list[str]:
    """The line under which so many cores stay, and what it is called."""
    lowest, end = 10.0**made.y.low, 10.0**made.x.high
    begin = max(10.0**made.x.low, lowest / bandwidth)
    line = made.line([(begin, bandwidth * begin), (flops / bandwidth, flops), (end, flops)], colour=ROOF, dashed=cores > 1, width=1.5)
    return [line, made.words(end, flops, core_words(cores), anchor="end", right=-4, up=-13 if cores == 1 else 5)]
