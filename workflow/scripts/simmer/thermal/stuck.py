"""Detect stuck sensors: one constant temperature although the load changes.

Sensors that report one value, such as 40.0, for as long as the machine runs exist (exelban/stats, issue
2486).
"""

from collections.abc import Callable

import psutil

from simmer.thermal.readings import Reading

STUCK_AFTER_S = 600.0
_LOOK_AT_LOAD_EVERY_S = 10.0
# Load changes that move a working sensor: a share of all cores, or a share of a GPU's power and some watts.
_LOAD_MOVED, _POWER_MOVED_W = 0.3, 20.0


class CpuLoad:
    """The busy share of all cores, 0 to 1, over the last ten seconds; for any number of threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen_at_s: float | None = None
        self._busy_s = self._total_s = 0.0
        self._share: float | None = None

    def __call__(self) -> float | None:
        """Return the share; None in the first seconds, before there are two samples to compare."""
        now_s = self._clock()
        if self._seen_at_s is None or now_s - self._seen_at_s >= _LOOK_AT_LOAD_EVERY_S:
            times = psutil.cpu_times()
            total_s = sum(times)
            busy_s = total_s - times.idle - getattr(times, "iowait", 0.0)
            if self._seen_at_s is not None and total_s > self._total_s:
                self._share = (busy_s - self._busy_s) / (total_s - self._total_s)
            self._seen_at_s, self._busy_s, self._total_s = now_s, busy_s, total_s
        return self._share


class StuckDetector:
    """Check one sensor for a value that stays exactly the same."""

    def __init__(self, load: Callable[[], float | None]) -> None:
        self._load = load
        self._celsius: float | None = None
        self._since_s = self._next_load_s = 0.0
        self._loads: list[float] = []

    def is_stuck(self, reading: Reading, now_s: float) -> bool:
        """Return True if the temperature stayed constant for ten minutes in which the load changed."""
        if reading.celsius is None or reading.celsius != self._celsius:
            self._celsius, self._since_s, self._loads = reading.celsius, now_s, []
            self._next_load_s = now_s
            return False
        if now_s >= self._next_load_s:
            self._next_load_s = now_s + _LOOK_AT_LOAD_EVERY_S
            load = reading.power_w if reading.power_w is not None else self._load()
            if load is not None:
                self._loads = [min([load, *self._loads]), max([load, *self._loads])]
        return now_s - self._since_s >= STUCK_AFTER_S and self._moved(reading.power_w is not None)

    def _moved(self, in_watts: bool) -> bool:
        if len(self._loads) < 2:
            return False
        low, high = self._loads
        if in_watts:
            return high - low > max(_POWER_MOVED_W, _LOAD_MOVED * high)
        return high - low > _LOAD_MOVED
