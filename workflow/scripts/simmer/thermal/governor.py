"""Deciding from readings how much of the time training may take: a state machine without clock or sensor."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from simmer.thermal.duty import MIN_DUTY, DutyController
from simmer.thermal.limits import Limits, ThermalState, has_cooled, judged, room_k, state_of
from simmer.thermal.readings import PressureLevel, Reading, Sample

# Counted in decisions, so that a faster governor on a faster machine behaves alike; 2 s each by default.
_PAUSE_AFTER_DECISIONS = 15  # at the lowest duty and still at or above `warning_c`
_CALM_AFTER_DECISIONS = 30  # at full duty, before that is told
_GAP_DECISIONS = 5  # a longer silence (a closed lid, SIGSTOP) makes the past worthless


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


@dataclass(frozen=True, kw_only=True)
class GovernorSettings:
    """How the governor acts.

    Attributes:
        govern: hold the setpoint; without it nothing is slowed or paused, and critical alone stops.
        require_sensor: stop when no temperature can be read.
        duty_when_blind: duty without any reading, from 0.1 to 1.
        blind_hold_s: how long the last duty is kept after the last reading.
        cooldown_timeout_s: the longest pause, in seconds; then training stops.
        period_s: seconds between two decisions.
    """

    govern: bool
    require_sensor: bool
    duty_when_blind: float
    blind_hold_s: float
    cooldown_timeout_s: float
    period_s: float


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


class Governor:
    """Holds the hottest source at its setpoint, pauses where that is not enough, aborts at critical.

    | condition | action |
    |---|---|
    | at or below the setpoint | GO, or THROTTLE on the way back to full duty |
    | above the setpoint | THROTTLE: the duty falls as far as it must |
    | `warning_c` or more for 15 decisions at the lowest duty | PAUSE, until `resume_c` |
    | critical, or pressure heavy, once | THROTTLE at the lowest duty at once |
    | critical in `confirm_readings` fresh samples in a row | ABORT, for good |
    | a pause longer than `cooldown_timeout_s` | ABORT |
    | no source answers | the duty is kept for `blind_hold_s`, then drifts to `duty_when_blind` |

    Without any reading training goes on, since most machines that tell nothing are cooled well, unless
    `require_sensor` asks to stop.
    """

    def __init__(self, limits: Limits, settings: GovernorSettings) -> None:
        self.limits, self.settings = limits, settings
        self._controller = DutyController()
        self._action = Action.GO
        self._reason: str | None = None
        self._told = Action.GO
        self._told_since_s: float | None = None
        self._blind = False
        self._blind_since_s: float | None = None
        self._ever_saw = False
        self._confirmed = 0
        self._counted_at_s = float("-inf")
        self._decided_at_s: float | None = None
        self._hot_decisions = 0
        self._calm_decisions = 0
        self._paused_since_s = 0.0

    def decide(self, samples: Sequence[Sample], now_s: float) -> Decision:
        """Return what to do, given the samples of all sources that answer and the time in seconds."""
        readings = judged((sample.reading for sample in samples), self.limits)
        worst = max(readings, key=self._badness, default=None)
        state = state_of(worst, self.limits)
        self._notice_gap(now_s)
        blindness = self._note_blindness(state, now_s)
        self._confirm(samples, readings, state)
        if self._action is not Action.ABORT:
            self._action = self._next_action(readings, state, now_s)
        changes = (*blindness, *self._note_action(worst, now_s))
        duty = 0.0 if self._action is Action.PAUSE else self._controller.duty
        return Decision(self._action, duty, state, worst, self._reason, changes)

    def _badness(self, reading: Reading) -> tuple[int, float]:
        return state_of(reading, self.limits).severity, -room_k(reading, self.limits)

    def _notice_gap(self, now_s: float) -> None:
        if self._decided_at_s is not None:
            gap_s = now_s - self._decided_at_s
            if gap_s > _GAP_DECISIONS * self.settings.period_s:
                self._controller.forget()
        self._decided_at_s = now_s

    def _confirm(self, samples: Sequence[Sample], readings: Sequence[Reading], state: ThermalState) -> None:
        if state is not ThermalState.CRITICAL:
            self._confirmed = 0
            return
        taken_at_s = max(
            sample.taken_at_s
            for sample in samples
            if sample.reading in readings and state_of(sample.reading, self.limits) is state
        )
        # The same sample seen twice confirms nothing.
        if taken_at_s > self._counted_at_s:
            self._counted_at_s = taken_at_s
            self._confirmed += 1

    def _next_action(self, readings: Sequence[Reading], state: ThermalState, now_s: float) -> Action:
        if state is ThermalState.UNKNOWN:
            return self._act_blind(now_s)
        if self._confirmed >= self.limits.confirm_readings:
            return self._abort(
                f"critical from {self._critical_text(readings)}, confirmed by {self._confirmed} readings "
                "in a row"
            )
        if not self.settings.govern:
            return Action.GO
        if state is ThermalState.CRITICAL or any(
            reading.level is not None and reading.level >= PressureLevel.HEAVY for reading in readings
        ):
            self._controller.brake()
        elif self._action is not Action.PAUSE:
            self._controller.steer(min(room_k(reading, self.limits) for reading in readings))
        hot = state.severity >= ThermalState.WARNING.severity and self._controller.duty <= MIN_DUTY
        self._hot_decisions = self._hot_decisions + 1 if hot else 0
        if self._action is Action.PAUSE:
            return self._stay_paused(readings, now_s)
        if self._hot_decisions > _PAUSE_AFTER_DECISIONS:
            self._paused_since_s = now_s
            return Action.PAUSE
        return self._at_duty()

    def _act_blind(self, now_s: float) -> Action:
        if self.settings.require_sensor:
            return self._abort("no temperature source answers and thermal.require_sensor is true")
        held_s = now_s - (self._blind_since_s or now_s)
        if self._ever_saw and held_s < self.settings.blind_hold_s:
            return self._action
        if self.settings.govern:
            self._controller.drift(self.settings.duty_when_blind)
        return self._at_duty()

    def _stay_paused(self, readings: Sequence[Reading], now_s: float) -> Action:
        if has_cooled(readings, self.limits):
            self._controller.brake()
            self._hot_decisions = 0
            return Action.THROTTLE
        if now_s - self._paused_since_s >= self.settings.cooldown_timeout_s:
            return self._abort(
                f"not cooled to {self.limits.resume_c:g} °C in a pause of "
                f"{now_s - self._paused_since_s:.0f} s (thermal.cooldown_timeout_s)"
            )
        return Action.PAUSE

    def _at_duty(self) -> Action:
        return Action.GO if self._controller.duty >= 1.0 else Action.THROTTLE

    def _abort(self, reason: str) -> Action:
        self._reason = reason
        self._controller.brake()
        return Action.ABORT

    def _critical_text(self, readings: Sequence[Reading]) -> str:
        worst = max(readings, key=self._badness)
        limit_c = self.limits.in_celsius("critical", worst)
        return "this pressure level" if limit_c is None else f"{limit_c:g} °C"

    def _note_blindness(self, state: ThermalState, now_s: float) -> tuple[Change, ...]:
        lasted_s = 0.0 if self._blind_since_s is None else now_s - self._blind_since_s
        blind = state is ThermalState.UNKNOWN
        self._ever_saw = self._ever_saw or not blind
        if self._blind_since_s is None or blind != self._blind:
            self._blind_since_s = now_s
        if blind == self._blind:
            return ()
        self._blind = blind
        return (Change(ChangeKind.SENSOR_UNKNOWN if blind else ChangeKind.SENSOR_KNOWN, None, lasted_s),)

    def _note_action(self, worst: Reading | None, now_s: float) -> tuple[Change, ...]:
        self._calm_decisions = self._calm_decisions + 1 if self._action is Action.GO else 0
        if self._told_since_s is None:
            self._told_since_s = now_s
        # On the edge of the setpoint the duty touches 1 again and again; only a calm that lasts is told.
        restless = self._action is Action.GO and self._calm_decisions < _CALM_AFTER_DECISIONS
        if self._action is self._told or (restless and self._told is Action.THROTTLE):
            return ()
        kind, band = _change(self._told, self._action)
        lasted_s, self._told_since_s = now_s - self._told_since_s, now_s
        self._told = self._action
        return (Change(kind, self.limits.in_celsius(band, worst), lasted_s),)


def _change(before: Action, now: Action) -> tuple[ChangeKind, str]:
    if now is Action.ABORT:
        return ChangeKind.ABORT, "critical"
    if now is Action.PAUSE:
        return ChangeKind.PAUSE, "warning"
    if before is Action.PAUSE:
        return ChangeKind.RESUME, "resume"
    return ChangeKind.FULL_SPEED if now is Action.GO else ChangeKind.THROTTLE, "setpoint"
