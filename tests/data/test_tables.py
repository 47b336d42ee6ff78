import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from simmer.base.errors import DataError
from simmer.data.tables import content_sha256, read_table, require_content, write_table
from support.bars import random_bars


def test_a_table_reads_back_exactly_and_its_bytes_repeat(tmp_path):
    frame = random_bars(50)
    write_table(frame, tmp_path / "a.parquet")
    write_table(frame.copy(), tmp_path / "b.parquet")
    read = read_table(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read, frame, check_exact=True)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_the_digest_is_of_the_values_not_of_the_file(tmp_path):
    frame = random_bars(50)
    table = pyarrow.Table.from_pandas(frame)
    pyarrow.parquet.write_table(table, tmp_path / "other.parquet", compression="none")
    write_table(frame, tmp_path / "own.parquet")
    assert (tmp_path / "own.parquet").read_bytes() != (tmp_path / "other.parquet").read_bytes()
    digests = {content_sha256(read_table(tmp_path / name)) for name in ("own.parquet", "other.parquet")}
    assert digests == {content_sha256(frame)}


def test_the_digest_depends_on_every_kind_of_change():
    frame = random_bars(50)
    changes = [
        frame,
        frame.assign(Close=np.nextafter(frame["Close"], np.inf)),
        frame.assign(Date=frame["Date"] + pd.Timedelta(days=1)),
        frame.rename(columns={"Close": "Shut"}),
        frame.astype({"Volume": "float64"}),
        frame[["Date", "High", "Open", "Low", "Close", "Volume"]],
        frame.iloc[:-1],
        frame.iloc[::-1],
    ]
    assert len({content_sha256(change) for change in changes}) == len(changes)


def test_the_digest_does_not_depend_on_the_memory_layout():
    frame = random_bars(50)
    doubled = pd.concat([frame, frame], ignore_index=True).sort_values("Date", kind="stable")
    strided = doubled.iloc[::2].reset_index(drop=True)
    assert content_sha256(strided) == content_sha256(frame)


@pytest.mark.parametrize(
    "frame",
    [
        random_bars(5).astype({"Close": "float32"}),
        random_bars(5).astype({"Date": "datetime64[ns]"}),
        random_bars(5).assign(Regime="calm"),
        random_bars(5)[["Close", "Date"]],
        pd.concat([random_bars(5), random_bars(5)["Close"]], axis=1),
        pd.DataFrame(),
    ],
)
def test_other_layouts_are_neither_written_nor_digested(frame, tmp_path):
    with pytest.raises(DataError):
        write_table(frame, tmp_path / "x.parquet")
    with pytest.raises(DataError):
        content_sha256(frame)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_not_tables_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"gone\.parquet does not exist"):
        read_table(tmp_path / "gone.parquet")
    write_table(random_bars(50), tmp_path / "x.parquet")
    whole = (tmp_path / "x.parquet").read_bytes()
    for broken in (b"", b"PAR1", whole[:-10], whole[: len(whole) // 2], b"Date,Open\n", b"\x00" * 500):
        with pytest.raises(DataError, match="not a readable parquet table"):
            read_table(broken)
    strings = pyarrow.table({"Date": ["2018-12-31"], "Close": ["=cmd"]})
    pyarrow.parquet.write_table(strings, tmp_path / "strings.parquet")
    with pytest.raises(DataError, match="expected datetime64"):
        read_table(tmp_path / "strings.parquet")


def test_a_table_that_decompresses_to_too_many_rows_is_refused_unread(tmp_path):
    rows = 1_000_001
    table = pyarrow.table({"Date": pyarrow.array(np.zeros(rows, dtype="datetime64[us]"))})
    pyarrow.parquet.write_table(table, tmp_path / "bomb.parquet")
    assert (tmp_path / "bomb.parquet").stat().st_size < 100_000
    with pytest.raises(DataError, match="has 1000001 rows"):
        read_table(tmp_path / "bomb.parquet")


def test_a_table_that_differs_from_its_manifest_entry_is_refused():
    frame = random_bars(50)
    digest = content_sha256(frame)
    require_content([frame], digest, names=["SPY"])
    frame.loc[7, "Close"] += 0.01
    with pytest.raises(DataError, match="found SPY with other values than content_sha256"):
        require_content([frame], digest, names=["SPY"])
