"""Foreign text shown as text: it cannot steer a terminal, a page, a table or a spreadsheet.

Names, reasons, headers and error messages come from files, sensors and other programs, and may hold anything.
"""

import csv
import io
import re
from collections.abc import Iterable
from html import escape
from typing import Any
from unicodedata import category

LONGEST_QUOTE = 40
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Inline marks of Markdown and of GitHub's math; an underscore inside a word marks nothing.
_MARKS = re.compile(r"[\\`*\[<$|]|~~|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
# What begins a list, a heading, a quotation or a rule.
_LEADING_MARK = re.compile(r"^(?=[-+](?:\s|$)|#{1,6}(?:\s|$)|>|--)|^\d+(?=[.)](?:\s|$))")


def plain(text: str) -> str:
    r"""Return text on one line in which every character is seen; all others are escaped, as `\x1b`, `\u202e`.

    Escaped are control characters, line breaks, marks of writing direction and what has no width or no glyph.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or category(each) == "Zs" else each.encode("unicode_escape").decode()
        for each in text
    )


def plain_lines(text: str) -> str:
    """Return text with every line plain and its line feeds kept."""
    return "\n".join(map(plain, text.split("\n")))


def shortened(text: str, most: int) -> str:
    """Return text of at most so many characters; a longer one ends in three dots."""
    return text if len(text) <= most else text[: most - 3] + "..."


def quote(value: object) -> str:
    """Return `value` for a message: escaped to printable ASCII and at most 40 characters long."""
    return shortened(ascii(value), LONGEST_QUOTE)


def printable(text: str) -> str:
    """Return `text` in printable ASCII, backslashes escaped too, so that no two texts become the same."""
    return text.encode("unicode_escape").decode()


def html_text(text: str) -> str:
    """Return text for HTML, between tags and in quoted attributes."""
    return escape(plain_lines(text))


def markdown_text(text: str) -> str:
    """Return text for Markdown as one paragraph, item or table cell in which nothing is a mark."""
    line = plain(text.replace("\n", " "))
    return _LEADING_MARK.sub(r"\g<0>\\", _MARKS.sub(r"\\\g<0>", line))


def csv_text(rows: Iterable[Iterable[Any]], *, digits: int | None = None) -> str:
    """Return rows as CSV with line feeds; an absent value is an empty cell, and no text cell is a formula.

    Spreadsheets compute a cell that begins with one of `= + - @`, a tab or a line break, so such a text gets
    a single quote before it. Numbers stay as they are.

    Args:
        rows: the head and the rows.
        digits: significant digits of fractions, or None for all.
    """
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerows([_csv_cell(cell, digits) for cell in row] for row in rows)
    return page.getvalue()


def _csv_cell(value: Any, digits: int | None) -> Any:
    if isinstance(value, str):
        return ("'" if value.startswith(_FORMULA_SIGNS) else "") + plain(value)
    return f"{value:.{digits}g}" if digits is not None and isinstance(value, float) else value
