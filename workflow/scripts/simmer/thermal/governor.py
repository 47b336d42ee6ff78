"""Deciding from readings whether training goes on: a state machine without a clock or a sensor."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from simmer.thermal.readings import Limits, Reading, Sample, ThermalState, has_cooled, state_of


class Action(StrEnum):
    """What training does until the next decision."""

    GO = "go"
    PAUSE = "pause"
    ABORT = "abort"


class ChangeKind(StrEnum):
    """What a decision changed."""

    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    SENSOR_UNKNOWN = "sensor_unknown"
    SENSOR_KNOWN = "sensor_known"


@dataclass(frozen=True)
class Change:
    """A change to be told.

    Attributes:
        kind: what changed.
        limit_c: the limit in °C that was crossed, where one was.
        lasted_s: how long the condition before it lasted, in seconds.
    """

    kind: ChangeKind
    limit_c: float | None
    lasted_s: float


@dataclass(frozen=True)
class Decision:
    """The action, the state it follows from, the reading that decided, and what is new."""

    action: Action
    state: ThermalState
    reading: Reading | None
    changes: tuple[Change, ...]


class Governor:
    """GO below `warning_c`; PAUSE from there down to `resume_c`; ABORT once critical is confirmed.

    Critical counts as confirmed after `confirm_readings` fresh critical samples in a row: a spike pauses,
    it does not end a job. ABORT is final. Without any reading training goes on, since most machines that
    tell nothing are cooled well, unless `require_sensor` asks to stop.
    """

    def __init__(self, limits: Limits, *, require_sensor: bool) -> None:
        self.limits = limits
        self.require_sensor = require_sensor
        self._action = Action.GO
        self._blind = False
        self._action_since_s: float | None = None
        self._blind_since_s: float | None = None
        self._confirmed = 0
        self._counted_at_s = float("-inf")

    def decide(self, samples: Sequence[Sample], now_s: float) -> Decision:
        """Return what to do, given the samples of all sources that answer and the time in seconds."""
        worst = max((sample.reading for sample in samples), key=self._badness, default=None)
        state = state_of(worst, self.limits)
        self._confirm(samples, state)
        action = self._next_action(samples, state)
        changes = (*self._note_blindness(state, now_s), *self._note_action(action, state, now_s))
        return Decision(action, state, worst, changes)

    def _badness(self, reading: Reading) -> tuple[int, float]:
        degrees = float("-inf") if reading.celsius is None else reading.celsius
        return state_of(reading, self.limits).severity, degrees

    def _confirm(self, samples: Sequence[Sample], state: ThermalState) -> None:
        if state is not ThermalState.CRITICAL:
            self._confirmed = 0
            return
        taken_at_s = max(
            sample.taken_at_s for sample in samples if state_of(sample.reading, self.limits) is state
        )
        # The same sample seen twice confirms nothing.
        if taken_at_s > self._counted_at_s:
            self._counted_at_s = taken_at_s
            self._confirmed += 1

    def _next_action(self, samples: Sequence[Sample], state: ThermalState) -> Action:
        if self._action is Action.ABORT:
            return Action.ABORT
        if state is ThermalState.UNKNOWN:
            return Action.ABORT if self.require_sensor else Action.GO
        if self._confirmed >= self.limits.confirm_readings:
            return Action.ABORT
        hot = state in (ThermalState.WARNING, ThermalState.CRITICAL)
        if hot or (self._action is Action.PAUSE and not self._cooled(samples)):
            return Action.PAUSE
        return Action.GO

    def _cooled(self, samples: Sequence[Sample]) -> bool:
        return has_cooled((sample.reading for sample in samples), self.limits)

    def _note_blindness(self, state: ThermalState, now_s: float) -> tuple[Change, ...]:
        lasted_s = 0.0 if self._blind_since_s is None else now_s - self._blind_since_s
        blind = state is ThermalState.UNKNOWN
        if self._blind_since_s is None or blind != self._blind:
            self._blind_since_s = now_s
        if blind == self._blind:
            return ()
        self._blind = blind
        return (Change(ChangeKind.SENSOR_UNKNOWN if blind else ChangeKind.SENSOR_KNOWN, None, lasted_s),)

    def _note_action(self, action: Action, state: ThermalState, now_s: float) -> tuple[Change, ...]:
        lasted_s = 0.0 if self._action_since_s is None else now_s - self._action_since_s
        if self._action_since_s is None or action is not self._action:
            self._action_since_s = now_s
        if action is self._action:
            return ()
        self._action = action
        kind, limit_c = {
            Action.GO: (ChangeKind.RESUME, self.limits.resume_c),
            Action.PAUSE: (ChangeKind.PAUSE, self.limits.warning_c),
            Action.ABORT: (ChangeKind.ABORT, self.limits.critical_c),
        }[action]
        return (Change(kind, None if state is ThermalState.UNKNOWN else limit_c, lasted_s),)
