"""The blocks of a report, independent of Markdown and HTML."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True)
class Findings:
    """Highlighted sentences; `alarm` marks warnings about the result."""

    sentences: Sequence[str]
    alarm: bool = False


@dataclass(frozen=True)
class Table:
    """A table of texts; every row has as many cells as the head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str | None = None


@dataclass(frozen=True)
class Figure:
    """A figure and its caption.

    Attributes:
        name: of the file, without folder.
        svg: its content.
        alternative: its headings, as text for readers who cannot see the figure.
        caption: what it shows and how to read it; empty if an earlier figure of the section has the same.
        wide: True to scroll it on a narrow screen instead of shrinking it.
    """

    name: str
    svg: str
    alternative: str
    caption: str
    wide: bool = False


Block = Heading | Paragraph | Findings | Table | Figure
