"""Which hyperparameters mattered in one search, as bars with the mark that chance alone reaches."""

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from simmer.figures import STYLE
from simmer.search_figures import captions
from simmer.search_figures.marks import QUIET, write_head
from simmer.search_figures.ped_anova import Importances
from simmer.search_figures.searched import SearchedStudy
from simmer.search_figures.words import spoken

_WIDTH, _BAR_HEIGHT = 12.0, 0.36
_BEYOND_CHANCE, _WITHIN_CHANCE, _CHANCE = "#0072b2", "#a9c4dc", "#d55e00"


def search_importances(study: SearchedStudy, found: Importances) -> Figure:
    """Return the figure of one search; a sentence stands in it where no importances were found."""
    bars = len(found.importances or ())
    height = 2.9 + _BAR_HEIGHT * bars
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(_WIDTH, height))
        title = f"{study.name}: which hyperparameters mattered"
        if not bars:
            write_head(figure, title, (captions.counts(study),))
            figure.text(0.5, 0.42, captions.rests_on(found), fontsize=11, ha="center", va="center")
            return figure
        sentences = (captions.rests_on(found), captions.how_to_read(found), captions.left_out(found))
        head = write_head(figure, title, sentences)
        sides = {"left": 0.14, "right": 0.95, "top": 1.0 - (head + 0.15) / height, "bottom": 0.9 / height}
        axes = figure.subplots(gridspec_kw=sides)
        _draw_bars(axes, found)
        _draw_legend(figure)
        return figure


def _draw_bars(axes: Axes, found: Importances) -> None:
    widest = max(max(one.importance, one.chance) for one in found.importances)
    axes.set_xlim(0.0, 1.1 * widest or 1.0)
    axes.set_ylim(len(found.importances) - 0.4, -0.6)
    axes.set_yticks(range(len(found.importances)), [spoken(one.hyperparameter) for one in found.importances])
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_xlabel("importance (share of the sum over all hyperparameters)")
    for row, one in enumerate(found.importances):
        beyond = one.importance > one.chance
        colour = _BEYOND_CHANCE if beyond else _WITHIN_CHANCE
        axes.barh(row, one.importance, height=0.6, color=colour, gid=f"importance_{one.hyperparameter}")
        axes.plot([one.chance] * 2, [row - 0.36, row + 0.36], color=_CHANCE, lw=2.0)
        text_at = one.importance
        if abs(one.chance - one.importance) < 0.08 * widest:
            text_at = max(one.importance, one.chance)
        text = f"{100.0 * one.importance:.0f} %"
        axes.text(text_at + 0.01 * widest, row, text, va="center", color=QUIET)


def _draw_legend(figure: Figure) -> None:
    handles = [
        Patch(color=_BEYOND_CHANCE, label="passes its mark"),
        Patch(color=_WITHIN_CHANCE, label="cannot be told from chance"),
        Line2D(
            [], [], color=_CHANCE, lw=2.0, linestyle="none", marker="|", markersize=11, label="mark of chance"
        ),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=3, frameon=False, fontsize=8)
