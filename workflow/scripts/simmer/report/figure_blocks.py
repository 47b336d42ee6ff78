"""Figures of the report with their captions."""

import html
import re
from collections.abc import Iterator

from simmer.report.blocks import Figure
from simmer.report.material import Material

# Drawn on the wide page: on a phone they are scrolled.
WIDE = ("hardware_", "search_history", "search_coverage")
LONGEST_ALTERNATIVE = 300  # characters


def figure(material: Material, name: str) -> Iterator[Figure]:
    """Yield a figure with the caption of its kind, nothing where there is none of that name."""
    svg = material.figures.get(name)
    if svg is None:
        return
    kind = max((kind for kind in material.captions if name.startswith(kind)), key=len)
    yield Figure(
        name=f"{name}.svg",
        svg=svg,
        says=_headings(svg) or name,
        caption=material.captions[kind],
        wide=name.startswith(WIDE),
    )


def _headings(svg: str) -> str:
    # Bold texts are what a figure says, the largest its conclusion; the rest are ticks and labels.
    found = re.findall(r'<text style="font-weight: 700; font-size: ([\d.]+)px[^"]*"[^>]*>([^<]*)</text>', svg)
    bold = [text for _, text in sorted(found, key=lambda one: -float(one[0]))]
    return html.unescape(" ".join(bold))[:LONGEST_ALTERNATIVE]
