"""Table of all hardware samples of a campaign, one row per sample."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from simmer.base.files import write_through
from simmer.ledger.trial_log import Event, TrialLog

_TEXT, _WHOLE, _NUMBER = "str", "int64", "float64"

# Column name: dtype, and function that takes its value from a log or a sample. Older logs lack some keys.
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
    """Return one row per hardware sample, in the order of `logs` and of their events.

    | column | content |
    |---|---|
    | `time` | time of the sample, UTC |
    | `scale`, `horizon_days`, `trial` | the trial it belongs to |
    | `cpu_percent`, `memory_percent` | load of all cores and memory in use, in percent |
    | `temperature_c`, `source` | hottest reading in °C and its sensor |
    | `pressure_level` | macOS's name of the thermal pressure |
    | `margin_c` | kelvins below the temperature at which the hardware slows itself down |
    | `memory_temperature_c` | hottest memory of a board, °C |
    | `power_w`, `energy_wh` | power in W and energy of the trial so far in Wh, if power is known |
    | `duty`, `state` | share of time that training may use, and the thermal state that set it |
    | `brakes` | reasons why a clock was slowed, comma-separated |
    | `slept_s`, `paused_s`, `blind_s` | seconds so far: slept for the duty, paused, without a reading |

    A value that a sample lacks is null. Without samples the table has the same columns and dtypes.
    """
    samples = [
        (log, event) for log in logs for event in log.events if event.get("event") == "hardware_sample"
    ]
    columns = {"time": pd.to_datetime([sample["time"] for _, sample in samples], utc=True, format="ISO8601")}
    for name, (_, read_log) in _OF_TRIAL.items():
        columns[name] = [read_log(log) for log, _ in samples]
    for name, (_, read_sample) in _OF_SAMPLE.items():
        columns[name] = [read_sample(sample) for _, sample in samples]
    # Column by column: a frame of objects would convert each None to text or a number.
    return pd.DataFrame({name: pd.Series(values, dtype=DTYPES[name]) for name, values in columns.items()})


def write_hardware_table(frame: pd.DataFrame, path: Path) -> None:
    """Write the result of `hardware_table`, with or without further columns of text, as parquet atomically.

    Null stays null in every column.

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
    # Without an explicit schema a column of nulls would have no type.
    schema = pyarrow.schema([(name, kinds[DTYPES.get(name, _TEXT)]) for name in frame.columns])
    table = pyarrow.Table.from_pandas(frame, schema=schema, preserve_index=False)
    # Without pandas metadata the bytes depend only on the values and on pyarrow's version.
    table = table.replace_schema_metadata(None)
    write_through(
        path,
        lambda aside: pyarrow.parquet.write_table(
            table, aside, version="2.6", compression="zstd", compression_level=3, store_schema=False
        ),
    )
