"""Write a report as Markdown; figures appear by file name and alternative text."""

from collections.abc import Sequence

from simmer.base.text import markdown_text
from simmer.report.blocks import Block, Figure, Findings, Heading, Paragraph, Table


def to_markdown(blocks: Sequence[Block]) -> str:
    """Return the blocks as GitHub-flavoured Markdown, ending in a line feed."""
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {markdown_text(text)}"
        case Paragraph(text):
            return markdown_text(text)
        case Findings(sentences):
            return "\n".join(f"- {markdown_text(sentence)}" for sentence in sentences)
        case Table(head, rows, note):
            lines = [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
            return "\n".join(lines) + (f"\n\n{markdown_text(note)}" if note else "")
        case Figure(name, _, alternative, caption):
            return markdown_text(f"figures/{name}: {alternative}") + (
                f"\n\n{markdown_text(caption)}" if caption else ""
            )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(markdown_text, cells))} |"
