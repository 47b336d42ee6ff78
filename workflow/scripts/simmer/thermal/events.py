"""The two kinds of lines that heat leaves in a trial's log."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simmer.thermal.governor import Change, ChangeKind, Decision
from simmer.thermal.monitor import Snapshot
from simmer.thermal.readings import Reading

_SENTENCES = {
    ChangeKind.PAUSE: "training pauses until the machine has cooled",
    ChangeKind.RESUME: "training goes on",
    ChangeKind.ABORT: "training stops after a checkpoint; the same command goes on from it",
    ChangeKind.SENSOR_UNKNOWN: "no temperature source answers, so nobody watches the heat",
    ChangeKind.SENSOR_KNOWN: "a temperature source answers",
}


def utc_text(wall_time_s: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(wall_time_s, UTC).isoformat(timespec="milliseconds")


def heat_text(reading: Reading | None) -> str:
    """Return a reading for people: degrees or level, and the source."""
    if reading is None or (reading.celsius is None and reading.level is None):
        return "no temperature"
    degrees = None if reading.celsius is None else f"{reading.celsius:.1f} °C"
    level = None if reading.level is None else f"pressure {reading.level.word}"
    return f"{', '.join(filter(None, (degrees, level)))} ({reading.source})"


def thermal_event(change: Change, reading: Reading | None, *, wall_time_s: float) -> dict[str, Any]:
    """Return the line for a change of the governor's mind."""
    return thermal_line(
        change.kind,
        reading,
        wall_time_s=wall_time_s,
        limit_c=change.limit_c,
        lasted_s=change.lasted_s,
        message=f"{_SENTENCES[change.kind]}: {heat_text(reading)}",
    )


def thermal_line(
    action: str,
    reading: Reading | None,
    *,
    wall_time_s: float,
    limit_c: float | None,
    lasted_s: float,
    message: str,
) -> dict[str, Any]:
    """Return a `thermal_event` line; `lasted_s` is the duration of the condition before it, in seconds."""
    return {
        "event": "thermal_event",
        "time": utc_text(wall_time_s),
        "action": str(action),
        **_heat(reading),
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
    """Return the periodic line: load in percent, heat with its source, power in W, time paused so far."""
    powers = [reading.power_w for reading in snapshot.readings if reading.power_w is not None]
    return {
        "event": "hardware_sample",
        "time": utc_text(wall_time_s),
        **load,
        **_heat(snapshot.hottest),
        "state": str(decision.state),
        "power_w": round(sum(powers), 3) if powers else None,
        "sample_age_s": None if snapshot.age_s is None else round(snapshot.age_s, 3),
        "paused_s": counters["paused_s"],
        "pauses": counters["pauses"],
        "unknown_s": counters["unknown_s"],
        "failures": dict(snapshot.failures),
    }


def _heat(reading: Reading | None) -> dict[str, Any]:
    level = None if reading is None else reading.level
    return {
        "temperature_c": None if reading is None else reading.celsius,
        "source": None if reading is None else reading.source,
        "pressure_level": None if level is None else level.word,
    }
