"""What a report is made of, before it is Markdown or HTML."""

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
    """Sentences that a reader must not miss; `alarm` marks those that speak against the result."""

    sentences: Sequence[str]
    alarm: bool = False


@dataclass(frozen=True)
class Table:
    """A table of texts; all rows are as long as the head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str | None = None


@dataclass(frozen=True)
class Figure:
    """A figure and what to conclude from it.

    Attributes:
        name: of the file, without folder.
        svg: its content.
        says: what stands in it in large letters, for who cannot see it.
        caption: what it shows and what to conclude; empty where the figure before it says the same.
        wide: whether it is to be scrolled on a narrow screen rather than shrunk.
    """

    name: str
    svg: str
    says: str
    caption: str
    wide: bool = False


Block = Heading | Paragraph | Findings | Table | Figure
