"""How a trial looks in the figures of a search: its marker, its colour, its place on the loss axis."""

import textwrap
from collections.abc import Iterable

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simmer.figures.search.searched import STATES, Origin, SearchedStudy, SearchedTrial, State

Colour = str | tuple[float, ...]

MARKERS: dict[State, str] = {
    "complete": "o",
    "pruned": "v",
    "out_of_time": "s",
    "diverged": "X",
    "out_of_memory": "P",
}
# Told apart by people who see no red or no green, too (Okabe and Ito).
ORIGINS: dict[Origin, str] = {
    "default": "#000000",
    "depth extreme": "#cc79a7",
    "transferred": "#d55e00",
    "startup": "#8a8a8a",
    "sampler": "#0072b2",
}
_ORIGIN_WORDS: dict[Origin, str] = {
    "default": "the configured default",
    "depth extreme": "the default at an extreme of depth",
    "transferred": "transferred from a smaller scale",
    "startup": "startup, drawn at random",
    "sampler": "suggested by the sampler",
}
PRIOR, BEST, QUIET = "#b8860b", "#1a7f37", "#555555"
PRIOR_LINE = {"color": PRIOR, "lw": 1.0, "ls": (0, (5, 3))}
NO_LOSS_AT = 1.05  # above a panel, in its heights
_BULK = 0.9  # this share of the losses is shown in any case
_HEADROOM = 0.25  # how far beyond the bulk the loss axis goes, in shares of its extent
_FOOTROOM = 0.2  # room for the words below the best trial
_NAMED_BEYOND = 3
_INCH_PER_CHARACTER = 0.068  # of 9 points, rounded up
_INCH_PER_LINE = 0.19


def loss_limits(study: SearchedStudy) -> tuple[float, float]:
    """Return the ends of the loss axis in nats, with the best trial, the prior and most losses between them.

    A few terrible trials must not press all others into one line.
    """
    losses = [trial.loss for trial in study.trials if trial.loss is not None]
    lowest = min([*losses, study.prior_log_loss])
    # The smallest that leaves a tenth above it, and so a loss itself.
    bulk = np.quantile(losses, _BULK, method="higher") if losses else lowest
    usual = max(float(bulk), study.prior_log_loss)
    extent = (usual - lowest) or 0.1 * abs(lowest)
    highest = max([*losses, usual])
    return lowest - _FOOTROOM * extent, min(usual + _HEADROOM * extent, highest + 0.05 * extent)


def beyond_axis(study: SearchedStudy) -> str:
    """Return which trials are worse than the loss axis shows, the worst first; empty where none is."""
    high = loss_limits(study)[1]
    above = [trial for trial in study.trials if trial.loss is not None and trial.loss > high]
    if not above:
        return ""
    above.sort(key=lambda trial: -trial.loss)
    named = [f"trial {trial.number} ({trial.loss:.3g})" for trial in above[:_NAMED_BEYOND]]
    more = len(above) - len(named)
    named += [f"{more} more"] if more else []
    return f"Drawn at the upper end, as their loss lies above it: {', '.join(named)}."


def draw_trial(
    axes: Axes, trial: SearchedTrial, x: float, y: float, *, colour: Colour, size: float, **place: object
) -> None:
    """Mark one trial by its state; hollow where it repeats another."""
    hollow = trial.repeats is not None
    axes.plot(
        x,
        y,
        marker=MARKERS[trial.state],
        markersize=size,
        markerfacecolor="white" if hollow else colour,
        # A white edge would eat up the thin markers of failures.
        markeredgecolor=colour if hollow or trial.loss is None else "white",
        markeredgewidth=1.2 if hollow else 0.5,
        linestyle="none",
        clip_on=False,
        zorder=3,
        gid=f"{axes.get_gid()}_{trial.state}_{trial.number}",
        **place,
    )


def draw_loss(axes: Axes, trial: SearchedTrial, x: float, *, colour: Colour, size: float) -> None:
    """Mark one trial at its loss, at the upper end if it lies beyond, above the panel where it has none.

    The limits of the loss axis must be set before.
    """
    if trial.loss is None:
        above = axes.get_xaxis_transform()
        draw_trial(axes, trial, x, NO_LOSS_AT, colour=colour, size=size, transform=above)
    else:
        draw_trial(axes, trial, x, min(trial.loss, axes.get_ylim()[1]), colour=colour, size=size)


def state_handles(study: SearchedStudy) -> Iterable[Artist]:
    """Return legend entries of the states that occur, and of repetitions."""
    look = {"linestyle": "none", "color": "#6e6e6e"}
    occurring = {trial.state for trial in study.trials}
    for state, marker in MARKERS.items():
        if state in occurring:
            yield Line2D([], [], marker=marker, label=STATES[state], **look)
    if any(trial.repeats is not None for trial in study.trials):
        yield Line2D([], [], marker="o", markerfacecolor="white", label="repeats an earlier trial", **look)


def origin_handles(study: SearchedStudy) -> Iterable[Artist]:
    """Return legend entries of the origins that occur."""
    occurring = {trial.origin for trial in study.trials}
    for origin, colour in ORIGINS.items():
        if origin in occurring:
            yield Line2D([], [], marker="D", linestyle="none", color=colour, label=_ORIGIN_WORDS[origin])


def write_head(figure: Figure, title: str, sentences: Iterable[str]) -> float:
    """Write the title and the sentences at the top; return the inches they take."""
    width, height = figure.get_size_inches()
    left = 0.5 / width
    figure.text(left, 1.0 - 0.2 / height, title, fontsize=12, fontweight="bold", va="top")
    characters = int((width - 1.0) / _INCH_PER_CHARACTER)
    taken = 0.5
    for line in (line for sentence in sentences for line in textwrap.wrap(sentence, characters)):
        figure.text(left, 1.0 - taken / height, line, color=QUIET, va="top")
        taken += _INCH_PER_LINE
    return taken
