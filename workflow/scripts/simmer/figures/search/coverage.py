"""Draw the coverage of a search: loss over the values that were tried, one panel per dimension."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from simmer.base.words import percent, spoken
from simmer.figures.layout import WIDE, Panel, lay_out
from simmer.figures.search.searched import SearchedStudy, SearchedTrial, counts, not_searched, number, unit
from simmer.figures.search.trial_marks import Colour, beyond_axis, draw_loss, loss_limits, state_handles
from simmer.figures.style import BASE_RATE_LINE, BEST, EDGE, FAINT, INK, NO_LOSS, QUIET, TITLE, in_style
from simmer.search.space import Choice, Dimension, Range, Value, meaningful

NEAR_EDGE = 0.05  # share of a range, on its own axis
_HOW_TO_READ = (
    f"Red lines: ends of a range, with {percent(NEAR_EDGE, 0)} of it shaded. In brackets: number of trials "
    "with this value. Colour: rank of the loss, darker is better. Above a panel: trials without a loss. "
    "Pruned trials show the best loss of their few epochs."
)
_NOTHING = "Every hyperparameter has one value in this study, so nothing was searched."
_COLUMNS = 3
_HEAD, _HEIGHT, _GAP = 0.15, 1.75, 0.4  # inches
_STAR = {"color": BEST, "marker": "*", "markersize": 13, "markeredgecolor": "white"} | {
    "linestyle": "none",
    "zorder": 4,
}
_SPREAD = 0.5  # width over which trials with the same choice are spread, in distances between choices
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True)
class NearEdge:
    """A hyperparameter of the best trial that lies near an edge of its range.

    Attributes:
        key: its name.
        value: of the best trial.
        edge: end of the range.
        final: True if values beyond the edge are meaningless, so that the range cannot be widened.
    """

    key: str
    value: Value
    edge: Value
    side: Literal["lower", "upper"]
    final: bool


@in_style
def search_coverage(study: SearchedStudy) -> Figure:
    """Return the figure of one search; it has a sentence instead of panels if nothing was searched."""
    keys = list(study.searched)
    rows = [keys[start : start + _COLUMNS] for start in range(0, len(keys), _COLUMNS)]
    notes = [study.about, counts(study), edges(study), beyond_axis(study), not_searched(study)]
    figure, boxes = lay_out(
        f"{study.name}: what the search covered",
        [*notes, _HOW_TO_READ if rows else _NOTHING],
        [Panel(height=_HEAD + _HEIGHT, foot=0.75) for _ in rows],
        left=0.7,
        width=WIDE,
        legend=_legend(study) if rows else (),
    )
    colours = _colours(study)
    for box, row in zip(boxes, rows, strict=True):
        below_titles = box.rows([_HEAD, _HEIGHT], 0.0)[1]
        panels = [one.axes(figure) for one in below_titles.columns(_COLUMNS, _GAP)[: len(row)]]
        panels[0].set_ylabel("validation log-loss (nats)")
        for axes, key in zip(panels, row, strict=True):
            _draw_panel(axes, study, key, colours)
    return figure


def near_edges(study: SearchedStudy) -> list[NearEdge]:
    """Return each searched range in which the best trial lies within `NEAR_EDGE` of an edge."""
    if study.best is None:
        return []
    near = (_near_edge(key, study.best.values[key], dimension) for key, dimension in _ranges(study).items())
    return [edge for edge in near if edge is not None]


def edges(study: SearchedStudy) -> str:
    """Return the ranges in which the best trial lies near an edge; empty if no range was searched."""
    if study.best is None:
        return "No trial reached a validation log-loss."
    if not _ranges(study):
        return ""
    near = near_edges(study)
    text = f"The best, trial {study.best.number}, lies within {percent(NEAR_EDGE, 0)} of"
    if not near:
        return f"{text} no edge of a range."
    text += " an edge of"
    sentences = []
    if movable := [edge for edge in near if not edge.final]:
        sentences.append(f"{text}: {_listed(movable)}. A better value may lie beyond the range.")
        text = "It also lies at an edge of"
    if final := [edge for edge in near if edge.final]:
        sentences.append(f"{text}: {_listed(final)}. Values beyond it are not possible.")
    return " ".join(sentences)


def place(value: float, dimension: Range) -> float:
    """Return the place of a value in its range, 0 to 1; logarithmic for a `log` range."""
    low, high = dimension.ends
    if dimension.log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low)


def at(share: float, dimension: Range) -> float:
    """Return the value at a place in a range, the inverse of `place`; shares outside 0..1 extrapolate."""
    low, high = dimension.ends
    return low * (high / low) ** share if dimension.log else low + share * (high - low)


def _ranges(study: SearchedStudy) -> dict[str, Range]:
    return {key: dimension for key, dimension in study.searched.items() if isinstance(dimension, Range)}


def _near_edge(key: str, value: Value, dimension: Range) -> NearEdge | None:
    share = place(value, dimension)
    if NEAR_EDGE < share < 1.0 - NEAR_EDGE:
        return None
    lower = share <= NEAR_EDGE
    edge = dimension.low if lower else dimension.high
    beyond = at(-NEAR_EDGE if lower else 1.0 + NEAR_EDGE, dimension)
    if dimension.integer:
        beyond = edge - 1 if lower else edge + 1
    return NearEdge(key, value, edge, "lower" if lower else "upper", final=not meaningful(key, beyond))


def _listed(near: Sequence[NearEdge]) -> str:
    return ", ".join(
        f"{spoken(edge.key)} {number(edge.value)} ({edge.side} edge {number(edge.edge)})" for edge in near
    )


def _draw_panel(axes: Axes, study: SearchedStudy, key: str, colours: dict[int, Colour]) -> None:
    dimension = study.dimensions[key]
    side = next((edge.side for edge in near_edges(study) if edge.key == key), None)
    axes.set_gid(key)
    axes.set_title(
        f"{spoken(key)}: near {side} edge" if side else spoken(key),
        loc="left",
        pad=14,
        fontsize=TITLE,
        fontweight="bold",
        color=EDGE if side else INK,
    )
    axes.set_xlabel(unit(key, dimension), color=QUIET)
    axes.set_ylim(loss_limits(study))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    if isinstance(dimension, Range):
        _label_range(axes, dimension)
    else:
        _label_choices(axes, dimension, Counter(trial.values[key] for trial in study.trials))
    axes.axhline(study.prior_log_loss, zorder=1, **BASE_RATE_LINE)
    for trial in study.trials:
        draw_loss(axes, trial, _position(trial, key, dimension), colour=colours[trial.number], size=5.5)
    if study.best is not None:
        x = _position(study.best, key, dimension)
        axes.plot(x, study.best.loss, gid=f"best_{key}", **_STAR)


def _position(trial: SearchedTrial, key: str, dimension: Dimension) -> float:
    """Return the x position of a trial: 0 to 1 in a range, near the index of its choice otherwise."""
    if isinstance(dimension, Range):
        return place(trial.values[key], dimension)
    # Spread by the golden ratio, so that consecutive trials do not overlap.
    spread = (trial.number * _GOLDEN) % 1.0 - 0.5
    return dimension.values.index(trial.values[key]) + _SPREAD * spread


def _label_range(axes: Axes, dimension: Range) -> None:
    """Label the ends and the middle of a range, and shade the parts near its ends."""
    axes.set_xlim(-0.07, 1.07)
    middle = at(0.5, dimension)
    ticks = dict.fromkeys((dimension.low, round(middle) if dimension.integer else middle, dimension.high))
    axes.set_xticks([place(tick, dimension) for tick in ticks], [number(tick) for tick in ticks])
    for edge, inside in ((0.0, NEAR_EDGE), (1.0, 1.0 - NEAR_EDGE)):
        axes.axvline(edge, color=EDGE, lw=0.8, alpha=0.6, zorder=1)
        axes.axvspan(edge, inside, color=EDGE, alpha=0.12, lw=0, zorder=0.5)


def _label_choices(axes: Axes, dimension: Choice, made: Counter) -> None:
    """Label each choice with its number of trials."""
    axes.set_xlim(-0.5, len(dimension.values) - 0.5)
    names = (number(value).replace("_", "\n") for value in dimension.values)
    labels = [f"{name}\n({made[value]})" for name, value in zip(names, dimension.values, strict=True)]
    axes.set_xticks(range(len(labels)), labels)
    for between in range(1, len(labels)):
        axes.axvline(between - 0.5, color=FAINT, lw=0.8, zorder=0.5)


def _colours(study: SearchedStudy) -> dict[int, Colour]:
    """Return a colour per trial by the rank of its loss; by the loss itself, good trials would look alike."""
    known = sorted((trial for trial in study.trials if trial.loss is not None), key=lambda trial: trial.loss)
    shades = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.93, len(known)))
    ranked = {trial.number: tuple(shade) for trial, shade in zip(known, shades, strict=True)}
    return {trial.number: ranked.get(trial.number, NO_LOSS) for trial in study.trials}


def _legend(study: SearchedStudy) -> list[Artist]:
    best = study.best
    label = "" if best is None else f"best: trial {best.number}, {best.loss:.4f}"
    return [
        *([] if best is None else [Line2D([], [], label=label, **_STAR)]),
        *state_handles(study),
        Line2D([], [], label=f"base rate {study.prior_log_loss:.4f}", **BASE_RATE_LINE),
    ]
