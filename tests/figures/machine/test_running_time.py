"""Conversion of wall time to positions on the axis of a timeline."""

import numpy as np
import pytest

from simmer.figures.machine.running_time import RunningTime
from simmer.figures.machine.spans import Span

RUNS = (Span(1000, 2000), Span(90_000, 91_000), Span(500_000, 508_000))


def test_running_time_keeps_its_length_and_every_break_is_equally_narrow():
    axis = RunningTime(RUNS)
    assert axis.total_s == 10_000
    starts, ends = axis.at(np.array([1000, 90_000, 500_000])), axis.at(np.array([2000, 91_000, 508_000]))
    assert list(ends - starts) == [1000, 1000, 8000]
    widths = [end - start for _, start, end in axis.breaks()]
    assert widths == pytest.approx([200, 200])
    assert [gap.length_s for gap, _, _ in axis.breaks()] == [88_000, 409_000]
    assert axis.end == ends[-1]


def test_many_breaks_take_a_bounded_share():
    axis = RunningTime([Span(1000 * number, 1000 * number + 10) for number in range(300)])
    assert axis.total_s == 3000
    assert axis.end == pytest.approx(1.15 * 3000)


def test_positions_rise_with_time_and_with_running_time():
    axis = RunningTime(RUNS)
    assert (np.diff(axis.at(np.linspace(0, 600_000, 999))) >= 0).all()
    assert (np.diff(axis.after_running(np.linspace(0, 10_000, 999))) > 0).all()
    assert list(axis.after_running(np.array([0.0, 500.0]))) == [0.0, 500.0]


def test_no_run_and_a_run_of_no_length_still_make_an_axis():
    for runs in ((), (Span(5, 5),)):
        axis = RunningTime(runs)
        assert (axis.total_s, axis.end) == (1, 1)
        assert axis.breaks() == []


def test_spans_too_close_to_distinguish_are_joined():
    axis = RunningTime((Span(0, 1000),))
    spans = [Span(number, number + 0.5) for number in range(100)] + [Span(500, 500.1)]
    assert axis.spans(spans) == [(0, 101), (500, 502)]
