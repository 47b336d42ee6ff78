"""Draw train and validation log-loss of the refits over epochs, one panel per scale of a horizon."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simmer.base.words import count, horizons, nats, spoken
from simmer.figures.evidence.refits import Refit, read_refits
from simmer.figures.layout import Panel, label_beside, lay_out, usual_limits
from simmer.figures.style import BASE_RATE, BASE_RATE_LINE, DOTTED, GRID, INK, QUIET, TRANSFORMER, in_style
from simmer.ledger.about import UNKNOWN, About
from simmer.ledger.results import RefitResult

_LOOKS = {
    "train": {"color": QUIET, "ls": DOTTED, "lw": 1.3},
    "validation": {"color": TRANSFORMER, "ls": "-", "lw": 1.2},
}


@in_style
def learning_curves(
    horizon_days: int,
    results: Mapping[str, Sequence[RefitResult]],
    prior_log_loss: float,
    about: About = UNKNOWN,
) -> Figure:
    """Return the figure of one horizon.

    Args:
        horizon_days: of the labels.
        results: of the refits by scale, drawn in this order.
        prior_log_loss: validation log-loss when the base rate of train is predicted, nats.
        about: names for people.

    Raises:
        LedgerError: when the best epoch of a result is not in its curve.
    """
    refits = {scale: read_refits(of_scale) for scale, of_scale in results.items()}
    panels = [
        Panel(title=f"{spoken(scale)}: {panel_title(of_scale, prior_log_loss)}", height=1.45, foot=0.3)
        for scale, of_scale in refits.items()
    ]
    every = [refit for of_scale in refits.values() for refit in of_scale]
    notes = [
        about.sentence,
        f"Refits at {horizons([horizon_days])}, one line each; diamonds: their best epochs, chosen on these "
        "validation losses. Only the test split measures their true loss.",
        "Lines that reach the top of a panel continue above it." if _leaves(every, prior_log_loss) else "",
    ]
    figure, boxes = lay_out(conclusion(every, prior_log_loss), notes, panels, left=0.72, right=0.95)
    for box, (scale, of_scale) in zip(boxes, refits.items(), strict=True):
        axes = box.axes(figure)
        axes.set_ylim(_limits(every, prior_log_loss))
        axes.set_xlim(0.6, max([2, *(refit.epochs[-1] for refit in every if refit.epochs)]) + 0.4)
        _draw(axes, scale, of_scale, prior_log_loss)
    if boxes:
        axes.set_xlabel("epoch")
    return figure


def conclusion(refits: Sequence[Refit], prior_log_loss: float) -> str:
    """Return how many refits beat the base rate, how many overfitted and how many were still improving."""
    trained = [refit for refit in refits if refit.best is not None]
    if not trained:
        return "No refit has a best epoch."
    below = sum(refit.best < prior_log_loss for refit in trained)
    overfitted = sum(overfits(refit) for refit in trained)
    improving = sum(refit.best_epoch == refit.epochs[-1] for refit in trained)
    text = f"{below} of {count(len(trained), 'refit')} beat the base rate on validation"
    if overfitted:
        text += f"; {overfitted} overfitted afterwards (better on train, worse on validation)"
    if improving:
        text += f"; {improving} had the best epoch last, so more epochs may help"
    return f"{text}."


def overfits(refit: Refit) -> bool:
    """True if the last epoch is better than the best one on train and worse on validation."""
    if refit.best_epoch is None:
        return False
    best = refit.epochs.index(refit.best_epoch)
    return refit.train[-1] < refit.train[best] and refit.validation[-1] > refit.validation[best]


def panel_title(refits: Sequence[Refit], prior_log_loss: float) -> str:
    """Return the best epochs of one scale's refits, and their mean distance from the base rate."""
    trained = [refit for refit in refits if refit.best is not None]
    absent = len(refits) - len(trained)
    lost = f", {count(absent, 'refit')} without a best epoch" if absent else ""
    if not trained:
        return "no refit has a best epoch"
    epochs = sorted(refit.best_epoch for refit in trained)
    span = f"epoch {epochs[0]}" if epochs[0] == epochs[-1] else f"epochs {epochs[0]} to {epochs[-1]}"
    loss = fmean(refit.best for refit in trained)
    side = "below" if loss < prior_log_loss else "above"
    return f"best at {span}, {nats(abs(loss - prior_log_loss))} {side} the base rate{lost}"


def _limits(refits: Sequence[Refit], prior_log_loss: float) -> tuple[float, float]:
    always = [prior_log_loss, *(refit.best for refit in refits if refit.best is not None)]
    everything = [loss for refit in refits for loss in (*refit.train, *refit.validation)]
    return usual_limits(always, everything, share=0.9)


def _leaves(refits: Sequence[Refit], prior_log_loss: float) -> bool:
    high = _limits(refits, prior_log_loss)[1]
    return any(loss > high for refit in refits for loss in (*refit.train, *refit.validation))


def _draw(axes: Axes, scale: str, refits: Sequence[Refit], prior_log_loss: float) -> None:
    axes.grid(axis="y", **GRID)
    axes.set_ylabel("log-loss (nats)")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.axhline(prior_log_loss, gid=f"base_rate_{scale}", **BASE_RATE_LINE)
    labels = [(prior_log_loss, "base rate", BASE_RATE)]
    drawn = [refit for refit in refits if refit.epochs]
    for split, look in _LOOKS.items():
        for refit in drawn:
            # One epoch alone gives no visible line.
            marker = "." if len(refit.epochs) == 1 else None
            losses = getattr(refit, split)
            axes.plot(
                refit.epochs, losses, alpha=0.75, marker=marker, gid=f"{split}_{scale}_{refit.seed}", **look
            )
        if drawn:
            last = getattr(max(drawn, key=lambda refit: len(refit.epochs)), split)[-1]
            labels.append((min(last, axes.get_ylim()[1]), split, look["color"]))
    for refit in drawn:
        if refit.best_epoch is None:
            continue
        look = {"marker": "D", "markersize": 5, "color": INK, "markeredgecolor": "white", "zorder": 4}
        axes.plot(refit.best_epoch, refit.best, gid=f"best_{scale}_{refit.seed}", **look)
    label_beside(axes, labels)
