"""Draw a series of any length: all points, or means within a band of minimum and maximum."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from simmer.figures.machine.running_time import RunningTime

_SLOTS = 800  # a longer series is reduced to this many slots, about one per pixel
_FEW = 60  # up to this many points are drawn as dots


def draw_series(
    axes: Axes,
    axis: RunningTime,
    series: Iterable[tuple[float, float | None]],
    *,
    colour: str,
    name: str,
    steps: bool = False,
) -> None:
    """Draw a series of wall times and values, with gaps where the study did not run.

    Args:
        axes: the panel.
        axis: maps wall time to positions.
        series: oldest first; None is skipped, NaN breaks the line.
        colour: of line, band and dots.
        name: id of the line in the SVG.
        steps: True if a value holds until the next one.
    """
    known = pd.DataFrame(
        [(at_s, value) for at_s, value in series if value is not None], columns=["at_s", "y"], dtype=float
    )
    if known.empty:
        return
    known["x"] = axis.at(known.at_s.to_numpy())
    known["run"] = np.searchsorted([run.start_s for run in axis.runs], known.at_s, "right")
    known["slot"] = (known.x / axis.end * _SLOTS).astype(int) if len(known) > _SLOTS else known.index
    slots = (
        known.groupby(["run", "slot"])
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
    # A point without neighbours gives no visible line.
    known = np.isfinite(mean)
    lonely = known & (np.convolve(known, [1, 0, 1])[1:-1] == 0)
    dots = known if len(known) <= _FEW else lonely
    axes.plot(x[dots], mean[dots], linestyle="none", marker=".", markersize=5, color=colour, zorder=3)
