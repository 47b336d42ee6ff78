"""The timeline of one study as a figure: heat, state, duty and load over the hours in which it ran."""

import io
import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from simmer.hardware.history import History, Point, held_until_s
from simmer.hardware.running_time import RunningTime
from simmer.thermal.limits import Limits
from simmer.thermal.readings import PressureLevel, Reading

# Texts stay texts, so that a browser can search them; the salt makes the same figure the same bytes.
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "simmer",
    "font.size": 9,
    "hatch.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_STATE_COLOURS = {
    "normal": "#9fcfa8",
    "acceptable": "#f0dc82",
    "unknown": "#c9c9c9",
    "warning": "#f09b4f",
    "critical": "#cc2f2f",
}
_HEAT, _DUTY, _LOAD = "#3b3b3b", "#1f5fa8", "#8a8a8a"
_ABORT, _RESUME, _PAUSE, _BLIND, _BREAK = "#b00020", "#1a7f37", "#9ecae8", "#8c8c8c", "#e4e4e4"
_LIMIT_COLOURS = {"setpoint": "#1f5fa8", "warning": "#d9731a", "critical": "#cc2f2f"}

_WIDTH_IN, _HEIGHT_IN = 12.0, 6.2
_SLOTS = 800  # a line with more points than this is drawn as band and mean, one slot per pixel or two
_SPARSE = 60  # a line with fewer points shows each of them
_LABELLED_SHARE = 0.01  # a narrower break has no room for a text
_LEAST_SHARE, _JOIN_SHARE = 0.002, 0.5 / _SLOTS  # a narrower span cannot be seen, nor a narrower gap
_LABEL_ROWS, _LABEL_WIDTH = 3, 0.16

# Which of several states a slot shows that has room for one.
_STATE_RANK = {name: rank for rank, name in enumerate(_STATE_COLOURS)}


def timeline(name: str, history: History, limits: Limits) -> Figure:
    """Return the figure of one study; it tells by itself when nothing was measured.

    Args:
        name: the study, as the title has it.
        history: from the logs of all its trials.
        limits: the temperatures to draw as lines.
    """
    with _own_style():
        figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN))
        figure.text(0.06, 0.965, _title(name, history), fontsize=12, fontweight="bold", va="top", gid="title")
        figure.text(0.06, 0.922, _when(history), fontsize=9, color="#555555", va="top")
        heat, state, work = figure.subplots(
            3, sharex=True, gridspec_kw={"height_ratios": [5, 0.35, 3], "hspace": 0.09}
        )
        axis = RunningTime(history.runs)
        labels = _abort_labels(history.aborts, axis)
        rows = 1 + max((label.row for label in labels), default=-1)
        figure.subplots_adjust(left=0.06, right=0.905, top=0.87 - 0.026 * rows, bottom=0.17)
        _draw_heat(heat, history, axis, limits)
        _draw_states(state, history, axis)
        _draw_work(work, history, axis)
        _draw_breaks((heat, state, work), axis)
        _draw_aborts((heat, state, work), history.aborts, axis)
        _write_abort_labels(heat, labels)
        _label_hours(work, axis)
        _draw_legend(figure, history, axis)
        return figure


def to_svg(figure: Figure) -> bytes:
    """Return a figure as SVG; the same figure gives the same bytes, whenever it is drawn."""
    buffer = io.BytesIO()
    with _own_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _own_style() -> AbstractContextManager[None]:
    """Set the style of this file for a while, whatever a user's matplotlibrc says."""
    defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if "backend" not in name}
    return matplotlib.rc_context(defaults | _STYLE)


@dataclass(frozen=True)
class _Signal:
    """What the upper panel shows, and how: degrees where any source told them."""

    label: str
    value: Callable[[Point], float | None]
    steps: bool = False


_DEGREES = _Signal("temperature (°C)", lambda point: point.temperature_c)
_LEVEL = _Signal(
    "pressure level",
    lambda point: point.pressure_level and PressureLevel.from_word(point.pressure_level),
    steps=True,
)
_MARGIN = _Signal("margin to slowdown (K)", lambda point: point.margin_c)


def _draw_heat(axes: Axes, history: History, axis: RunningTime, limits: Limits) -> None:
    signal = next(
        (one for one in (_DEGREES, _LEVEL, _MARGIN) if any(one.value(p) is not None for p in history.points)),
        None,
    )
    if signal is None:
        _draw_nothing_known(axes, history)
    else:
        axes.set_ylabel(signal.label)
        # A look that saw nothing breaks the line; one that told something else is passed over.
        _draw_line(
            axes,
            history,
            axis,
            lambda point: math.nan if point.blind else signal.value(point),
            colour=_HEAT,
            name="heat",
            steps=signal.steps,
        )
        _finish_scale(axes, signal, history, limits)
    for number, (start, end) in enumerate(axis.spans(history.blind, least=_LEAST_SHARE, join=_JOIN_SHARE)):
        axes.axvspan(
            start, end, facecolor="#f4f4f4", edgecolor=_BLIND, hatch="////", lw=0, gid=f"blind_{number}"
        )
        if signal is not None and end - start > 0.015 * axis.end:
            upright = end - start < 0.08 * axis.end
            _text_at(axes, (start + end) / 2, 0.4, "no reading", rotation=90 if upright else 0, fontsize=8)


def _draw_nothing_known(axes: Axes, history: History) -> None:
    axes.set_yticks([])
    text = (
        "no temperature source answered while this study ran"
        if history.points
        else "no hardware sample was logged"
    )
    _text_at(axes, 0.5, 0.5, text, transform=axes.transAxes, fontsize=12, gid="nothing")


def _finish_scale(axes: Axes, signal: _Signal, history: History, limits: Limits) -> None:
    if signal is _LEVEL:
        axes.set_yticks([int(level) for level in PressureLevel], [level.word for level in PressureLevel])
        axes.set_ylim(-0.4, max(PressureLevel) + 0.4)
        return
    if signal is _MARGIN:
        axes.invert_yaxis()
        return
    lines = _limits_in_force(history.points, limits)
    celsius = [point.temperature_c for point in history.points if point.temperature_c is not None]
    low, high = min([*celsius, *lines.values()]), max([*celsius, *lines.values()])
    low, high = low - 0.08 * (high - low) - 1.0, high + 0.06 * (high - low) + 1.0
    axes.set_ylim(low, high)
    text_at = low
    for name, celsius_of_line in sorted(lines.items(), key=lambda item: item[1]):
        axes.axhline(
            celsius_of_line, color=_LIMIT_COLOURS[name], lw=0.8, ls=(0, (5, 3)), zorder=1, gid=f"limit_{name}"
        )
        text_at = max(celsius_of_line, text_at + 0.065 * (high - low))
        axes.annotate(
            f"{name} {celsius_of_line:g} °C",
            xy=(1.0, text_at),
            xycoords=axes.get_yaxis_transform(),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=8,
            va="center",
            color=_LIMIT_COLOURS[name],
        )


def _limits_in_force(points: Sequence[Point], limits: Limits) -> dict[str, float]:
    """Return the limits in °C as they apply to the hottest reading; none where degrees are not judged."""
    hottest = max(
        (point for point in points if point.temperature_c is not None), key=lambda point: point.temperature_c
    )
    reading = Reading(
        hottest.source or "",
        celsius=hottest.temperature_c,
        level=PressureLevel.from_word(hottest.pressure_level or ""),
        margin_c=hottest.margin_c,
    )
    found = {name: limits.in_celsius(name, reading) for name in _LIMIT_COLOURS}
    return {name: celsius for name, celsius in found.items() if celsius is not None}


def _draw_states(axes: Axes, history: History, axis: RunningTime) -> None:
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("state", rotation=0, ha="right", va="center")
    samples = [point for point in history.points if point.state in _STATE_RANK]
    if not samples:
        return
    starts = axis.at(np.array([point.at_s for point in samples]))
    ends = axis.at(np.array(list(held_until_s(samples, history.runs))))
    edges = np.linspace(0.0, axis.end, _SLOTS + 1)
    shown = np.full(_SLOTS, -1)
    firsts = np.clip(np.searchsorted(edges, starts, "right") - 1, 0, _SLOTS - 1)
    lasts = np.clip(np.searchsorted(edges, ends, "left"), 1, _SLOTS)
    for point, first, last in zip(samples, firsts, lasts, strict=True):
        # `last` can lie on `first` where a sample is held for no time at all: it still shows.
        slots = slice(first, max(first + 1, last))
        shown[slots] = np.maximum(shown[slots], _STATE_RANK[point.state])
    for state, rank in _STATE_RANK.items():
        steps = np.diff(np.concatenate([[0], (shown == rank).astype(int), [0]]))
        begins, stops = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
        if len(begins):
            bars = list(zip(edges[begins], edges[stops] - edges[begins], strict=True))
            axes.broken_barh(bars, (0, 1), facecolor=_STATE_COLOURS[state], lw=0, gid=f"state_{state}")


def _draw_work(axes: Axes, history: History, axis: RunningTime) -> None:
    axes.set_ylabel("duty, CPU (%)")
    axes.set_ylim(-4, 108)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.grid(axis="y", color="#ececec", lw=0.7)
    axes.set_axisbelow(True)
    for number, (start, end) in enumerate(axis.spans(history.paused, least=_LEAST_SHARE, join=_JOIN_SHARE)):
        axes.axvspan(start, end, facecolor=_PAUSE, alpha=0.7, lw=0, zorder=0.6, gid=f"pause_{number}")
    _draw_line(axes, history, axis, lambda point: point.cpu_percent, colour=_LOAD, name="cpu")
    _draw_line(
        axes,
        history,
        axis,
        lambda point: None if point.duty is None else 100.0 * point.duty,
        colour=_DUTY,
        name="duty",
        steps=True,
    )
    if history.resumes_s:
        axes.plot(
            axis.at(np.array(history.resumes_s)),
            np.full(len(history.resumes_s), 0.0),
            linestyle="none",
            marker="^",
            markersize=7,
            color=_RESUME,
            markeredgecolor="white",
            markeredgewidth=0.5,
            clip_on=False,
            zorder=5,
            gid="resumes",
        )


def _draw_line(
    axes: Axes,
    history: History,
    axis: RunningTime,
    value: Callable[[Point], float | None],
    *,
    colour: str,
    name: str,
    steps: bool = False,
) -> None:
    """Draw a series, broken where it is unknown and where the study did not run."""
    kept = [(point, number) for point in history.points if (number := value(point)) is not None]
    if not kept:
        return
    at_s = np.array([point.at_s for point, _ in kept])
    starts_s = np.array([run.start_s for run in axis.runs])
    frame = pd.DataFrame(
        {
            "x": axis.at(at_s),
            "y": np.array([number for _, number in kept], dtype=float),
            "run": np.searchsorted(starts_s, at_s, "right"),
        }
    )
    if len(frame) <= _SLOTS:
        _draw_each(axes, frame, axis, colour=colour, name=name, steps=steps)
    else:
        _draw_band(axes, frame, axis.end, colour=colour, name=name)


def _draw_each(
    axes: Axes, frame: pd.DataFrame, axis: RunningTime, *, colour: str, name: str, steps: bool
) -> None:
    ends = axis.at(np.array([run.end_s for run in axis.runs]))
    pieces = [group for _, group in frame.groupby("run")]
    # The last value is held to the end of its run where steps are drawn, and not made up elsewhere.
    x = np.concatenate([[*piece.x, ends[piece.run.iloc[0] - 1], np.nan] for piece in pieces])
    y = np.concatenate([[*piece.y, piece.y.iloc[-1] if steps else np.nan, np.nan] for piece in pieces])
    axes.plot(x, y, color=colour, lw=1.2, drawstyle="steps-post" if steps else "default", zorder=3, gid=name)
    if len(frame) <= _SPARSE:
        axes.plot(frame.x, frame.y, linestyle="none", marker=".", markersize=5, color=colour, zorder=3)
    else:
        _draw_lonely(axes, x, y, colour=colour)


def _draw_band(axes: Axes, frame: pd.DataFrame, end: float, *, colour: str, name: str) -> None:
    slot = np.minimum((frame.x / end * _SLOTS).astype(int), _SLOTS - 1)
    slots = frame.groupby([frame.run, slot.rename("slot")]).agg(
        x=("x", "mean"), mean=("y", "mean"), low=("y", "min"), high=("y", "max")
    )
    pieces = [group for _, group in slots.groupby("run")]
    gap = pd.DataFrame([dict.fromkeys(slots.columns, np.nan)])
    line = pd.concat([part for piece in pieces for part in (piece, gap)], ignore_index=True)
    axes.fill_between(
        line.x, line.low, line.high, color=colour, alpha=0.28, lw=0, zorder=2, gid=f"{name}_band"
    )
    axes.plot(line.x, line["mean"], color=colour, lw=1.1, zorder=3, gid=name)
    _draw_lonely(axes, line.x.to_numpy(), line["mean"].to_numpy(), colour=colour)


def _draw_lonely(axes: Axes, x: np.ndarray, y: np.ndarray, *, colour: str) -> None:
    """Draw points that have no neighbour, of which a line shows nothing."""
    known = np.isfinite(np.concatenate([[np.nan], y, [np.nan]]))
    lonely = known[1:-1] & ~known[:-2] & ~known[2:]
    axes.plot(x[lonely], y[lonely], linestyle="none", marker=".", markersize=4, color=colour, zorder=3)


def _draw_breaks(panels: Sequence[Axes], axis: RunningTime) -> None:
    for number, (gap, start, end) in enumerate(axis.breaks()):
        for axes in panels:
            axes.axvspan(start, end, facecolor=_BREAK, lw=0, zorder=2.5)
        if end - start >= _LABELLED_SHARE * axis.total_s:
            _text_at(
                panels[-1],
                (start + end) / 2,
                0.5,
                f"{_duration(gap.length_s)} off",
                rotation=90,
                fontsize=7,
                color="#666666",
                boxed=False,
                gid=f"break_{number}",
            )


def _draw_aborts(panels: Sequence[Axes], aborts: Sequence[Point], axis: RunningTime) -> None:
    top = panels[0]
    look = {"color": _ABORT, "linestyle": "none", "zorder": 5}
    for number, abort in enumerate(aborts):
        x = float(axis.at(abort.at_s))
        for axes in panels:
            axes.axvline(x, color=_ABORT, lw=1.4, zorder=4, gid=f"abort_{number}" if axes is top else None)
        top.plot([x], [1.0], marker="v", transform=top.get_xaxis_transform(), clip_on=False, **look)
        if abort.temperature_c is not None:
            top.plot([x], [abort.temperature_c], marker="o", markersize=4, **look)


@dataclass(frozen=True)
class _AbortLabel:
    """The text of an abort: its left edge as a share of the width, and its row above the panel."""

    text: str
    left: float
    row: int


def _abort_labels(aborts: Sequence[Point], axis: RunningTime) -> list[_AbortLabel]:
    """Return the labels there is room for; the others' markers stand, and the title counts them."""
    labels, taken_until = [], [-1.0] * _LABEL_ROWS
    for abort in aborts:
        left = min(float(axis.at(abort.at_s)) / axis.end, 1.0 - _LABEL_WIDTH)
        row = next((row for row, until in enumerate(taken_until) if left >= until), None)
        if row is not None:
            taken_until[row] = left + _LABEL_WIDTH
            labels.append(_AbortLabel(_abort_text(abort), left, row))
    return labels


def _write_abort_labels(axes: Axes, labels: Iterable[_AbortLabel]) -> None:
    for label in labels:
        axes.text(
            label.left,
            1.035 + 0.065 * label.row,
            label.text,
            transform=axes.transAxes,
            fontsize=8,
            color=_ABORT,
        )


def _label_hours(axes: Axes, axis: RunningTime) -> None:
    """Put ticks at round running times, which are not evenly spaced where a break lies between."""
    unit_s, unit = _unit(axis.total_s)
    ticks = MaxNLocator(nbins=12, steps=[1, 2, 5, 10]).tick_values(0.0, axis.total_s / unit_s)
    ticks = ticks[(ticks >= 0.0) & (ticks * unit_s <= axis.total_s)]
    axes.set_xticks(axis.after_running(ticks * unit_s), [f"{tick:g}" for tick in ticks])
    axes.set_xlim(-0.005 * axis.end, 1.005 * axis.end)
    axes.set_xlabel(f"running time ({unit})" + (", breaks narrowed" if len(axis.runs) > 1 else ""))


def _draw_legend(figure: Figure, history: History, axis: RunningTime) -> None:
    shown = {point.state for point in history.points}
    lines = [Line2D([], [], color=_DUTY, label="duty"), Line2D([], [], color=_LOAD, label="CPU")]
    patches = [
        Patch(facecolor=colour, label=state) for state, colour in _STATE_COLOURS.items() if state in shown
    ]
    if history.blind:
        patches.append(Patch(facecolor="#f4f4f4", edgecolor=_BLIND, hatch="////", lw=0, label="no reading"))
    if history.paused:
        patches.append(Patch(facecolor=_PAUSE, label="paused"))
    if len(axis.runs) > 1:
        patches.append(Patch(facecolor=_BREAK, label="not running"))
    if history.aborts:
        lines.append(Line2D([], [], color=_ABORT, marker="v", label="abort"))
    if history.resumes_s:
        lines.append(Line2D([], [], color=_RESUME, marker="^", linestyle="none", label="resumed"))
    figure.legend(
        handles=[*lines, *patches],
        loc="lower center",
        ncols=12,
        frameon=False,
        fontsize=8,
        handlelength=1.6,
        columnspacing=1.4,
        bbox_to_anchor=(0.48, 0.01),
    )


def _text_at(axes: Axes, x: float, y: float, text: str, *, boxed: bool = True, **options: object) -> None:
    """Write a text at the middle of a place: x in the axes' units, y as a share of their height."""
    box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none"} if boxed else None
    place = {"transform": axes.get_xaxis_transform(), "color": "#444444", "zorder": 6} | options
    axes.text(x, y, text, ha="center", va="center", bbox=box, **place)


def _title(name: str, history: History) -> str:
    return (
        f"{name}: {_count(history.trials, 'trial')}, {_duration(history.running_s)} running, "
        f"{_duration(history.blind_s)} without a reading, {_count(len(history.aborts), 'abort')}"
    )


def _when(history: History) -> str:
    if not history.runs:
        return ""
    first, last = (_moment(at_s) for at_s in (history.runs[0].start_s, history.runs[-1].end_s))
    samples = _count(sum(point.state is not None for point in history.points), "hardware sample")
    sources = sorted({point.source for point in history.points if point.source})
    named = ", ".join(sources[:2]) + (f" and {len(sources) - 2} more" if len(sources) > 2 else "")
    return f"{first} to {last} UTC, {samples}" + (f", hottest source: {named}" if named else "")


def _abort_text(abort: Point) -> str:
    heat = (
        f"{abort.temperature_c:g} °C"
        if abort.temperature_c is not None
        else (abort.pressure_level or "no reading")
    )
    return f"abort {heat}, {_moment(abort.at_s, year=False)}"


def _moment(at_s: float, *, year: bool = True) -> str:
    moment = datetime.fromtimestamp(at_s, UTC)
    return f"{moment:%Y-%m-%d %H:%M}" if year else f"{moment:%m-%d %H:%M}"


def _unit(seconds: float) -> tuple[float, str]:
    if seconds >= 7200.0:
        return 3600.0, "h"
    return (60.0, "min") if seconds >= 120.0 else (1.0, "s")


def _duration(seconds: float) -> str:
    unit_s, unit = _unit(seconds)
    return f"{seconds / unit_s:.1f} {unit}" if unit == "h" else f"{seconds / unit_s:.0f} {unit}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
