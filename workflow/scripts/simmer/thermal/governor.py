"""Decide from readings how much of the time training may use: a state machine without clock or sensor."""

from collections.abc import Sequence
from dataclasses import dataclass

from simmer.thermal.decision import Action, Change, ChangeKind, Decision
from simmer.thermal.duty import MIN_DUTY, DutyController, drifted
from simmer.thermal.limits import MARGIN_BANDS, Limits, ThermalState, judged, room_k, state_of, waits_for
from simmer.thermal.readings import PressureLevel, Reading, Sample

# Counted in decisions, so that a faster governor on a faster machine behaves alike; 2 s each by default.
_PAUSE_AFTER_DECISIONS = 15  # at the lowest duty and still at or above `warning_c`
_CALM_AFTER_DECISIONS = 30  # at full duty, before that is logged
_CLOSE_K = 10.0  # losing a source with more room than this changes nothing
_GAP_DECISIONS = 5  # after a longer gap (a closed lid, SIGSTOP) earlier readings are out of date


@dataclass(frozen=True, kw_only=True)
class GovernorSettings:
    """Settings of the governor; the fields are the keys of config block `thermal`.

    Attributes:
        period_s: seconds between two decisions (`sample_period_s`).
    """

    govern: bool
    require_sensor: bool
    duty_when_blind: float
    blind_hold_s: float
    cooldown_timeout_s: float
    period_s: float


class Governor:
    """Hold the hottest source at its setpoint, pause if that is not enough, abort at critical.

    | condition | action |
    |---|---|
    | at or below the setpoint | GO, or THROTTLE on the way back to full duty |
    | above the setpoint | THROTTLE: lower the duty until the setpoint is held |
    | `warning_c` or more for 15 decisions at the lowest duty | PAUSE, until `resume_c` |
    | critical, or pressure heavy, once | THROTTLE at the lowest duty at once |
    | critical in `confirm_readings` fresh samples in a row | ABORT, for good |
    | a pause longer than `cooldown_timeout_s` | ABORT |
    | no source responds | keep the duty for `blind_hold_s`, then move to `duty_when_blind` |
    | a source close to its setpoint is lost | the others may lower the duty; it rises only as if blind |

    Without any reading training continues, because most machines without readable sensors are well cooled;
    with `require_sensor` it stops.
    """

    def __init__(self, limits: Limits, settings: GovernorSettings) -> None:
        self.limits, self.settings = limits, settings
        self._controller = DutyController()
        self._action = Action.GO
        self._reason: str | None = None
        self._reported = Action.GO
        self._reported_at_s: float | None = None
        self._blind = False
        self._blind_since_s: float | None = None
        self._ever_saw = False
        self._room_of: dict[str, float] = {}
        self._missing: dict[str, float] = {}
        self._ceiling = 1.0
        self._abort_band = "critical"
        self._fatal: Reading | None = None
        self._confirmed = 0
        self._counted_at_s = float("-inf")
        self._decided_at_s: float | None = None
        self._hot_decisions = 0
        self._calm_decisions = 0
        self._paused_since_s = 0.0

    def watch(self, samples: Sequence[Sample]) -> ThermalState:
        """Return the state of a period without a decision; critical samples count towards confirmation."""
        _, state = self._see(samples)
        return state

    def decide(self, samples: Sequence[Sample], now_s: float) -> Decision:
        """Return the decision for the samples of all responding sources at `now_s` seconds."""
        readings = self._judged(samples)
        worst, state = self._see(samples)
        self._notice_gap(now_s)
        changes = [*self._note_blindness(state, now_s), *self._note_missing(samples, now_s)]
        if self._action is not Action.ABORT:
            self._action = self._next_action(readings, state, now_s)
        worst = self._fatal or worst
        changes += self._note_action(worst, now_s)
        duty = 0.0 if self._action is Action.PAUSE else self._controller.duty
        return Decision(self._action, duty, state, worst, self._reason, tuple(changes))

    def worst(self, samples: Sequence[Sample]) -> Reading | None:
        """Return the reading in the worst state, among those the profile judges."""
        return max(self._judged(samples), key=self._badness, default=None)

    def _see(self, samples: Sequence[Sample]) -> tuple[Reading | None, ThermalState]:
        worst = self.worst(samples)
        state = state_of(worst, self.limits)
        self._confirm(samples, worst, state)
        return worst, state

    def _judged(self, samples: Sequence[Sample]) -> Sequence[Reading]:
        return judged((sample.reading for sample in samples), self.limits)

    def _badness(self, reading: Reading) -> tuple[int, float]:
        return state_of(reading, self.limits).severity, -room_k(reading, self.limits)

    def _notice_gap(self, now_s: float) -> None:
        if self._decided_at_s is not None:
            gap_s = now_s - self._decided_at_s
            if gap_s > _GAP_DECISIONS * self.settings.period_s:
                self._controller.forget()
        self._decided_at_s = now_s

    def _confirm(self, samples: Sequence[Sample], worst: Reading | None, state: ThermalState) -> None:
        if state is not ThermalState.CRITICAL:
            self._confirmed = 0
            return
        counts = self._judged(samples)
        taken_at_s = max(
            sample.taken_at_s
            for sample in samples
            if sample.reading in counts and state_of(sample.reading, self.limits) is state
        )
        # A sample confirms once, even if it is seen twice.
        if taken_at_s > self._counted_at_s:
            self._counted_at_s = taken_at_s
            self._confirmed += 1
        if self._confirmed >= self.limits.confirm_readings:
            # Kept: the machine may have cooled by the time of the next decision.
            self._fatal = worst

    def _next_action(self, readings: Sequence[Reading], state: ThermalState, now_s: float) -> Action:
        if self._fatal is not None:
            return self._abort(
                f"critical from {self._critical_text(self._fatal)}, confirmed by "
                f"{self.limits.confirm_readings} readings in a row"
            )
        if state is ThermalState.UNKNOWN:
            return self._act_blind(now_s)
        if not self.settings.govern:
            return Action.GO
        if state is ThermalState.CRITICAL or any(
            reading.level is not None and reading.level >= PressureLevel.HEAVY for reading in readings
        ):
            self._controller.brake()
        elif self._action is not Action.PAUSE:
            self._controller.steer(min(room_k(reading, self.limits) for reading in readings))
            self._controller.stay_below(self._ceiling)
        hot = state.severity >= ThermalState.WARNING.severity and self._controller.duty <= MIN_DUTY
        self._hot_decisions = self._hot_decisions + 1 if hot else 0
        if self._action is Action.PAUSE:
            return self._stay_paused(readings, now_s)
        if self._hot_decisions > _PAUSE_AFTER_DECISIONS:
            self._paused_since_s = now_s
            return Action.PAUSE
        return self._at_duty()

    def _act_blind(self, now_s: float) -> Action:
        held = self._ever_saw and now_s - self._blind_since_s < self.settings.blind_hold_s
        if self.settings.require_sensor and not held:
            return self._abort("no temperature sensor responds and thermal.require_sensor is true")
        if held and self._action is Action.PAUSE:
            return self._stay_paused((), now_s, blind=True)
        if held:
            return self._action
        if self.settings.govern:
            self._controller.drift(self.settings.duty_when_blind)
        return self._at_duty()

    def _stay_paused(self, readings: Sequence[Reading], now_s: float, *, blind: bool = False) -> Action:
        hot = waits_for(readings, self.limits)
        if hot is None and not blind and not self._still_held(now_s):
            self._controller.brake()
            self._hot_decisions = 0
            return Action.THROTTLE
        paused_s = now_s - self._paused_since_s
        if paused_s >= self.settings.cooldown_timeout_s:
            self._abort_band = "resume"
            aim = "no reading" if hot is None else f"not cooled to {hot[1]}"
            return self._abort(f"{aim} after a pause of {paused_s:.0f} s (thermal.cooldown_timeout_s)")
        return Action.PAUSE

    def _still_held(self, now_s: float) -> bool:
        return any(now_s - lost_at_s < self.settings.blind_hold_s for lost_at_s in self._missing.values())

    def _at_duty(self) -> Action:
        return Action.GO if self._controller.duty >= 1.0 else Action.THROTTLE

    def _abort(self, reason: str) -> Action:
        self._reason = reason
        self._controller.brake()
        return Action.ABORT

    def _critical_text(self, reading: Reading) -> str:
        limit_c = self.limits.in_celsius("critical", reading)
        if limit_c is not None:
            return f"{limit_c:g} °C"
        if reading.level is None:
            return f"{-MARGIN_BANDS.critical:g} K below slowdown"
        return "this pressure level"

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

    def _note_missing(self, samples: Sequence[Sample], now_s: float) -> list[Change]:
        responding = {
            sample.sensor or sample.reading.source: sample.reading
            for sample in samples
            if sample.reading.has_thermal_value
        }
        lost = [name for name, room in self._room_of.items() if name not in responding and room < _CLOSE_K]
        changes = []
        for name in lost if responding else ():
            if name not in self._missing:
                self._ceiling = self._controller.duty
                changes.append(Change(ChangeKind.SOURCE_LOST, None, 0.0, name))
            self._missing.setdefault(name, now_s)
        counts = self._judged(samples)
        for name, reading in responding.items():
            self._missing.pop(name, None)
            self._room_of.pop(name, None)
            if reading in counts:
                self._room_of[name] = room_k(reading, self.limits)
        if not self._missing:
            self._ceiling = 1.0
        elif not self._still_held(now_s):
            self._ceiling = drifted(self._ceiling, towards=self.settings.duty_when_blind)
        return changes

    def _note_action(self, worst: Reading | None, now_s: float) -> tuple[Change, ...]:
        self._calm_decisions = self._calm_decisions + 1 if self._action is Action.GO else 0
        if self._reported_at_s is None:
            self._reported_at_s = now_s
        # Near the setpoint the duty returns to 1 repeatedly; full speed is logged only once it lasts.
        brief = self._action is Action.GO and self._calm_decisions < _CALM_AFTER_DECISIONS
        if self._action is self._reported or (brief and self._reported is Action.THROTTLE):
            return ()
        kind, band = _change(self._reported, self._action)
        band = self._abort_band if kind is ChangeKind.ABORT else band
        lasted_s, self._reported_at_s = now_s - self._reported_at_s, now_s
        self._reported = self._action
        return (Change(kind, self.limits.in_celsius(band, worst), lasted_s),)


def _change(before: Action, now: Action) -> tuple[ChangeKind, str]:
    if now is Action.ABORT:
        return ChangeKind.ABORT, "critical"
    if now is Action.PAUSE:
        return ChangeKind.PAUSE, "warning"
    if before is Action.PAUSE:
        return ChangeKind.RESUME, "resume"
    return ChangeKind.FULL_SPEED if now is Action.GO else ChangeKind.THROTTLE, "setpoint"
