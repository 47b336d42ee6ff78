"""Draws a series of any length: point by point, or as a mean within the band of its extremes."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from simmer.figures.machine.running_time import RunningTime

_SLOTS = 800  # a longer series is thinned to so many slots, one per pixel or two
_FEW = 60  # a shorter series shows each of its points


def draw_series(
    axes: Axes,
    axis: RunningTime,
    series: Iterable[tuple[float, float | None]],
    *,
    colour: str,
    name: str,
    steps: bool = False,
) -> None:
    """Draw a series of wall times and values; it is broken where the study did not run.

    Args:
        axes: the panel.
        axis: gives the positions.
        series: oldest first; None is passed over, NaN breaks the line.
        colour: of line, band and dots.
        name: the line's id in the SVG.
        steps: whether a value holds until the next one.
    """
    told = pd.DataFrame(
        [(at_s, value) for at_s, value in series if value is not None], columns=["at_s", "y"], dtype=float
    )
    if told.empty:
        return
    told["x"] = axis.at(told.at_s.to_numpy())
    told["run"] = np.searchsorted([run.start_s for run in axis.runs], told.at_s, "right")
    told["slot"] = (told.x / axis.end * _SLOTS).astype(int) if len(told) > _SLOTS else told.index
    slots = (
        told.groupby(["run", "slot"])
        .agg(x=("x", "mean"), mean=("y", "mean"), low=("y", "min"), high=("y", "max"))
        .reset_index()
    )
    between_runs = np.flatnonzero(np.diff(slots.run)) + 1
    x, mean, low, high = np.insert(
        slots[["x", "mean", "low", "high"]].to_numpy(), between_runs, np.nan, axis=0
    ).T
    if (high > low).any():
        axes.fill_between(x, low, high, color=colour, alpha=0.28, lw=0, zorder=2, gid=f"{name}_band")
    drawstyle = "steps-post" if steps else "default"
    axes.plot(x, mean, color=colour, lw=1.2, drawstyle=drawstyle, zorder=3, gid=name)
    # A point without a neighbour is no line, and would not be seen.
    known = np.isfinite(mean)
    lonely = known & (np.convolve(known, [1, 0, 1])[1:-1] == 0)
    dots = known if len(told) <= _FEW else lonely
    axes.plot(x[dots], mean[dots], linestyle="none", marker=".", markersize=5, color=colour, zorder=3)
