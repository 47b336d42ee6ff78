"""Parquet tables with fixed dtypes, and a digest of their values that does not depend on the file format."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.base.files import write_through
from simmer.base.text import quote
from simmer.base.words import listed
from simmer.data.table_entry import combined_sha256
from simmer.data.untrusted_files import is_there, read_at_most

DATE_DTYPE = "datetime64[us]"
MAX_ROWS = 1_000_000
MAX_COLUMNS = 4_096
MAX_VALUES = 64 * 2**20

_LITTLE_ENDIAN = {DATE_DTYPE: "<i8", "float64": "<f8", "int64": "<i8"}


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame (Date datetime64[us] first, then float64 or int64 columns) as parquet, atomically.

    The bytes depend only on the values and on pyarrow's version: no index, no pandas metadata.

    Raises:
        DataError: when a column has another dtype.
        LedgerError: when the file cannot be written.
    """
    import pyarrow
    import pyarrow.parquet

    require_table_layout(frame, what=path.name)
    arrays = {str(name): pyarrow.array(frame[name].to_numpy()) for name in frame.columns}
    table = pyarrow.table(arrays)

    def write(aside: Path) -> None:
        # pyarrow accepts only UTF-8 paths, so it gets an open file.
        with aside.open("wb") as file:
            pyarrow.parquet.write_table(
                table, file, version="2.6", compression="zstd", compression_level=3, store_schema=False
            )

    write_through(path, write)


def read_table(source: Path | bytes, *, name: str | None = None) -> pd.DataFrame:
    """Read a table written by `write_table`.

    Args:
        source: the file, or its content.
        name: name of the table in messages; by default the file name.

    Raises:
        DataError: when the file is missing, is not such a table, or is too large.
    """
    import pyarrow
    import pyarrow.parquet

    what = name or (source.name if isinstance(source, Path) else "the table")
    try:
        if isinstance(source, Path) and not is_there(source):
            raise DataError(f"{what} does not exist; run the rule that builds it")
        content = read_at_most(source) if isinstance(source, Path) else source
        file = pyarrow.parquet.ParquetFile(io.BytesIO(content))
        _require_expected_size(file.metadata, what=what)
        # Checked before the values are read: a few kilobytes can decompress to texts of any length.
        require_table_layout(file.schema_arrow.empty_table().to_pandas(ignore_metadata=True), what=what)
        frame = file.read().to_pandas(ignore_metadata=True)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(
            f"{what} is not a readable parquet table ({quote(str(error))}); build it again"
        ) from error
    require_table_layout(frame, what=what)
    return frame


def _require_expected_size(metadata: Any, *, what: str) -> None:
    # Checked before reading: a small file can decompress to any number of rows. MEASURED: pyarrow reads the
    # number of rows in the row groups; the number for the whole file may be wrong.
    groups = sum(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
    rows, columns = max(metadata.num_rows, groups), metadata.num_columns
    if rows > MAX_ROWS or columns > MAX_COLUMNS or rows * columns > MAX_VALUES:
        raise DataError(
            f"{what} has {rows} rows, {columns} columns; expected at most {MAX_ROWS} rows, {MAX_COLUMNS} "
            f"columns and {MAX_VALUES} values: build it again"
        )


def require_table_layout(frame: pd.DataFrame, *, what: str) -> None:
    """Raise `DataError` unless a frame has Date (datetime64[us]), then unique float64 or int64 columns."""
    names = [str(name) for name in frame.columns]
    if not names or names[0] != "Date" or len(set(names)) != len(names):
        raise DataError(f"{what} has the columns {quote(names)}; expected Date first and no name twice")
    for name, dtype in frame.dtypes.items():
        wanted = (DATE_DTYPE,) if name == "Date" else ("float64", "int64")
        if str(dtype) not in wanted:
            raise DataError(f"{what}: column {quote(name)} is {dtype}; expected {' or '.join(wanted)}")


def content_sha256(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of column names, dtypes, row count and raw little-endian values.

    Files with the same table have the same digest, whatever program and compression wrote them.

    Raises:
        DataError: when a column has a dtype that `write_table` refuses.
    """
    require_table_layout(frame, what="the table")
    digest = hashlib.sha256(f"{len(frame)} rows\n".encode())
    for name, dtype in frame.dtypes.items():
        values = np.ascontiguousarray(frame[name].to_numpy())
        if str(dtype) == DATE_DTYPE:
            values = values.view(np.int64)
        digest.update(f"{name}\t{dtype}\n".encode())
        digest.update(values.astype(_LITTLE_ENDIAN[str(dtype)], copy=False).tobytes())
    return digest.hexdigest()


def features_sha256(frames: Iterable[pd.DataFrame]) -> str:
    """Return the digest of the tables that a search learns from, the ticker's own first."""
    return combined_sha256([content_sha256(frame) for frame in frames])


def require_content(frames: Sequence[pd.DataFrame], sha256: str, *, names: Sequence[str]) -> None:
    """Raise `DataError` if the digest of tables' values is not the one of their manifest entries."""
    if features_sha256(frames) != sha256:
        raise DataError(
            f"found {listed(names)} with other values than content_sha256 in the manifest; expected the "
            "tables that were built with it: delete them and their entries, and run the same command again"
        )
