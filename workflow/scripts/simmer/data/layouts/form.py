"""The form of a file: its separator, its header lines, and the names of its columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simmer.base.text import quote
from simmer.data.layouts.declared import to_write
from simmer.data.layouts.names import key_of, meaning_of

MAX_COLUMNS = 4_096
MAX_HEADER = 100_000  # characters of a header line

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_WEB_PAGE = re.compile(r"<(!doctype|html|head|body|\?xml)\b", re.IGNORECASE)
_METATRADER_4 = re.compile(r"[0-9]{4}\.[0-9]{2}\.[0-9]{2},[0-9]{2}:[0-9]{2}(,[0-9.]+){5}")
_METATRADER_4_NAMES = ("Date", "Time", "Open", "High", "Low", "Close", "Volume")
_VALUE = re.compile(r"[+-]?[0-9]+([./:-][0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A file as lines of separated fields.

    Attributes:
        names: the columns in use, in the file's order, without the blanks around a name.
        positions: the place of each of them in a line, from 0.
        width: the number of fields of a line.
        separator: what separates them.
        header_lines: number of lines above the rows.
        tickers: the ticker of each column, from a second line of the header; None without one.
        layout: a name that the form alone decides; None if the columns do.
    """

    names: tuple[str, ...]
    positions: tuple[int, ...]
    width: int
    separator: str
    header_lines: int
    tickers: tuple[str, ...] | None = None
    layout: str | None = None

    def only(self, chosen: Sequence[int]) -> "Sheet":
        """Return the sheet with only these of its columns in use."""
        parts = {
            "names": tuple(self.names[each] for each in chosen),
            "positions": tuple(self.positions[each] for each in chosen),
        }
        return replace(self, **parts, tickers=None)


def sheet_of(lines: Sequence[str], separator: str | None) -> tuple[Sheet | None, str | None]:
    """Return the form of a file's lines, or what is wrong with its first line.

    Args:
        lines: at least one.
        separator: as declared; None to take the one that the header has.
    """
    first = lines[0]
    wrong = _explain_other_format(first)
    if wrong is not None:
        return None, wrong
    found = [each for each in SEPARATORS if each in re.sub(r'"[^"]*"', "", first)]
    if separator is None and len(found) > 1:
        kinds = " and ".join(SEPARATORS[each] for each in found)
        advice = to_write(*({"separator": _as_key(each)} for each in found))
        return None, f"the header has {kinds}, so what separates the fields is ambiguous; {advice}"
    separator = separator or (found[0] if found else ",")
    head = [_fields(line[:MAX_HEADER], separator) for line in lines[:3]]
    if not 2 <= len(head[0]) <= MAX_COLUMNS:
        return None, (
            f"the header {quote(first)} has {len(head[0])} columns by {SEPARATORS[separator]}; expected a "
            f"date, four prices and at most {MAX_COLUMNS} columns"
        )
    if separator == "," and _METATRADER_4.fullmatch(first):
        return _sheet(_METATRADER_4_NAMES, separator, 0, layout="MetaTrader 4"), None
    if len(head) == 3 and _is_index_line(head[2]) and len(head[0]) == len(head[1]) == len(head[2]):
        names, tickers = _two_levels(head[0], head[1])
        if names is not None:
            layout = "yfinance.download, three header lines"
            return _sheet((head[2][0], *names), separator, 3, ("", *tickers), layout), None
    if sum(_VALUE.fullmatch(name) is not None for name in head[0]) * 2 > len(head[0]):
        return None, (
            f"the first line {quote(first)} holds values and no names; put a line above it that names the "
            "columns, such as Date,Open,High,Low,Close,Volume"
        )
    return _sheet(tuple(head[0]), separator, 1), None


def _sheet(
    names: tuple[str, ...],
    separator: str,
    header_lines: int,
    tickers: tuple[str, ...] | None = None,
    layout: str | None = None,
) -> Sheet:
    return Sheet(
        names=names,
        positions=tuple(range(len(names))),
        width=len(names),
        separator=separator,
        header_lines=header_lines,
        tickers=tickers,
        layout=layout,
    )


def _explain_other_format(first: str) -> str | None:
    start = first.lstrip()
    if _WEB_PAGE.match(start):
        return "this is a web page, not a CSV file; download the data again"
    if start.startswith(("{", "[")):
        return "this is JSON, not a CSV file; save the bars as CSV"
    if "\r" in first:
        return "lines end in a carriage return alone; save the file with line feeds"
    if len(first) > MAX_HEADER:
        return f"the header has {len(first)} characters; expected at most {MAX_HEADER}"
    return None


def _fields(line: str, separator: str) -> list[str]:
    line = line.strip("\r\n")
    if '"' not in line:
        return [field.strip() for field in line.split(separator)]
    quoted = re.finditer(rf'(?:^|{separator})(?:\s*"([^"]*(?:""[^"]*)*)"\s*|([^{separator}]*))', line)
    return [(found[1] or found[2] or "").replace('""', '"').strip() for found in quoted]


def _is_index_line(fields: Sequence[str]) -> bool:
    return meaning_of(fields[0]) == "Date" and not any(fields[1:])


def _two_levels(upper: Sequence[str], lower: Sequence[str]) -> tuple[Sequence[str] | None, Sequence[str]]:
    """Return the columns' names and their tickers, whichever of the two lines holds them."""
    for names, tickers in ((upper, lower), (lower, upper)):
        if key_of(names[0]) in ("", "price") and all(meaning_of(name) for name in names[1:]):
            return names[1:], tickers[1:]
    return None, ()


def _as_key(separator: str) -> str:
    return "tab" if separator == "\t" else separator
