"""Bad inputs, each with what it does to a folder in order and what must come of it.

The table of them is made from the real messages:

    PYTHONPATH=workflow/scripts:tests .venv/bin/python -m support.hostile > tests/HOSTILE_INPUT.md
"""

import ctypes
import gzip
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from simmer.base.errors import SimmerError
from simmer.base.files import read_json, sha256_of_bytes, write_json
from simmer.commands.register import register
from simmer.data.bars_csv import COLUMNS, PRICES, canonical_csv
from simmer.data.pending import pending_registrations
from simmer.data.settings import DataSettings
from simmer.data.snapshots import SnapshotStore
from simmer.data.tickers import TickerSpec
from simmer.data.validation import validate_manifest
from support import chain
from support.bars import session_bars
from support.configs import data_settings

HEADER = ",".join(COLUMNS)
ROWS = 300
TICKERS = (TickerSpec("DIA", "etf"), TickerSpec("SPY", "etf"))
Outcome = str  # "error", "warning" or "accepted"


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        name: what it is.
        where: the stage that meets it, a key of `STAGES`.
        spoil: puts it into a folder in order.
        words: what the message must say.
        outcome: how it must end.
        file: what the configuration calls the user's file.
    """

    name: str
    where: str
    spoil: Callable[[Path], object]
    words: tuple[str, ...]
    outcome: Outcome = "error"
    file: str = "bad.csv"


def bars_of(**options: object) -> pd.DataFrame:
    """Return the bars of all sessions that a file has, rounded."""
    return rounded(session_bars(ROWS, **options))


def rounded(bars: pd.DataFrame) -> pd.DataFrame:
    """Return bars whose prices have four decimals.

    The last bit of an exponential depends on the processor, and with it the bytes that the page counts.
    """
    return bars.round(dict.fromkeys(PRICES, 4))


def make_good(folder: Path) -> None:
    """Build a data folder in order: own files, snapshots, raw and processed tables with their manifests."""
    own = folder / "own"
    own.mkdir(parents=True)
    spy = bars_of()
    apart = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.002, ROWS)))
    dia = spy.assign(**{name: spy[name] * apart for name in ("Open", "High", "Low", "Close")})
    for ticker, bars in (("SPY", spy), ("DIA", rounded(dia))):
        (own / f"{ticker}.csv").write_bytes(canonical_csv(bars))
    settings = settings_of(folder)
    for spec in TICKERS:
        chain.acquire(folder, settings, spec.ticker)
    chain.write_manifest(folder, "raw")
    chain.validate(folder, settings)
    for spec in TICKERS:
        chain.build(folder, spec.ticker)
    chain.write_manifest(folder, "processed")


def settings_of(folder: Path, *changed: TickerSpec) -> DataSettings:
    """Return the settings of that folder, with some tickers in place of others."""
    specs = {spec.ticker: spec for spec in (*TICKERS, *changed)}
    return data_settings(*specs.values(), source="csv", folder=str(folder / "own"))


# ---- rights -----------------------------------------------------------------------------


class _Who(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("thread", ctypes.c_int))


class _Rights(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable"))


_VERSION = 0x20080522  # of capget(2): two words of 32 rights
_OVERRIDES = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: to pass by the permissions of a file


def can_meet_permissions() -> bool:
    """Tell whether the permissions of a file can stop this process."""
    return os.geteuid() != 0 or sys.platform == "linux"


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Let root meet the permissions of files too; this thread only, and its rights come back."""
    if os.geteuid() != 0 or sys.platform != "linux":
        yield
        return
    libc, who, sets = ctypes.CDLL(None, use_errno=True), _Who(_VERSION, 0), (_Rights * 2)()
    if libc.capget(ctypes.byref(who), sets) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    before = sets[0].effective
    sets[0].effective = before & ~_OVERRIDES
    if libc.capset(ctypes.byref(who), sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    try:
        yield
    finally:
        sets[0].effective = before
        libc.capset(ctypes.byref(who), sets)


# ---- stages: the real entry points ----------------------------------------------------------


def _acquire(folder: Path, file: str = "bad.csv") -> str:
    chain.acquire(folder, settings_of(folder, TickerSpec("SPY", "etf", file=file)), "SPY")
    return "bars as from the sound file"


def _gather(folder: Path, _: str = "") -> str:
    chain.write_manifest(folder, "raw")
    return "the manifest as before"


def _validate(folder: Path, _: str = "") -> str:
    chain.validate(folder, settings_of(folder))
    report = read_json(folder / "results/data_validation.json")
    return "; ".join(problem["message"] for problem in report["problems"])


def _build(folder: Path, _: str = "") -> str:
    chain.build(folder, "SPY")
    return "the table as before"


def _pending(folder: Path, _: str = "") -> str:
    data = folder / "data"
    manifests = [data / part / "datapackage.json" for part in ("snapshots", "raw", "processed")]
    found = pending_registrations(data, manifests)
    return "; ".join(f"{kind}: {', '.join(paths)}" for kind, paths in asdict(found).items() if paths)


def _validate_processed(folder: Path, _: str = "") -> str:
    manifest = folder / "data/processed/datapackage.json"
    report = validate_manifest(manifest, kinds={"SPY": "etf", "DIA": "etf"}, calendar="XNYS").table()
    report.raise_if_failed()
    return report.as_text()


def _register(folder: Path, file: str = "bad.csv") -> str:
    store = SnapshotStore(folder / "data/snapshots")
    return register(folder / "own" / file, TickerSpec("SPY", "etf"), calendar="XNYS", store=store)


def _from_snapshot(folder: Path, _: str = "") -> str:
    return _acquire(folder, "SPY.csv")


def _pinned(folder: Path, _: str = "") -> str:
    pinned = TickerSpec("SPY", "etf", snapshot="0123456789abcdef")
    chain.acquire(folder, settings_of(folder, pinned), "SPY")
    return "bars"


STAGES: Mapping[str, Callable[..., str]] = {
    "own file": _acquire,
    "registered file": _register,
    "raw entry": _gather,
    "raw manifest": _validate,
    "raw bars": _build,
    "processed manifest": _validate_processed,
    "pending": _pending,
    "snapshot": _from_snapshot,
    "pinned snapshot": _pinned,
}


# What these say when they end well is what they warn of.
REPORTS = ("raw manifest", "pending")


# ---- ways to spoil --------------------------------------------------------------------------


def content(new: bytes) -> Callable[[Path], object]:
    """The user's file has these bytes."""
    return lambda folder: (folder / "own/bad.csv").write_bytes(new)


def derived(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """The user's file is the sound one, changed as bytes."""
    return lambda folder: (folder / "own/bad.csv").write_bytes(change((folder / "own/SPY.csv").read_bytes()))


def line(number: int, change: Callable[[str], str]) -> Callable[[Path], object]:
    """The user's file is the sound one with one line changed; lines count from 1."""

    def bytes_of(sound: bytes) -> bytes:
        lines = sound.decode().splitlines()
        lines[number - 1] = change(lines[number - 1])
        return ("\n".join(lines) + "\n").encode()

    return derived(bytes_of)


def field(name: str, text: str, number: int = 51) -> Callable[[Path], object]:
    """One field of the user's file has another text."""

    def change(old: str) -> str:
        fields = old.split(",")
        fields[COLUMNS.index(name)] = text
        return ",".join(fields)

    return line(number, change)


def bars(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], object]:
    """The user's file is the sound one, changed as a table."""

    def spoil(folder: Path) -> None:
        (folder / "own/bad.csv").write_bytes(canonical_csv(change(bars_of())))

    return spoil


def cells(row: int, **values: float) -> Callable[[Path], object]:
    """Cells of one row of the table in the user's file are other numbers."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        for name, value in values.items():
            frame.loc[row, name] = value
        return frame

    return bars(change)


def linked(target: str) -> Callable[[Path], object]:
    """The user's file is a link."""
    return lambda folder: (folder / "own/bad.csv").symlink_to(target)


def entry(stage: str = "raw", **values: object) -> Callable[[Path], object]:
    """An entry of a manifest has other values; None takes the key away."""

    def spoil(folder: Path) -> None:
        path = folder / f"data/{stage}/datapackage.json"
        manifest = read_json(path)
        for one in manifest["resources"]:
            if one["ticker"] == "SPY":
                one.update(values)
                for key in [key for key, value in values.items() if value is None]:
                    del one[key]
        path.write_text(json.dumps(manifest))

    return spoil


def manifest(new: bytes | Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """The raw manifest has these bytes."""

    def spoil(folder: Path) -> None:
        path = folder / "data/raw/datapackage.json"
        path.write_bytes(new if isinstance(new, bytes) else new(path.read_bytes()))

    return spoil


def raw_file(change: Callable[[Path], object], ticker: str = "SPY") -> Callable[[Path], object]:
    """A registered raw file is spoilt."""
    return lambda folder: change(folder / f"data/raw/{ticker}.csv")


def replaced(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """A file is taken away and something else made in its place."""

    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


def registered_again(ticker: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], object]:
    """The raw file holds other bars, and its manifest entry is right about them."""

    def spoil(folder: Path) -> None:
        from simmer.data.manifest import Provenance, build_manifest, describe_resource

        path = folder / "data/raw/datapackage.json"
        others = [one for one in read_json(path)["resources"] if one["ticker"] != ticker]
        frame = change(bars_of())
        new = canonical_csv(frame)
        (path.parent / f"{ticker}.csv").write_bytes(new)
        origin = Provenance(ticker, "etf", "unknown", "own file", ({"title": "own file"},), "XNYS")
        own = describe_resource(f"{ticker}.csv", content=new, frame=frame, provenance=origin)
        write_json(path, build_manifest("simmer-raw", [*others, own]))

    return spoil


def processed(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """A processed table is spoilt, and its entry has the hash and size of what it is now."""

    def spoil(folder: Path) -> None:
        path = folder / "data/processed/SPY_dataset_a25.parquet"
        make(path)
        new = path.read_bytes()
        entry("processed", hash=f"sha256:{sha256_of_bytes(new)}", bytes=len(new))(folder)

    return spoil


def parquet(columns: Mapping[str, object]) -> Callable[[Path], object]:
    """A parquet file with these columns."""
    return lambda path: pyarrow.parquet.write_table(pyarrow.table(dict(columns)), path)


def unfolding(path: Path) -> None:
    """A few kilobytes of parquet that unfold to two million rows."""
    rows = 2_000_000
    days = pyarrow.array(np.zeros(rows, dtype="datetime64[us]"))
    table = pyarrow.table({"Date": days, "Close": np.ones(rows)})
    pyarrow.parquet.write_table(table, path, compression="zstd")
    if path.stat().st_size > 100_000:
        raise RuntimeError("the file is not small any more")


def zipped(folder: Path) -> None:
    """An Excel workbook, as far as its first bytes tell."""
    with zipfile.ZipFile(folder / "own/bad.csv", "w") as archive:
        archive.write(folder / "own/SPY.csv", "xl/worksheets/sheet1.xml")


def closed(place: str, mode: int = 0) -> Callable[[Path], object]:
    """A file or folder may not be read, or has another mode."""

    def spoil(folder: Path) -> None:
        shutil.copy(folder / "own/SPY.csv", folder / "own/bad.csv")
        (folder / place).chmod(mode)

    return spoil


def both(*ways: Callable[[Path], object]) -> Callable[[Path], object]:
    """Several things at once."""
    return lambda folder: [way(folder) for way in ways]


def made(place: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Something is made at a place, whatever was there."""

    def spoil(folder: Path) -> None:
        path = folder / place
        path.unlink(missing_ok=True)
        make(path)

    return spoil


def lying(path: Path) -> None:
    """Parquet of 2,000,000 rows whose footer says that it has 7."""
    unfolding(path)
    new = path.read_bytes()
    said, lie = b"\x16\x80\x92\xf4\x01", b"\x16\x8e\x80\x80\x00"  # 2,000,000 and 7 as Thrift writes them
    start = len(new) - 8 - int.from_bytes(new[-8:-4], "little")
    path.write_bytes(new[:start] + new[start:].replace(said, lie, 1))
    if pyarrow.parquet.ParquetFile(path).metadata.num_rows != 7:
        raise RuntimeError("the footer tells the truth")


def one_text(path: Path) -> None:
    """A few kilobytes of parquet that unfold to one text of 32 MB."""
    table = pyarrow.table({"Date": np.zeros(1, dtype="datetime64[us]"), "Note": ["x" * 2**25]})
    pyarrow.parquet.write_table(table, path, compression="zstd")


def sparse(path: Path) -> None:
    """A file of a terabyte that takes no room."""
    with path.open("wb") as stream:
        stream.truncate(2**40)


def mixed_adjustment(frame: pd.DataFrame) -> pd.DataFrame:
    """Close adjusted, all else as traded."""
    frame.loc[: ROWS // 2, "Close"] *= 0.8
    return frame


def without(row: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """The table without one row."""
    return lambda frame: frame.drop(index=row).reset_index(drop=True)


def listed_too_early(frame: pd.DataFrame) -> pd.DataFrame:
    """Bars from before the fund existed."""
    return bars_of(start="1992-06-01")


def gone_and_replaced(folder: Path) -> None:
    """The kept snapshot is gone, and the user's file has other bars now."""
    snapshot_file(Path.unlink)(folder)
    (folder / "own/SPY.csv").write_bytes(canonical_csv(bars_of(seed=5)))


def snapshot_file(change: Callable[[Path], object]) -> Callable[[Path], object]:
    """The kept snapshot is spoilt."""

    def spoil(folder: Path) -> None:
        (path,) = (folder / "data/snapshots/SPY").glob("*.csv")
        path.chmod(0o644)
        change(path)

    return spoil


def sidecar_file(change: Callable[[Path], object]) -> Callable[[Path], object]:
    """The entry of the kept snapshot is spoilt."""

    def spoil(folder: Path) -> None:
        (path,) = (folder / "data/snapshots/SPY").glob("*.resource.json")
        change(path)

    return spoil


def sidecar(new: bytes) -> Callable[[Path], object]:
    """The entry of the kept snapshot has these bytes."""
    return sidecar_file(lambda path: path.write_bytes(new))


def repeated(times: int) -> Callable[[Path], object]:
    """An entry of the raw manifest stands there many times more."""

    def bytes_of(sound: bytes) -> bytes:
        read = json.loads(sound)
        read["resources"] += [read["resources"][-1]] * times
        return json.dumps(read).encode()

    return manifest(bytes_of)


def swap(a: int, b: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """The table with two rows exchanged."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        order = list(range(len(frame)))
        order[a], order[b] = order[b], order[a]
        return frame.iloc[order].reset_index(drop=True)

    return change


def at(row: int, day: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """The table with another date in one row."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[row, "Date"] = pd.Timestamp(day)
        return frame

    return change


DAYS = pyarrow.array(np.arange("2003-01-06", "2003-04-16", dtype="datetime64[D]").astype("datetime64[us]"))
IDS = pyarrow.ExtensionArray.from_storage(
    pyarrow.uuid(), pyarrow.array([b"0123456789abcdef"] * 100, pyarrow.binary(16))
)
RAW = "data/raw/datapackage.json"
ENTRY = "data/raw/SPY.resource.json"

CASES = (
    # -- no CSV at all
    Case("empty file", "own file", content(b""), ("the file is empty",)),
    Case("blanks only", "own file", content(b" \n\n"), ("the file is empty",)),
    Case("header only", "own file", content(HEADER.encode() + b"\n"), ("no rows",)),
    Case("web page with status 200", "own file", content(b"<!DOCTYPE html><html>"), ("a web page",)),
    Case("JSON error", "own file", content(b'{"chart": {"error": "429"}}'), ("JSON",)),
    Case("gzip", "own file", derived(gzip.compress), ("gzip", "never unpacked")),
    Case("gzip bomb", "own file", content(gzip.compress(b"0" * 50_000_000)), ("gzip", "never unpacked")),
    Case("Excel workbook", "own file", zipped, ("Excel",)),
    Case("parquet named .csv", "own file", content(b"PAR1" + b"\0" * 99), ("parquet",)),
    Case("UTF-32", "own file", derived(lambda s: s.decode().encode("utf-32-be")), ("NUL",)),
    Case("UTF-16", "own file", derived(lambda sound: sound.decode().encode("utf-16")), ("UTF-16",)),
    Case("Latin-1", "own file", derived(lambda s: s[:-1] + "é\n".encode("latin-1")), ("is not UTF-8",)),
    Case("accented letter", "own file", line(9, lambda text: text + "é"), ("a whole number of shares",)),
    Case("byte that is no UTF-8", "own file", derived(lambda sound: sound + b"\xff\n"), ("is not UTF-8",)),
    Case("NUL bytes", "own file", field("Close", "1\x002"), ("is NUL",)),
    Case("old Mac line ends", "own file", derived(lambda s: s.replace(b"\n", b"\r")), ("carriage return",)),
    # -- another header
    Case("yfinance.download header", "own file", content(b"Price,Close\nTicker,SPY\n"), ("several header",)),
    Case("header in lower case", "own file", line(1, str.lower), ("expected exactly Date,Open",)),
    Case("header in quotes", "own file", line(1, lambda _: '"Date","Open"'), ("expected exactly",)),
    Case("no header", "own file", line(1, lambda _: "2002-01-02,1,2,1,2,5"), ("expected exactly",)),
    Case("extra column Adj Close", "own file", line(1, lambda text: text + ",Adj Close"), ("'Adj Close'",)),
    Case("columns in another order", "own file", line(1, lambda _: "Date,Close,Open,High,Low,Volume"),
         ("expected exactly",)),
    Case("semicolons, decimal commas", "own file", derived(lambda s: s.replace(b",", b";")), ("commas",)),
    Case("tabs", "own file", derived(lambda s: s.replace(b",", b"\t")), ("commas",)),
    # -- broken lines
    Case("last line cut off in mid-number", "own file", derived(lambda s: s[: s.rindex(b",") - 3]),
         ("5 fields", "line 301")),
    Case("extra field that would shift columns", "own file", line(9, lambda t: t + ",7"), ("7 fields",)),
    Case("field missing", "own file", line(9, lambda t: t.rsplit(",", 1)[0]), ("5 fields",)),
    Case("empty line", "own file", line(9, lambda _: ""), ("1 fields",)),
    Case("decimal comma", "own file", line(9, lambda t: t.replace(".", ",", 1)), ("7 fields", "decimal")),
    Case("thousands separator in quotes", "own file", field("Open", '"1,000.0"'), ("thousands",)),
    Case("day/month dates", "own file", field("Date", "03/04/2003"), ("a date like 2018-12-31",)),
    Case("13th month", "own file", field("Date", "2003-13-04"), ("a date like 2018-12-31",)),
    Case("date with a time", "own file", field("Date", "2003-04-03 05:00:00"), ("a date like",)),
    Case("date without hyphens", "own file", field("Date", "20030403"), ("a date like",)),
    Case("day that does not exist", "own file", field("Date", "2003-02-30"), ("a date like",)),
    Case("Excel serial date", "own file", field("Date", "37714"), ("a date like",)),
    Case("spreadsheet formula", "own file", field("Close", "=cmd|' /C calc'!A0"), ('Close is "=cmd',)),
    Case("date in Arabic digits", "own file", field("Date", "٢٠٠٣-٠٤-٠٣"), ("a date like",)),
    Case("field in quotes", "own file", field("Close", '"100.5"'), ("without quotes",)),
    Case("blank before a number", "own file", field("Close", " 100.5"), ("Close is ' 100.5'",)),
    Case("decimal comma in a field", "own file", field("Close", "100,5"), ("7 fields", "decimal commas")),
    Case("percent", "own file", field("Close", "100.5%"), ("Close is '100.5%'",)),
    Case("two files after one another", "own file", derived(lambda s: s + s), ("Date is 'Date'",)),
    Case("null", "own file", field("Close", "null"), ("Close is 'null'",)),
    Case("nan", "own file", field("Close", "nan"), ("Close is 'nan'",)),
    Case("infinity", "own file", field("High", "inf"), ("High is 'inf'",)),
    Case("number beyond float64", "own file", field("High", "1e999"), ("finite decimal number",)),
    Case("hexadecimal", "own file", field("Open", "0x10"), ("Open is '0x10'",)),
    Case("underscores in a number", "own file", field("Open", "1_000"), ("Open is '1_000'",)),
    Case("half a share", "own file", field("Volume", "10.5"), ("a whole number of shares",)),
    Case("volume beyond int64", "own file", field("Volume", "9" * 20), ("a whole number",)),
    Case("a line of ten million characters", "own file", field("Open", "1" * 10_000_000), ("...",)),
    Case("every line broken", "own file", derived(lambda s: re.sub(rb"\n2", b"\n ", s)), ("300 in all",)),
    # -- bars that cannot be
    Case("date twice", "own file", bars(lambda f: at(7, str(f["Date"][6]))(f)), ("appears twice",)),
    Case("dates out of order", "own file", bars(swap(5, 9)), ("expected ascending dates",)),
    Case("Saturday", "own file", bars(at(299, "2004-03-20")), ("Saturday or Sunday",)),
    Case("far future", "own file", bars(at(299, "2999-01-02")), ("is outside",)),
    Case("before 1900", "own file", bars(at(0, "1800-01-02")), ("is outside",)),
    Case("price of 0", "own file", cells(9, Low=0.0), ("Low is 0.0", "above 0")),
    Case("negative price", "own file", cells(9, Low=-1.0), ("Low is -1.0",)),
    Case("High below Low", "own file", cells(9, High=1.0), ("High 1.0 is below",)),
    Case("negative volume", "own file", cells(9, Volume=-5), ("Volume is -5",)),
    Case("fund without volume for a day", "own file", cells(9, Volume=0), ("Volume is 0",)),
    Case("fund without volume at all", "own file", bars(lambda f: f.assign(Volume=0)), ("300 in all",)),
    Case("fund without a range", "own file", cells(9, **dict.fromkeys(PRICES, 100.0)), ("High equals Low",)),
    Case("session missing", "own file", bars(without(50)), ("no bar for the XNYS session",)),
    Case("adjusted Close beside raw prices", "own file", bars(mixed_adjustment), ("seems to be adjusted",)),
    Case("bars from before the listing", "own file", bars(listed_too_early), ("was listed (1993-01-29)",)),
    # -- accepted
    Case("byte-order mark", "own file", derived(lambda s: b"\xef\xbb\xbf" + s), (), "accepted"),
    Case("CRLF", "own file", derived(lambda s: s.replace(b"\n", b"\r\n")), (), "accepted"),
    Case("no line end at the end", "own file", derived(lambda s: s[:-1]), (), "accepted"),
    # -- files that are none
    Case("link out of the folder", "own file", linked("../data/raw/SPY.csv"), ("leads out of its folder",)),
    Case("link to /dev/zero", "own file", linked("/dev/zero"), ("leads out of its folder",)),
    Case("path ../", "own file", lambda _: None, ("no path inside the data folder",),
         file="../data/raw/SPY.csv"),
    Case("absolute path", "own file", lambda _: None, ("no path inside the data folder",),
         file="/etc/passwd"),
    Case("path with NUL", "own file", lambda _: None, ("no path inside the data folder",), file="a\0.csv"),
    Case("path that is half a character", "own file", lambda _: None, ("text in whole characters",),
         file="\ud800.csv"),
    Case("path of 5,000 letters", "own file", lambda _: None, ("cannot be found",), file="a" * 5000),
    Case("path through a file", "own file", lambda _: None, ("cannot be found",), file="SPY.csv/x"),
    Case("not readable", "own file", closed("own/bad.csv"), ("Permission denied", "give read permission")),
    Case("folder closed", "own file", closed("own"), ("Permission denied",)),
    Case("link to itself", "own file", linked("bad.csv"), ("cannot be found",)),
    Case("link to nothing", "own file", linked("none.csv"), ("cannot be found",)),
    Case("FIFO", "own file", lambda f: os.mkfifo(f / "own/bad.csv"), ("not a regular file",)),
    Case("folder", "own file", lambda f: (f / "own/bad.csv").mkdir(), ("not a regular file",)),
    Case("a terabyte", "own file", lambda f: sparse(f / "own/bad.csv"), ("1099511627776 bytes",)),
    Case("missing", "own file", lambda _: None, ("cannot be found",)),
    Case("a terabyte", "registered file", lambda f: sparse(f / "own/bad.csv"), ("1099511627776 bytes",)),
    Case("FIFO", "registered file", lambda f: os.mkfifo(f / "own/bad.csv"), ("not a regular file",)),
    Case("not readable", "registered file", closed("own/bad.csv"), ("Permission denied",)),
    Case("snapshots read-only", "registered file",
         both(closed("data/snapshots/SPY", 0o555), cells(9, Volume=7)), ("cannot write", "write permission")),
    Case("missing", "registered file", lambda _: None, ("No such file",)),
    Case("path with NUL", "registered file", lambda _: None, ("can have that path",), file="a\0.csv"),
    Case("folder", "registered file", lambda f: (f / "own/bad.csv").mkdir(), ("not a regular file",)),
    Case("gzip", "registered file", derived(gzip.compress), ("never unpacked",)),
    Case("dates out of order", "registered file", bars(swap(5, 9)), ("expected ascending dates",)),
    # -- the entry of one table, before a manifest gathers it
    Case("cut off", "raw entry", made(ENTRY, lambda p: p.write_bytes(b'{"a": ')), ("not a JSON manifest",)),
    Case("a list", "raw entry", made(ENTRY, lambda p: p.write_bytes(b"[]")), ("holds a list",)),
    Case("key twice", "raw entry", made(ENTRY, lambda p: p.write_bytes(b'{"a": 1, "a": 2}')), ("twice",)),
    Case("name of another table", "raw entry", made(ENTRY, lambda p: p.write_bytes(b'{"name": "dia"}')),
         ("two tables are called 'dia'",)),
    Case("number beyond float64", "raw entry", made(ENTRY, lambda p: p.write_bytes(b'{"a": 1e999}')),
         ("cannot become part of a manifest",)),
    Case("half a character", "raw entry", made(ENTRY, lambda p: p.write_bytes(b'{"a": "\\ud800"}')),
         ("cannot become part of a manifest",)),
    Case("FIFO", "raw entry", made(ENTRY, os.mkfifo), ("not a regular file",)),
    Case("not readable", "raw entry", closed(ENTRY), ("Permission denied",)),
    # -- bars that a later rule reads
    Case("gone", "raw bars", raw_file(Path.unlink), ("No such file", "put it there")),
    Case("cut off", "raw bars", raw_file(lambda p: p.write_bytes(p.read_bytes().rsplit(b",", 2)[0])),
         ("4 fields",)),
    Case("FIFO", "raw bars", raw_file(replaced(os.mkfifo)), ("not a regular file",)),
    Case("a terabyte", "raw bars", raw_file(sparse), ("1099511627776 bytes",)),
    Case("not readable", "raw bars", closed("data/raw/SPY.csv"), ("Permission denied",)),
    Case("ten bars", "raw bars", raw_file(lambda p: p.write_bytes(b"\n".join(p.read_bytes().split(b"\n")[:11])
         + b"\n")), ("use a longer series",)),
    # -- the manifest itself
    Case("missing", "raw manifest", lambda f: (f / "data/raw/datapackage.json").unlink(), ("not exist",)),
    Case("empty", "raw manifest", manifest(b""), ("not a JSON manifest",)),
    Case("cut off", "raw manifest", manifest(lambda text: text[:-30]), ("not a JSON manifest",)),
    Case("web page", "raw manifest", manifest(b"<html>"), ("not a JSON manifest",)),
    Case("key twice", "raw manifest", manifest(lambda t: t.replace(b'"bytes"', b'"rows"')), ("twice",)),
    Case("NaN", "raw manifest", manifest(b'{"resources": [{"bytes": NaN}]}'), ("NaN is not JSON",)),
    Case("deep nesting", "raw manifest", manifest(b"[" * 200_000), ("not a JSON manifest",)),
    Case("UTF-16", "raw manifest", manifest(lambda text: text.decode().encode("utf-16")), ("not a JSON",)),
    Case("not UTF-8", "raw manifest", manifest(lambda text: text + b"\xff"), ("not a JSON manifest",)),
    Case("byte-order mark", "raw manifest", manifest(lambda t: b"\xef\xbb\xbf" + t), ("not a JSON",)),
    Case("infinity", "raw manifest", manifest(b'{"resources": [{"rows": -Infinity}]}'), ("is not JSON",)),
    Case("number of 5,000 digits", "raw manifest", manifest(b"9" * 5000), ("not a JSON manifest",)),
    Case("text", "raw manifest", manifest(b'"resources"'), ("holds a str",)),
    Case("no resources", "raw manifest", manifest(b"{}"), ("another shape",)),
    Case("resources in an object", "raw manifest", manifest(b'{"resources": {}}'), ("another shape",)),
    Case("resources that are paths", "raw manifest", manifest(b'{"resources": ["x"]}'), ("another shape",)),
    Case("FIFO", "raw manifest", made(RAW, os.mkfifo), ("not a regular file",)),
    Case("folder", "raw manifest", made(RAW, Path.mkdir), ("not a regular file",)),
    Case("link to itself", "raw manifest", made(RAW, lambda p: p.symlink_to(p.name)), ("does not exist",)),
    Case("not readable", "raw manifest", closed(RAW), ("Permission denied",)),
    Case("folder of it closed", "raw manifest", closed("data/raw"), ("Permission denied",)),
    Case("a list", "raw manifest", manifest(b"[]"), ("expected a JSON object",)),
    Case("no entry", "raw manifest", manifest(b'{"resources": []}'), ("names 0 resources",)),
    Case("a million entries", "raw manifest",
         manifest(b'{"resources": [' + b",".join([b"{}"] * 1_000_000) + b"]}"), ("names 1000000 resources",)),
    Case("a terabyte", "raw manifest", lambda f: sparse(f / "data/raw/datapackage.json"), ("1099511627776",)),
    # -- its entries
    Case("path ../", "raw manifest", entry(path="../raw/SPY.csv"), ("a plain relative path",)),
    Case("absolute path", "raw manifest", entry(path="/etc/passwd"), ("a plain relative path",)),
    Case("path with backslash", "raw manifest", entry(path="..\\SPY.csv"), ("a plain relative path",)),
    Case("path with NUL", "raw manifest", entry(path="SPY\0.csv"), ("a plain relative path",)),
    Case("path in look-alike letters", "raw manifest", entry(path="ＳＰＹ.csv"), ("a plain relative",)),
    Case("path of 5,000 letters", "raw manifest", entry(path="a" * 5000 + ".csv"), ("cannot be found",)),
    Case("path with a step .", "raw manifest", entry(path="./SPY.csv"), ("a plain relative path",)),
    Case("path of a drive", "raw manifest", entry(path="C:SPY.csv"), ("a plain relative path",)),
    Case("path that is half a character", "raw manifest", entry(path="\ud800.csv"), ("a plain relative",)),
    Case("path that is a list", "raw manifest", entry(path=["SPY.csv"]), ("a plain relative path",)),
    Case("path to a folder", "raw manifest",
         both(lambda f: (f / "data/raw/sub.csv").mkdir(), entry(path="sub.csv")), ("not a regular file",)),
    Case("path that is a number", "raw manifest", entry(path=7), ("a plain relative path",)),
    Case("path to nothing", "raw manifest", entry(path="none.csv"), ("cannot be found",)),
    Case("name twice", "raw manifest", entry(name="dia"), ("2 resources have the name",)),
    Case("path twice, by case", "raw manifest", entry(path="dia.csv"), ("2 resources have the path",)),
    Case("ten thousand entries of one file", "raw manifest", repeated(9_998), ("9999 resources have",)),
    Case("md5", "raw manifest", entry(hash="md5:" + "0" * 32), ("hash is 'md5:",)),
    Case("hash too short", "raw manifest", entry(hash="sha256:abc"), ("hash is 'sha256:abc'",)),
    Case("hash in capitals", "raw manifest", entry(hash="sha256:" + "A" * 64), ("hash is 'sha256:AAAA",)),
    Case("wrong hash", "raw manifest", entry(hash="sha256:" + "0" * 64), ("the file was changed",)),
    Case("negative bytes", "raw manifest", entry(bytes=-1), ("bytes is -1",)),
    Case("bytes that are true", "raw manifest", entry(bytes=True), ("bytes is True",)),
    Case("bytes as text", "raw manifest", entry(bytes="28138"), ("bytes is '28138'",)),
    Case("bytes of 400 digits", "raw manifest", entry(bytes=10**400), ("the manifest says 1000",)),
    Case("half a byte", "raw manifest", entry(bytes=1.5), ("bytes is 1.5",)),
    Case("wrong rows", "raw manifest", entry(rows=299), ("the file has rows 300",)),
    Case("wrong first date", "raw manifest", entry(date_min="2003-01-07"), ("has date_min",)),
    Case("no ticker", "raw manifest", entry(ticker=None), ("ticker is None",)),
    Case("another ticker", "raw manifest", entry(ticker="QQQ"), ("ticker is 'QQQ'",)),
    Case("another class than configured", "raw manifest", entry(kind="index"), ("configuration says",)),
    Case("unknown class", "raw manifest", entry(kind="stock"), ("expected one of etf",)),
    Case("class that is a list", "raw manifest", entry(kind=["etf"]), ("kind is ['etf']",)),
    Case("sources that are a text", "raw manifest", entry(sources="web"), ("sources is 'web'",)),
    Case("format of another file", "raw manifest", entry(format="parquet"), ("format is 'parquet'",)),
    Case("calendar that is a list", "raw manifest", entry(calendar=[1]), ("calendar is [1]",)),
    Case("schema that is a number", "raw manifest", entry(schema=3), ("schema is 3",)),
    # -- its files
    Case("file gone", "raw manifest", raw_file(Path.unlink), ("cannot be found",)),
    Case("one byte changed", "raw manifest",
         raw_file(lambda p: p.write_bytes(p.read_bytes()[:-2] + b"0\n")), ("the file was changed",)),
    Case("file cut off", "raw manifest", raw_file(lambda p: p.write_bytes(p.read_bytes()[:-3])), ("bytes",)),
    Case("file not readable", "raw manifest", closed("data/raw/SPY.csv"), ("Permission denied",)),
    Case("header of the file changed", "raw manifest",
         raw_file(lambda p: p.write_bytes(p.read_bytes().replace(b"Open", b"open", 1))), ("in capitals",)),
    Case("file of a terabyte", "raw manifest", raw_file(sparse), ("1099511627776 bytes",)),
    Case("link out", "raw manifest", raw_file(replaced(lambda p: p.symlink_to("../../own/SPY.csv"))),
         ("leads out",)),
    Case("link to a FIFO", "raw manifest",
         raw_file(replaced(lambda p: (os.mkfifo(p.with_name("fifo")), p.symlink_to("fifo")))),
         ("not a regular file",)),
    Case("the data of another ticker, rightly registered", "raw manifest",
         registered_again("DIA", lambda frame: frame), ("2 resources have the hash", "move alike")),
    Case("the series of another ticker at a tenth, rightly registered", "raw manifest",
         registered_again("DIA", lambda f: f.assign(**{n: f[n] / 10 for n in PRICES})), ("move alike",)),
    Case("the bars of something else, rightly registered", "raw manifest",
         registered_again("DIA", lambda _: bars_of(seed=99)), ("correlate by",)),
    Case("a file that no entry names", "raw manifest",
         lambda f: (f / "data/raw/NEW.csv").write_text("x"), ("is on disk but no resource",), "warning"),
    # -- processed tables
    Case("parquet cut off", "processed manifest",
         processed(lambda p: p.write_bytes(p.read_bytes()[:-20])), ("not a readable parquet",)),
    Case("encrypted parquet", "processed manifest",
         processed(lambda p: p.write_bytes(b"PARE" + p.read_bytes()[4:-4] + b"PARE")), ("not a readable",)),
    Case("parquet of texts", "processed manifest",
         processed(parquet({"Date": DAYS, "Close": ["1.0"] * 100})), ("column 'Close' is",)),
    Case("parquet of pickled objects", "processed manifest",
         processed(parquet({"Date": DAYS, "Close": [b"\x80\x04."] * 100})), ("column 'Close' is",)),
    Case("parquet without dates", "processed manifest",
         processed(parquet({"Close": [1.0]})), ("expected Date first",)),
    Case("parquet with a date missing", "processed manifest",
         processed(parquet({"Date": pyarrow.array([None], pyarrow.timestamp("us")), "Close": [1.0]})),
         ("not strictly ascending",)),
    Case("parquet of descending dates", "processed manifest",
         processed(parquet({"Date": DAYS[::-1], "Close": np.ones(100)})), ("not strictly ascending",)),
    Case("kilobytes of parquet that unfold to millions of rows", "processed manifest",
         processed(unfolding), ("2000000 rows", "at most")),
    Case("kilobytes of parquet that lie about their millions of rows", "processed manifest",
         processed(lying), ("2000000 rows", "at most")),
    Case("kilobytes of parquet that unfold to one long text", "processed manifest",
         processed(one_text), ("column 'Note' is",)),
    Case("parquet of an extension type", "processed manifest",
         processed(parquet({"Date": DAYS, "Id": IDS})), ("column 'Id' is",)),
    Case("parquet with a column twice", "processed manifest",
         processed(lambda p: pyarrow.parquet.write_table(
             pyarrow.table([DAYS, DAYS], names=["Date", "Date"]), p)), ("no name twice",)),
    Case("parquet of dates with a zone", "processed manifest",
         processed(parquet({"Date": DAYS.cast(pyarrow.timestamp("us", "UTC"))})), ("column 'Date' is",)),
    Case("parquet of nested lists", "processed manifest",
         processed(parquet({"Date": DAYS, "Close": [[1.0]] * 100})), ("column 'Close' is",)),
    Case("parquet without rows", "processed manifest", processed(parquet({"Date": DAYS[:0]})), ("no rows",)),
    Case("empty file", "processed manifest", processed(lambda p: p.write_bytes(b"")), ("not a readable",)),
    Case("CSV named .parquet", "processed manifest",
         processed(lambda p: p.write_bytes(b"Date,Close\n2003-01-06,1\n")), ("not a readable parquet",)),
    Case("values changed under a right hash", "processed manifest",
         processed(parquet({"Date": DAYS, "Close": np.ones(100)})), ("content_sha256",)),
    # -- snapshots
    Case("changed after it was kept", "snapshot",
         snapshot_file(lambda p: p.write_bytes(p.read_bytes().replace(b"2003", b"2004", 1))),
         ("was changed after it was kept",)),
    Case("gone, its own file is what it was", "snapshot", snapshot_file(Path.unlink), (), "accepted"),
    Case("gone, its own file is another by now", "snapshot", gone_and_replaced, ("its file was changed",)),
    Case("data/raw read-only", "snapshot", closed("data/raw", 0o555), ("cannot write", "write permission")),
    Case("a FIFO", "snapshot", snapshot_file(replaced(os.mkfifo)), ("not a regular file",)),
    Case("a terabyte", "snapshot", snapshot_file(sparse), ("1099511627776 bytes",)),
    Case("entry of a terabyte", "snapshot", sidecar_file(sparse), ("1099511627776 bytes",)),
    Case("entry that is a FIFO", "snapshot", sidecar_file(replaced(os.mkfifo)), ("not a regular file",)),
    Case("entry with origins that are numbers", "snapshot",
         sidecar(b'{"ticker": "SPY", "hash": "x", "retrieved_at": "x", "origins": [1]}'), ("not the entry",)),
    Case("entry cut off", "snapshot", sidecar(b"{"), ("not a JSON manifest",)),
    Case("entry of something else", "snapshot", sidecar(b'{"hash": 3}'), ("not the entry of a snapshot",)),
    Case("entry with a key twice", "snapshot", sidecar(b'{"a": 1, "a": 2}'), ("appears twice",)),
    Case("pin to one that is not there", "pinned snapshot", lambda _: None, ("found no snapshot 0123",)),
    # -- what is pending
    Case("absolute path", "pending", entry(path="/etc/passwd"), ("missing: raw//etc/passwd",), "warning"),
    Case("path ../", "pending", entry(path="../own/SPY.csv"), ("missing: raw/../own/SPY.csv",), "warning"),
    Case("path with NUL", "pending", entry(path="a\0.csv"), (r"missing: raw/a\x00.csv",), "warning"),
    Case("path that is half a character", "pending", entry(path="\ud800.csv"), (r"raw/\ud800",), "warning"),
    Case("hash that is a list", "pending", entry(hash=[1]), ("changed: raw/SPY.csv",), "warning"),
    Case("file of a terabyte", "pending", raw_file(sparse), ("changed: raw/SPY.csv",), "warning"),
    Case("file not readable", "pending", closed("data/raw/SPY.csv"), ("changed: raw/SPY.csv",), "warning"),
    Case("a new terabyte", "pending", made("data/NEW.csv", sparse), ("unlisted: NEW.csv",), "warning"),
    Case("new link to /dev/zero", "pending", made("data/NEW.csv", lambda p: p.symlink_to("/dev/zero")), (),
         "accepted"),
    Case("manifest cut off", "pending", manifest(lambda text: text[:-30]), ("not a JSON manifest",)),
    Case("manifest in a closed folder", "pending", closed("data/raw"), ("Permission denied",)),
)  # fmt: skip


# ---- the table ------------------------------------------------------------------------------


def met(case: Case, folder: Path) -> tuple[Outcome, str]:
    """Run a spoilt folder through the stage; return how it ended, and the message."""
    try:
        with as_ordinary_user():
            said = STAGES[case.where](folder, case.file)
    except SimmerError as error:
        return "error", str(error)
    return ("warning" if said and case.where in REPORTS else "accepted"), said


def remove(folder: Path) -> None:
    """Remove a folder whatever is closed in it."""
    for place in ("own", "data/raw", "data/snapshots/SPY"):
        (folder / place).chmod(0o755)
    shutil.rmtree(folder)


def table() -> str:
    """Return the page that lists all cases and what came of them."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        # Snapshots know where a file lay, so the folder is tried where it was made.
        good, folder = Path(scratch) / "good", Path(scratch) / "tried"
        make_good(folder)
        folder.rename(good)
        for case in CASES:
            shutil.copytree(good, folder)
            case.spoil(folder)
            outcome, said = met(case, folder)
            rows.append(f"| {case.where} | {case.name} | {outcome} | {_short(said, folder, case)} |")
            remove(folder)
    outcomes = Counter(case.outcome for case in CASES)
    counts = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    lines = [
        f"# Hostile input: {len(CASES)} cases, {counts}",
        "",
        "Bad inputs and what each gives. None gave anything but a sentence, took more than ten seconds, or",
        "changed a file that was there before (`tests/data/test_hostile.py`). Made by",
        "`PYTHONPATH=workflow/scripts:tests .venv/bin/python -m support.hostile > tests/HOSTILE_INPUT.md`.",
        "",
        "| what | is | gives | which says |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


def _short(said: str, folder: Path, case: Case) -> str:
    """Return the line of a message that has the expected words, without what changes from run to run."""
    wanted = case.words[0] if case.words else ""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or [""]
    text = next((line for line in lines if wanted in line), lines[0])
    text = re.sub(r"\s{2,}", " ", text.replace(str(folder), "…"))
    text = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    text = re.sub(r"1900-01-01\.\.\d{4}-\d\d-\d\d", "1900-01-01..today", text)
    # Features are computed, and their last bits, too, depend on the processor.
    text = re.sub(r"(?=[0-9]*[a-f])[0-9a-f]{12,}", "HASH", text)
    text = text.replace("|", "\\|").replace("<", "&lt;")
    return text if len(text) <= 170 else text[:167] + "..."


if __name__ == "__main__":
    sys.stdout.write(table())
