"""The style of all figures: colours, text sizes and conversion to SVG."""

import io
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import matplotlib.style
from matplotlib.figure import Figure

from simmer.base.text import plain_lines

# Each kind of object has one colour in all figures. Blue and vermilion are from Okabe and Ito; vermilion is
# darkened to be legible as small text. The base rate is black, because gold and green are too close to
# vermilion for red-blind readers. Objects that differ in colour also differ in marker, line style or place.
TRANSFORMER, BASELINE, BASE_RATE = "#0072b2", "#b34700", "#000000"
INK, QUIET, FAINT = "#1a1a1a", "#555555", "#e6e6e6"
BEST, EDGE, NO_LOSS = "#1a7f37", "#cc2f2f", "#b0b0b0"  # best trial, ends of a range, trials without a loss
STATE = "#6e6e6e"  # of legend markers that explain a shape
TRAIN, VALIDATION, TEST = "#d4d4d4", "#a3a3a3", "#5e5e5e"
BEYOND_CHANCE, WITHIN_CHANCE = "#6a51a3", "#bcbddc"
ORIGINS = {
    "default": "#000000",
    "depth extreme": "#cc79a7",
    "transferred": "#d55e00",
    "startup": "#8a8a8a",
    "sampler": TRANSFORMER,
}
# Of a machine. States are drawn in this order, so the last one covers the others.
WARNING, CRITICAL, SETPOINT, ABORT = "#b85c00", "#cc2f2f", "#00706a", "#b00020"
STATES = {
    "normal": "#9fcfa8",
    "acceptable": "#f0dc82",
    "unknown": "#c9c9c9",
    "warning": WARNING,
    "critical": CRITICAL,
}
DUTY, LOAD, PAUSE, RESUME, BLIND, HATCH = "#1f5fa8", "#8a8a8a", "#9ecae8", "#1a7f37", "#f4f4f4", "#8c8c8c"

DASHED, DOTTED = (0, (5, 3)), (0, (1, 1.5))
BASE_RATE_LINE = {"color": BASE_RATE, "lw": 1.3, "ls": DASHED}
GRID = {"color": FAINT, "lw": 0.7}

HEADLINE, TITLE, SMALL = 12.0, 10.0, 9.0  # points; nothing is smaller

# Overrides the user's matplotlibrc. Text stays text, so that a browser can search it; names are not parsed as
# formulas; the hash salt makes the output reproducible.
_STYLE = [
    "default",
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "simmer",
        "text.parse_math": False,
        "font.size": SMALL,
        "legend.fontsize": SMALL,
        "legend.frameon": False,
        "hatch.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
    },
]


Given, Drawn = ParamSpec("Given"), TypeVar("Drawn")


def in_style(draw: Callable[Given, Drawn]) -> Callable[Given, Drawn]:
    """Wrap `draw` so that it runs in the common style and does not change global settings."""

    @wraps(draw)
    def styled(*args: Given.args, **kwargs: Given.kwargs) -> Drawn:
        with matplotlib.style.context(_STYLE):
            return draw(*args, **kwargs)

    return styled


@in_style
def to_svg(figure: Figure) -> bytes:
    """Return a figure as SVG; the same figure always gives the same bytes.

    Characters that are invalid in XML or change the direction of text are escaped.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return plain_lines(buffer.getvalue().decode()).encode()
