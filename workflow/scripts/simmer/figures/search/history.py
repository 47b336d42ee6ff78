"""The history of one search as a figure: the loss of each trial over its number, and the epochs it took."""

from collections import Counter

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simmer.figures.search.marks import (
    BEST,
    NO_LOSS_AT,
    ORIGINS,
    PRIOR,
    PRIOR_LINE,
    QUIET,
    beyond_axis,
    draw_loss,
    draw_trial,
    loss_limits,
    origin_handles,
    state_handles,
    write_head,
)
from simmer.figures.search.searched import SearchedStudy, best_of, counts, percent
from simmer.figures.style import in_style

_WIDTH, _HEIGHT = 12.0, 7.4
_MANY = 120  # with more trials, markers become smaller


# What spares a trial that ended in a state, or repeats another, the epochs it was not trained for.
_SAVERS = {"pruned": "pruning", "complete": "patience"}


@in_style
def search_history(study: SearchedStudy) -> Figure:
    """Return the figure of one search; it tells by itself when no trial came to a loss."""
    figure = Figure(figsize=(_WIDTH, _HEIGHT))
    sentences = (counts(study), best_of(study), beyond_axis(study))
    head = write_head(figure, f"{study.name}: how the search went", sentences)
    losses, epochs = figure.subplots(
        2,
        sharex=True,
        gridspec_kw={"height_ratios": [3, 1.3], "hspace": 0.24}
        | {"left": 0.07, "right": 0.905, "top": 1.0 - (head + 0.3) / _HEIGHT, "bottom": 0.135},
    )
    size = 7.0 if len(study.trials) <= _MANY else 3.5
    _draw_losses(losses, study, size=size)
    _draw_epochs(epochs, study, size=size)
    _draw_legend(figure, study)
    return figure


def epochs_spent(study: SearchedStudy) -> str:
    """Return how many of the planned epochs were trained, and what saved or lost the rest."""
    planned, spared = study.epochs_max * len(study.trials), Counter()
    for trial in study.trials:
        saver = "repetition" if trial.repeats is not None else _SAVERS.get(trial.state, "failure")
        spared[saver] += study.epochs_max - trial.epochs_trained
    trained, lost = planned - spared.total(), spared.pop("failure", 0)
    by = ", ".join(
        f"{percent(spared[saver] / planned)} by {saver}"
        for saver in ("pruning", "patience", "repetition")
        if spared[saver]
    )
    saved = f"{percent(spared.total() / planned)} saved" + (f" ({by})" if by else "")
    failures = f", {percent(lost / planned)} lost to failures and time limits" if lost else ""
    return f"Epochs: {trained} of {planned} planned were trained, {saved}{failures}"


def _draw_losses(axes: Axes, study: SearchedStudy, *, size: float) -> None:
    axes.set_gid("loss")
    axes.set_ylabel("validation log-loss (nats)")
    axes.set_ylim(loss_limits(study))
    axes.grid(axis="y", color="#ececec", lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelbottom=True)
    axes.axhline(study.prior_log_loss, zorder=1, gid="prior", **PRIOR_LINE)
    beside = {"va": "center", "fontsize": 8}
    text, right = f"prior {study.prior_log_loss:.4f}", axes.get_yaxis_transform()
    axes.text(1.01, study.prior_log_loss, text, color=PRIOR, transform=right, **beside)
    _draw_best_so_far(axes, study)
    for trial in study.trials:
        draw_loss(axes, trial, trial.number, colour=ORIGINS[trial.origin], size=size)
    if any(trial.loss is None for trial in study.trials):
        axes.text(1.01, NO_LOSS_AT, "no loss", color=QUIET, transform=axes.transAxes, **beside)
    if study.best is None:
        middle = {"transform": axes.transAxes, "ha": "center", "va": "center"}
        axes.text(0.5, 0.5, "no trial came to a validation log-loss", fontsize=12, **middle)


def _draw_best_so_far(axes: Axes, study: SearchedStudy) -> None:
    best = study.best
    if best is None:
        return
    losses = np.array([np.inf if trial.loss is None else trial.loss for trial in study.trials])
    lowest = np.minimum.accumulate(losses)
    lowest[np.isinf(lowest)] = np.nan
    numbers = [trial.number for trial in study.trials]
    look = {"color": BEST, "lw": 1.4, "zorder": 2, "gid": "best_so_far", "label": "best so far"}
    axes.plot(numbers, lowest, drawstyle="steps-post", **look)
    # Below the lowest point nothing else is drawn.
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
    axes.set_title(epochs_spent(study), loc="left", fontsize=9, color=QUIET)
    axes.set_ylabel("epochs trained")
    axes.set_xlabel("trial")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
    axes.set_xlim(-0.7, len(study.trials) - 0.3)
    axes.set_ylim(0.0, 1.1 * study.epochs_max)
    axes.axhline(study.epochs_max, color=QUIET, lw=0.8, ls=(0, (5, 3)), zorder=1, gid="planned")
    right = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 8}
    axes.text(1.01, study.epochs_max, f"planned {study.epochs_max}", color=QUIET, **right)
    for trial in study.trials:
        colour = ORIGINS[trial.origin]
        axes.bar(trial.number, trial.epochs_trained, width=0.7, color=colour, alpha=0.3, lw=0)
        draw_trial(axes, trial, trial.number, trial.epochs_trained, colour=colour, size=0.8 * size)
    trained = [trial for trial in study.trials if trial.best_epoch is not None and trial.repeats is None]
    if trained:
        numbers, best_epochs = zip(*((trial.number, trial.best_epoch) for trial in trained), strict=True)
        look = {"linestyle": "none", "marker": "_", "markersize": size, "markeredgewidth": 2.0}
        label = "epoch of the trial's best loss"
        axes.plot(numbers, best_epochs, color=BEST, label=label, gid="best_epochs", **look)


def _draw_legend(figure: Figure, study: SearchedStudy) -> None:
    drawn = [handle for axes in figure.axes for handle in axes.get_legend_handles_labels()[0]]
    rows = ([*state_handles(study), *drawn], list(origin_handles(study)))
    for row, handles in enumerate(rows):
        figure.legend(
            handles=handles,
            loc="lower center",
            ncols=len(handles) or 1,
            frameon=False,
            fontsize=8,
            columnspacing=1.6,
            bbox_to_anchor=(0.49, 0.03 - 0.026 * row),
        )
