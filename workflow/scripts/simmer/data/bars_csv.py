"""Read daily bars from CSV strictly, and write them as canonical CSV."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.base.text import quote
from simmer.data.problems import Problem, refuse_errors, shorten
from simmer.data.tables import DATE_DTYPE
from simmer.data.untrusted_files import read_at_most

COLUMNS = ("Date", "Open", "High", "Low", "Close", "Volume")
PRICES = ("Open", "High", "Low", "Close")
# Further columns of a vendor's table.
EXTRA_COLUMNS = ("Adj Close", "Dividends", "Stock Splits")

MAX_LINES = 200_000  # eight hundred years of sessions
FIRST_LINE = 2  # line of the first row
# First bytes of files that are not UTF-8 text.
_NO_CSV = {
    b"\x1f\x8b": "this is a gzip file, which is never unpacked",
    b"PK\x03\x04": "this is a zip file or an Excel workbook",
    b"PAR1": "this is a parquet file",
    b"\xff\xfe": "this is text in UTF-16 or UTF-32, not in UTF-8",
    b"\xfe\xff": "this is text in UTF-16, not in UTF-8",
    b"\x00\x00\xfe\xff": "this is text in UTF-32, not in UTF-8",
}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?")
# Pattern at the start of a wrong field, and advice.
_ADVICE = (
    (re.compile(r"[=@]"), "this is a formula, save its value"),
    (re.compile(r'"'), "save the file without quotes"),
    (re.compile(r"[0-9]{5}(\.[0-9]+)?$"), "this is a spreadsheet's number of a day, format it as a date"),
    (re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}"), "the order of day and month is ambiguous"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]"), "drop the time of day"),
)


def parse_bars(
    content: bytes, file_name: str, *, columns: Sequence[str] = COLUMNS
) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Read bars from the bytes of a CSV file; no value is guessed, repaired or skipped.

    A UTF-8 byte-order mark and CRLF line ends are accepted; `canonical_csv` writes neither.

    Args:
        content: the bytes.
        file_name: name of the file in the problems.
        columns: the required header, Date first. Volume may be empty on all rows, which is 0.

    Returns:
        The frame (Date datetime64[us], Volume int64 unless it has decimals, other columns float64, one row
        per line from line 2 on) and the problems. The frame is `None` if any problem is an error.
    """
    text, problems = text_of(content, file_name)
    if text is None:
        return None, problems
    header = ",".join(columns)
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    if lines[0] != header:
        return None, [Problem(file_name, 1, "header", _explain_header(lines[0], columns))]
    if len(lines) == 1:
        message = "there is a header but no rows; expected one bar a day"
        return None, [Problem(file_name, None, "empty", message)]
    lines = _with_volume(lines, columns)
    rows = []
    for number, line in enumerate(lines[1:], start=FIRST_LINE):
        row, broken = _parse_line(line, columns)
        rows.append(row)
        problems.extend(Problem(file_name, number, rule, message) for rule, message in broken)
    if any(problem.severity == "error" for problem in problems):
        return None, shorten(problems)
    return _frame_of(rows, columns), problems


def text_of(content: bytes, file_name: str) -> tuple[str | None, list[Problem]]:
    """Return the text of a CSV file, None if it is too long or not UTF-8 text, and what is wrong with it."""
    no_text = _explain_encoding(content)
    if no_text is not None:
        return None, [Problem(file_name, no_text[0], "encoding", no_text[1])]
    text = content.decode("utf-8-sig")
    if not text.strip():
        return None, [Problem(file_name, None, "empty", "the file is empty; expected a header and rows")]
    if (count := text.count("\n")) > MAX_LINES:
        message = f"the file has {count} lines; at most {MAX_LINES} are read: cut out the rows of the ticker"
        return None, [Problem(file_name, None, "lines", message)]
    if text.endswith("\n"):
        return text, []
    message = "the last line has no line end; check that the file was not cut off"
    return text, [Problem(file_name, text.count("\n") + 1, "line_end", message, "warning")]


def advice_for(text: str) -> str:
    """Return what to do about a field that cannot be read, in brackets behind a blank; nothing if unknown."""
    return next((f" ({advice})" for start, advice in _ADVICE if start.match(text)), "")


def read_bars(path: Path) -> pd.DataFrame:
    """Return the bars of a file that the workflow wrote (`COLUMNS`).

    Raises:
        DataError: when it cannot be read or is not a CSV file of bars.
    """
    frame, problems = parse_bars(read_at_most(path), path.name)
    refuse_errors(problems, what=str(path))
    if frame is None:
        raise DataError(f"{path} holds no bars; expected {','.join(COLUMNS)} and rows")
    return frame


def canonical_csv(frame: pd.DataFrame) -> bytes:
    """Return bars as CSV bytes that depend only on the values.

    Numbers are the shortest decimals that read back to the same float64; lines end in a line feed.

    Args:
        frame: Date (datetime64[us]) first, then in any order Volume (int64, float64 if it has decimals), the
            other `COLUMNS` and any of `EXTRA_COLUMNS` (float64).

    Raises:
        DataError: for other columns or dtypes, a date that is missing or has a time of day, or a number that
            is not finite.
    """
    expected = dtypes_of(frame.columns, frame)
    found = [(str(name), str(dtype)) for name, dtype in frame.dtypes.items()]
    known = {*COLUMNS} <= expected.keys() <= {*COLUMNS, *EXTRA_COLUMNS}
    if not known or found != [*expected.items()] or found[0][0] != "Date" or frame.empty:
        raise DataError(
            f"bars cannot be written: {len(frame)} rows with columns and dtypes {found}; expected at least "
            f"one row, {dtypes_of(COLUMNS)}, and besides only {', '.join(EXTRA_COLUMNS)}"
        )
    numbers = [name for name in expected if name != "Date"]
    dates = frame["Date"].to_numpy()
    days = dates.astype("datetime64[D]")
    # A missing date (NaT) differs from itself, so this finds it too.
    if (days.astype(DATE_DTYPE) != dates).any():
        raise DataError(
            "bars cannot be written: a date is missing or has a time of day; expected plain dates"
        )
    if not np.isfinite(frame[numbers].to_numpy(dtype=np.float64)).all():
        raise DataError("bars cannot be written: a number is missing or infinite; validate them first")
    texts = np.datetime_as_string(days).tolist()
    columns = [frame[name].tolist() for name in numbers]
    lines = (",".join((day, *map(repr, values))) for day, *values in zip(texts, *columns, strict=True))
    return ("\n".join((",".join(expected), *lines)) + "\n").encode()


def dtypes_of(columns: Iterable[str], frame: pd.DataFrame | None = None) -> dict[str, str]:
    """Return the required dtype of each column of bars; Volume with decimals in a frame is float64."""
    dtypes = {str(name): _DTYPES.get(str(name), "float64") for name in columns}
    volume = None if frame is None else frame.get("Volume")
    if volume is not None and volume.dtype == "float64" and (volume != np.trunc(volume)).any():
        dtypes["Volume"] = "float64"
    return dtypes


def _explain_encoding(content: bytes) -> tuple[int | None, str] | None:
    """Return a line number and a message if `content` is not UTF-8 text, else None."""
    for start, message in _NO_CSV.items():
        if content.startswith(start):
            return None, f"{message}; save the bars as a CSV file"
    wrong, what = content.find(b"\x00"), "NUL, as in UTF-16 or in a damaged file"
    if wrong < 0:
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            wrong, what = error.start, "not UTF-8"
        else:
            return None
    return content[:wrong].count(b"\n") + 1, f"byte {wrong} is {what}; save the file as UTF-8 text"


def _explain_header(found: str, columns: Sequence[str]) -> str:
    expected = f"expected exactly {','.join(columns)}"
    start = found.lstrip().lower()
    if start.startswith("<"):
        return f"this is a web page, not a CSV file; download the data again: {expected}"
    if start.startswith(("{", "[")):
        return f"this is JSON, not a CSV file; {expected}"
    if ";" in found or "\t" in found:
        return f"fields must be separated by commas, with a point in decimals; {expected}"
    if start.startswith(("price,", "ticker,")):
        return f"this is a table with several header lines, as yfinance.download writes it; {expected}"
    if "\r" in found:
        return f"lines end in a carriage return alone; save the file with line feeds: {expected}"
    if '"' in found:
        return f"the header is quoted; save the file without quotes: {expected}"
    if [name.strip().lower() for name in found.split(",")] == [name.lower() for name in columns]:
        return f"the header {quote(found)} differs in capitals or blanks; {expected}"
    names = found.split(",")
    extra = [name for name in names if name not in columns]
    missing = [name for name in columns if name not in names]
    if len(missing) == len(columns) or len(set(names)) < len(names):
        return f"the header is {quote(found)}; {expected}"
    differences = [f"has the extra columns {quote(','.join(extra))}"] if extra else []
    differences += [f"lacks {quote(','.join(missing))}"] if missing else []
    return f"the header {' and '.join(differences) or 'has another order'}; {expected}"


def _with_volume(lines: list[str], columns: Sequence[str]) -> list[str]:
    """Return the lines with the volume 0 if the last column is an always empty Volume, as of currencies."""
    if columns[-1] == "Volume" and all(line.endswith(",") for line in lines[1:]):
        return [lines[0], *(f"{line}0" for line in lines[1:])]
    return lines


def _parse_line(line: str, columns: Sequence[str]) -> tuple[tuple, list[tuple[str, str]]]:
    fields = line.split(",")
    if len(fields) != len(columns):
        advice = "no quotes, no thousands separators, no decimal commas, no empty lines"
        message = f"{len(fields)} fields in {quote(line)}; expected {len(columns)} ({advice})"
        return (), [("fields", message)]
    row, broken = [], []
    for name, text in zip(columns, fields, strict=True):
        parse, wanted = _PARSERS.get(name, (_parse_number, "a finite decimal number"))
        row.append(parse(text))
        if row[-1] is None:
            rule = "date_format" if name == "Date" else "number"
            broken.append((rule, f"{name} is {quote(text)}; expected {wanted}{advice_for(text)}"))
    return tuple(row), broken


def _parse_date(text: str) -> str | None:
    # date.fromisoformat also accepts 20181231 and 2018-W52-1.
    if not _DATE.fullmatch(text):
        return None
    try:
        date.fromisoformat(text)
    except ValueError:
        return None
    return text


def _parse_number(text: str) -> float | None:
    # float also accepts nan, inf, 1_000 and surrounding blanks.
    value = float(text) if _NUMBER.fullmatch(text) else None
    return value if value is not None and isfinite(value) else None


def _parse_volume(text: str) -> int | float | None:
    value = _parse_number(text)
    if value is None or not value.is_integer():
        return value
    # Whole numbers above 2**53 would lose their last digits in a float.
    whole = int(value) if set(text) & set(".eE") else int(text)
    return whole if -(2**63) <= whole < 2**63 else None


def _frame_of(rows: list[tuple], columns: Sequence[str]) -> pd.DataFrame:
    values = dict(zip(columns, zip(*rows, strict=True), strict=True))
    days = np.array(values.pop("Date"), dtype="datetime64[D]").astype(DATE_DTYPE)
    dtypes = dtypes_of(values)
    if any(isinstance(volume, float) for volume in values.get("Volume", ())):
        dtypes["Volume"] = "float64"
    return pd.DataFrame(
        {"Date": days, **{name: np.array(column, dtype=dtypes[name]) for name, column in values.items()}}
    )


_DTYPES = {"Date": DATE_DTYPE, "Volume": "int64"}
_PARSERS: dict[str, tuple[Callable[[str], object], str]] = {
    "Date": (_parse_date, "a date like 2018-12-31"),
    "Volume": (_parse_volume, "a whole number of shares"),
}
