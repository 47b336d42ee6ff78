"""Processed tables and their manifest, as `validate_manifest` reads them."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet

from simmer.base.files import sha256_of_bytes
from support.hostile.case import Case, Damage, FileDamage
from support.hostile.damage import entry

DAYS = pyarrow.array(np.arange("2003-01-06", "2003-04-16", dtype="datetime64[D]").astype("datetime64[us]"))
IDS = pyarrow.ExtensionArray.from_storage(
    pyarrow.uuid(), pyarrow.array([b"0123456789abcdef"] * 100, pyarrow.binary(16))
)


def processed(make: FileDamage) -> Damage:
    """Change a processed table, and enter its new hash and size in the manifest."""

    def spoil(folder: Path) -> None:
        path = folder / "data/processed/SPY_dataset_a33.parquet"
        make(path)
        new = path.read_bytes()
        entry("processed", hash=f"sha256:{sha256_of_bytes(new)}", bytes=len(new))(folder)

    return spoil


def parquet(columns: Mapping[str, object]) -> FileDamage:
    """Write a parquet file with these columns."""
    return lambda path: pyarrow.parquet.write_table(pyarrow.table(dict(columns)), path)


def unfolding(path: Path) -> None:
    """Write a few kilobytes of parquet that unpack to two million rows."""
    rows = 2_000_000
    days = pyarrow.array(np.zeros(rows, dtype="datetime64[us]"))
    table = pyarrow.table({"Date": days, "Close": np.ones(rows)})
    pyarrow.parquet.write_table(table, path, compression="zstd")
    if path.stat().st_size > 100_000:
        raise RuntimeError("the file is larger than 100 kB")


def false_footer(path: Path) -> None:
    """Write parquet of 2,000,000 rows whose footer claims 7."""
    unfolding(path)
    new = path.read_bytes()
    true, false = b"\x16\x80\x92\xf4\x01", b"\x16\x8e\x80\x80\x00"  # 2,000,000 and 7 as Thrift writes them
    start = len(new) - 8 - int.from_bytes(new[-8:-4], "little")
    path.write_bytes(new[:start] + new[start:].replace(true, false, 1))
    if pyarrow.parquet.ParquetFile(path).metadata.num_rows != 7:
        raise RuntimeError("the footer still has the true number of rows")


def one_text(path: Path) -> None:
    """Write a few kilobytes of parquet that unpack to one text of 32 MB."""
    table = pyarrow.table({"Date": np.zeros(1, dtype="datetime64[us]"), "Note": ["x" * 2**25]})
    pyarrow.parquet.write_table(table, path, compression="zstd")


case = partial(Case, "processed manifest")

CASES = (
    case(
        "parquet cut off",
        processed(lambda p: p.write_bytes(p.read_bytes()[:-20])),
        ("not a readable parquet",),
    ),
    case(
        "encrypted parquet",
        processed(lambda p: p.write_bytes(b"PARE" + p.read_bytes()[4:-4] + b"PARE")),
        ("not a readable",),
    ),
    case(
        "parquet of texts", processed(parquet({"Date": DAYS, "Close": ["1.0"] * 100})), ("column 'Close' is",)
    ),
    case(
        "parquet of pickled objects",
        processed(parquet({"Date": DAYS, "Close": [b"\x80\x04."] * 100})),
        ("column 'Close' is",),
    ),
    case("parquet without dates", processed(parquet({"Close": [1.0]})), ("expected Date first",)),
    case(
        "parquet with a date missing",
        processed(parquet({"Date": pyarrow.array([None], pyarrow.timestamp("us")), "Close": [1.0]})),
        ("not strictly ascending",),
    ),
    case(
        "parquet of descending dates",
        processed(parquet({"Date": DAYS[::-1], "Close": np.ones(100)})),
        ("not strictly ascending",),
    ),
    case(
        "kilobytes of parquet that unfold to millions of rows",
        processed(unfolding),
        ("2000000 rows", "at most"),
    ),
    case(
        "kilobytes of parquet that lie about their millions of rows",
        processed(false_footer),
        ("2000000 rows", "at most"),
    ),
    case("kilobytes of parquet that unfold to one long text", processed(one_text), ("column 'Note' is",)),
    case("parquet of an extension type", processed(parquet({"Date": DAYS, "Id": IDS})), ("column 'Id' is",)),
    case(
        "parquet with a column twice",
        processed(
            lambda p: pyarrow.parquet.write_table(pyarrow.table([DAYS, DAYS], names=["Date", "Date"]), p)
        ),
        ("no name twice",),
    ),
    case(
        "parquet of dates with a zone",
        processed(parquet({"Date": DAYS.cast(pyarrow.timestamp("us", "UTC"))})),
        ("column 'Date' is",),
    ),
    case(
        "parquet of nested lists",
        processed(parquet({"Date": DAYS, "Close": [[1.0]] * 100})),
        ("column 'Close' is",),
    ),
    case("parquet without rows", processed(parquet({"Date": DAYS[:0]})), ("no rows",)),
    case("empty file", processed(lambda p: p.write_bytes(b"")), ("not a readable",)),
    case(
        "CSV named .parquet",
        processed(lambda p: p.write_bytes(b"Date,Close\n2003-01-06,1\n")),
        ("not a readable parquet",),
    ),
    case(
        "values changed under a right hash",
        processed(parquet({"Date": DAYS, "Close": np.ones(100)})),
        ("content_sha256",),
    ),
)
