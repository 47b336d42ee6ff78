"""How every figure looks: colours, text sizes, and how it becomes a file."""

import io
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import matplotlib.style
from matplotlib.figure import Figure

from simmer.base.text import plain_lines

# A thing has one colour in all figures. Blue and vermilion of Okabe and Ito, the latter darkened until it can
# be read as a small text. The base rate is black, since gold or green come too close to vermilion for people
# who see no red. Whatever differs in colour differs in marker, line style or place, too.
TRANSFORMER, BASELINE, BASE_RATE = "#0072b2", "#b34700", "#000000"
INK, QUIET, FAINT = "#1a1a1a", "#555555", "#e6e6e6"
BEST, EDGE, NO_LOSS = "#1a7f37", "#cc2f2f", "#b0b0b0"  # of a search: its best trial, the ends of a range
STATE = "#6e6e6e"  # of a marker in a legend that explains its shape
TRAIN, VALIDATION, TEST = "#d4d4d4", "#a3a3a3", "#5e5e5e"  # differ in grey as well
BEYOND_CHANCE, WITHIN_CHANCE = "#6a51a3", "#bcbddc"
ORIGINS = {
    "default": "#000000",
    "depth extreme": "#cc79a7",
    "transferred": "#d55e00",
    "startup": "#8a8a8a",
    "sampler": TRANSFORMER,
}
# Of a machine. Where several states fall on one place, the last of them is seen.
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

# Whatever a user's matplotlibrc says. Texts stay texts, so that a browser can search them, and a name is no
# formula, whatever is in it; the salt makes the same figure the same bytes.
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
    """Return `draw` as it works in the style of every figure; it leaves no trace in that of others."""

    @wraps(draw)
    def styled(*args: Given.args, **kwargs: Given.kwargs) -> Drawn:
        with matplotlib.style.context(_STYLE):
            return draw(*args, **kwargs)

    return styled


@in_style
def to_svg(figure: Figure) -> bytes:
    """Return a figure as SVG; the same figure gives the same bytes, whenever it is drawn.

    Characters that no XML may hold, or that turn the direction of a text, are escaped.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return plain_lines(buffer.getvalue().decode()).encode()
