"""Assemble the report: answer, horizons, audit, data, search, machine, limits and versions."""

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
    "A verdict holds for this ticker, these labels, these years and these scales. It does not extrapolate to "
    "others.",
    "A label is 1 if the High (or Close) reaches a threshold, which is more likely on volatile days. Skill "
    "here is mostly skill in predicting volatility. It is no trading profit.",
    "Test rows are ordered in time and their labels share days. Intervals come from a block bootstrap whose "
    "blocks span at most a few weeks; longer dependence is not covered.",
)


def title(material: Material) -> str:
    """Return the title of the report."""
    return f"Does scale help? Campaign {material.evidence.campaign}"


def content(material: Material) -> Iterator[Block]:
    """Yield the whole report; in a section, only the first figure of a kind has a caption."""
    shown: set[str] = set()
    for block in _everything(material):
        if isinstance(block, Heading) and block.level <= 2:
            shown.clear()
        if isinstance(block, Figure):
            yield replace(block, caption="") if block.caption in shown else block
            shown.add(block.caption)
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
    yield Heading("Limits of this report")
    for sentence in LIMITS:
        yield Paragraph(sentence)
    yield Heading("Versions and hashes")
    yield Table(("what", "value"), list(material.provenance.items()))
