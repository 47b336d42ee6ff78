"""Daily price bars: a strict reader, the rules a table of bars must keep, and its canonical bytes."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from math import isfinite

import numpy as np
import pandas as pd

from simmer.data.problems import Problem, Severity, quote, shorten
from simmer.data.tables import DATE_DTYPE
from simmer.data.tickers import KINDS
from simmer.errors import ConfigError, DataError

COLUMNS = ("Date", "Open", "High", "Low", "Close", "Volume")
PRICES = ("Open", "High", "Low", "Close")

# Adjusted prices carry float noise of about 1e-7, so containment cannot be strict.
PRICE_RELATIVE_TOLERANCE = 1e-6
LARGE_RETURN = 0.25
STALE_CLOSES = 5
EARLIEST_DATE = np.datetime64("1900-01-01")

_HEADER = ",".join(COLUMNS)
_FIRST_LINE = 2
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?")

# (0-based row or None, rule, message, severity)
_Finding = tuple[int | None, str, str, Severity]


def parse_bars(content: bytes, file_name: str) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Read bars from the bytes of a CSV file; nothing is guessed, repaired or skipped.

    A UTF-8 byte-order mark and CRLF line ends are accepted; both are absent from `canonical_csv`.

    Returns:
        The frame (`COLUMNS`; Date datetime64[us], prices float64, Volume int64, one row per line from
        line 2 on) and the problems. The frame is `None` when any problem is an error.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"byte {error.start} is not UTF-8; save the file as UTF-8 text"
        return None, [Problem(file_name, line, "encoding", message)]
    if not text.strip():
        return None, [Problem(file_name, None, "empty", f"the file is empty; expected {_HEADER} and rows")]
    lines = text.split("\n")
    problems = []
    if lines[-1] == "":
        lines.pop()
    else:
        message = "the last line has no line end; make sure that the file was not cut off"
        problems.append(Problem(file_name, len(lines), "line_end", message, "warning"))
    lines = [line.removesuffix("\r") for line in lines]
    if lines[0] != _HEADER:
        return None, [Problem(file_name, 1, "header", _explain_header(lines[0]))]
    if len(lines) == 1:
        return None, [
            Problem(file_name, None, "empty", "there is a header but no rows; expected one bar a day")
        ]
    rows = []
    for number, line in enumerate(lines[1:], start=_FIRST_LINE):
        row, broken = _parse_line(line)
        rows.append(row)
        problems.extend(Problem(file_name, number, rule, message) for rule, message in broken)
    if any(problem.severity == "error" for problem in problems):
        return None, shorten(problems)
    return _frame_of(rows), problems


def check_bars(
    frame: pd.DataFrame, *, file_name: str, kind: str, calendar: str | None, today: date | None = None
) -> list[Problem]:
    """Check a frame from `parse_bars` or `acquire` against every rule and report all problems at once.

    Args:
        frame: `COLUMNS`, row i stands for line i + 2 of the file.
        file_name: what the problems call the file.
        kind: "etf" (zero volume and High == Low are errors) or "index" (they are warnings).
        calendar: exchange_calendars name such as "XNYS"; `None` skips the session rules.
        today: last day that may have a bar; by default the latest date that has begun anywhere on earth.

    Raises:
        ConfigError: for an unknown kind or calendar.
    """
    if kind not in KINDS:
        raise ConfigError(f"kind is {quote(kind)}; expected one of {', '.join(KINDS)}")
    latest = np.datetime64(today or (datetime.now(UTC) + timedelta(hours=14)).date())
    findings = list(_layout_findings(frame))
    if not findings:
        findings = [*_date_findings(frame, latest), *_price_findings(frame)]
        findings += [*_empty_bar_findings(frame, "error" if kind == "etf" else "warning")]
        findings += [*_movement_findings(frame)]
        if calendar is not None and not any(rule == "date_range" for _, rule, _, _ in findings):
            findings += [*_session_findings(frame, calendar)]
    return shorten(
        Problem(file_name, None if row is None else row + _FIRST_LINE, rule, message, severity)
        for row, rule, message, severity in findings
    )


def canonical_csv(frame: pd.DataFrame) -> bytes:
    """Return bars as CSV whose bytes depend on the values only.

    Prices are the shortest decimals that read back to the same float64, volumes are integers, lines end
    in one line feed.

    Raises:
        DataError: when the frame has other columns or dtypes, a missing date, or a price that is not finite.
    """
    for _, _, message, _ in _layout_findings(frame):
        raise DataError(f"bars cannot be written: {message}")
    if not np.isfinite(frame[list(PRICES)].to_numpy()).all():
        raise DataError("bars cannot be written: a price is missing or infinite; check_bars names the rows")
    dates = np.datetime_as_string(frame["Date"].to_numpy(), unit="D").tolist()
    columns = [frame[name].tolist() for name in COLUMNS[1:]]
    lines = (",".join((day, *map(repr, values))) for day, *values in zip(dates, *columns, strict=True))
    return ("\n".join((_HEADER, *lines)) + "\n").encode()


def _explain_header(found: str) -> str:
    start = found.lstrip().lower()
    if start.startswith("<"):
        return f"this is a web page, not a CSV file; download the data again. Expected the header {_HEADER}"
    if start.startswith(("{", "[")):
        return f"this is JSON, not a CSV file. Expected the header {_HEADER}"
    if ";" in found or "\t" in found:
        return f"fields must be separated by commas, with a point in decimals. Expected the header {_HEADER}"
    return f"the header is {quote(found)}; expected exactly {_HEADER}"


def _parse_line(line: str) -> tuple[tuple, list[tuple[str, str]]]:
    fields = line.split(",")
    if len(fields) != len(COLUMNS):
        advice = "no quotes, no thousands separators, no decimal commas, no empty lines"
        message = f"{len(fields)} fields in {quote(line)}; expected {len(COLUMNS)} ({advice})"
        return (), [("fields", message)]
    row = [_parse_date(fields[0]), *map(_parse_price, fields[1:5]), _parse_volume(fields[5])]
    expected = ("a date like 2018-12-31", *["a finite decimal number"] * 4, "a whole number of shares")
    broken = [
        ("date_format" if name == "Date" else "number", f"{name} is {quote(text)}; expected {wanted}")
        for name, text, value, wanted in zip(COLUMNS, fields, row, expected, strict=True)
        if value is None
    ]
    return tuple(row), broken


def _parse_date(text: str) -> str | None:
    # date.fromisoformat alone also takes 20181231 and 2018-W52-1.
    if not _DATE.fullmatch(text):
        return None
    try:
        date.fromisoformat(text)
    except ValueError:
        return None
    return text


def _parse_price(text: str) -> float | None:
    # float alone also takes nan, inf, 1_000 and surrounding blanks.
    value = float(text) if _NUMBER.fullmatch(text) else None
    return value if value is not None and isfinite(value) else None


def _parse_volume(text: str) -> int | None:
    value = _parse_price(text)
    if value is None or not value.is_integer() or abs(value) >= 2**63:
        return None
    # Whole numbers above 2**53 would lose their last digits in a float.
    return int(value) if set(text) & set(".eE") else int(text)


def _frame_of(rows: list[tuple]) -> pd.DataFrame:
    dates, *prices, volume = zip(*rows, strict=True)
    columns = {"Date": np.array(dates, dtype="datetime64[D]").astype(DATE_DTYPE)}
    columns |= {name: np.array(values, dtype=np.float64) for name, values in zip(PRICES, prices, strict=True)}
    return pd.DataFrame(columns | {"Volume": np.array(volume, dtype=np.int64)})


def _layout_findings(frame: pd.DataFrame) -> Iterator[_Finding]:
    expected = {"Date": DATE_DTYPE, **dict.fromkeys(PRICES, "float64"), "Volume": "int64"}
    found = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
    if list(found.items()) != list(expected.items()):
        yield None, "layout", f"columns and dtypes are {found}; expected {expected}", "error"
    elif frame.empty:
        yield None, "empty", "there are no rows; expected one bar a day", "error"
    elif frame["Date"].isna().any():
        yield int(frame["Date"].isna().argmax()), "date_format", "the date is missing", "error"


def _date_findings(frame: pd.DataFrame, latest: np.datetime64) -> Iterator[_Finding]:
    dates = frame["Date"].to_numpy()
    days = dates.astype("datetime64[D]")
    for row in np.flatnonzero(days.astype(DATE_DTYPE) != dates):
        yield int(row), "date_format", f"{dates[row]} has a time of day; expected a plain date", "error"
    for row in np.flatnonzero(np.diff(days) <= np.timedelta64(0)) + 1:
        if days[row] == days[row - 1]:
            yield int(row), "duplicate", f"{days[row]} appears twice; expected one bar a day", "error"
        else:
            message = f"{days[row]} comes after {days[row - 1]}; expected ascending dates"
            yield int(row), "order", message, "error"
    for row in np.flatnonzero(~np.is_busday(days)):
        yield int(row), "weekend", f"{days[row]} is a Saturday or Sunday; expected a trading day", "error"
    for row in np.flatnonzero((days > latest) | (days < EARLIEST_DATE)):
        message = f"{days[row]} is outside {EARLIEST_DATE}..{latest}; expected a day that has been traded"
        yield int(row), "date_range", message, "error"


def _price_findings(frame: pd.DataFrame) -> Iterator[_Finding]:
    for name in PRICES:
        values = frame[name].to_numpy()
        for row in np.flatnonzero(~np.isfinite(values)):
            yield int(row), "finite", f"{name} is {values[row]}; expected a finite price", "error"
        for row in np.flatnonzero(values <= 0):
            yield int(row), "positive", f"{name} is {values[row]}; expected a price above 0", "error"
    open_, high, low, close = (frame[name].to_numpy() for name in PRICES)
    for row in np.flatnonzero(high * (1 + PRICE_RELATIVE_TOLERANCE) < np.maximum.reduce([open_, low, close])):
        message = f"High {high[row]} is below Open, Low or Close; expected the day's highest price"
        yield int(row), "containment", message, "error"
    for row in np.flatnonzero(low * (1 - PRICE_RELATIVE_TOLERANCE) > np.minimum.reduce([open_, high, close])):
        message = f"Low {low[row]} is above Open, High or Close; expected the day's lowest price"
        yield int(row), "containment", message, "error"
    volume = frame["Volume"].to_numpy()
    for row in np.flatnonzero(volume < 0):
        yield int(row), "volume", f"Volume is {volume[row]}; expected 0 or more", "error"


def _empty_bar_findings(frame: pd.DataFrame, severity: Severity) -> Iterator[_Finding]:
    for row in np.flatnonzero(frame["Volume"].to_numpy() == 0):
        yield int(row), "no_volume", "Volume is 0; expected trades on a trading day", severity
    for row in np.flatnonzero(frame["High"].to_numpy() == frame["Low"].to_numpy()):
        yield int(row), "flat", f"High equals Low ({frame['High'].iat[row]}); expected a range", severity


def _movement_findings(frame: pd.DataFrame) -> Iterator[_Finding]:
    close = frame["Close"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = close[1:] / close[:-1] - 1
    for row in np.flatnonzero(np.isfinite(returns) & (np.abs(returns) > LARGE_RETURN)) + 1:
        message = f"Close moves by {returns[row - 1]:+.1%} in a day; look for a split or a wrong row"
        yield int(row), "large_return", message, "warning"
    values = frame[list(COLUMNS[1:])].to_numpy(dtype=np.float64)
    for row in np.flatnonzero((values[1:] == values[:-1]).all(axis=1)) + 1:
        yield int(row), "stale", "prices and volume equal those of the row before", "warning"
    run = 1
    for row in range(1, len(close)):
        run = run + 1 if close[row] == close[row - 1] else 1
        if run == STALE_CLOSES:
            yield row, "stale", f"{STALE_CLOSES} equal closes in a row", "warning"


def _session_findings(frame: pd.DataFrame, calendar: str) -> Iterator[_Finding]:
    days = frame["Date"].to_numpy().astype("datetime64[D]")
    try:
        sessions = _sessions(calendar, days.min(), days.max())
    except ValueError as error:
        yield None, "sessions", f"calendar {calendar} cannot be consulted: {error}", "warning"
        return
    for day in np.setdiff1d(sessions, days):
        row = int(np.argmax(days > day))
        yield row, "missing_session", f"no bar for the {calendar} session {day} before this line", "error"
    for row in np.flatnonzero(np.is_busday(days) & ~np.isin(days, sessions)):
        yield int(row), "extra_session", f"{days[row]} is no {calendar} session", "warning"


def _sessions(calendar: str, first: np.datetime64, last: np.datetime64) -> np.ndarray:
    import exchange_calendars

    # Without explicit bounds the calendar covers the last 20 years only, and moves with the day it is run.
    # It also wants two days and at least one session in between, which a week more gives.
    week_before = first - np.timedelta64(7, "D")
    try:
        found = exchange_calendars.get_calendar(calendar, start=str(week_before), end=str(last))
    except exchange_calendars.errors.InvalidCalendarName as error:
        raise ConfigError(
            f"calendar {quote(calendar)} is unknown; expected a name of exchange_calendars such as XNYS"
        ) from error
    days = found.sessions.to_numpy().astype("datetime64[D]")
    return days[(days >= first) & (days <= last)]
