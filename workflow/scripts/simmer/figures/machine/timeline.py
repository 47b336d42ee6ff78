"""The timeline of one study as a figure: heat, state, duty and load over the hours in which it ran."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simmer.base.words import unit_of
from simmer.figures.machine.captions import subtitle, title
from simmer.figures.machine.history import History, Point, held_until_s
from simmer.figures.machine.marks import draw_aborts, draw_breaks, shade
from simmer.figures.machine.running_time import RunningTime
from simmer.figures.machine.series import draw_series
from simmer.figures.machine.spans import Span
from simmer.figures.style import in_style
from simmer.thermal.limits import Limits
from simmer.thermal.readings import PressureLevel, Reading

# Where several states fall on one place, the last of them is seen.
_STATE_COLOURS = {
    "normal": "#9fcfa8",
    "acceptable": "#f0dc82",
    "unknown": "#c9c9c9",
    "warning": "#f09b4f",
    "critical": "#cc2f2f",
}
_LIMIT_COLOURS = {"setpoint": "#1f5fa8", "warning": "#d9731a", "critical": "#cc2f2f"}
_HEAT, _DUTY, _LOAD, _RESUME, _PAUSE = "#3b3b3b", "#1f5fa8", "#8a8a8a", "#1a7f37", "#9ecae8"
_BOX = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none"}


@in_style
def timeline(name: str, history: History, limits: Limits) -> Figure:
    """Return the figure of one study; it tells by itself when nothing was measured.

    Args:
        name: the study, as the title has it.
        history: from the logs of all its trials.
        limits: the temperatures to draw as lines.
    """
    figure = Figure(figsize=(12.0, 6.2))
    figure.text(0.06, 0.965, title(name, history), fontsize=12, fontweight="bold", va="top")
    figure.text(0.06, 0.922, subtitle(history), color="#555555", va="top")
    panels = figure.subplots(
        3,
        sharex=True,
        gridspec_kw={"height_ratios": [5, 0.35, 3], "hspace": 0.09}
        | {"left": 0.06, "right": 0.905, "top": 0.82, "bottom": 0.15},
    )
    heat, state, work = panels
    axis = RunningTime(history.runs)
    _draw_heat(heat, axis, history, limits)
    _draw_states(state, axis, history)
    _draw_work(work, axis, history)
    draw_breaks(panels, axis)
    draw_aborts(panels, axis, history.aborts)
    _label_hours(work, axis)
    _draw_legend(figure)
    return figure


def _draw_heat(axes: Axes, axis: RunningTime, history: History, limits: Limits) -> None:
    """Draw degrees where any source told them, otherwise levels."""
    look = {"facecolor": "#f4f4f4", "edgecolor": "#8c8c8c", "hatch": "////"}
    shade(axes, axis, history.blind, name="blind", label="no reading", **look)
    # A look that saw nothing breaks the line; one that told something else is passed over.
    degrees = [(point.at_s, math.nan if point.blind else point.temperature_c) for point in history.points]
    levels = [(point.at_s, math.nan if point.blind else _level(point)) for point in history.points]
    if hot := [point for point in history.points if point.temperature_c is not None]:
        axes.set_ylabel("temperature (°C)")
        draw_series(axes, axis, degrees, colour=_HEAT, name="heat")
        _draw_limits(axes, max(hot, key=lambda point: point.temperature_c), limits)
    elif any(_level(point) is not None for point in history.points):
        axes.set_ylabel("pressure level")
        axes.set_yticks(list(PressureLevel), [level.word for level in PressureLevel])
        axes.set_ylim(-0.4, max(PressureLevel) + 0.4)
        draw_series(axes, axis, levels, colour=_HEAT, name="heat", steps=True)
    else:
        axes.set_yticks([])
        text = (
            "no temperature was read while this study ran"
            if history.points
            else "no hardware sample was logged"
        )
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=12, bbox=_BOX)
        return
    for start, end in axis.spans(history.blind):
        if end - start > 0.015 * axis.end:
            place = {"transform": axes.get_xaxis_transform(), "rotation": 90, "ha": "center", "va": "center"}
            axes.text((start + end) / 2, 0.4, "no reading", fontsize=8, bbox=_BOX, **place)


def _level(point: Point) -> PressureLevel | None:
    return PressureLevel.from_word(point.pressure_level or "")


def _draw_limits(axes: Axes, hottest: Point, limits: Limits) -> None:
    """Draw the limits in °C as they apply to the hottest reading; none where degrees are not judged."""
    reading = Reading(
        hottest.source or "",
        celsius=hottest.temperature_c,
        level=_level(hottest),
        margin_c=hottest.margin_c,
    )
    lines = {name: limits.in_celsius(name, reading) for name in _LIMIT_COLOURS}
    known = {name: celsius for name, celsius in lines.items() if celsius is not None}
    axes.margins(y=0.08)
    for name, celsius in known.items():
        look = {"color": _LIMIT_COLOURS[name], "lw": 0.8, "ls": (0, (5, 3)), "zorder": 1}
        axes.axhline(celsius, gid=f"limit_{name}", **look)
    low, high = axes.get_ylim()
    text_at = low
    for name, celsius in known.items():
        text_at = max(celsius, text_at + 0.065 * (high - low))
        look = {"color": _LIMIT_COLOURS[name], "fontsize": 8, "va": "center"}
        axes.text(1.005, text_at, f"{name} {celsius:g} °C", transform=axes.get_yaxis_transform(), **look)


def _draw_states(axes: Axes, axis: RunningTime, history: History) -> None:
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("state", rotation=0, ha="right", va="center")
    samples = [point for point in history.points if point.state is not None]
    ends_s = list(held_until_s(samples, history.runs))
    for state, colour in _STATE_COLOURS.items():
        spans = [
            Span(point.at_s, end_s)
            for point, end_s in zip(samples, ends_s, strict=True)
            if point.state == state
        ]
        shade(axes, axis, spans, name=f"state_{state}", label=state, facecolor=colour)


def _draw_work(axes: Axes, axis: RunningTime, history: History) -> None:
    axes.set_ylabel("duty, CPU (%)")
    axes.set_ylim(-4, 108)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.grid(axis="y", color="#ececec", lw=0.7)
    axes.set_axisbelow(True)
    shade(axes, axis, history.paused, name="pause", label="paused", facecolor=_PAUSE, alpha=0.7, zorder=0.6)
    load = [(point.at_s, point.cpu_percent) for point in history.points]
    duty = [(point.at_s, None if point.duty is None else 100.0 * point.duty) for point in history.points]
    draw_series(axes, axis, load, colour=_LOAD, name="cpu", label="CPU")
    draw_series(axes, axis, duty, colour=_DUTY, name="duty", label="duty", steps=True)
    if history.resumes_s:
        x = axis.at(np.array(history.resumes_s))
        look = {"linestyle": "none", "marker": "^", "markersize": 8, "markeredgecolor": "white"}
        axes.plot(x, 0.0 * x, color=_RESUME, clip_on=False, zorder=5, gid="resumes", label="resumed", **look)


def _label_hours(axes: Axes, axis: RunningTime) -> None:
    """Put ticks at round running times, which are not evenly spaced where a break lies between."""
    unit_s, unit = unit_of(axis.total_s)
    ticks = MaxNLocator(nbins=12, steps=[1, 2, 5, 10]).tick_values(0.0, axis.total_s / unit_s)
    ticks = ticks[(ticks >= 0.0) & (ticks * unit_s <= axis.total_s)]
    axes.set_xticks(axis.after_running(ticks * unit_s), [f"{tick:g}" for tick in ticks])
    axes.set_xlim(-0.005 * axis.end, 1.005 * axis.end)
    axes.set_xlabel(f"running time ({unit})" + (", breaks narrowed" if len(axis.runs) > 1 else ""))


def _draw_legend(figure: Figure) -> None:
    """Name whatever has been drawn, each thing once."""
    entries = {}
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="lower center",
        ncols=12,
        frameon=False,
        fontsize=8,
        handlelength=1.6,
        columnspacing=1.4,
        bbox_to_anchor=(0.48, 0.01),
    )
