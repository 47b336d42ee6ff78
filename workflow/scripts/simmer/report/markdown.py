"""A report as Markdown; figures are named, not shown."""

from collections.abc import Sequence

from simmer.report.blocks import Block, Figure, Findings, Heading, Paragraph, Table


def to_markdown(blocks: Sequence[Block]) -> str:
    """Return the blocks as Markdown with tables as GitHub and others read them, ending in a line feed."""
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Paragraph(text):
            return text
        case Findings(sentences):
            return "\n".join(f"- {sentence}" for sentence in sentences)
        case Table(head, rows, note):
            lines = [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
            return "\n".join(lines) + (f"\n\n{note}" if note else "")
        case Figure(name, _, says, caption):
            return f"figures/{name}: {says}" + (f"\n\n{caption}" if caption else "")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
