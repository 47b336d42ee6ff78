"""A simulated machine whose temperature follows the CPU time that a real trainer asks for."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from support.campaign import Campaign
from support.plant import Plant

TICK_S = 0.01


@dataclass(frozen=True)
class Point:
    """One tick: seconds since the start, hot spot and sensor temperatures, and the busy share."""

    at_s: float
    hot_spot_c: float
    sensor_c: float
    busy_share: float


class HotMachine:
    """Context manager that writes the campaign's temperature sensor.

    Attributes:
        plant: the thermal model; tests may change it at any time.
        spike_c: if not None, shown instead of the model's temperature.
        trace: one point per tick.
    """

    def __init__(self, campaign: Campaign, plant: Plant, *, trial: int = 0, cores: int = 1) -> None:
        self.plant, self.spike_c = plant, None
        self.trace: list[Point] = []
        self._campaign, self._trial, self._cores = campaign, trial, cores
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._start_s = time.monotonic()
        self._trainer: tuple[int, float] | None = None

    def __enter__(self) -> "HotMachine":
        self._campaign.heat_to(self.plant.read_c())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def now_s(self) -> float:
        """Seconds since the start, as in the trace."""
        return time.monotonic() - self._start_s

    def between(self, from_s: float, to_s: float) -> list[Point]:
        """Return the points of a time interval."""
        return [point for point in self.trace if from_s <= point.at_s < to_s]

    def _run(self) -> None:
        before_s = time.monotonic()
        while not self._stopping.wait(TICK_S):
            now_s = time.monotonic()
            elapsed_s, before_s = now_s - before_s, now_s
            busy_share = min(1.0, self._cpu_s() / elapsed_s / self._cores)
            self.plant.advance(elapsed_s, busy_share)
            shown_c = self.plant.read_c() if self.spike_c is None else self.spike_c
            self._campaign.heat_to(shown_c)
            self.trace.append(Point(now_s - self._start_s, self.plant.hot_spot_c, shown_c, busy_share))

    def _cpu_s(self) -> float:
        """Return the CPU seconds that the trainer asked for since the last call; 0 without a trainer.

        Time that it waited for a busy core counts too: other programs must not cool the simulated machine.
        """
        used = None
        with suppress(OSError, ValueError, KeyError):
            pid = self._campaign.trainer_pid(self._trial)
            used = pid, _asked_for_s(pid)
        before, self._trainer = self._trainer, used
        if used is None or before is None or before[0] != used[0]:
            return 0.0
        return max(0.0, used[1] - before[1])


def _asked_for_s(pid: int) -> float:
    """Return the seconds that the threads of a process ran or waited for a core (schedstat of the kernel)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(sum(map(int, thread.read_text().split()[:2])) for thread in threads) / 1e9
