"""A machine that heats up on a simulated clock under simmer's monitor, and the record of its temperatures."""

import math
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]

from simmer.thermal import duty  # noqa: E402
from simmer.thermal.monitor import Monitor  # noqa: E402
from simmer.thermal.readings import Reading  # noqa: E402
from simmer.thermal.source import SUBSAMPLES_PER_PERIOD  # noqa: E402
from support.configs import default_config  # noqa: E402
from support.plant import LAPTOP, Machine, Plant  # noqa: E402

THERMAL = default_config({"thermal": {"profile": "default"}}).thermal
AFTER_ABORT_S, AFTER_ABORT_C = 60.0, 70.0
BLOCKED_FAN = 1.8  # times the resistance from sink to air
ABOVE_C = (85.0, 90.0, 95.0)
SWING_K = 10.0
WARM_UP_S = 900.0  # left out of the standard deviation


@dataclass(frozen=True)
class Case:
    """One row: a policy on a machine, for some simulated hours."""

    label: str
    policy: str = "governor"
    machine: Machine = LAPTOP
    hours: float = 3.0
    seed: int = 1
    step_s: float = 0.5
    breath_s: float | None = None
    period_s: float = THERMAL.sample_period_s
    samples_per_period: int = SUBSAMPLES_PER_PERIOD
    gain_per_k: float = duty.GAIN_PER_K
    integral_decisions: float = duty.INTEGRAL_DECISIONS
    fan_blocked_h: float = math.inf
    sensor_lost_h: tuple[float, float] = (math.inf, math.inf)
    duty_when_blind: float = THERMAL.duty_when_blind


class Record:
    """Work, temperatures, pauses and aborts of a simulated machine."""

    def __init__(self) -> None:
        self.seconds = self.work_s = self.energy_j = 0.0
        self.pauses = self.aborts = 0
        self.highest_c = -math.inf
        self._above_s = [0.0] * len(ABOVE_C)
        self._settled_s = self._sum = self._sum_of_squares = 0.0
        self._swings = 0
        self._top_c, self._bottom_c, self._falling = -math.inf, math.inf, False

    def note(self, dt_s: float, work_s: float, plant: Plant) -> None:
        """Add one short stretch of time."""
        celsius = plant.hot_spot_c
        self.seconds += dt_s
        self.work_s += work_s
        self.energy_j = plant.energy_j
        self.highest_c = max(self.highest_c, celsius)
        for index, limit_c in enumerate(ABOVE_C):
            if celsius < limit_c:
                break
            self._above_s[index] += dt_s
        if self.seconds > WARM_UP_S:
            self._settled_s += dt_s
            self._sum += celsius * dt_s
            self._sum_of_squares += celsius * celsius * dt_s
        self._note_swing(celsius)

    def _note_swing(self, celsius: float) -> None:
        self._top_c, self._bottom_c = max(self._top_c, celsius), min(self._bottom_c, celsius)
        if not self._falling and celsius <= self._top_c - SWING_K:
            self._falling, self._bottom_c = True, celsius
            self._swings += 1
        elif self._falling and celsius >= self._bottom_c + SWING_K:
            self._falling, self._top_c = False, celsius

    @property
    def work_percent(self) -> float:
        """The work done, in percent of a machine that never slows."""
        return 100 * self.work_s / self.seconds

    @property
    def above_percent(self) -> list[float]:
        """The time at or above each of `ABOVE_C`, in percent."""
        return [100 * above_s / self.seconds for above_s in self._above_s]

    @property
    def deviation_k(self) -> float:
        """The standard deviation of the hot spot."""
        mean_c = self._sum / self._settled_s
        return math.sqrt(max(0.0, self._sum_of_squares / self._settled_s - mean_c**2))

    @property
    def swings_per_hour(self) -> float:
        """Falls by `SWING_K` or more."""
        return self._swings / (self.seconds / 3600)

    @property
    def mean_w(self) -> float:
        """The mean power."""
        return self.energy_j / self.seconds


class SimulatedMachine:
    """A thermal model on a simulated clock; it is its own sensor, which can fail."""

    name, interval_s = "plant", 0.0

    def __init__(self, case: Case) -> None:
        self.case = case
        self.record = Record()
        self.now_s = 0.0
        self.clock_cap = 1.0
        self.plant = Plant(case.machine, noise=random.Random(f"noise {case.seed}"))
        self.monitor = Monitor([self], period_s=case.period_s, clock=self.clock, load=lambda: 0.0)
        self._loads = loads(case.seed)
        self._load = 1.0
        self._next_minute_s = 0.0
        self._sample_every_s = case.period_s / case.samples_per_period
        # Half a sample late, so that no sample falls on a decision.
        self._next_sample_s = self._sample_every_s / 2

    @property
    def over(self) -> bool:
        """True after the last hour."""
        return self.now_s >= self.case.hours * 3600

    def clock(self) -> float:
        """Return the simulated seconds."""
        return self.now_s

    def read(self) -> Reading | None:
        """Return the reading of its sensor."""
        lost_h, found_h = self.case.sensor_lost_h
        if lost_h <= self.now_s / 3600 < found_h:
            return None
        return Reading("plant", celsius=self.plant.read_c())

    def step(self, inside_step: Callable[[], object] = lambda: None) -> None:
        """Train one step; call `inside_step` between its parts if the case divides it."""
        part_s = self.case.breath_s or self.case.step_s
        for part in range(round(self.case.step_s / part_s)):
            if part:
                inside_step()
            self._work(part_s)

    def rest(self, seconds: float) -> bool:
        """Let time pass without work; return False: no stop was requested."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self._pass(min(end_s, self._next_sample_s), 0.0)
        return False

    def cool_after_abort(self) -> None:
        """Count an abort and wait until the next start."""
        self.record.aborts += 1
        self.rest(AFTER_ABORT_S)
        while self.plant.read_c() > AFTER_ABORT_C:
            self.rest(self.case.period_s)

    def _work(self, seconds: float) -> None:
        """Train for the work of `seconds` at full clock."""
        while seconds > 1e-9:
            end_s = self.now_s + seconds / min(self.plant.clock, self.clock_cap)
            seconds -= self._pass(min(end_s, self._next_sample_s), 1.0)

    def _pass(self, end_s: float, busy_share: float) -> float:
        if self.now_s >= self._next_minute_s:
            self._begin_minute()
        dt_s = end_s - self.now_s
        work_s = self.plant.advance(dt_s, busy_share, clock_cap=self.clock_cap, load=self._load)
        self.now_s = end_s
        self.record.note(dt_s, work_s, self.plant)
        if end_s >= self._next_sample_s:
            self._next_sample_s += self._sample_every_s
            self.monitor.sample_once()
        return work_s

    def _begin_minute(self) -> None:
        self._next_minute_s += 60.0
        self._load = next(self._loads)
        day_share = self.now_s / 86_400
        self.plant.ambient_c = self.case.machine.ambient_c + 3.0 * math.sin(2 * math.pi * day_share)
        if self.now_s >= self.case.fan_blocked_h * 3600:
            self.plant.sink_air_k_per_w = BLOCKED_FAN * self.case.machine.sink_air_k_per_w


def loads(seed: int) -> Iterator[float]:
    """Yield the load of each minute, as a share of full load."""
    random_of = random.Random(f"load {seed}")
    while True:
        load = min(1.06, max(0.6, random_of.gauss(1.0, 0.05)))
        yield 0.7 if random_of.random() < 0.1 else load
