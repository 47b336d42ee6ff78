"""The page layout of all figures: headline and notes on top, panels below, a legend at the bottom."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simmer.figures.style import HEADLINE, INK, QUIET, SMALL, TITLE

# Inches. On a screen of 390 pixels, 9-point text is still 9 pixels high on the narrow page; the wide page,
# for long time axes, scrolls.
WIDTH, WIDE = 5.4, 8.0
MARGIN = 0.15

# Mean width of a character (rounded up) and height of a line, inches per point.
_BOLD_EM, _PLAIN_EM, _LEADING = 0.0088, 0.0077, 0.0185
_LINE = 0.155  # inches, of a small text
_LEGEND_ROW, _LEGEND_ENTRY = 0.19, 2.55  # inches
_NEAR = 0.4  # share of the axis by which it may grow to show all values

_Words = Sequence[tuple[float, str, str, str]]  # size, weight, colour and text of each paragraph


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A part of a page: title, notes, axes, and space for tick labels.

    Attributes:
        title: bold; empty for none.
        notes: sentences below the title.
        height: of the axes, inches.
        foot: space below the axes, inches.
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

    def columns(self, number: int, gap: float) -> list["Box"]:
        """Return `number` boxes side by side, `gap` inches apart."""
        width = (self.width - (number - 1) * gap) / number
        return [
            Box(self.left + column * (width + gap), self.bottom, width, self.height)
            for column in range(number)
        ]

    def rows(self, heights: Sequence[float], gap: float) -> list["Box"]:
        """Return boxes of these heights in inches, from the top down, aligned with the bottom of this box."""
        boxes, bottom = [], self.bottom
        for height in reversed(heights):
            boxes.insert(0, Box(self.left, bottom, self.width, height))
            bottom += height + gap
        return boxes

    def axes(self, figure: Figure, **kwargs: object) -> Axes:
        """Add axes that fill the rectangle."""
        width, height = figure.get_size_inches()
        return figure.add_axes(
            (self.left / width, self.bottom / height, self.width / width, self.height / height), **kwargs
        )


def lay_out(
    headline: str,
    notes: Sequence[str],
    panels: Sequence[Panel],
    *,
    left: float = MARGIN,
    right: float = MARGIN,
    width: float = WIDTH,
    legend: Sequence[Artist] = (),
) -> tuple[Figure, list[Box]]:
    """Return a figure with all its texts, and a box for the axes of each panel; the height is computed.

    Args:
        headline: the conclusion.
        notes: how to read the figure; empty ones are left out.
        panels: from the top down.
        left, right: space next to the axes, inches.
        width: of the page, inches.
        legend: entries at the bottom, in columns.
    """
    head = [(HEADLINE, "bold", INK, headline), *((SMALL, "normal", QUIET, note) for note in notes)]
    texts: list[tuple[float, _Words]] = [(0.0, head)]
    taken, tops = _height(head, width), []
    for panel in panels:
        words = [(TITLE, "bold", INK, panel.title)] if panel.title else []
        words += [(SMALL, "normal", QUIET, note) for note in panel.notes]
        taken += 0.16
        texts.append((taken, words))
        taken += _height(words, width) + 0.08
        tops.append(taken)
        taken += panel.height + panel.foot
    columns = int((width - 2 * MARGIN) / _LEGEND_ENTRY)
    total = taken + 2 * MARGIN + _LEGEND_ROW * math.ceil(len(legend) / columns)
    figure = Figure(figsize=(width, total))
    for start, words in texts:
        _write(figure, words, start + MARGIN)
    if legend:
        place = {"loc": "lower left", "bbox_to_anchor": (MARGIN / width, MARGIN / total)}
        look = {"borderpad": 0.0, "borderaxespad": 0.0, "handlelength": 1.6, "columnspacing": 1.2}
        figure.legend(handles=legend, ncols=columns, labelspacing=0.35, **place, **look)
    return figure, [
        Box(left, total - MARGIN - top - panel.height, width - left - right, panel.height)
        for panel, top in zip(panels, tops, strict=True)
    ]


def label_beside(axes: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Write labels at the right of a panel, moved apart if they would overlap.

    Args:
        axes: of the panel, with its limits set.
        labels: height in data units, text, colour.
    """
    low, high = axes.get_ylim()
    ordered = sorted(labels)
    per_inch = (high - low) / (axes.get_position().height * axes.figure.get_figheight())
    sizes = [(text.count("\n") + 1.3) * _LINE * per_inch for _, text, _ in ordered]
    centres = apart([height for height, _, _ in ordered], sizes, high + sizes[-1] / 2 if sizes else high)
    beside = axes.get_yaxis_transform()
    for (height, text, colour), centre in zip(ordered, centres, strict=True):
        line = {"arrowstyle": "-", "color": colour, "lw": 0.7, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            text,
            (1.005, height),
            xycoords=beside,
            xytext=(1.0 + _inches(axes, 0.17), centre),
            textcoords=beside,
            va="center",
            color=colour,
            linespacing=1.1,
            annotation_clip=False,
            arrowprops=line | {"relpos": (0.0, 0.5)},
        )


def apart(wanted: Sequence[float], sizes: Sequence[float], top: float) -> list[float]:
    """Return centres near the wanted ones, ascending, at which labels of these sizes do not overlap."""
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


def usual_limits(
    always: Sequence[float],
    others: Sequence[float],
    *,
    share: float,
    room: tuple[float, float] = (0.08, 0.08),
) -> tuple[float, float]:
    """Return ends of an axis that show `always`, all low values and a share of `others`.

    A few extreme values must not compress the axis; if it only has to grow a little, it shows them all.
    `room` is the margin below and above, in shares of the range.
    """
    highest = [*always, *([np.quantile(others, share, method="lower")] if len(others) else [])]
    low, high = min([*always, *others]), float(max(highest))
    if (all_of_them := max([*always, *others])) <= high + _NEAR * (high - low):
        high = all_of_them
    extent = (high - low) or 0.1 * abs(high) or 1.0
    return low - room[0] * extent, high + room[1] * extent


def write_inside(axes: Axes, text: str) -> None:
    """Write a sentence into the middle of a panel without data."""
    box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none"}
    middle = {"transform": axes.transAxes, "ha": "center", "va": "center"}
    axes.text(0.5, 0.5, text, fontsize=TITLE, bbox=box, **middle)


def _inches(axes: Axes, length: float) -> float:
    # A length in inches as a share of the panel's width.
    return length / (axes.get_position().width * axes.figure.get_figwidth())


def _write(figure: Figure, words: _Words, start: float) -> None:
    width, height = figure.get_size_inches()
    for size, weight, colour, line in _lines(words, width):
        look: Mapping[str, object] = {"fontsize": size, "fontweight": weight, "color": colour, "va": "top"}
        figure.text(MARGIN / width, 1.0 - start / height, line, **look)
        start += _LEADING * size


def _height(words: _Words, width: float) -> float:
    return sum(_LEADING * size for size, _, _, _ in _lines(words, width))


def _lines(words: _Words, width: float) -> list[tuple[float, str, str, str]]:
    return [
        (size, weight, colour, line)
        for size, weight, colour, text in words
        for line in textwrap.wrap(
            text, int((width - 2 * MARGIN) / (size * (_BOLD_EM if weight == "bold" else _PLAIN_EM)))
        )
    ]
