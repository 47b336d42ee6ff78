"""The page all evidence figures share: narrow enough for a phone, a conclusion on top, panels below."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 5.4  # inches; on a screen 390 pixels wide a text of 9 points is still 9 pixels high
MARGIN = 0.15
# Blue and vermilion of Okabe and Ito, the latter darkened until it can be read as a small text. The prior is
# black, since gold or green come too close to vermilion for people who see no red. Whatever differs in colour
# differs in marker, line style or place, too.
TRANSFORMER, BASELINE, PRIOR, INK, QUIET = "#0072b2", "#b34700", "#000000", "#1a1a1a", "#555555"
PRIOR_LINE = {"color": PRIOR, "lw": 1.3, "ls": (0, (5, 3))}
GRID = {"color": "#e6e6e6", "lw": 0.7}
SMALL = 9.0  # points

_HEADLINE, _TITLE = 12.0, 10.0
# Inches a character takes on average, rounded up, and a line.
_BOLD_EM, _PLAIN_EM, _LEADING = 0.0088, 0.0077, 0.0185
_LABEL_LINE = 0.155  # inches
_NEAR = 0.4  # beyond the usual values, in shares of their extent


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A part of a page, from the top down: title, notes, axes, room for what stands below these.

    Attributes:
        title: bold; empty for none.
        notes: sentences beneath it.
        height: of the axes, inches.
        foot: below the axes, inches.
    """

    title: str = ""
    notes: Sequence[str] = ()
    height: float
    foot: float = 0.55


@dataclass(frozen=True)
class Box:
    """A rectangle on a page, in inches from the lower left corner."""

    left: float
    bottom: float
    width: float
    height: float

    def axes(self, figure: Figure, **kwargs: object) -> Axes:
        """Return new axes that fill the rectangle."""
        width, height = figure.get_size_inches()
        axes = figure.add_axes(
            (self.left / width, self.bottom / height, self.width / width, self.height / height), **kwargs
        )
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=SMALL)
        return axes


def lay_out(
    headline: str, notes: Sequence[str], panels: Sequence[Panel], *, left: float, right: float
) -> tuple[Figure, list[Box]]:
    """Return a page with all its texts, as high as they and the panels need, and a box for each panel's axes.

    Args:
        headline: what to conclude.
        notes: how to read the figure.
        panels: from the top down.
        left, right: room beside the axes, inches.
    """
    head = [(_HEADLINE, "bold", INK, headline), *((SMALL, "normal", QUIET, note) for note in notes)]
    texts = [(0.0, head)]
    taken, tops = _height(head), []
    for panel in panels:
        words = [(_TITLE, "bold", INK, panel.title)] if panel.title else []
        words += [(SMALL, "normal", QUIET, note) for note in panel.notes]
        taken += 0.16
        texts.append((taken, words))
        taken += _height(words) + 0.08
        tops.append(taken)
        taken += panel.height + panel.foot
    total = taken + 2 * MARGIN
    figure = Figure(figsize=(WIDTH, total))
    for start, words in texts:
        _write(figure, words, start + MARGIN)
    width = WIDTH - left - right
    return figure, [
        Box(left, total - MARGIN - top - panel.height, width, panel.height)
        for panel, top in zip(panels, tops, strict=True)
    ]


def label_beside(axes: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Name heights at the right of a panel, moved apart where they would overlap; limits must be set before.

    Args:
        axes: of the panel.
        labels: height in data, text, colour.
    """
    low, high = axes.get_ylim()
    ordered = sorted(labels)
    per_inch = (high - low) / (axes.get_position().height * axes.figure.get_figheight())
    sizes = [(text.count("\n") + 1.3) * _LABEL_LINE * per_inch for _, text, _ in ordered]
    centres = apart([height for height, _, _ in ordered], sizes, high + sizes[-1] / 2 if sizes else high)
    beside = axes.get_yaxis_transform()
    for (height, text, colour), centre in zip(ordered, centres, strict=True):
        axes.annotate(
            text,
            (1.005, height),
            xycoords=beside,
            xytext=(1.05, centre),
            textcoords=beside,
            va="center",
            color=colour,
            fontsize=SMALL,
            linespacing=1.1,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.7, "shrinkA": 0, "shrinkB": 0}
            | {"relpos": (0.0, 0.5)},
        )


def apart(wanted: Sequence[float], sizes: Sequence[float], top: float) -> list[float]:
    """Return centres near the wanted ones, ascending, that leave each its size and end below `top`."""
    centres: list[float] = []
    for number, centre in enumerate(wanted):
        if number:
            centre = max(centre, centres[-1] + (sizes[number - 1] + sizes[number]) / 2)
        centres.append(centre)
    ceiling = top
    for number in reversed(range(len(centres))):
        centres[number] = min(centres[number], ceiling - sizes[number] / 2)
        ceiling = centres[number] - sizes[number] / 2
    return centres


def usual_limits(always: Sequence[float], others: Sequence[float], *, share: float) -> tuple[float, float]:
    """Return ends of an axis that show `always`, the lowest of all, a share of `others`, and what is near.

    A few terrible values must not press all others into one line.
    """
    highest = [*always, *([np.quantile(others, share, method="lower")] if len(others) else [])]
    low, high = min([*always, *others]), float(max(highest))
    if (all_of_them := max([*always, *others])) <= high + _NEAR * (high - low):
        high = all_of_them
    room = 0.08 * ((high - low) or 0.1 * abs(high) or 1.0)
    return low - room, high + room


def _write(figure: Figure, words: Sequence[tuple[float, str, str, str]], start: float) -> None:
    width, height = figure.get_size_inches()
    for size, weight, colour, line in _lines(words):
        look = {"fontsize": size, "fontweight": weight, "color": colour, "va": "top"}
        figure.text(MARGIN / width, 1.0 - start / height, line, **look)
        start += _LEADING * size


def _height(words: Sequence[tuple[float, str, str, str]]) -> float:
    return sum(_LEADING * size for size, _, _, _ in _lines(words))


def _lines(words: Sequence[tuple[float, str, str, str]]) -> list[tuple[float, str, str, str]]:
    return [
        (size, weight, colour, line)
        for size, weight, colour, text in words
        for line in textwrap.wrap(
            text, int((WIDTH - 2 * MARGIN) / (size * (_BOLD_EM if weight == "bold" else _PLAIN_EM)))
        )
    ]
