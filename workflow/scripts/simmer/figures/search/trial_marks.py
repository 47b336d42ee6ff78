"""The marker, colour and place of a trial in the figures of a search."""

from collections.abc import Iterable

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simmer.figures.layout import usual_limits
from simmer.figures.search.searched import STATES, Origin, SearchedStudy, SearchedTrial, State
from simmer.figures.style import ORIGINS, STATE

Colour = str | tuple[float, ...]

MARKERS: dict[State, str] = {
    "complete": "o",
    "pruned": "v",
    "out_of_time": "s",
    "diverged": "X",
    "out_of_memory": "P",
}
_ORIGIN_WORDS: dict[Origin, str] = {
    "default": "the configured default",
    "depth extreme": "the default at an extreme of depth",
    "transferred": "transferred from a smaller scale",
    "startup": "startup, drawn at random",
    "sampler": "suggested by the sampler",
}
NO_LOSS_AT = 1.05  # height of trials without a loss, in panel heights
_BULK = 0.9  # the axis shows at least this share of the losses
_ROOM = (0.2, 0.25)  # margins below (for the label of the best trial) and above, in shares of the range
_NAMED_BEYOND = 3  # trials beyond the axis that are named


def loss_limits(study: SearchedStudy) -> tuple[float, float]:
    """Return the ends of the loss axis in nats; it shows the best trial, the base rate and most losses."""
    losses = [trial.loss for trial in study.trials if trial.loss is not None]
    return usual_limits([study.prior_log_loss], losses, share=_BULK, room=_ROOM)


def beyond_axis(study: SearchedStudy) -> str:
    """Return the trials beyond the loss axis, the worst first; empty if there are none."""
    high = loss_limits(study)[1]
    above = [trial for trial in study.trials if trial.loss is not None and trial.loss > high]
    if not above:
        return ""
    above.sort(key=lambda trial: -trial.loss)
    named = [f"trial {trial.number} ({trial.loss:.3g})" for trial in above[:_NAMED_BEYOND]]
    more = len(above) - len(named)
    named += [f"{more} more"] if more else []
    return f"Drawn at the upper end, because their loss is above the axis: {', '.join(named)}."


def draw_trial(
    axes: Axes, trial: SearchedTrial, x: float, y: float, *, colour: Colour, size: float, **place: object
) -> None:
    """Draw the marker of one trial by its state; hollow if it repeats another."""
    hollow = trial.repeats is not None
    axes.plot(
        x,
        y,
        marker=MARKERS[trial.state],
        markersize=size,
        markerfacecolor="white" if hollow else colour,
        # A white edge would hide the thin markers of failed trials.
        markeredgecolor=colour if hollow or trial.loss is None else "white",
        markeredgewidth=1.2 if hollow else 0.5,
        linestyle="none",
        clip_on=False,
        zorder=3,
        gid=f"{axes.get_gid()}_{trial.state}_{trial.number}",
        **place,
    )


def draw_loss(axes: Axes, trial: SearchedTrial, x: float, *, colour: Colour, size: float) -> None:
    """Draw one trial at its loss, at the upper end if beyond the axis, above the panel without a loss.

    The limits of the loss axis must be set before.
    """
    if trial.loss is None:
        above = axes.get_xaxis_transform()
        draw_trial(axes, trial, x, NO_LOSS_AT, colour=colour, size=size, transform=above)
    else:
        draw_trial(axes, trial, x, min(trial.loss, axes.get_ylim()[1]), colour=colour, size=size)


def state_handles(study: SearchedStudy) -> Iterable[Artist]:
    """Return legend entries of the states that occur, and of repetitions."""
    look = {"linestyle": "none", "color": STATE}
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
