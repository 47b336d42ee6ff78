"""Parquet tables with pinned dtypes, and a digest of their values that no file format can change."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.base.files import write_through
from simmer.base.text import quote
from simmer.data.reading import is_there, read_at_most

DATE_DTYPE = "datetime64[us]"
MAX_ROWS = 1_000_000
MAX_COLUMNS = 4_096
MAX_VALUES = 64 * 2**20

_LITTLE_ENDIAN = {DATE_DTYPE: "<i8", "float64": "<f8", "int64": "<i8"}


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame (Date datetime64[us] first, then float64 or int64 columns) as parquet, whole or absent.

    The bytes depend on the values and on pyarrow's version only: no index, no pandas metadata.

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
        # pyarrow takes no path that is not UTF-8, so the file is opened for it.
        with aside.open("wb") as file:
            pyarrow.parquet.write_table(
                table, file, version="2.6", compression="zstd", compression_level=3, store_schema=False
            )

    write_through(path, write)


def read_table(source: Path | bytes, *, name: str | None = None) -> pd.DataFrame:
    """Read a table that `write_table` wrote, from a path or from bytes already in hand.

    Args:
        source: the file, or its content.
        name: what messages call the table; by default the file's name.

    Raises:
        DataError: when the file is missing, is not such a table, or is larger than this program expects.
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
        # The layout is known before the values are read: a few kilobytes can unfold into any length of text.
        require_table_layout(file.schema_arrow.empty_table().to_pandas(ignore_metadata=True), what=what)
        frame = file.read().to_pandas(ignore_metadata=True)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(
            f"{what} is not a readable parquet table ({quote(str(error))}); build it again"
        ) from error
    require_table_layout(frame, what=what)
    return frame


def _require_expected_size(metadata: Any, *, what: str) -> None:
    # Counted before reading: a small compressed file can unfold into any number of rows. MEASURED: pyarrow
    # reads what the row groups say, and the number for the whole file may be a lie.
    groups = sum(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
    rows, columns = max(metadata.num_rows, groups), metadata.num_columns
    if rows > MAX_ROWS or columns > MAX_COLUMNS or rows * columns > MAX_VALUES:
        raise DataError(
            f"{what} has {rows} rows, {columns} columns; at most {MAX_ROWS}, {MAX_COLUMNS}, and {MAX_VALUES} "
            "values are read"
        )


def require_table_layout(frame: pd.DataFrame, *, what: str) -> None:
    """Refuse a frame that is not Date (datetime64[us]) followed by unique float64 or int64 columns.

    Raises:
        DataError: naming the first column that differs.
    """
    names = [str(name) for name in frame.columns]
    if not names or names[0] != "Date" or len(set(names)) != len(names):
        raise DataError(f"{what} has the columns {quote(names)}; expected Date first and no name twice")
    for name, dtype in frame.dtypes.items():
        wanted = (DATE_DTYPE,) if name == "Date" else ("float64", "int64")
        if str(dtype) not in wanted:
            raise DataError(f"{what}: column {quote(name)} is {dtype}; expected {' or '.join(wanted)}")


def content_sha256(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of column names, dtypes, row count and raw little-endian values.

    Two files with the same table have the same digest whatever wrote them and however they are compressed.

    Raises:
        DataError: when a column has a dtype that `write_table` would refuse.
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


def require_content(frame: pd.DataFrame, sha256: str, *, what: str) -> None:
    """Refuse a table that is not the one its resource entry was written for.

    Raises:
        DataError: when the digest of its values is another one.
    """
    if content_sha256(frame) != sha256:
        raise DataError(
            f"the table {what} does not match the content_sha256 of its resource entry; expected the table "
            "that was built with it: delete both files and run the command again"
        )
