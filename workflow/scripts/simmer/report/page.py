"""Write a report as one self-contained HTML page: embedded figures, no scripts, no network access."""

import base64
from collections.abc import Sequence

from simmer.base.text import html_text
from simmer.report.blocks import Block, Figure, Findings, Heading, Paragraph, Table

# One column that fits a phone; wider tables and figures scroll. Colours have a contrast of at least 4.5, and
# no information is coded by colour alone.
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #1d2329; background: #fff; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
p, ul, figcaption { max-width: 46rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 1rem 0 0.5rem; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 0.6rem; padding-top: 0.6rem; border-top: 2px solid #d5dbe1; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 0.4rem; }
p, li { overflow-wrap: anywhere; }
nav a { display: inline-block; margin: 0 0.9rem 0.3rem 0; }
a { color: #0b5c94; }
ul.findings { list-style: none; padding: 0; }
ul.findings li { border-left: 4px solid #0072b2; background: #f1f6fa; padding: 0.5rem 0.8rem; }
ul.findings li { margin: 0.4rem 0; }
ul.alarm li { border-left-color: #a83e00; background: #fdf1ea; }
ul.alarm li::before { content: "\\26A0\\FE0E  "; font-weight: bold; }
.scroll { overflow-x: auto; margin: 0.8rem 0; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.5rem; text-align: left; vertical-align: top; border-bottom: 1px solid #e3e7eb; }
th { border-bottom: 2px solid #aeb8c1; }
td.figure { white-space: nowrap; }
td:not(.figure) { min-width: 13rem; }
th { vertical-align: bottom; }
td:first-child, th:first-child { position: sticky; left: 0; background: #fff; }
figure { margin: 1.2rem 0; }
figure img { width: 100%; max-width: 38rem; height: auto; display: block; }
figure.wide img { max-width: none; min-width: 56rem; }
figcaption, .note { font-size: 0.9rem; color: #46515b; margin-top: 0.3rem; }
@media print { h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
"""
LONGEST_FIGURE = 27  # characters; cells up to this length do not wrap


def to_page(blocks: Sequence[Block], *, title: str) -> str:
    """Return the blocks as a complete HTML document with links to its sections."""
    sections = [block.text for block in blocks if isinstance(block, Heading) and block.level == 2]
    contents = "".join(f'<a href="#{_anchor(text)}">{html_text(text)}</a>' for text in sections)
    first = next((n for n, block in enumerate(blocks) if isinstance(block, Heading) and block.level == 2), 0)
    body = [*map(_block, blocks[:first]), f"<nav>{contents}</nav>", *map(_block, blocks[first:])]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f'<h{level} id="{_anchor(text)}">{html_text(text)}</h{level}>'
        case Paragraph(text):
            return f"<p>{html_text(text)}</p>"
        case Findings(sentences, alarm):
            items = "".join(f"<li>{html_text(sentence)}</li>" for sentence in sentences)
            return f'<ul class="findings{" alarm" if alarm else ""}">{items}</ul>'
        case Table(head, rows, note):
            titles = "".join(f'<th scope="col">{html_text(cell)}</th>' for cell in head)
            lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
            below = f'<p class="note">{html_text(note)}</p>' if note else ""
            table = f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"
            return f'<div class="scroll">{table}</div>{below}'
        case Figure(name, svg, alternative, caption, wide):
            # As an image, so that ids of several SVGs cannot collide.
            data = base64.b64encode(svg.encode()).decode()
            source = f"data:image/svg+xml;base64,{data}"
            image = f'<img alt="{html_text(alternative)}" title="{html_text(name)}" src="{source}">'
            below = f"<figcaption>{html_text(caption)}</figcaption>" if caption else ""
            kind = " class=wide" if wide else ""
            return f'<figure{kind}><div class="scroll">{image}</div>{below}</figure>'


def _cell(text: str) -> str:
    return f"<td{' class=figure' if len(text) <= LONGEST_FIGURE else ''}>{html_text(text)}</td>"


def _anchor(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
