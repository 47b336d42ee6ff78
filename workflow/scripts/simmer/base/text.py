"""Escape untrusted text for terminals, HTML, Markdown and CSV.

Names, reasons, headers and error messages come from files, sensors and other programs and may hold anything.
"""

import csv
import io
import re
from collections.abc import Iterable
from html import escape
from typing import Any
from unicodedata import category

# A ticker is a part of file names, where an underscore ends it. None of its characters, all ASCII, is special
# in a path on Linux, macOS or Windows.
TICKER_PATTERN = r"\^?[A-Z0-9](?:[A-Z0-9.&=-]{0,14}[A-Z0-9])?"
LONGEST_QUOTE = 40
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Inline markup of Markdown and of GitHub's math; an underscore inside a word is no markup.
_MARKS = re.compile(r"[\\`*\[<$|]|~~|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
# The start of a list, a heading, a quotation or a horizontal rule.
_LEADING_MARK = re.compile(r"^(?=[-+](?:\s|$)|#{1,6}(?:\s|$)|>|--)|^\d+(?=[.)](?:\s|$))")


def plain(text: str) -> str:
    r"""Return text on one line with all invisible characters escaped, such as `\x1b` or `\u202e`.

    These are control characters, line breaks, direction marks and characters without width or glyph.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or category(each) == "Zs" else each.encode("unicode_escape").decode()
        for each in text
    )


def plain_lines(text: str) -> str:
    """Return text with each line escaped as by `plain`; line feeds stay."""
    return "\n".join(map(plain, text.split("\n")))


def shortened(text: str, most: int) -> str:
    """Return text cut to at most `most` characters; a cut text ends in three dots."""
    return text if len(text) <= most else text[: most - 3] + "..."


def quote(value: object) -> str:
    """Return `value` for a message: in printable ASCII, cut to 40 characters."""
    return shortened(ascii(value), LONGEST_QUOTE)


def printable(text: str) -> str:
    """Return `text` in printable ASCII, backslashes escaped too, so that different texts stay different."""
    return text.encode("unicode_escape").decode()


def html_text(text: str) -> str:
    """Return text escaped for HTML, between tags and in quoted attributes."""
    return escape(plain_lines(text))


def markdown_text(text: str) -> str:
    """Return text escaped for Markdown: one paragraph, list item or table cell without markup."""
    line = plain(text.replace("\n", " "))
    return _LEADING_MARK.sub(r"\g<0>\\", _MARKS.sub(r"\\\g<0>", line))


def csv_text(rows: Iterable[Iterable[Any]], *, digits: int | None = None) -> str:
    """Return rows as CSV with line feeds; None becomes an empty cell.

    Spreadsheets evaluate a cell that begins with one of `= + - @`, a tab or a line break as a formula, so a
    single quote is put before such a text.

    Args:
        rows: the header and the rows.
        digits: significant digits of floats; None for all.
    """
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerows([_csv_cell(cell, digits) for cell in row] for row in rows)
    return page.getvalue()


def _csv_cell(value: Any, digits: int | None) -> Any:
    if isinstance(value, str):
        return ("'" if value.startswith(_FORMULA_SIGNS) else "") + plain(value)
    return f"{value:.{digits}g}" if digits is not None and isinstance(value, float) else value
