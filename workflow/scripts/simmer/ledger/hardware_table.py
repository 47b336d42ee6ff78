"""The hardware samples of a campaign as one table, a row per sample."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from simmer.base.files import write_through
from simmer.ledger.trial_log import Event, TrialLog

_TEXT, _WHOLE, _NUMBER = "str", "int64", "float64"

# Column: its dtype, and how it is read from a sample. Older logs lack some keys; absent is null.
_OF_TRIAL: dict[str, tuple[str, Callable[[TrialLog], Any]]] = {
    "scale": (_TEXT, lambda log: log.scale),
    "horizon_days": (_WHOLE, lambda log: log.horizon_days),
    "trial": (_WHOLE, lambda log: log.trial),
}
_OF_SAMPLE: dict[str, tuple[str, Callable[[Event], Any]]] = {
    **{
        name: (dtype, lambda sample, name=name: sample.get(name))
        for name, dtype in {
            "cpu_percent": _NUMBER,
            "memory_percent": _NUMBER,
            "temperature_c": _NUMBER,
            "source": _TEXT,
            "pressure_level": _TEXT,
            "margin_c": _NUMBER,
            "memory_temperature_c": _NUMBER,
            "power_w": _NUMBER,
            "energy_wh": _NUMBER,
            "duty": _NUMBER,
            "state": _TEXT,
        }.items()
    },
    "brakes": (_TEXT, lambda sample: ",".join(sample.get("brakes") or ()) or None),
    **{
        name: (_NUMBER, lambda sample, name=name: sample.get(name))
        for name in ("slept_s", "paused_s", "blind_s")
    },
}

TIME_DTYPE = "datetime64[ms, UTC]"
DTYPES = {"time": TIME_DTYPE} | {name: dtype for name, (dtype, _) in (_OF_TRIAL | _OF_SAMPLE).items()}


def hardware_table(logs: Iterable[TrialLog]) -> pd.DataFrame:
    """Return one row per hardware sample, ordered by scale, horizon, trial (as given), then as logged.

    | column | what it holds |
    |---|---|
    | `time` | when the sample was logged, UTC |
    | `scale`, `horizon_days`, `trial` | whose log it stands in |
    | `cpu_percent`, `memory_percent` | load of all cores, and memory in use, in percent |
    | `temperature_c`, `source` | the hottest reading in °C, and its sensor |
    | `pressure_level` | thermal pressure as macOS names it |
    | `margin_c` | kelvins left until the hardware slows itself down |
    | `memory_temperature_c` | the hottest memory of a board, °C |
    | `power_w`, `energy_wh` | power in W, and the energy of the trial so far in Wh, where power is known |
    | `duty`, `state` | share of the time that training may take, and the thermal state it follows from |
    | `brakes` | what slowed a clock, comma-joined |
    | `slept_s`, `paused_s`, `blind_s` | seconds of the trial so far: slept to hold the duty, paused, blind |

    What a sample does not hold is null. Without any sample the columns and their dtypes are the same.
    """
    samples = [
        (log, event) for log in logs for event in log.events if event.get("event") == "hardware_sample"
    ]
    columns = {"time": pd.to_datetime([sample["time"] for _, sample in samples], utc=True, format="ISO8601")}
    for name, (_, read_log) in _OF_TRIAL.items():
        columns[name] = [read_log(log) for log, _ in samples]
    for name, (_, read_sample) in _OF_SAMPLE.items():
        columns[name] = [read_sample(sample) for _, sample in samples]
    # A column at a time: a frame of objects would turn each None into a text or a number first.
    return pd.DataFrame({name: pd.Series(values, dtype=DTYPES[name]) for name, values in columns.items()})


def write_hardware_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame of `hardware_table` as parquet, whole or absent; null stays null in every column.

    Raises:
        LedgerError: when the file cannot be written.
    """
    import pyarrow
    import pyarrow.parquet

    kinds = {
        TIME_DTYPE: pyarrow.timestamp("ms", tz="UTC"),
        _TEXT: pyarrow.string(),
        _WHOLE: pyarrow.int64(),
        _NUMBER: pyarrow.float64(),
    }
    # The schema is given, because a column of nulls alone would become one of no type.
    schema = pyarrow.schema([(name, kinds[dtype]) for name, dtype in DTYPES.items()])
    table = pyarrow.Table.from_pandas(frame, schema=schema, preserve_index=False)
    # Without pandas' own metadata, so that the bytes depend on the values and on pyarrow's version only.
    table = table.replace_schema_metadata(None)
    write_through(
        path,
        lambda aside: pyarrow.parquet.write_table(
            table, aside, version="2.6", compression="zstd", compression_level=3, store_schema=False
        ),
    )
