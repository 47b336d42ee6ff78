"""Turn the SVG figures into blocks with captions."""

import html
import re
from collections.abc import Iterator

from simmer.report.blocks import Figure
from simmer.report.material import Material

# Figures drawn at full width, which scroll on a phone.
WIDE = ("hardware_", "search_history", "search_coverage")
LONGEST_ALTERNATIVE = 300  # characters of the alternative text


def figure(material: Material, name: str) -> Iterator[Figure]:
    """Yield the figure of that name with the caption of its kind, or nothing if it does not exist."""
    svg = material.figures.get(name)
    if svg is None:
        return
    kind = max((kind for kind in material.captions if name.startswith(kind)), key=len)
    yield Figure(
        name=f"{name}.svg",
        svg=svg,
        alternative=_headings(svg) or name,
        caption=material.captions[kind],
        wide=name.startswith(WIDE),
    )


def _headings(svg: str) -> str:
    # Bold texts are headings, the largest is the conclusion; other texts are ticks and labels.
    found = re.findall(r'<text style="font-weight: 700; font-size: ([\d.]+)px[^"]*"[^>]*>([^<]*)</text>', svg)
    bold = [text for _, text in sorted(found, key=lambda one: -float(one[0]))]
    return html.unescape(" ".join(bold))[:LONGEST_ALTERNATIVE]
