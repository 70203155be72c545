"""Plots of a whole suite: shares of tasks by model and group as a heat map, and how fast answers are, all of them in one curve each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpcraft.eval.report_plots import DASHES, GRID, INK, SERIES, TEXT, drawing, to_svg

_DEEPEST = 0.55
"""Of the colour that stands for 1: the figure on it must be readable in the light and in the dark."""
_MOST_STEPS = 200
"""Of a curve: more can't be seen."""
_STYLES = len(SERIES) * len(DASHES)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatRow:
    """One model: a share for each column, None where it has none."""

    label: str
    values: tuple[float | None, ...]


def heat_map(name: str, columns: Sequence[str], rows: Sequence[HeatRow], *, title: str, gap: int) -> str:
    """Shares in per cent on a ground that is the deeper the larger they are; a gap parts the first ``gap`` columns from the others."""
    from matplotlib.patches import Rectangle

    with drawing(height_inches=0.85 + 0.36 * len(rows)) as (figure, axes):
        places = [i + 0.25 * (i >= gap) for i in range(len(columns))]
        for y, row in enumerate(reversed(rows)):
            for x, value in zip(places, row.values, strict=True):
                axes.add_patch(
                    Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=SERIES[0], alpha=_DEEPEST * (value or 0.0), edgecolor="none")
                )
                axes.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, fill=False, edgecolor=GRID, linewidth=0.8))
                axes.text(x, y, "–" if value is None else f"{100 * value:.0f}", ha="center", va="center", fontsize=11, color=TEXT)
        axes.set_xlim(-0.55, places[-1] + 0.55)
        axes.set_ylim(-0.55, len(rows) - 0.45)
        axes.set_xticks(places, columns, fontsize=10, rotation=30 if len(columns) > 7 else 0, ha="right" if len(columns) > 7 else "center")
        axes.set_yticks(range(len(rows)), [r.label for r in reversed(rows)])
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return to_svg(figure, name, title)


def speed_curves(name: str, speedups: Mapping[str, Sequence[float]], *, title: str) -> str:
    """For each model, the share of its answers that are at least so fast; a wrong answer has speed-up 0 and stands nowhere.

    Models beyond what colours and dashes can tell apart are left out.
    """
    from matplotlib.ticker import FuncFormatter, NullFormatter

    shown = list(speedups.items())[:_STYLES]
    with drawing(height_inches=3.2) as (figure, axes):
        positive = [v for _, values in shown for v in values if v > 0]
        low, high = min(0.5, min(positive) / 1.3), max(2.0, max(positive) * 1.3)
        for i, (label, values) in enumerate(shown):
            ordered = sorted(v for v in values if v > 0)
            picked = range(0, len(ordered), 1 + len(ordered) // _MOST_STEPS)
            shares = [(len(ordered) - j) / len(values) for j in picked]
            ordered = [ordered[j] for j in picked]
            axes.step(
                [low, *ordered, high],
                [*(shares[:1] or [0.0]), *shares, 0.0],
                where="pre",
                label=label,
                linewidth=2,
                color=SERIES[i % len(SERIES)],
                linestyle=DASHES[i // len(SERIES)],
            )
        axes.axvline(1, color=INK, linewidth=1, linestyle=":")
        axes.set_xscale("log", base=2)
        axes.set_xlim(low, high)
        axes.set_ylim(0, 1.02)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("speed-up over the sequential reference, at least")
        axes.set_ylabel("share of answers")
        axes.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
        axes.legend(frameon=False, labelcolor=INK, loc="best", fontsize=10)
        return to_svg(figure, name, title)
