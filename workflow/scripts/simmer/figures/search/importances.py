"""Which hyperparameters mattered in one search, as bars with the marks that chance reaches."""

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from simmer.figures.layout import Panel, lay_out
from simmer.figures.search.ped_anova import CHANCE_QUANTILE, FEWEST_TRIALS, Importance, Importances
from simmer.figures.search.searched import SearchedStudy, count_of_trials, counts, percent, spoken
from simmer.figures.style import BEYOND_CHANCE, INK, QUIET, WITHIN_CHANCE, in_style

_FEW_BEST = 20  # with fewer trials among the best, their values are known roughly only
_BAR = 0.36  # inches


@in_style
def search_importances(study: SearchedStudy, found: Importances) -> Figure:
    """Return the figure of one search; a sentence stands in it where no importances were found."""
    title = f"{study.name}: which hyperparameters mattered"
    if not found.importances:
        return lay_out(title, (counts(study), rests_on(found)), [])[0]
    notes = (rests_on(found), how_to_read(found), left_out(found))
    panel = Panel(height=_BAR * len(found.importances))
    figure, (box,) = lay_out(title, notes, [panel], left=1.3, right=0.3, legend=_legend())
    _draw_bars(box.axes(figure), found)
    return figure


def rests_on(found: Importances) -> str:
    """Return on how many trials the importances rest, or why there are none."""
    if found.with_loss < FEWEST_TRIALS:
        return (
            f"Too few trials to tell which hyperparameters mattered: {found.with_loss} came to a loss of "
            f"their own, at least {FEWEST_TRIALS} are needed."
        )
    if found.importances is None:
        return "All trials used the same hyperparameters, so there is nothing to compare."
    parts = [f"{found.completed} completed"]
    parts += [f"{found.pruned} pruned, ranked below these"] if found.pruned else []
    parts += [f"{found.diverged} diverged, ranked last"] if found.diverged else []
    trials = f"{count_of_trials(found.with_loss + found.diverged)} ({'; '.join(parts)})"
    rough = f" Importances from {found.best} best trials are rough." if found.best < _FEW_BEST else ""
    return f"This rests on {trials}.{rough}"


def how_to_read(found: Importances) -> str:
    """Return what an importance and its mark say."""
    marks = found.importances or ()
    return (
        f"Importance: how far the values of the {found.best} best trials differ from those of all "
        "(PED-ANOVA), so what the sampler soon gave up counts for little. Mark: in "
        f"{percent(CHANCE_QUANTILE)} of shuffles of the losses no bar at all passes its mark; one that does "
        "not pass it cannot be told from chance. Chance gives ranges longer bars than choices: hold each bar "
        "against its own mark."
        + (" A mark at 100 % could be passed by none." if any(_mark(one) == 1.0 for one in marks) else "")
    )


def left_out(found: Importances) -> str:
    """Return which hyperparameters have no importance, empty where all have one."""
    keys = ", ".join(map(spoken, found.unvaried))
    return f"Left out, as these trials do not differ in it: {keys}." if keys else ""


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
        text = percent(one.importance)
        axes.text(text_at + 0.01 * widest, row, text, va="center", color=QUIET)


def _mark(one: Importance) -> float:
    # All bars together are 100 %: a mark beyond it would only make them look small.
    return min(one.chance, 1.0)


def _legend() -> list[Artist]:
    mark = {"color": INK, "linestyle": "none", "marker": "|", "markersize": 11, "markeredgewidth": 2.0}
    return [
        Patch(color=BEYOND_CHANCE, label="passes its mark"),
        Patch(color=WITHIN_CHANCE, label="cannot be told from chance"),
        Line2D([], [], label="mark of chance", **mark),
    ]
