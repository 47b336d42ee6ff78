"""The axis of one dimension: a range on its own axis with its ends marked, or a place for each choice."""

import math
from collections import Counter

from matplotlib.axes import Axes

from simmer.search.space import Choice, Dimension, Range
from simmer.search_figures.edges import NEAR_EDGE, at, place
from simmer.search_figures.searched import SearchedStudy, SearchedTrial
from simmer.search_figures.words import number

EDGE = "#cc2f2f"
_SPREAD = 0.5  # of the trials with one choice, in distances between choices
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def position(trial: SearchedTrial, key: str, dimension: Dimension) -> float:
    """Return where a trial stands: 0 to 1 in a range, near the index of its choice otherwise."""
    if isinstance(dimension, Range):
        return place(trial.values[key], dimension)
    # Spread by the golden ratio, so that neighbours in number do not lie on each other.
    spread = (trial.number * _GOLDEN) % 1.0 - 0.5
    return dimension.values.index(trial.values[key]) + _SPREAD * spread


def draw_axis(axes: Axes, study: SearchedStudy, key: str) -> None:
    """Label the axis of a dimension, ends and all."""
    dimension = study.dimensions[key]
    axes.tick_params(labelsize=8)
    if isinstance(dimension, Choice):
        made = Counter(trial.values[key] for trial in study.trials)
        _label_choices(axes, dimension, made)
    else:
        _label_range(axes, dimension)


def _label_range(axes: Axes, dimension: Range) -> None:
    """Mark the ends and the middle, and shade what counts as near an end."""
    axes.set_xlim(-0.07, 1.07)
    middle = at(0.5, dimension)
    ticks = dict.fromkeys((dimension.low, round(middle) if dimension.integer else middle, dimension.high))
    axes.set_xticks([place(tick, dimension) for tick in ticks], [number(tick) for tick in ticks])
    for edge, inside in ((0.0, NEAR_EDGE), (1.0, 1.0 - NEAR_EDGE)):
        axes.axvline(edge, color=EDGE, lw=0.8, alpha=0.6, zorder=1)
        axes.axvspan(edge, inside, color=EDGE, alpha=0.12, lw=0, zorder=0.5)


def _label_choices(axes: Axes, dimension: Choice, made: Counter) -> None:
    """Tell below each choice how many trials made it."""
    axes.set_xlim(-0.5, len(dimension.values) - 0.5)
    names = (number(value).replace("_", "\n") for value in dimension.values)
    labels = [f"{name}\n({made[value]})" for name, value in zip(names, dimension.values, strict=True)]
    axes.set_xticks(range(len(labels)), labels)
    for between in range(1, len(labels)):
        axes.axvline(between - 0.5, color="#e4e4e4", lw=0.8, zorder=0.5)
