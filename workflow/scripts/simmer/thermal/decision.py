"""A governor's decision: action, duty, and what changed since the last one."""

from dataclasses import dataclass
from enum import StrEnum

from simmer.thermal.limits import ThermalState
from simmer.thermal.readings import Reading


class Action(StrEnum):
    """What training does until the next decision."""

    GO = "go"
    THROTTLE = "throttle"
    PAUSE = "pause"
    ABORT = "abort"


class ChangeKind(StrEnum):
    """What a decision changed."""

    THROTTLE = "throttle"
    FULL_SPEED = "full_speed"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    SENSOR_UNKNOWN = "sensor_unknown"
    SENSOR_KNOWN = "sensor_known"
    SOURCE_LOST = "source_lost"


@dataclass(frozen=True)
class Change:
    """A change that is logged.

    Attributes:
        limit_c: the limit in °C that was crossed, if any.
        lasted_s: duration of the previous condition, in seconds.
        sensor: the lost source, for `SOURCE_LOST`.
    """

    kind: ChangeKind
    limit_c: float | None
    lasted_s: float
    sensor: str | None = None


@dataclass(frozen=True)
class Decision:
    """What training does until the next decision.

    Attributes:
        duty: share of time training may use, 0 in a pause.
        reading: the reading that decided, or None without readings.
        reason: why training stops; None unless it does.
    """

    action: Action
    duty: float
    state: ThermalState
    reading: Reading | None
    reason: str | None
    changes: tuple[Change, ...]
