"""The order of the report: the answer, what it rests on, and what pins it."""

from collections.abc import Iterator
from dataclasses import replace

from simmer.report.answer_section import answer_section
from simmer.report.blocks import Block, Figure, Heading, Paragraph, Table
from simmer.report.data_section import audit_section, data_section
from simmer.report.figure_blocks import figure
from simmer.report.horizon_section import horizon_section
from simmer.report.material import Material
from simmer.report.search_section import machine_section, search_section

LIMITS = (
    "A verdict is about this ticker, these labels and these years, and about the sizes that were tried: it "
    "foretells nothing beyond them.",
    "A label asks for the High (or Close) to reach a threshold, which volatile days do more easily: skill "
    "here is mostly skill in telling volatility, and no trading profit.",
    "Test rows follow one another in time and share days between labels; intervals come from a block "
    "bootstrap, whose blocks are no longer than a few weeks.",
)


def title(material: Material) -> str:
    """Return the title of the report."""
    return f"Does scale help? Campaign {material.evidence.campaign}"


def content(material: Material) -> Iterator[Block]:
    """Yield the whole report; a caption stands at the first figure of its kind in a section."""
    told: set[str] = set()
    for block in _everything(material):
        if isinstance(block, Heading) and block.level <= 2:
            told.clear()
        if isinstance(block, Figure):
            yield replace(block, caption="") if block.caption in told else block
            told.add(block.caption)
        else:
            yield block


def _everything(material: Material) -> Iterator[Block]:
    yield Heading(title(material), 1)
    yield from answer_section(material)
    yield from figure(material, "scaling")
    yield from figure(material, "opponents")
    for horizon in material.evidence.horizons:
        yield from horizon_section(material, horizon)
    yield from audit_section(material)
    yield from data_section(material)
    yield from search_section(material)
    yield from machine_section(material)
    yield Heading("What this report does not say")
    for sentence in LIMITS:
        yield Paragraph(sentence)
    yield Heading("Versions and hashes")
    yield Table(("what", "value"), list(material.provenance.items()))
