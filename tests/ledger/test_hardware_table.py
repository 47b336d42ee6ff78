"""Hardware samples as a table."""

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from simmer.base.errors import LedgerError
from simmer.base.files import sha256_of_file
from simmer.ledger.hardware_table import DTYPES, hardware_table, write_hardware_table
from simmer.ledger.trial_log import read_trial_log

COLUMNS = (
    *("time", "scale", "horizon_days", "trial", "cpu_percent", "memory_percent", "temperature_c", "source"),
    *("pressure_level", "margin_c", "memory_temperature_c", "power_w", "energy_wh", "duty", "state"),
    *("brakes", "slept_s", "paused_s", "blind_s"),
)


@pytest.fixture
def logs(log_book):
    first = log_book(trial=0).add("start", 0).sample(1.5, 61.25, margin_c=20.0, power_w=150.5, energy_wh=2.5)
    first.add("epoch", 200, train_log_loss=0.6).thermal("pause", 250, 86.0)
    first.sample(301.5, 86.5, state="warning", duty=0.0, paused_s=51.5, brakes=["power", "thermal"])
    second = log_book(trial=1).add("start", 400).blind(401.5)
    second.sample(701.5, None, pressure_level="moderate", state="warning", duty=0.4)
    return [first.add("finish", 390).log, second.log]


def test_each_sample_is_a_row_in_the_order_of_the_logs(logs):
    frame = hardware_table(logs)
    assert tuple(frame.columns) == COLUMNS
    assert list(frame.trial) == [0, 0, 1, 1]
    assert set(frame.scale) == {"20M"}
    assert set(frame.horizon_days) == {3}
    assert list(frame.time.astype(str)) == [
        "2026-03-02 21:00:01.500+00:00",
        "2026-03-02 21:05:01.500+00:00",
        "2026-03-02 21:06:41.500+00:00",
        "2026-03-02 21:11:41.500+00:00",
    ]


def test_values_are_those_of_the_log_and_missing_ones_are_null(logs):
    frame = hardware_table(logs)
    first, hot, blind, level = (row for _, row in frame.iterrows())
    assert (first.temperature_c, first.margin_c, first.power_w, first.energy_wh) == (61.25, 20.0, 150.5, 2.5)
    assert (hot.state, hot.duty, hot.paused_s, hot.brakes) == ("warning", 0.0, 51.5, "power,thermal")
    assert (level.pressure_level, level.duty) == ("moderate", 0.4)
    nulls = frame.isna()
    assert list(nulls.temperature_c) == [False, False, True, True]
    assert list(nulls.source) == [False, False, True, False]
    assert list(nulls.brakes) == [True, False, True, True]
    assert nulls.memory_temperature_c.all()
    assert blind.state == "unknown"


def test_lines_of_older_logs_lack_keys(log_book):
    old = {"cpu_percent": 3.0, "memory_percent": 4.0, "temperature_c": 45, "state": "normal", "paused_s": 1.0}
    frame = hardware_table([log_book().add("hardware_sample", 0, **old).log])
    row = frame.iloc[0]
    assert row.temperature_c == 45.0
    assert [name for name in COLUMNS if not pd.isna(row[name])] == [
        *("time", "scale", "horizon_days", "trial", "cpu_percent", "memory_percent"),
        *("temperature_c", "state", "paused_s"),
    ]
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES


@pytest.mark.parametrize("kind", ["no logs", "no samples"])
def test_without_samples_columns_and_dtypes_are_the_same(kind, log_book, logs, tmp_path):
    empty = [] if kind == "no logs" else [log_book().add("start", 0).log]
    frame = hardware_table(empty)
    assert len(frame) == 0
    assert list(frame.dtypes) == list(hardware_table(logs).dtypes)
    for name, table in {"empty": frame, "full": hardware_table(logs)}.items():
        write_hardware_table(table, tmp_path / name)
    schemas = [pyarrow.parquet.read_schema(tmp_path / name) for name in ("empty", "full")]
    assert schemas[0] == schemas[1]


def test_a_written_table_is_read_back_as_it_was(logs, tmp_path):
    frame = hardware_table(logs)
    write_hardware_table(frame, tmp_path / "hardware.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "hardware.parquet"), frame)
    cells = pyarrow.parquet.read_table(tmp_path / "hardware.parquet").to_pylist()
    assert cells[2]["temperature_c"] is None, "null in the file, not NaN"
    assert cells[2]["source"] is None


def test_the_same_logs_give_the_same_bytes(logs, tmp_path):
    for name in ("a", "b"):
        write_hardware_table(hardware_table(iter(logs)), tmp_path / name)
    assert sha256_of_file(tmp_path / "a") == sha256_of_file(tmp_path / "b")


def test_a_large_campaign_is_fast(log_book):
    book = log_book()
    book.events = [dict(event) for event in log_book().sample(0).events for _ in range(20_000)]
    assert np.isfinite(hardware_table([book.log]).cpu_percent).sum() == 20_000


def test_the_path_of_a_published_log_gives_its_trial(tmp_path):
    path = tmp_path / "20M/h5/trial_007.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(
        '{"time": "2026-01-01T00:00:00+00:00", "event": "start", "note": "a\u2028b"}\n'
        '{"time": "2026-01-01T00:00:01+00:00", "event": "finish"}\n',
        encoding="utf-8",
    )
    log = read_trial_log(path)
    assert (log.scale, log.horizon_days, log.trial) == ("20M", 5, 7)
    assert [event["event"] for event in log.events] == ["start", "finish"]


def test_a_damaged_log_is_named_with_advice(tmp_path):
    path = tmp_path / "20M/h5/trial_007.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"time": "2026-01-01T00:00:00+00:00", "event": "start"}\n{"eve')
    with pytest.raises(LedgerError, match=r"1 damaged line in .*trial_007\.jsonl;.* run the same command"):
        read_trial_log(path)
