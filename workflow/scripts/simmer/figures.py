"""How every figure looks, and how it becomes a file."""

import io

import matplotlib.style
from matplotlib.figure import Figure

# Whatever a user's matplotlibrc says. Texts stay texts, so that a browser can search them; the salt makes the
# same figure the same bytes.
STYLE = [
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


def to_svg(figure: Figure) -> bytes:
    """Return a figure as SVG; the same figure gives the same bytes, whenever it is drawn."""
    buffer = io.BytesIO()
    with matplotlib.style.context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
