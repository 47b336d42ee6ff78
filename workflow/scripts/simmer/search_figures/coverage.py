"""What one search covered: for each dimension, which values were tried and to what losses they came."""

import math

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from simmer.figures import STYLE
from simmer.search_figures import captions
from simmer.search_figures.dimension_axis import EDGE, draw_axis, position
from simmer.search_figures.edges import NEAR_EDGE, near_edges
from simmer.search_figures.loss_axis import LossAxis, loss_axis
from simmer.search_figures.marks import PRIOR, QUIET, Colour, draw_loss, state_handles, write_head
from simmer.search_figures.searched import SearchedStudy
from simmer.search_figures.words import spoken, unit

_WIDTH, _PANEL_HEIGHT, _COLUMNS = 12.0, 2.7, 4
_BEST, _NO_LOSS = "#cc2f2f", "#b0b0b0"
_STAR = {"marker": "*", "markersize": 13, "markeredgecolor": "white", "linestyle": "none", "zorder": 4}
_PRIOR_LINE = {"color": PRIOR, "lw": 1.0, "ls": (0, (5, 3))}


def search_coverage(study: SearchedStudy) -> Figure:
    """Return the figure of one search; a sentence stands in it where nothing was left to choose."""
    rows = math.ceil(len(study.searched) / _COLUMNS)
    height = 2.3 + _PANEL_HEIGHT * rows
    axis = loss_axis(study)
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(_WIDTH, height))
        sentences = (
            captions.counts(study),
            captions.edges(study),
            captions.beyond(study, axis),
            captions.not_searched(study),
        )
        head = write_head(figure, f"{study.name}: what the search covered", sentences)
        if not rows:
            figure.text(0.5, 0.3, captions.NOTHING_TO_CHOOSE, fontsize=11, ha="center", va="center")
            return figure
        panels = figure.subplots(
            rows,
            _COLUMNS,
            squeeze=False,
            gridspec_kw={"left": 0.065, "right": 0.985, "top": 1.0 - (head + 0.45) / height}
            | {"bottom": 1.4 / height, "hspace": 0.68, "wspace": 0.2},
        )
        colours = _colours(study)
        for axes, key in zip(panels.flat, study.searched, strict=False):
            _draw_panel(axes, study, key, axis, colours)
        for axes in panels.flat[len(study.searched) :]:
            axes.set_axis_off()
        for row in panels:
            row[0].set_ylabel("validation log-loss (nats)")
        _write_foot(figure, study)
        return figure


def _draw_panel(
    axes: Axes, study: SearchedStudy, key: str, axis: LossAxis, colours: dict[int, Colour]
) -> None:
    dimension = study.dimensions[key]
    side = next((edge.side for edge in near_edges(study) if edge.key == key), None)
    axes.set_gid(key)
    axes.set_title(
        f"{spoken(key)}: best near the {side} edge" if side else spoken(key),
        loc="left",
        pad=14,
        fontsize=9,
        fontweight="bold",
        color=EDGE if side else "black",
    )
    axes.set_xlabel(unit(key, dimension), color=QUIET, fontsize=8)
    axes.set_ylim(axis.low, axis.high)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    draw_axis(axes, study, key)
    axes.axhline(study.prior_log_loss, zorder=1, **_PRIOR_LINE)
    for trial in study.trials:
        x = position(trial, key, dimension)
        draw_loss(axes, trial, x, axis, colour=colours[trial.number], size=5.5)
    if study.best is not None:
        x = position(study.best, key, dimension)
        axes.plot(x, study.best.loss, color=_BEST, gid=f"best_{key}", **_STAR)


def _colours(study: SearchedStudy) -> dict[int, Colour]:
    """Return a colour per trial, by the rank of its loss: by the loss itself, good ones would look alike."""
    known = sorted((trial for trial in study.trials if trial.loss is not None), key=lambda trial: trial.loss)
    shades = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.93, len(known)))
    ranked = {trial.number: tuple(shade) for trial, shade in zip(known, shades, strict=True)}
    return {trial.number: ranked.get(trial.number, _NO_LOSS) for trial in study.trials}


def _write_foot(figure: Figure, study: SearchedStudy) -> None:
    handles = [
        *state_handles(study),
        Line2D([], [], label=f"prior {study.prior_log_loss:.4f}", **_PRIOR_LINE),
    ]
    if study.best is not None:
        label = f"best: trial {study.best.number}, {study.best.loss:.4f}"
        handles.insert(0, Line2D([], [], color=_BEST, label=label, **_STAR))
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), frameon=False, fontsize=8)
    lines = (
        f"Red lines: the ends of a range, {NEAR_EDGE:.0%} of it shaded. In brackets: how many trials made a "
        "choice. Colour: rank of the loss, the darker the better. Above a panel: trials without a loss.",
        "A pruned trial shows the best loss of the few epochs it came to.",
    )
    text = "\n".join(lines).replace("%", " %")
    place = (0.065, 0.36 / figure.get_figheight())
    figure.text(*place, text, fontsize=8, color=QUIET, linespacing=1.4)
