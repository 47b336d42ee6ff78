"""Draw the history of one search: loss and trained epochs over the number of the trial."""

from collections import Counter

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from simmer.base.words import percent
from simmer.figures.layout import WIDE, Panel, label_beside, lay_out, write_inside
from simmer.figures.search.searched import SearchedStudy, best_of, counts
from simmer.figures.search.trial_marks import (
    NO_LOSS_AT,
    beyond_axis,
    draw_loss,
    draw_trial,
    loss_limits,
    origin_handles,
    state_handles,
)
from simmer.figures.style import BASE_RATE, BASE_RATE_LINE, BEST, DASHED, GRID, ORIGINS, QUIET, in_style

_MANY = 120  # with more trials, markers are smaller
_BEST_SO_FAR = {"color": BEST, "lw": 1.4, "label": "best so far"}
_BEST_EPOCH = {"color": BEST, "linestyle": "none", "marker": "_", "markeredgewidth": 2.0} | {
    "label": "epoch of the trial's best loss"
}

# Reason why a trial that ended in this state was not trained for all epochs.
_SAVERS = {"pruned": "pruning", "complete": "patience"}


@in_style
def search_history(study: SearchedStudy) -> Figure:
    """Return the figure of one search; it has a sentence instead of a curve if no trial reached a loss."""
    notes = (study.about, counts(study), best_of(study), beyond_axis(study))
    legend = [*state_handles(study)]
    if study.best is not None:
        legend += [Line2D([], [], **_BEST_SO_FAR), Line2D([], [], **_BEST_EPOCH)]
    figure, boxes = lay_out(
        f"{study.name}: how the search went",
        notes,
        [Panel(notes=[""], height=3.2, foot=0.2), Panel(notes=[epochs_spent(study)], height=1.3)],
        left=0.72,
        right=1.2,
        width=WIDE,
        legend=[*legend, *origin_handles(study)],
    )
    losses = boxes[0].axes(figure)
    epochs = boxes[1].axes(figure, sharex=losses)
    size = 6.0 if len(study.trials) <= _MANY else 3.5
    _draw_losses(losses, study, size=size)
    _draw_epochs(epochs, study, size=size)
    return figure


def epochs_spent(study: SearchedStudy) -> str:
    """Return the numbers of planned and trained epochs, and the shares saved or lost by cause."""
    planned, spared = study.epochs_max * len(study.trials), Counter()
    for trial in study.trials:
        saver = "repetition" if trial.repeats is not None else _SAVERS.get(trial.state, "failure")
        spared[saver] += study.epochs_max - trial.epochs_trained
    trained, lost = planned - spared.total(), spared.pop("failure", 0)
    by = ", ".join(
        f"{percent(spared[saver] / planned, 0)} by {saver}"
        for saver in ("pruning", "patience", "repetition")
        if spared[saver]
    )
    saved = f"{percent(spared.total() / planned, 0)} saved" + (f" ({by})" if by else "")
    failures = f", {percent(lost / planned, 0)} lost to failures and time limits" if lost else ""
    return f"Epochs: {trained} of {planned} planned were trained, {saved}{failures}"


def _draw_losses(axes: Axes, study: SearchedStudy, *, size: float) -> None:
    axes.set_gid("loss")
    axes.set_ylabel("validation log-loss (nats)")
    axes.set_ylim(loss_limits(study))
    axes.grid(axis="y", **GRID)
    axes.axhline(study.prior_log_loss, zorder=1, gid="base_rate", **BASE_RATE_LINE)
    label_beside(axes, [(study.prior_log_loss, f"base rate\n{study.prior_log_loss:.4f}", BASE_RATE)])
    _draw_best_so_far(axes, study)
    for trial in study.trials:
        draw_loss(axes, trial, trial.number, colour=ORIGINS[trial.origin], size=size)
    if any(trial.loss is None for trial in study.trials):
        axes.text(1.02, NO_LOSS_AT, "no loss", color=QUIET, transform=axes.transAxes, va="center")
    if study.best is None:
        write_inside(axes, "no trial reached a validation log-loss")


def _draw_best_so_far(axes: Axes, study: SearchedStudy) -> None:
    best = study.best
    if best is None:
        return
    losses = np.array([np.inf if trial.loss is None else trial.loss for trial in study.trials])
    lowest = np.minimum.accumulate(losses)
    lowest[np.isinf(lowest)] = np.nan
    numbers = [trial.number for trial in study.trials]
    axes.plot(numbers, lowest, drawstyle="steps-post", zorder=2, gid="best_so_far", **_BEST_SO_FAR)
    # The label is below the best trial, where nothing else is drawn.
    share = best.number / max(len(study.trials) - 1, 1)
    side, start = ("left", 0.0) if share < 0.1 else ("right", 1.0) if share > 0.9 else ("center", 0.5)
    axes.annotate(
        f"trial {best.number}: {best.loss:.4f}",
        (best.number, best.loss),
        xytext=(0, -22),
        textcoords="offset points",
        ha=side,
        va="center",
        color=BEST,
        fontweight="bold",
        arrowprops={"arrowstyle": "-", "color": BEST, "shrinkA": 0, "shrinkB": 4, "relpos": (start, 1.0)},
    )


def _draw_epochs(axes: Axes, study: SearchedStudy, *, size: float) -> None:
    axes.set_gid("epochs")
    axes.set_ylabel("epochs trained")
    axes.set_xlabel("trial")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
    axes.set_xlim(-0.7, len(study.trials) - 0.3)
    axes.set_ylim(0.0, 1.1 * study.epochs_max)
    axes.axhline(study.epochs_max, color=QUIET, lw=0.8, ls=DASHED, zorder=1, gid="planned")
    label_beside(axes, [(study.epochs_max, f"planned {study.epochs_max}", QUIET)])
    for trial in study.trials:
        colour = ORIGINS[trial.origin]
        axes.bar(trial.number, trial.epochs_trained, width=0.7, color=colour, alpha=0.3, lw=0)
        draw_trial(axes, trial, trial.number, trial.epochs_trained, colour=colour, size=0.8 * size)
    trained = [trial for trial in study.trials if trial.best_epoch is not None and trial.repeats is None]
    if trained:
        numbers, best_epochs = zip(*((trial.number, trial.best_epoch) for trial in trained), strict=True)
        axes.plot(numbers, best_epochs, markersize=size, gid="best_epochs", **_BEST_EPOCH)
