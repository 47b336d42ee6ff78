"""What a governor says: an action, a duty, and what changed."""

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
    """A change to be told.

    Attributes:
        kind: what changed.
        limit_c: the limit in °C that was crossed, where one was.
        lasted_s: how long the condition before it lasted, in seconds.
        sensor: which one, where a single source was lost.
    """

    kind: ChangeKind
    limit_c: float | None
    lasted_s: float
    sensor: str | None = None


@dataclass(frozen=True)
class Decision:
    """What to do until the next decision.

    Attributes:
        action: what training does.
        duty: the share of time it may take, 0 in a pause.
        state: the state the action follows from.
        reading: the reading that decided, or None when there is none.
        reason: why training stops; None unless it does.
        changes: what is new.
    """

    action: Action
    duty: float
    state: ThermalState
    reading: Reading | None
    reason: str | None
    changes: tuple[Change, ...]
