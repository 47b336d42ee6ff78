"""The two kinds of thermal lines in a trial's log: `thermal_event` and `hardware_sample`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from simmer.base.words import heat
from simmer.thermal.decision import Change, ChangeKind, Decision
from simmer.thermal.monitor import Snapshot
from simmer.thermal.readings import Reading

_SENTENCES = {
    ChangeKind.THROTTLE: "training is slowed to hold the setpoint",
    ChangeKind.FULL_SPEED: "training runs at full speed again",
    ChangeKind.PAUSE: "training pauses until the machine has cooled",
    ChangeKind.RESUME: "training resumes after the pause",
    ChangeKind.ABORT: "training stops after a checkpoint; run the same command again to resume",
    ChangeKind.SENSOR_UNKNOWN: "no temperature sensor responds; training continues without temperature "
    "monitoring",
    ChangeKind.SENSOR_KNOWN: "a temperature sensor responds",
    ChangeKind.SOURCE_LOST: "lost the temperature sensor {sensor}, which was close to its setpoint",
}


def utc_text(wall_time_s: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(wall_time_s, UTC).isoformat(timespec="milliseconds")


def heat_text(reading: Reading | None) -> str:
    """Return a reading as text: degrees, margin or pressure level, and the source."""
    if reading is None or not reading.has_thermal_value:
        return "no temperature"
    level = None if reading.level is None else reading.level.word
    return heat(celsius=reading.celsius, margin_c=reading.margin_c, level=level, source=reading.source)


def thermal_event(
    change: Change, reading: Reading | None, *, wall_time_s: float, duty: float
) -> dict[str, Any]:
    """Return the line for a change in the governor's decision."""
    sentence = _SENTENCES[change.kind].format(sensor=change.sensor)
    blind = change.kind is ChangeKind.SENSOR_UNKNOWN
    line = thermal_line(
        change.kind,
        reading,
        wall_time_s=wall_time_s,
        limit_c=change.limit_c,
        lasted_s=change.lasted_s,
        message=sentence if blind else f"{sentence}: {heat_text(reading)}",
    )
    return line | {"duty": round(duty, 3)}


def thermal_line(
    action: str,
    reading: Reading | None,
    *,
    wall_time_s: float,
    limit_c: float | None,
    lasted_s: float,
    message: str,
) -> dict[str, Any]:
    """Return a `thermal_event` line; `lasted_s` is the duration of the previous condition in seconds."""
    return {
        "event": "thermal_event",
        "time": utc_text(wall_time_s),
        "action": str(action),
        **heat_fields(reading),
        "limit_c": limit_c,
        "lasted_s": round(lasted_s, 3),
        "message": message,
    }


def hardware_sample(
    snapshot: Snapshot,
    decision: Decision,
    *,
    wall_time_s: float,
    load: Mapping[str, float],
    counters: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the periodic line: load in percent, temperature and source, power in W, sums so far in s."""
    return {
        "event": "hardware_sample",
        "time": utc_text(wall_time_s),
        **load,
        **heat_fields(snapshot.hottest),
        **_worst_of_all(snapshot.readings),
        "state": str(decision.state),
        "duty": round(decision.duty, 3),
        "power_w": None if snapshot.power_w is None else round(snapshot.power_w, 3),
        "brakes": sorted(snapshot.brakes),
        "memory_temperature_c": max(
            (reading.memory_c for reading in snapshot.readings if reading.memory_c is not None), default=None
        ),
        "sample_age_s": None if snapshot.age_s is None else round(snapshot.age_s, 3),
        **{name: counters[name] for name in ("slept_s", "paused_s", "pauses", "blind_s", "energy_wh")},
        "failures": dict(snapshot.failures),
        "retired": list(snapshot.retired),
        "lost": list(snapshot.lost),
    }


def heat_fields(reading: Reading | None) -> dict[str, Any]:
    """Return °C, source, pressure level and margin in K of a reading, None for what is missing."""
    level = None if reading is None else reading.level
    return {
        "temperature_c": None if reading is None else reading.celsius,
        "source": None if reading is None else reading.source,
        "pressure_level": None if level is None else level.word,
        "margin_c": None if reading is None else reading.margin_c,
    }


def _worst_of_all(readings: Sequence[Reading]) -> dict[str, Any]:
    # On a Mac one source reports degrees and another the level; a GPU reports a margin and its CPU does not.
    levels = [reading.level for reading in readings if reading.level is not None]
    margins = [reading.margin_c for reading in readings if reading.margin_c is not None]
    return {
        "pressure_level": max(levels).word if levels else None,
        "margin_c": min(margins, default=None),
    }
