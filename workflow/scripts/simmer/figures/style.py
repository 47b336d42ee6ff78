"""How every figure looks, and how it becomes a file."""

import io
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import matplotlib.style
from matplotlib.figure import Figure

# Whatever a user's matplotlibrc says. Texts stay texts, so that a browser can search them; the salt makes the
# same figure the same bytes.
_STYLE = [
    "default",
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "simmer",
        "font.size": 9,
        "hatch.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
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
    """Return a figure as SVG; the same figure gives the same bytes, whenever it is drawn."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
