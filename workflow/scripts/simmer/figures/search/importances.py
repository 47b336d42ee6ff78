"""Draw the importance of hyperparameters in one search, with marks for what chance reaches."""

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from simmer.base.words import count, percent, spoken
from simmer.figures.layout import Panel, lay_out
from simmer.figures.search.ped_anova import CHANCE_QUANTILE, FEWEST_TRIALS, Importance, Importances
from simmer.figures.search.searched import SearchedStudy, counts
from simmer.figures.style import BEYOND_CHANCE, INK, QUIET, WITHIN_CHANCE, in_style

_FEW_BEST = 20  # with fewer trials among the best, importances are rough
_BAR = 0.36  # inches


@in_style
def search_importances(study: SearchedStudy, found: Importances) -> Figure:
    """Return the figure of one search; it has a sentence instead of bars if there are no importances."""
    title = f"{study.name}: which hyperparameters mattered"
    if not found.importances:
        return lay_out(title, (study.about, counts(study), rests_on(found)), [])[0]
    notes = (study.about, rests_on(found), how_to_read(found), left_out(found))
    panel = Panel(height=_BAR * len(found.importances))
    figure, (box,) = lay_out(title, notes, [panel], left=1.3, right=0.3, legend=_legend())
    _draw_bars(box.axes(figure), found)
    return figure


def rests_on(found: Importances) -> str:
    """Return the number of trials behind the importances, or why there are none."""
    if found.with_loss < FEWEST_TRIALS:
        return (
            f"Too few trials to estimate which hyperparameters matter: {found.with_loss} reached a loss "
            f"without repeating another trial, at least {FEWEST_TRIALS} are needed."
        )
    if found.importances is None:
        return "All trials used the same hyperparameters, so there is nothing to compare."
    parts = [f"{found.completed} completed"]
    parts += [f"{found.pruned} pruned, ranked below these"] if found.pruned else []
    parts += [f"{found.diverged} diverged, ranked last"] if found.diverged else []
    trials = f"{count(found.with_loss + found.diverged, 'trial')} ({'; '.join(parts)})"
    rough = f" Importances from {found.best} best trials are rough." if found.best < _FEW_BEST else ""
    return f"Based on {trials}.{rough}"


def how_to_read(found: Importances) -> str:
    """Return the meaning of an importance and its mark."""
    marks = found.importances or ()
    return (
        f"Importance: how much the values of the {found.best} best trials differ from those of all trials "
        "(PED-ANOVA); values that the sampler soon avoided have little weight. Mark: in "
        f"{percent(CHANCE_QUANTILE, 0)} of shuffles of the losses no bar at all passes its mark; a bar below "
        "its mark may be chance. Chance gives ranges longer bars than choices, so compare each bar with its "
        "own mark." + (" No bar can pass a mark at 100 %." if any(_mark(one) == 1.0 for one in marks) else "")
    )


def left_out(found: Importances) -> str:
    """Return the hyperparameters without an importance; empty if all have one."""
    keys = ", ".join(map(spoken, found.unvaried))
    return f"Left out, because they have one value in these trials: {keys}." if keys else ""


def _draw_bars(axes: Axes, found: Importances) -> None:
    widest = max(max(one.importance, _mark(one)) for one in found.importances)
    axes.set_xlim(0.0, 1.1 * widest or 1.0)
    axes.set_ylim(len(found.importances) - 0.4, -0.6)
    axes.set_yticks(range(len(found.importances)), [spoken(one.hyperparameter) for one in found.importances])
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_xlabel("importance (share of the sum over all hyperparameters)")
    for row, one in enumerate(found.importances):
        beyond = one.importance > one.chance
        colour = BEYOND_CHANCE if beyond else WITHIN_CHANCE
        axes.barh(row, one.importance, height=0.6, color=colour, gid=f"importance_{one.hyperparameter}")
        axes.plot([_mark(one)] * 2, [row - 0.36, row + 0.36], color=INK, lw=2.0)
        text_at = one.importance
        if abs(_mark(one) - one.importance) < 0.16 * widest:
            text_at = max(one.importance, _mark(one))
        text = percent(one.importance, 0)
        axes.text(text_at + 0.01 * widest, row, text, va="center", color=QUIET)


def _mark(one: Importance) -> float:
    # All bars sum to 100 %; a mark beyond that would only compress the axis.
    return min(one.chance, 1.0)


def _legend() -> list[Artist]:
    mark = {"color": INK, "linestyle": "none", "marker": "|", "markersize": 11, "markeredgewidth": 2.0}
    return [
        Patch(color=BEYOND_CHANCE, label="passes its mark"),
        Patch(color=WITHIN_CHANCE, label="may be chance"),
        Line2D([], [], label="mark of chance", **mark),
    ]
