"""Plots of single answers: axes that hold what they must, places that are right, and any time that can be measured."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.eval.report_frames import Timed, axis_over, frame, roofline_plot, speedup_plot


def timed(cores=1, seconds=0.01, baseline=0.01, flops=2e6, spread=1e-4, roof=True):
    """A timing, of a machine of 24 GB/s and 30 Gflop/s by core."""
    return Timed(
        cores=cores,
        seconds=seconds,
        spread=spread,
        baseline_seconds=baseline,
        num_bytes=24e6,
        flops=flops,
        most_bandwidth=24e9 * cores * roof,
        most_flops=30e9 * cores * roof,
    )


positive = st.floats(min_value=1e-9, max_value=1e9)


@given(st.lists(positive, min_size=1, max_size=5), st.sampled_from([2, 10]))
def test_axes_hold_their_values(values, base):
    """Every value lies within the limits, which are powers of the base, and there are few ticks."""
    axis = axis_over(values, label="x", base=base)
    assert all(0 <= axis.position(v) <= 1 for v in values)
    assert 1 <= len(axis.ticks) <= 7
    assert axis.position(axis.limits[0]) == pytest.approx(0, abs=1e-9)


def test_points_stand_where_matplotlib_puts_them():
    """A frame's own reckoning of places agrees with the grid lines that matplotlib drew."""
    made = frame("t", axis_over([1, 8], label="x", base=2), axis_over([1, 100], label="y", base=10), "t")
    drawn = {round(float(x), 0) for x in re.findall(r'<path d="M ([\d.]+) [\d.]+ *\n?L \1 ', made.svg)}
    expected = {round(made.at(tick, 1)[0], 0) for tick in made.x.ticks}
    assert expected <= drawn


@settings(deadline=None, max_examples=25)  # matplotlib takes 0.1 s for a plot
@given(st.lists(st.tuples(positive, positive, st.floats(min_value=0, max_value=1e9)), min_size=1, max_size=3))
def test_any_time_can_be_plotted(rows):
    """Whatever the times and spreads, nothing lies outside of the plot and no number is missing."""
    timings = [timed(cores=n, seconds=s, baseline=b, spread=d) for n, (s, b, d) in enumerate(rows, 1)]
    for plot in (speedup_plot(timings), roofline_plot(timings)):
        assert "nan" not in plot
        assert "inf" not in plot
        circles = [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([-\d.]+)" cy="([-\d.]+)"', plot)]
        assert len(circles) == len(rows)
        width, height = (float(n) for n in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', plot).groups())  # type: ignore[union-attr]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in circles)


def test_roofs_are_those_of_the_machine():
    """Share of the roof by hand: 24 MB at 24 GB/s take 1 ms; without operations, or a machine that was measured, there is no plot."""
    assert timed(seconds=0.004).roof_share == pytest.approx(0.25)
    assert timed(cores=2, seconds=0.004).roof_share == pytest.approx(0.125)
    assert timed(flops=60e6, seconds=0.004).roof_share == pytest.approx(0.5)
    assert roofline_plot([timed(flops=0.0)]) == ""
    assert roofline_plot([timed(roof=False)]) == ""
    assert timed(roof=False).roof_share == 0.0
    assert "2 cores" in roofline_plot([timed(), timed(cores=2)])


def test_frames_are_few():
    """A hundred answers at other speeds share their axes, which is why pages are quick."""
    frame.cache_clear()
    for i in range(100):
        speedup_plot([timed(seconds=0.01 * (1 + i / 200))])
        roofline_plot([timed(seconds=0.01 * (1 + i / 200))])
    assert frame.cache_info().misses <= 4
