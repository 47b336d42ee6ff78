"""A user's own file, which `acquire_data` reads."""

import gzip
import os
import re
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from simmer.data.bars_csv import COLUMNS, PRICES
from support.hostile.case import Case, Damage
from support.hostile.damage import OWN, bars, cells, closed, derived, made, sparse, swap
from support.hostile.folder import ROWS, bars_of

HEADER = ",".join(COLUMNS)


def content(new: bytes) -> Damage:
    """Write these bytes as the user's file."""
    return lambda folder: (folder / OWN).write_bytes(new)


def line(number: int, change: Callable[[str], str]) -> Damage:
    """Change one line of the user's file; lines count from 1."""

    def bytes_of(sound: bytes) -> bytes:
        lines = sound.decode().splitlines()
        lines[number - 1] = change(lines[number - 1])
        return ("\n".join(lines) + "\n").encode()

    return derived(bytes_of)


def field(name: str, text: str, number: int = 51) -> Damage:
    """Replace one field of the user's file."""

    def change(old: str) -> str:
        fields = old.split(",")
        fields[COLUMNS.index(name)] = text
        return ",".join(fields)

    return line(number, change)


def linked(target: str) -> Damage:
    """Make the user's file a symbolic link."""
    return lambda folder: (folder / OWN).symlink_to(target)


def zipped(folder: Path) -> None:
    """Write a zip file with a sheet in it, as in an Excel workbook."""
    with zipfile.ZipFile(folder / OWN, "w") as archive:
        archive.write(folder / "own/SPY.csv", "xl/worksheets/sheet1.xml")


def mixed_adjustment(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with Close adjusted in its first half, and the other columns raw."""
    frame.loc[: ROWS // 2, "Close"] *= 0.8
    return frame


def listed_too_early(frame: pd.DataFrame) -> pd.DataFrame:
    """Return bars from before the fund was listed."""
    return bars_of(start="1992-06-01")


def without(row: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Drop one row of the table."""
    return lambda frame: frame.drop(index=row).reset_index(drop=True)


def at(row: int, day: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Change the date in one row of the table."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[row, "Date"] = pd.Timestamp(day)
        return frame

    return change


def filled_weekends(frame: pd.DataFrame) -> pd.DataFrame:
    """Give each calendar day the bar of the last session."""
    every_day = pd.date_range(frame["Date"].iloc[0], frame["Date"].iloc[-1]).as_unit("us")
    return frame.set_index("Date").reindex(every_day, method="ffill").rename_axis("Date").reset_index()


def with_commas(sound: bytes) -> bytes:
    """Return the file with semicolons and decimal commas."""
    return sound.replace(b",", b";").replace(b".", b",")


def newest_first(sound: bytes) -> bytes:
    """Return the file with its rows the other way round."""
    header, *rows = sound.splitlines()
    return b"\n".join([header, *reversed(rows), b""])


def columns(name: str, value: str | None) -> Damage:
    """Add a column with the same text in each row; None for another in each."""

    def bytes_of(sound: bytes) -> bytes:
        header, *rows = sound.decode().splitlines()
        more = [f"{row},{f'T{number}' if value is None else value}" for number, row in enumerate(rows)]
        return ("\n".join([f"{header},{name}", *more]) + "\n").encode()

    return derived(bytes_of)


def dates(form: str) -> Damage:
    """Write every date in another form."""

    def bytes_of(sound: bytes) -> bytes:
        header, *rows = sound.decode().splitlines()
        parted = [row.split(",", 1) for row in rows]
        more = [f"{form.format(pd.Timestamp(day))},{rest}" for day, rest in parted]
        return ("\n".join([header, *more]) + "\n").encode()

    return derived(bytes_of)


case = partial(Case, "own file")

CASES = (
    # -- not a CSV file
    case("empty file", content(b""), ("the file is empty",)),
    case("blanks only", content(b" \n\n"), ("the file is empty",)),
    case("header only", content(HEADER.encode() + b"\n"), ("no rows",)),
    case("web page with status 200", content(b"<!DOCTYPE html><html>"), ("a web page",)),
    case("JSON error", content(b'{"chart": {"error": "429"}}'), ("JSON",)),
    case("gzip", derived(gzip.compress), ("gzip", "never unpacked")),
    case("gzip bomb", derived(lambda _: gzip.compress(b"0" * 50_000_000)), ("gzip", "never unpacked")),
    case("Excel workbook", zipped, ("Excel",)),
    case("parquet named .csv", content(b"PAR1" + b"\0" * 99), ("parquet",)),
    case("UTF-32", derived(lambda s: s.decode().encode("utf-32-be")), ("NUL",)),
    case("UTF-16", derived(lambda sound: sound.decode().encode("utf-16")), ("UTF-16",)),
    case("Latin-1", derived(lambda s: s[:-1] + "é\n".encode("latin-1")), ("is not UTF-8",)),
    case("accented letter", line(9, lambda text: text + "é"), ("a whole number of shares",)),
    case("byte that is no UTF-8", derived(lambda sound: sound + b"\xff\n"), ("is not UTF-8",)),
    case("NUL bytes", field("Close", "1\x002"), ("is NUL",)),
    case("old Mac line ends", derived(lambda s: s.replace(b"\n", b"\r")), ("carriage return",)),
    # -- another header
    case("yfinance.download header", content(b"Price,Close\nTicker,SPY\n"), ("may each be Close",)),
    case("header in lower case", line(1, str.lower), (), "accepted"),
    case("header in quotes", line(1, lambda _: '"Date","Open"'), ("the header lacks High, Low and Close",)),
    case("no header", line(1, lambda _: "2002-01-02,1,2,1,2,5"), ("values and no names",)),
    case(
        "extra column Adj Close", line(1, lambda text: text + ",Adj Close"), ("expected 7, as in the header",)
    ),
    case(
        "columns in another order",
        line(1, lambda _: "Date,Close,Open,High,Low,Volume"),
        ("Close is below Low",),
    ),
    case("semicolons", derived(lambda s: s.replace(b",", b";")), (), "accepted"),
    case("semicolons, decimal commas", derived(with_commas), (), "accepted"),
    case("tabs", derived(lambda s: s.replace(b",", b"\t")), (), "accepted"),
    # -- broken lines
    case(
        "last line cut off in mid-number",
        derived(lambda s: s[: s.rindex(b",") - 3]),
        ("5 fields", "line 301"),
    ),
    case("extra field that would shift columns", line(9, lambda t: t + ",7"), ("7 fields",)),
    case("field missing", line(9, lambda t: t.rsplit(",", 1)[0]), ("5 fields",)),
    case("empty line", line(9, lambda _: ""), ("an empty line; expected 6 fields",)),
    case("decimal comma", line(9, lambda t: t.replace(".", ",", 1)), ("7 fields", "decimal")),
    case("thousands separator in quotes", field("Open", '"1,000.0"'), ("High 109.4926 is below",)),
    case("day/month dates", field("Date", "03/04/2003"), ("a date like 2018-12-31",)),
    case("13th month", field("Date", "2003-13-04"), ("a date like 2018-12-31",)),
    case("date with a time", field("Date", "2003-04-03 05:00:00"), ("drop the time of day",)),
    case("date without hyphens", field("Date", "20030403"), ("a date like",)),
    case("day that does not exist", field("Date", "2003-02-30"), ("a date like",)),
    case("Excel serial date", field("Date", "37714"), ("a date like",)),
    case("spreadsheet formula", field("Close", "=cmd|' /C calc'!A0"), ('Close is "=cmd',)),
    case("date in Arabic digits", field("Date", "٢٠٠٣-٠٤-٠٣"), ("a date like",)),
    case("field in quotes", field("Close", '"100.5"'), ("Low 108.1439 is above",)),
    case("blank before a number", field("Close", " 100.5"), ("Low 108.1439 is above",)),
    case("decimal comma in a field", field("Close", "100,5"), ("7 fields", "a decimal comma")),
    case("percent", field("Close", "100.5%"), ("Close is '100.5%'",)),
    case("two files after one another", derived(lambda s: s + s), ("Date is 'Date'",)),
    case("null", field("Close", "null"), ("Close is 'null'",)),
    case("nan", field("Close", "nan"), ("Close is 'nan'",)),
    case("infinity", field("High", "inf"), ("High is 'inf'",)),
    case("number beyond float64", field("High", "1e999"), ("finite decimal number",)),
    case("hexadecimal", field("Open", "0x10"), ("Open is '0x10'",)),
    case("underscores in a number", field("Open", "1_000"), ("Open is '1_000'",)),
    case("half a share", field("Volume", "10.5"), ("a whole number of shares",)),
    case("volume beyond int64", field("Volume", "9" * 20), ("a whole number",)),
    case("a line of ten million characters", field("Open", "1" * 10_000_000), ("...",)),
    # -- other layouts
    case("newest first", derived(newest_first), (), "accepted"),
    case("a layout of ten thousand columns", line(1, lambda t: t + ",x" * 10_000), ("10006 columns",)),
    case("a header of a million characters", line(1, lambda t: t + ",x" + "y" * 10**6), ("characters",)),
    case("a quote that is never closed", field("Open", '"108.7'), ("does not enclose a whole field",)),
    case("a quote inside a number", field("Open", '"108"7'), ("does not enclose a whole field",)),
    case(
        "quotes in ten million characters", line(3, lambda t: '"' + '""' * 5_000_000 + '"'), ("1 fields in",)
    ),
    case("ten million quotes", line(2, lambda t: t + '"' * 10_000_001), ("does not enclose a whole field",)),
    case("unknown column", columns("x", "1"), ("columns that are not known, 'x'; to leave them out",)),
    case("formula as the ticker", columns("Ticker", "=1+1"), (), "accepted"),
    case("another ticker", columns("Ticker", "DIA"), ("is of the ticker 'DIA', not of SPY",)),
    case("a ticker per row", columns("Ticker", None), ("the file holds 300 tickers",)),
    case("two closes", columns("close", "1"), ("'Close' and 'close' may each be Close",)),
    case("offset beyond a day", dates("{:%Y-%m-%d} 00:00:00+99:99"), ("no date is in a form that is known",)),
    case("nanoseconds beyond int64", dates("9999999999999999999"), ("2286-11-20 appears twice",)),
    case("year 9999 with a time", dates("9999-12-31 09:30:00-05:00"), ("9999-12-31 appears twice",)),
    case("year 0", dates("0000-01-02"), ("Date is '0000-01-02'",)),
    case("hourly", dates("2003-01-06 {0:%d}:{0:%m}:00"), ("the bars are",)),
    case("closing prices only", content(b"Date,Close\n2003-01-06,1\n"), ("closing prices only",)),
    case(
        "a ticker's file of MetaTrader", content(b"<DATE>,<CLOSE>\n2003.01.06,1\n"), ("closing prices only",)
    ),
    case("every line broken", derived(lambda s: re.sub(rb"\n2", b"\n ", s)), ("300 in all",)),
    # -- impossible bars
    case("date twice", bars(lambda f: at(7, str(f["Date"][6]))(f)), ("appears twice",)),
    case("dates out of order", bars(swap(5, 9)), ("expected ascending dates",)),
    case("weekends filled with Friday's bar", bars(filled_weekends), ("Saturday or Sunday",)),
    case("far future", bars(at(299, "2999-01-02")), ("is outside",)),
    case("before 1900", bars(at(0, "1800-01-02")), ("is outside",)),
    case("price of 0", cells(9, Low=0.0), ("Low is 0.0", "above 0")),
    case("negative price", cells(9, Low=-1.0), ("Low is -1.0",)),
    case("High below Low", cells(9, High=1.0), ("High 1.0 is below",)),
    case("negative volume", cells(9, Volume=-5), ("Volume is -5",)),
    case("fund without volume for a day", cells(9, Volume=0), ("Volume is 0",)),
    case("fund without volume at all", bars(lambda f: f.assign(Volume=0)), ("the file has no volume",)),
    case("fund without a range", cells(9, **dict.fromkeys(PRICES, 100.0)), ("High equals Low",)),
    case("session missing", bars(without(50)), ("no bar for the XNYS session",)),
    case("adjusted Close with raw prices", bars(mixed_adjustment), ("seems to be adjusted",)),
    case("bars from before the listing", bars(listed_too_early), ("was listed (1993-01-29)",)),
    # -- accepted
    case("byte-order mark", derived(lambda s: b"\xef\xbb\xbf" + s), (), "accepted"),
    case("CRLF", derived(lambda s: s.replace(b"\n", b"\r\n")), (), "accepted"),
    case("no line end at the end", derived(lambda s: s[:-1]), (), "accepted"),
    # -- no regular or readable file
    case("link out of the folder", linked("../data/raw/SPY.csv"), ("leads out of its folder",)),
    case("link to /dev/zero", linked("/dev/zero"), ("leads out of its folder",)),
    case("path ../", lambda _: None, ("no path inside the data folder",), file="../data/raw/SPY.csv"),
    case("absolute path", lambda _: None, ("no path inside the data folder",), file="/etc/passwd"),
    case("path with NUL", lambda _: None, ("no path inside the data folder",), file="a\0.csv"),
    case("path that is a lone surrogate", lambda _: None, ("text in whole characters",), file="\ud800.csv"),
    case("path of 5,000 letters", lambda _: None, ("has no aaaa", "CSV files there"), file="a" * 5000),
    case("path through a file", lambda _: None, ("has no SPY.csv/x",), file="SPY.csv/x"),
    case("not readable", closed(OWN), ("Permission denied", "give read permission")),
    case("folder closed", closed("own"), ("Permission denied",)),
    case("link to itself", linked("bad.csv"), ("cannot be found",)),
    case("link to nothing", linked("none.csv"), ("cannot be found",)),
    case("FIFO", made(OWN, os.mkfifo), ("not a regular file",)),
    case("folder", made(OWN, Path.mkdir), ("not a regular file",)),
    case("a terabyte", made(OWN, sparse), ("1099511627776 bytes",)),
    case("missing", lambda _: None, ("data.folder", "has no bad.csv", "SPY.csv")),
)
