"""Draw the timeline of one study: temperature, thermal state, duty and load over its running time."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from simmer.base.words import unit_of
from simmer.figures.layout import WIDE, Panel, label_beside, lay_out, write_inside
from simmer.figures.machine.captions import subtitle, title
from simmer.figures.machine.history import History, Point, held_until_s
from simmer.figures.machine.interruptions import draw_aborts, draw_breaks, shade
from simmer.figures.machine.running_time import RunningTime
from simmer.figures.machine.series import draw_series
from simmer.figures.machine.spans import Span
from simmer.figures.style import (
    ABORT,
    BLIND,
    CRITICAL,
    DASHED,
    DUTY,
    FAINT,
    GRID,
    HATCH,
    INK,
    LOAD,
    PAUSE,
    RESUME,
    SETPOINT,
    STATES,
    WARNING,
    in_style,
)
from simmer.ledger.about import UNKNOWN, About
from simmer.thermal.limits import Limits
from simmer.thermal.readings import PressureLevel, Reading

_LIMIT_COLOURS = {"setpoint": SETPOINT, "warning": WARNING, "critical": CRITICAL}
_ABORTS, _HEAT, _STATE, _WORK, _GAP = 0.35, 2.2, 0.16, 1.3, 0.1  # inches, the labels of aborts on top
_BLIND = {"facecolor": BLIND, "edgecolor": HATCH, "hatch": "////"}
_PAUSED = {"facecolor": PAUSE, "alpha": 0.7}
_RESUMED = {"color": RESUME, "linestyle": "none", "marker": "^", "markersize": 8, "markeredgecolor": "white"}


@in_style
def timeline(name: str, history: History, limits: Limits, about: About = UNKNOWN) -> Figure:
    """Return the figure of one study; without samples it contains a sentence instead of a curve.

    Args:
        name: of the study, for the title.
        history: from the logs of all its trials.
        limits: temperatures to draw as lines.
        about: names for people.
    """
    height = _ABORTS + _HEAT + _STATE + _WORK + 2 * _GAP
    figure, (box,) = lay_out(
        title(name, history),
        [about.sentence, subtitle(history)],
        [Panel(height=height)],
        left=0.72,
        right=1.25,
        width=WIDE,
        legend=_legend(history),
    )
    heat, state, work = (one.axes(figure) for one in box.rows([_HEAT, _STATE, _WORK], _GAP))
    panels = (heat, state, work)
    for axes in (heat, state):
        axes.sharex(work)
        axes.tick_params(labelbottom=False)
    axis = RunningTime(history.runs)
    _draw_heat(heat, axis, history, limits)
    _draw_states(state, axis, history)
    _draw_work(work, axis, history)
    draw_breaks(panels, axis)
    draw_aborts(panels, axis, history.aborts)
    _label_hours(work, axis)
    return figure


def _draw_heat(axes: Axes, axis: RunningTime, history: History, limits: Limits) -> None:
    """Draw temperatures if any sensor reported them, otherwise pressure levels."""
    shade(axes, axis, history.blind, name="blind", **_BLIND)
    # A point without a value breaks the line; a point with another kind of value is skipped.
    degrees = [(point.at_s, math.nan if point.blind else point.temperature_c) for point in history.points]
    levels = [(point.at_s, math.nan if point.blind else _level(point)) for point in history.points]
    if hot := [point for point in history.points if point.temperature_c is not None]:
        axes.set_ylabel("temperature (°C)")
        draw_series(axes, axis, degrees, colour=INK, name="heat")
        _draw_limits(axes, max(hot, key=lambda point: point.temperature_c), limits)
    elif any(_level(point) is not None for point in history.points):
        axes.set_ylabel("pressure level")
        axes.set_yticks(list(PressureLevel), [level.word for level in PressureLevel])
        axes.set_ylim(-0.4, max(PressureLevel) + 0.4)
        draw_series(axes, axis, levels, colour=INK, name="heat", steps=True)
    else:
        axes.set_yticks([])
        unknown = "no temperature was measured while this study ran"
        write_inside(axes, unknown if history.points else "no hardware sample was logged")
        return
    for start, end in axis.spans(history.blind):
        if end - start > 0.025 * axis.end:
            place = {"transform": axes.get_xaxis_transform(), "rotation": 90, "ha": "center", "va": "center"}
            box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"}
            axes.text((start + end) / 2, 0.4, "no reading", bbox=box, **place)


def _level(point: Point) -> PressureLevel | None:
    return PressureLevel.from_word(point.pressure_level or "")


def _draw_limits(axes: Axes, hottest: Point, limits: Limits) -> None:
    """Draw the limits in °C that apply to the hottest reading; none if they are not temperatures."""
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
        look = {"color": _LIMIT_COLOURS[name], "lw": 0.8, "ls": DASHED, "zorder": 1}
        axes.axhline(celsius, gid=f"limit_{name}", **look)
    label_beside(
        axes, [(celsius, f"{name} {celsius:g} °C", _LIMIT_COLOURS[name]) for name, celsius in known.items()]
    )


def _draw_states(axes: Axes, axis: RunningTime, history: History) -> None:
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("state", rotation=0, ha="right", va="center")
    samples = [point for point in history.points if point.state is not None]
    ends_s = list(held_until_s(samples, history.runs))
    for state, colour in STATES.items():
        spans = [
            Span(point.at_s, end_s)
            for point, end_s in zip(samples, ends_s, strict=True)
            if point.state == state
        ]
        shade(axes, axis, spans, name=f"state_{state}", facecolor=colour)


def _draw_work(axes: Axes, axis: RunningTime, history: History) -> None:
    axes.set_ylabel("duty, CPU (%)")
    axes.set_ylim(-4, 108)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.grid(axis="y", **GRID)
    shade(axes, axis, history.paused, name="pause", zorder=0.6, **_PAUSED)
    load = [(point.at_s, point.cpu_percent) for point in history.points]
    duty = [(point.at_s, None if point.duty is None else 100.0 * point.duty) for point in history.points]
    draw_series(axes, axis, load, colour=LOAD, name="cpu")
    draw_series(axes, axis, duty, colour=DUTY, name="duty", steps=True)
    if history.resumes_s:
        x = axis.at(np.array(history.resumes_s))
        axes.plot(x, 0.0 * x, clip_on=False, zorder=5, gid="resumes", **_RESUMED)


def _label_hours(axes: Axes, axis: RunningTime) -> None:
    """Put ticks at round running times; breaks make their spacing uneven."""
    unit_s, unit = unit_of(axis.total_s)
    ticks = MaxNLocator(nbins=12, steps=[1, 2, 5, 10]).tick_values(0.0, axis.total_s / unit_s)
    ticks = ticks[(ticks >= 0.0) & (ticks * unit_s <= axis.total_s)]
    axes.set_xticks(axis.after_running(ticks * unit_s), [f"{tick:g}" for tick in ticks])
    axes.set_xlim(-0.005 * axis.end, 1.005 * axis.end)
    axes.set_xlabel(f"running time ({unit})" + (", breaks narrowed" if len(axis.runs) > 1 else ""))


def _legend(history: History) -> list[Artist]:
    """Return a legend entry for each kind of mark that is drawn."""
    states = {point.state for point in history.points}
    known = {
        "no reading": Patch(**_BLIND) if history.blind else None,
        **{state: Patch(facecolor=colour) for state, colour in STATES.items() if state in states},
        "paused": Patch(**_PAUSED) if history.paused else None,
        "CPU": _line(LOAD, [point.cpu_percent for point in history.points]),
        "duty": _line(DUTY, [point.duty for point in history.points]),
        "resumed": Line2D([], [], **_RESUMED) if history.resumes_s else None,
        "abort": Line2D([], [], color=ABORT, linestyle="none", marker="v") if history.aborts else None,
        "not running": Patch(facecolor=FAINT) if len(history.runs) > 1 else None,
    }
    for name, handle in known.items():
        if handle is not None:
            handle.set_label(name)
    return [handle for handle in known.values() if handle is not None]


def _line(colour: str, values: Sequence[float | None]) -> Line2D | None:
    return Line2D([], [], color=colour, lw=1.2) if any(value is not None for value in values) else None
