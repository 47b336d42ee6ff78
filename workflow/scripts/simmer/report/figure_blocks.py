"""Figures of the report with their captions."""

from collections.abc import Iterator

from simmer.report.blocks import Figure
from simmer.report.material import Material

# Drawn for a screen of a desk: on a phone they are scrolled.
WIDE = ("hardware_", "search_")


def figure(material: Material, name: str) -> Iterator[Figure]:
    """Yield a figure with the caption of its kind, nothing where there is none of that name."""
    svg = material.figures.get(name)
    if svg is None:
        return
    kind = max((kind for kind in material.captions if name.startswith(kind)), key=len)
    yield Figure(name=f"{name}.svg", svg=svg, caption=material.captions[kind], wide=name.startswith(WIDE))
