"""The guard of a training loop: sleeps to hold the duty, between steps and inside long ones, and stops it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

from simmer.base.logs import PROGRESS
from simmer.base.words import percent
from simmer.thermal.counters import Counters
from simmer.thermal.decision import Action, ChangeKind, Decision
from simmer.thermal.events import hardware_sample, heat_fields, heat_text, thermal_event, thermal_line
from simmer.thermal.governor import Governor
from simmer.thermal.limits import ThermalState
from simmer.thermal.monitor import Monitor, Snapshot
from simmer.thermal.provider import get_hardware_stats
from simmer.thermal.stop import StopRequest

logger = logging.getLogger(__name__)

# Short, so that a stop request is served soon even if the injected wait cannot be woken.
SLICE_S = 0.25
# Shorter sleeps are added to the next one: a sleep of microseconds takes longer than asked for.
SHORTEST_SLEEP_S = 0.002
# Upper limit on one uninterrupted stretch of work: it may have been a stopped process or a closed lid.
LONGEST_WORK_DECISIONS = 30
READINGS_BEFORE_AN_ABORT = 10
# A terminal shows a warning once; each pause is to be seen.
_WARNINGS = (ChangeKind.SENSOR_UNKNOWN, ChangeKind.SOURCE_LOST)


@dataclass(frozen=True)
class StepDecision:
    """The answer at a step boundary: stop or continue, and why."""

    stop: bool
    reason: str | None


GO_ON = StepDecision(stop=False, reason=None)


class GuardProtocol(Protocol):
    """The interface of a guard that a training loop uses."""

    def between_steps(self) -> StepDecision:
        """Sleep to hold the duty, then return whether to stop."""
        ...

    def inside_step(self) -> None:
        """Sleep to hold the duty inside a step; a stop is served at the end of the step."""
        ...

    def heat(self) -> str:
        """Return the last reading as text."""
        ...

    def counters(self) -> dict[str, Any]:
        """Return the counters as JSON values, for a checkpoint."""
        ...

    def restore(self, counters: Mapping[str, Any]) -> None:
        """Continue counting from a checkpoint's counters."""
        ...


class Guard:
    """Hold a trial at the governor's duty by sleeping between its steps, and stop it when needed.

    It uses no random numbers and no tensors: weights are bit-identical with and without it.
    """

    def __init__(
        self,
        monitor: Monitor,
        governor: Governor,
        *,
        stop: StopRequest,
        on_event: Callable[[dict[str, Any]], None],
        hardware_interval_s: float,
        synchronise: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """Start with all counters at zero.

        Args:
            monitor: a started monitor, on the same `clock`.
            governor: a new one for each job.
            stop: set by signal handlers.
            on_event: receives `hardware_sample` and `thermal_event` lines.
            hardware_interval_s: seconds between two hardware samples.
            synchronise: waits for the accelerator; otherwise its queue would keep running during a sleep.
            clock: monotonic seconds.
            wall_clock: seconds since 1970.
            wait: sleeps up to the given seconds and returns True if a stop is requested.
        """
        self._monitor = monitor
        self._governor = governor
        self._stop = stop
        self._on_event = on_event
        self._hardware_interval_s = hardware_interval_s
        self._synchronise = synchronise
        self._clock = clock
        self._wall_clock = wall_clock
        self._wait = wait or stop.wait
        self._counters = Counters()
        self._next_decision_s = self._next_hardware_s = float("-inf")
        self._last_decision_s: float | None = None
        self._last_account_s: float | None = None
        self._longest_s = LONGEST_WORK_DECISIONS * monitor.period_s
        self._last: Decision | None = None
        self._snapshot: Snapshot | None = None
        self._recent: deque[tuple[float, Decision]] = deque(maxlen=READINGS_BEFORE_AN_ABORT)
        self._final: StepDecision | None = None
        self._worked_s = self._slept_s = 0.0
        self._work_since_s = clock()
        get_hardware_stats()  # the first call has nothing to compare with and returns 0 %

    def between_steps(self) -> StepDecision:
        """Sleep to hold the duty, then return whether to stop.

        One decision is made per period of the monitor; between two of them, at full duty, a call only reads
        the clock. A stop is final: every later call returns it again.
        """
        if self._final is not None:
            return self._final
        self._pace(inside_step=False)
        if self._stop.is_set():
            self._account(self._clock())
            self._final = StepDecision(stop=True, reason=self._stop.reason)
        elif self._last is not None and self._last.action is Action.ABORT:
            self._final = StepDecision(stop=True, reason=self._abort_reason(self._last))
        return self._final or GO_ON

    def inside_step(self) -> None:
        """Sleep to hold the duty for the work since the last call; in a pause, until it ends.

        Returns at once when a stop is requested. After confirmed critical readings the rest of the step runs
        at the lowest duty, because an incomplete step would be lost. Outside the main thread this does
        nothing: accelerators run the backward pass in another thread, where signals are not served.
        """
        if threading.current_thread() is threading.main_thread():
            self._pace(inside_step=True)

    def _pace(self, *, inside_step: bool) -> None:
        now_s = self._clock()
        worked_s = now_s - self._work_since_s
        self._worked_s += min(worked_s, self._longest_s)
        if now_s >= self._next_decision_s:
            self._decide()
        if self._owed_s() > 0.0:
            self._rest(inside_step=inside_step)
        self._work_since_s = self._clock()

    def after_stop(self) -> None:
        """Log the temperature once more after the checkpoint of a stop."""
        reading = self._governor.worst(self._monitor.latest().samples)
        now_s = self._clock()
        line = thermal_line(
            "stopped",
            reading,
            wall_time_s=self._wall_clock(),
            limit_c=None,
            lasted_s=0.0 if self._last_decision_s is None else now_s - self._last_decision_s,
            message=f"stopped after a checkpoint: {heat_text(reading)}",
        )
        self._on_event(line)

    def heat(self) -> str:
        """Return the last reading as text: degrees or level, source, and the duty unless it is full."""
        if self._last is None:
            return heat_text(None)
        duty = "" if self._last.duty >= 1.0 else f", duty {percent(self._last.duty, 0)}"
        return heat_text(self._last.reading) + duty

    def counters(self) -> dict[str, Any]:
        """Return the fields of `Counters` up to now."""
        self._account(self._clock())
        return asdict(self._counters)

    def restore(self, counters: Mapping[str, Any]) -> None:
        """Continue from a checkpoint's counters; counters missing there start at zero.

        A guard that has already counted ignores them: a trial restarted in the same job for lack of memory
        must keep those seconds.
        """
        if self._last_decision_s is not None:
            return
        known = {field.name for field in fields(Counters)}
        self._counters = Counters(**{name: value for name, value in counters.items() if name in known})

    def _owed_s(self) -> float:
        """Return the seconds to sleep for the work done, at the current duty (it may change meanwhile)."""
        if self._last is None or self._last.duty in (0.0, 1.0):
            self._worked_s = self._slept_s = 0.0
            return float("inf") if self._last is not None and self._last.action is Action.PAUSE else 0.0
        owed_s = self._worked_s * (1.0 / self._last.duty - 1.0) - self._slept_s
        return owed_s if owed_s >= SHORTEST_SLEEP_S else 0.0

    def _rest(self, *, inside_step: bool) -> None:
        synchronising_since_s = self._clock()
        self._synchronise()
        self._worked_s += self._clock() - synchronising_since_s
        while (owed_s := self._owed_s()) > 0.0 and not self._stop.is_set():
            if self._last is not None and self._last.action is Action.ABORT and not inside_step:
                return
            since_s = self._clock()
            asked_s = max(0.0, min(owed_s, SLICE_S, self._next_decision_s - since_s))
            self._wait(asked_s)
            now_s = self._clock()
            if self._last is not None and self._last.action is not Action.PAUSE:
                # A much longer sleep means that the process was stopped; it does not count as rest.
                slept_s = min(now_s - since_s, asked_s + SLICE_S)
                self._slept_s += slept_s
                self._counters.slept_s += slept_s
            if now_s >= self._next_decision_s:
                self._decide()
        self._settle()

    def _settle(self) -> None:
        # Work already slept for must not count again at a later duty; the difference is carried over.
        if self._last is not None and self._last.duty > 0.0:
            self._slept_s -= self._worked_s * (1.0 / self._last.duty - 1.0)
            self._worked_s = 0.0

    def _decide(self) -> None:
        now_s = self._clock()
        self._next_decision_s = now_s + self._monitor.period_s
        self._account(now_s)
        *missed, snapshot = self._monitor.since(self._last_decision_s)
        states = [self._governor.watch(each.samples) for each in missed]
        decision = self._governor.decide(snapshot.samples, now_s)
        self._note_states([*states, decision.state], now_s)
        self._last_decision_s = now_s
        self._last, self._snapshot = decision, snapshot
        for each in (*missed, snapshot):
            self._note_highest(each)
        self._log_changes(decision)
        self._recent.append((now_s, decision))
        if now_s >= self._next_hardware_s:
            self._next_hardware_s = now_s + self._hardware_interval_s
            self._on_event(
                hardware_sample(
                    snapshot,
                    decision,
                    wall_time_s=self._wall_clock(),
                    load=get_hardware_stats(),
                    counters=self.counters(),
                )
            )

    def _note_states(self, states: Sequence[ThermalState], now_s: float) -> None:
        if self._last_decision_s is None:
            return
        each_s = min(now_s - self._last_decision_s, self._longest_s) / len(states)
        self._counters.warning_s += each_s * states.count(ThermalState.WARNING)
        self._counters.critical_s += each_s * states.count(ThermalState.CRITICAL)

    def _account(self, now_s: float) -> None:
        # The time since the last decision counts for that decision. A machine that was suspended meanwhile
        # was neither hot nor paused.
        elapsed_s = 0.0 if self._last_account_s is None else now_s - self._last_account_s
        elapsed_s = min(elapsed_s, self._longest_s)
        self._last_account_s = now_s
        if self._last is None or self._snapshot is None:
            return
        counters = self._counters
        counters.paused_s += elapsed_s * (self._last.action is Action.PAUSE)
        counters.blind_s += elapsed_s * (self._last.state is ThermalState.UNKNOWN)
        counters.braked_s += elapsed_s * ("thermal" in self._snapshot.brakes)
        if self._snapshot.power_w is not None:
            counters.energy_wh = (counters.energy_wh or 0.0) + self._snapshot.power_w * elapsed_s / 3600.0

    def _note_highest(self, snapshot: Snapshot) -> None:
        hottest, highest_c = snapshot.hottest, self._counters.max_temperature_c
        if hottest is None or hottest.celsius is None:
            return
        if highest_c is None or hottest.celsius > highest_c:
            self._counters.max_temperature_c = hottest.celsius
            self._counters.max_temperature_source = hottest.source

    def _log_changes(self, decision: Decision) -> None:
        for change in decision.changes:
            self._counters.pauses += change.kind is ChangeKind.PAUSE
            self._counters.aborts += change.kind is ChangeKind.ABORT
            line = thermal_event(change, decision.reading, wall_time_s=self._wall_clock(), duty=decision.duty)
            if change.kind is ChangeKind.ABORT:
                line["before"] = self._readings_before()
            level = logging.WARNING if change.kind in _WARNINGS else PROGRESS
            logger.log(level, "%s", line["message"])
            self._on_event(line)

    def _readings_before(self) -> list[dict[str, Any]]:
        now_s = self._clock()
        return [
            {"seconds_before": round(now_s - at_s, 3)}
            | heat_fields(one.reading)
            | {"duty": round(one.duty, 3)}
            for at_s, one in self._recent
        ]

    def _abort_reason(self, decision: Decision) -> str:
        heat = "" if decision.reading is None else f"{heat_text(decision.reading)}, "
        return f"thermal abort: {heat}{decision.reason}"
