"""What a training loop asks between two optimizer steps: go on, or stop."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

from simmer.thermal.events import hardware_sample, heat_text, thermal_event
from simmer.thermal.governor import Action, ChangeKind, Decision, Governor
from simmer.thermal.monitor import Monitor, Snapshot
from simmer.thermal.provider import get_hardware_stats
from simmer.thermal.readings import ThermalState
from simmer.thermal.stop import StopRequest

logger = logging.getLogger(__name__)

# Short, so that a wait injected without a wake-up still serves a stop request soon.
SLICE_S = 0.25


@dataclass(frozen=True)
class Verdict:
    """Whether training has to stop at this step boundary, and why."""

    stop: bool
    reason: str | None


GO_ON = Verdict(stop=False, reason=None)


class GuardProtocol(Protocol):
    """What a training loop needs of a guard."""

    def between_steps(self) -> Verdict:
        """Wait as long as the machine is too hot, then tell whether to stop."""
        ...

    def heat(self) -> str:
        """Return the last reading for people."""
        ...

    def counters(self) -> dict[str, Any]:
        """Return what the guard counted, ready for a checkpoint."""
        ...

    def restore(self, counters: Mapping[str, Any]) -> None:
        """Go on counting from what a checkpoint holds."""
        ...


@dataclass
class _Counters:
    paused_s: float = 0.0
    pauses: int = 0
    aborts: int = 0
    unknown_s: float = 0.0
    max_temperature_c: float | None = None
    max_temperature_source: str | None = None


class Guard:
    """Pauses a hot machine between steps and says when to stop.

    It touches no random number and no tensor: weights are the same with and without it. Kernels already
    queued on an accelerator run on into a pause.
    """

    def __init__(
        self,
        monitor: Monitor,
        governor: Governor,
        *,
        stop: StopRequest,
        on_event: Callable[[dict[str, Any]], None],
        hardware_interval_s: float,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """Take what the guard watches and whom it tells.

        Args:
            monitor: a started monitor, on the same `clock`.
            governor: fresh for each job.
            stop: what signal handlers set.
            on_event: receives `hardware_sample` and `thermal_event` lines.
            hardware_interval_s: seconds between two hardware samples.
            clock: monotonic seconds.
            wall_clock: seconds since 1970.
            wait: sleeps up to the given seconds and tells whether a stop is requested.
        """
        self._monitor = monitor
        self._governor = governor
        self._stop = stop
        self._on_event = on_event
        self._hardware_interval_s = hardware_interval_s
        self._clock = clock
        self._wall_clock = wall_clock
        self._wait = wait or stop.wait
        self._counters = _Counters()
        self._next_look_s = self._next_hardware_s = float("-inf")
        self._last_look_s: float | None = None
        self._last: Decision | None = None
        self._final: Verdict | None = None

    def between_steps(self) -> Verdict:
        """Wait while the machine is too hot; then tell whether to go on.

        One decision is due per period of the monitor; between two of them a call only reads the clock. A
        stop is final: every later call repeats it.
        """
        if self._final is not None:
            return self._final
        if not self._stop.is_set() and self._clock() < self._next_look_s:
            return GO_ON
        verdict = self._settle()
        if verdict.stop:
            self._final = verdict
        return verdict

    def heat(self) -> str:
        """Return the last reading for people: degrees or level, and the source."""
        return heat_text(None if self._last is None else self._last.reading)

    def counters(self) -> dict[str, Any]:
        """Return seconds paused and unknown, pauses, aborts and the highest temperature with its source."""
        return asdict(self._counters)

    def restore(self, counters: Mapping[str, Any]) -> None:
        """Go on counting from what a checkpoint holds; a counter it does not know starts at its beginning."""
        known = {field.name for field in fields(_Counters)}
        self._counters = _Counters(**{name: value for name, value in counters.items() if name in known})

    def _settle(self) -> Verdict:
        while True:
            if self._stop.is_set():
                self._account(self._clock())
                return Verdict(stop=True, reason=self._stop.reason)
            decision = self._look()
            if decision.action is Action.GO:
                return GO_ON
            if decision.action is Action.ABORT:
                return Verdict(stop=True, reason=self._abort_reason(decision))
            self._rest_until(self._next_look_s)

    def _rest_until(self, deadline_s: float) -> None:
        while (left_s := deadline_s - self._clock()) > 0 and not self._wait(min(left_s, SLICE_S)):
            pass

    def _look(self) -> Decision:
        now_s = self._clock()
        self._next_look_s = now_s + self._monitor.period_s
        self._account(now_s)
        snapshot = self._monitor.latest()
        self._last = decision = self._governor.decide(snapshot.samples, now_s)
        self._note_highest(snapshot)
        self._tell(decision)
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
        return decision

    def _account(self, now_s: float) -> None:
        # The time since the last look belongs to what was decided then.
        elapsed_s = 0.0 if self._last_look_s is None else now_s - self._last_look_s
        self._last_look_s = now_s
        if self._last is not None and self._last.action is Action.PAUSE:
            self._counters.paused_s += elapsed_s
        if self._last is not None and self._last.state is ThermalState.UNKNOWN:
            self._counters.unknown_s += elapsed_s

    def _note_highest(self, snapshot: Snapshot) -> None:
        hottest, highest_c = snapshot.hottest, self._counters.max_temperature_c
        if hottest is None or hottest.celsius is None:
            return
        if highest_c is None or hottest.celsius > highest_c:
            self._counters.max_temperature_c = hottest.celsius
            self._counters.max_temperature_source = hottest.source

    def _tell(self, decision: Decision) -> None:
        for change in decision.changes:
            self._counters.pauses += change.kind is ChangeKind.PAUSE
            self._counters.aborts += change.kind is ChangeKind.ABORT
            line = thermal_event(change, decision.reading, wall_time_s=self._wall_clock())
            logger.warning("%s", line["message"])
            self._on_event(line)

    def _abort_reason(self, decision: Decision) -> str:
        if decision.state is ThermalState.UNKNOWN:
            return "thermal abort: no temperature source answers and thermal.require_sensor is true"
        limits = self._governor.limits
        return (
            f"thermal abort: {heat_text(decision.reading)}, critical from {limits.critical_c:g} °C, "
            f"confirmed by {limits.confirm_readings} readings in a row"
        )
