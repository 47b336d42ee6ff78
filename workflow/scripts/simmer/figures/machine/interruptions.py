"""Draw interruptions across the panels of a timeline: shaded spans, breaks and aborts."""

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes

from simmer.base.words import duration
from simmer.figures.machine.captions import abort_label
from simmer.figures.machine.history import Point
from simmer.figures.machine.running_time import RunningTime
from simmer.figures.machine.spans import Span
from simmer.figures.style import ABORT, FAINT, QUIET

_LABELLED_SHARE = 0.01  # of the running time; a narrower break has no room for a text
_LABEL_ROWS, _LABEL_WIDTH = 2, 0.31  # rows of texts above the panels, and their width as a share of a panel


def shade(axes: Axes, axis: RunningTime, spans: Iterable[Span], *, name: str, **look: object) -> None:
    """Shade spans of wall time; each has its own id in the SVG."""
    for number, (start, end) in enumerate(axis.spans(spans)):
        axes.axvspan(start, end, lw=0, gid=f"{name}_{number}", **look)


def draw_breaks(panels: Sequence[Axes], axis: RunningTime) -> None:
    """Shade the breaks in which nothing ran, and write their lengths into the last panel."""
    lowest = panels[-1]
    for number, (gap, start, end) in enumerate(axis.breaks()):
        for axes in panels:
            axes.axvspan(start, end, facecolor=FAINT, lw=0, zorder=2.5)
        text = f"{duration(gap.length_s)} off" if end - start >= _LABELLED_SHARE * axis.total_s else ""
        lowest.text(
            (start + end) / 2,
            0.5,
            text,
            transform=lowest.get_xaxis_transform(),
            rotation=90,
            ha="center",
            va="center",
            color=QUIET,
            gid=f"break_{number}",
        )


def draw_aborts(panels: Sequence[Axes], axis: RunningTime, aborts: Iterable[Point]) -> None:
    """Mark every abort, and label those that have room above the first panel."""
    top = panels[0]
    row_taken_until = [0.0] * _LABEL_ROWS
    for number, abort in enumerate(aborts):
        x = float(axis.at(abort.at_s))
        for axes in panels:
            axes.axvline(x, color=ABORT, lw=1.4, zorder=4, gid=f"abort_{number}" if axes is top else None)
        look = {"color": ABORT, "linestyle": "none", "zorder": 5}
        top.plot(x, 1.0, marker="v", transform=top.get_xaxis_transform(), clip_on=False, **look)
        if abort.temperature_c is not None:
            top.plot(x, abort.temperature_c, marker="o", markersize=4, **look)
        left = min(x / axis.end, 1.0 - _LABEL_WIDTH)
        row = next((row for row, until in enumerate(row_taken_until) if left >= until), None)
        if row is not None:
            row_taken_until[row] = left + _LABEL_WIDTH
            place = (left, 1.04 + 0.07 * row)
            top.text(*place, abort_label(abort), transform=top.transAxes, color=ABORT)
