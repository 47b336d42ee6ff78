"""Wait for a hot machine to cool before a job starts."""

import logging
import time
from collections.abc import Callable
from typing import Any

from simmer.base.errors import Interrupted
from simmer.base.logs import PROGRESS
from simmer.thermal.events import heat_text, thermal_line
from simmer.thermal.limits import Limits, ThermalState, judged, state_of, waits_for
from simmer.thermal.monitor import Monitor
from simmer.thermal.readings import Reading
from simmer.thermal.stop import StopRequest

logger = logging.getLogger(__name__)

_SLICE_S = 0.25
_REPORT_EVERY_S = 60.0
_HOT = (ThermalState.WARNING, ThermalState.CRITICAL)


def cool_down_gate(
    monitor: Monitor,
    limits: Limits,
    *,
    timeout_s: float,
    stop: StopRequest,
    on_event: Callable[[dict[str, Any]], None],
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
    wait: Callable[[float], bool] | None = None,
) -> float:
    """Wait until a machine at or above `warning_c` has cooled to `resume_c`; return the seconds waited.

    The wait ends when every source is lost; the guard then logs that.

    Raises:
        Interrupted: if a stop is requested, or the machine is still hot after `timeout_s` seconds.
    """
    if not any(state_of(reading, limits) in _HOT for reading in judged(monitor.latest().readings, limits)):
        return 0.0
    started_s = reported_s = clock()

    def log_event(action: str, reading: Reading | None, message: str) -> None:
        logger.log(PROGRESS, "%s", message)
        on_event(
            thermal_line(
                action,
                reading,
                wall_time_s=wall_clock(),
                limit_c=limits.in_celsius("resume", reading),
                lasted_s=clock() - started_s,
                message=message,
            )
        )

    hot = waits_for(monitor.latest().readings, limits)
    if hot is not None:
        log_event("cooldown", hot[0], _waiting_text(*hot, timeout_s))
    while (hot := waits_for(monitor.latest().readings, limits)) is not None:
        if stop.is_set() or (wait or stop.wait)(_SLICE_S):
            raise Interrupted(f"{stop.reason or 'stop requested'} while waiting for the machine to cool")
        if clock() - started_s >= timeout_s:
            raise Interrupted(_too_hot_text(*hot, clock() - started_s))
        if clock() - reported_s >= _REPORT_EVERY_S:
            reported_s = clock()
            logger.log(PROGRESS, "%s", _waiting_text(*hot, timeout_s - (reported_s - started_s)))
    hottest = monitor.latest().hottest
    if hottest is None:
        log_event(
            "cooldown_over",
            None,
            "no temperature sensor responds any more: the wait ends, temperature unknown",
        )
    else:
        log_event("cooldown_over", hottest, f"cooled down: {heat_text(hottest)}")
    return clock() - started_s


def _waiting_text(reading: Reading, aim: str, left_s: float) -> str:
    return f"the machine is hot, {heat_text(reading)}: waiting for {aim}, at most {left_s:.0f} s"


def _too_hot_text(reading: Reading, aim: str, waited_s: float) -> str:
    return (
        f"found {heat_text(reading)} after waiting {waited_s:.0f} s; expected {aim}; find what heats the "
        "machine, or raise thermal.cooldown_timeout_s, and run the same command again"
    )
