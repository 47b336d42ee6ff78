"""What the governor is worth: machines that heat up, in simulated time, and what the guard costs, measured.

    make bench-heat

Each policy trains for hours of simulated time on thermal models (tests/support/plant.py). The governor's rows
run the product's own Guard, Governor and Monitor, unchanged, on the simulated clock. Two processes simulate;
takes a few minutes. Nothing here is a real machine: the tables compare policies, they promise no degrees.

What is assumed: a training step of 0.5 s at full clock; a load that changes each minute, normal about 1 by
0.05, and 0.7 in a tenth of the minutes, as during an evaluation; air that warms and cools by 3 K over the
day; hardware that throttles by itself under every policy. An abort loses no work and goes on by itself after
60 s, at or below 70 °C. The two policies that pause read their sensor once per check; the governor's monitor
and the cap see the hottest of eight samples. The cap is the governor's own controller on a limit of power
instead of sleeps, which takes privileges.
"""

import itertools
import json
import logging
import math
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]

from simmer.thermal.duty import DutyController  # noqa: E402
from simmer.thermal.governor import Governor, GovernorSettings  # noqa: E402
from simmer.thermal.guard import Guard, GuardProtocol, Verdict  # noqa: E402
from simmer.thermal.limits import Limits, room_k  # noqa: E402
from simmer.thermal.monitor import SUBSAMPLES_PER_PERIOD, Monitor  # noqa: E402
from simmer.thermal.readings import Reading  # noqa: E402
from simmer.thermal.sensors import find_sensors  # noqa: E402
from simmer.thermal.stop import StopRequest  # noqa: E402
from simmer.training.environment import TRAINER_ENVIRONMENT  # noqa: E402
from support.plant import LAPTOP, MACHINES, POWER_EXPONENT, Machine, Plant  # noqa: E402

PERIOD_S = 2.0
LIMITS = Limits(acceptable_c=70, setpoint_c=82, warning_c=85, critical_c=95, resume_c=78, confirm_readings=3)
SETTINGS = GovernorSettings(
    govern=True,
    require_sensor=False,
    duty_when_blind=1.0,
    blind_hold_s=60,
    cooldown_timeout_s=3600,
    period_s=PERIOD_S,
)
AFTER_ABORT_S, AFTER_ABORT_C = 60.0, 70.0
BLOCKED_FAN = 1.8  # times the resistance from sink to air
SWING_K = 10.0
WARM_UP_S = 900.0  # left out of the standard deviation
PROCESSES = 2
HARDWARE_LOG_S = 300.0
MEASURED_S, MEASURED_CALLS, MEASURED_STEPS = 20.0, 200_000, 40


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
    sample_every_s: float = PERIOD_S / SUBSAMPLES_PER_PERIOD
    fan_blocked_h: float = math.inf
    sensor_lost_h: tuple[float, float] = (math.inf, math.inf)
    duty_when_blind: float = 1.0


@dataclass(frozen=True)
class Outcome:
    """What a row shows."""

    throughput_percent: float
    above_percent: tuple[float, ...]
    highest_c: float
    deviation_k: float
    swings_per_hour: float
    pauses: int
    aborts: int
    mean_w: float


class Record:
    """What a simulated machine went through."""

    LIMITS_C = (85.0, 90.0, 95.0)

    def __init__(self) -> None:
        self.work_s = 0.0
        self.pauses = self.aborts = 0
        self.highest_c = -math.inf
        self._above_s = [0.0] * len(self.LIMITS_C)
        self._settled_s = self._sum = self._sum_of_squares = 0.0
        self._swings = 0
        self._top_c, self._bottom_c, self._falling = -math.inf, math.inf, False

    def note(self, celsius: float, dt_s: float, now_s: float) -> None:
        """Count one short stretch of time."""
        self.highest_c = max(self.highest_c, celsius)
        for index, limit_c in enumerate(self.LIMITS_C):
            if celsius < limit_c:
                break
            self._above_s[index] += dt_s
        if now_s > WARM_UP_S:
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

    def outcome(self, seconds: float, joules: float) -> Outcome:
        """Return the row."""
        mean_c = self._sum / self._settled_s
        return Outcome(
            throughput_percent=100 * self.work_s / seconds,
            above_percent=tuple(100 * above_s / seconds for above_s in self._above_s),
            highest_c=self.highest_c,
            deviation_k=math.sqrt(max(0.0, self._sum_of_squares / self._settled_s - mean_c**2)),
            swings_per_hour=self._swings / (seconds / 3600),
            pauses=self.pauses,
            aborts=self.aborts,
            mean_w=joules / seconds,
        )


class Rig:
    """A machine on a simulated clock, with a sensor that can get lost and a monitor that reads it."""

    name, interval_s = "plant", 0.0

    def __init__(self, case: Case) -> None:
        self.case = case
        self.record = Record()
        self.now_s = 0.0
        self.clock_cap = 1.0
        self.plant = Plant(case.machine, noise=random.Random(f"noise {case.seed}"))
        self.monitor = Monitor([self], period_s=PERIOD_S, clock=self.clock, load=lambda: 0.0)
        self._loads = loads(case.seed)
        self._load = 1.0
        self._next_minute_s = 0.0
        # Half a sample late, so that no sample falls on a decision.
        self._next_sample_s = case.sample_every_s / 2

    @property
    def over(self) -> bool:
        """Whether the hours are up."""
        return self.now_s >= self.case.hours * 3600

    def clock(self) -> float:
        """Return the simulated seconds."""
        return self.now_s

    def read(self) -> Reading | None:
        """Be a sensor."""
        lost_h, found_h = self.case.sensor_lost_h
        if lost_h <= self.now_s / 3600 < found_h:
            return None
        return Reading("plant", celsius=self.plant.read_c())

    def work(self, seconds: float) -> None:
        """Train for what takes so long at full clock."""
        while seconds > 1e-9:
            wanted_s = seconds / min(self.plant.clock, self.clock_cap)
            end_s = self.now_s + wanted_s
            if end_s > self._next_sample_s:
                end_s = self._next_sample_s
            seconds -= self._pass(end_s, 1.0)

    def step(self, breathe: Callable[[], object] = lambda: None) -> None:
        """Train one step, with a breath between its parts where the case has parts."""
        breath_s = self.case.breath_s or self.case.step_s
        for part in range(round(self.case.step_s / breath_s)):
            if part:
                breathe()
            self.work(breath_s)

    def rest(self, seconds: float) -> bool:
        """Let time pass without work."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self._pass(min(end_s, self._next_sample_s), 0.0)
        return False

    def cool_after_abort(self) -> None:
        """Wait as long as the next start takes to come."""
        self.record.aborts += 1
        self.rest(AFTER_ABORT_S)
        while self.plant.read_c() > AFTER_ABORT_C:
            self.rest(PERIOD_S)

    def _pass(self, end_s: float, busy_share: float) -> float:
        if self.now_s >= self._next_minute_s:
            self._begin_minute()
        dt_s = end_s - self.now_s
        work_s = self.plant.advance(dt_s, busy_share, clock_cap=self.clock_cap, load=self._load)
        self.now_s = end_s
        self.record.work_s += work_s
        self.record.note(self.plant.hot_spot_c, dt_s, end_s)
        if end_s >= self._next_sample_s:
            self._next_sample_s += self.case.sample_every_s
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
    """Yield the load of each minute, as a share of the full one."""
    random_of = random.Random(f"load {seed}")
    while True:
        load = min(1.06, max(0.6, random_of.gauss(1.0, 0.05)))
        yield 0.7 if random_of.random() < 0.1 else load


def hardware_only(rig: Rig) -> None:
    """Train; the hardware alone looks after itself."""
    while not rig.over:
        rig.step()


def pause_60(rig: Rig) -> None:
    """Pause a minute where the sensor says 85 or more at a check, stop at 95."""
    next_check_s = 0.0
    while not rig.over:
        rig.step()
        while rig.now_s >= next_check_s:
            celsius = rig.plant.read_c()
            next_check_s = rig.now_s + PERIOD_S
            if celsius >= LIMITS.critical_c:
                rig.cool_after_abort()
            elif celsius >= LIMITS.warning_c:
                rig.record.pauses += 1
                rig.rest(60.0)


def hysteresis(rig: Rig) -> None:
    """Pause at 85 until 75."""
    next_check_s = 0.0
    while not rig.over:
        rig.step()
        if rig.now_s >= next_check_s:
            if rig.plant.read_c() >= LIMITS.warning_c:
                rig.record.pauses += 1
                rig.rest(PERIOD_S)
                while rig.plant.read_c() > 75.0:
                    rig.rest(PERIOD_S)
            next_check_s = rig.now_s + PERIOD_S


def governor(rig: Rig) -> None:
    """Train under the product's guard."""
    settings = replace(SETTINGS, duty_when_blind=rig.case.duty_when_blind)
    while not rig.over:
        guard = Guard(
            rig.monitor,
            Governor(LIMITS, settings),
            stop=StopRequest(),
            on_event=lambda _: None,
            hardware_interval_s=math.inf,
            clock=rig.clock,
            wait=rig.rest,
        )
        stopped = False
        while not (rig.over or stopped):
            rig.step(guard.breathe)
            stopped = guard.between_steps().stop
        rig.record.pauses += guard.counters()["pauses"]
        if stopped:
            rig.cool_after_abort()


def power_cap(rig: Rig) -> None:
    """Train without sleeps, at the clock that a cap of power leaves."""
    controller, next_decision_s = DutyController(), 0.0
    while not rig.over:
        rig.step()
        hottest = rig.monitor.latest().hottest
        if rig.now_s >= next_decision_s and hottest is not None:
            next_decision_s = rig.now_s + PERIOD_S
            rig.clock_cap = controller.steer(room_k(hottest, LIMITS)) ** (1 / POWER_EXPONENT)


POLICIES: dict[str, Callable[[Rig], None]] = {
    "hardware": hardware_only,
    "pause 60": pause_60,
    "hysteresis": hysteresis,
    "governor": governor,
    "cap": power_cap,
}
LABELS = {
    "hardware": "hardware throttling only",
    "pause 60": "pause 60 s from 85, abort at 95, every 2 s",
    "hysteresis": "pause from 85 until 75, every 2 s",
    "governor": "governor, setpoint 82, every 2 s",
    "cap": "its controller on a power cap",
}


def simulate(case: Case) -> Outcome:
    """Run one case."""
    logging.getLogger("simmer").setLevel(logging.CRITICAL)
    rig = Rig(case)
    POLICIES[case.policy](rig)
    return rig.record.outcome(rig.now_s, rig.plant.energy_j)


def tables() -> dict[str, list[Case]]:
    """Return the cases by the title of their table."""
    found = {
        f"{machine.name}, 12 h": [Case(label, policy, machine, hours=12) for policy, label in LABELS.items()]
        for machine in MACHINES
    }
    found[f"{LAPTOP.name}, fan blocked after 2 of 4 h"] = [
        Case(label, policy, hours=4, fan_blocked_h=2) for policy, label in LABELS.items()
    ]
    whole = [Case(f"{step_s:g} s, undivided", step_s=step_s) for step_s in (0.5, 2.0, 10.0, 30.0)]
    divided = [
        Case(f"{step_s:g} s, a breath each 0.5 s", step_s=step_s, breath_s=0.5) for step_s in (10.0, 30.0)
    ]
    found["governor on the laptop, by length of a training step, 3 h"] = whole + divided
    found["governor on the laptop, by what the monitor reads, 3 h"] = [
        Case("hottest of 8 samples per decision"),
        Case("one sample per decision", sample_every_s=PERIOD_S),
    ]
    found["governor on the laptop, sensor lost for 1 of 5 h"] = [
        Case(f"duty_when_blind {duty:g}", hours=5, sensor_lost_h=(2, 3), duty_when_blind=duty)
        for duty in (1.0, 0.6)
    ]
    found["governor on the laptop, other seeds, 6 h"] = [
        Case(f"seed {seed}", hours=6, seed=seed) for seed in (2, 3, 4, 5)
    ]
    return found


HEADS = ("work %", ">= 85 %", ">= 90 %", ">= 95 %", "Tmax", "sd K", "10 K/h", "pauses", "aborts", "W")


def table_row(outcome: Outcome) -> tuple[str, ...]:
    """Return the numbers of a row as text."""
    return (
        f"{outcome.throughput_percent:.1f}",
        *(f"{share:.2f}" for share in outcome.above_percent),
        f"{outcome.highest_c:.1f}",
        f"{outcome.deviation_k:.1f}",
        f"{outcome.swings_per_hour:.1f}",
        f"{outcome.pauses}",
        f"{outcome.aborts}",
        f"{outcome.mean_w:.0f}",
    )


def print_line(label: str, cells: tuple[str, ...]) -> None:
    """Print one aligned line of a table."""
    print(f"{label:44s}" + "".join(f"{cell:>9s}" for cell in cells), flush=True)


def simulate_all() -> dict[Case, Outcome]:
    """Simulate and print every table."""
    found: dict[Case, Outcome] = {}
    by_title = tables()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        outcomes = pool.imap(simulate, [case for cases in by_title.values() for case in cases])
        for title, cases in by_title.items():
            print(f"\n{title}")
            print_line("", HEADS)
            for case in cases:
                found[case] = next(outcomes)
                print_line(case.label, table_row(found[case]))
    return found


# ---- what the guard costs, on this machine --------------------------------------------------


def write_sensors(root: Path) -> None:
    """Write four chips of a made-up sysfs, each with one temperature."""
    for number, celsius in enumerate((48, 51, 50, 49)):
        chip = root / f"class/hwmon/hwmon{number}"
        chip.mkdir(parents=True)
        for name, text in (
            ("name", "coretemp"),
            ("temp1_label", "Package id 0"),
            ("temp1_input", f"{celsius}000"),
        ):
            (chip / name).write_text(f"{text}\n")


def cpu_share() -> float:
    """Return the CPU seconds per second of this process while its main thread sleeps."""
    start_s, cpu_s = time.perf_counter(), time.process_time()
    time.sleep(MEASURED_S)
    return (time.process_time() - cpu_s) / (time.perf_counter() - start_s)


def call_s(guard: Guard, calls: int) -> float:
    """Return the mean seconds of `between_steps`."""
    start_s = time.perf_counter()
    for _ in range(calls):
        guard.between_steps()
    return (time.perf_counter() - start_s) / calls


def guard_costs() -> tuple[float, float, float, float]:
    """Return the monitor's CPU share, and seconds of a call, of a decision and of a hardware sample."""
    with tempfile.TemporaryDirectory(prefix="simmer-bench-") as folder:
        write_sensors(Path(folder))
        sensors = find_sensors(Path(folder), environment={})
        if len(sensors) != 4:
            raise RuntimeError(f"{len(sensors)} sensors found, 4 written")
        without = cpu_share()
        with Monitor(sensors, period_s=PERIOD_S) as monitor:
            share = cpu_share() - without

            def guard(hardware_interval_s: float, clock: Callable[[], float] = time.monotonic) -> Guard:
                return Guard(
                    monitor,
                    Governor(LIMITS, SETTINGS),
                    stop=StopRequest(),
                    on_event=json.dumps,
                    hardware_interval_s=hardware_interval_s,
                    clock=clock,
                )

            def every_call() -> Callable[[], float]:
                return itertools.count(0.0, PERIOD_S).__next__  # at each look at the clock, a decision is due

            call = call_s(guard(math.inf), MEASURED_CALLS)
            decision = call_s(guard(math.inf, every_call()), MEASURED_CALLS // 20) - call
            sample = call_s(guard(0.0, every_call()), MEASURED_CALLS // 100) - decision - call
    return share, call, decision, sample


class Stopwatch:
    """A guard that notes when each step ends, and asks to stop after the last."""

    def __init__(self) -> None:
        self.ends_s: list[float] = []

    def between_steps(self) -> Verdict:
        """Note the time."""
        self.ends_s.append(time.perf_counter())
        return Verdict(stop=len(self.ends_s) > MEASURED_STEPS, reason="measured")

    def breathe(self) -> None:
        """Rest never."""

    def heat(self) -> str:
        """Tell nothing."""
        return ""

    def counters(self) -> dict[str, Any]:
        """Keep nothing."""
        return {}

    def restore(self, _: object) -> None:
        """Restore nothing."""


class NoStore:
    """A checkpoint store that holds nothing and keeps nothing."""

    def restore(self, _: object) -> None:
        """Find no checkpoint."""

    def save(self, *_: object, **__: object) -> None:
        """Write nothing."""


def train_2m(guard: GuardProtocol) -> None:
    """Train the 2M scale until the guard stops it, as speed.py does."""
    from setting import CORES, SIZES, Execution, model_shape, real_windows, trial_run

    execution = Execution(device="cpu", precision="bf16", threads=CORES)
    trial_run(
        model_shape(SIZES["2M"]),
        real_windows(validation_windows=64),
        execution,
        guard=guard,
        store=NoStore(),
        batch=64,
        dropout=0.1,
        epochs=10**6,
    ).run()


def measure_step() -> float:
    """Return the median seconds of a training step, in this process."""
    from simmer.errors import Interrupted

    watch = Stopwatch()
    try:
        train_2m(watch)
    except Interrupted:
        ends_s = watch.ends_s[10:]  # the first ones are slower
        return statistics.median(later - earlier for earlier, later in itertools.pairwise(ends_s))
    raise RuntimeError("training ended before it was measured")


def step_s_of_a_trial() -> float:
    """Return the same from a process of its own, with the environment of a trial."""
    done = subprocess.run(
        [sys.executable, __file__, "step"],
        stdout=subprocess.PIPE,
        env=os.environ | TRAINER_ENVIRONMENT,
        check=True,
    )
    return float(done.stdout)


def guard_overhead_percent() -> float:
    """Measure and print what the guard costs; return it in percent of a training step."""
    share, call, decision, sample = guard_costs()
    step_s = step_s_of_a_trial()
    per_second = share + decision / PERIOD_S + sample / HARDWARE_LOG_S
    overhead_percent = 100 * (call + per_second * step_s) / step_s
    print("\nthe guard at full duty, measured on this machine, 4 temperature files, a period of 2 s")
    print(f"  monitor's threads                 {1e6 * share:9.1f} µs of CPU per second")
    print(f"  a call between two steps          {1e6 * call:9.2f} µs")
    print(f"  a decision, every 2 s             {1e6 * decision:9.1f} µs")
    print(f"  a hardware sample, every 300 s    {1e6 * sample:9.1f} µs")
    print(f"  a training step at 2M, batch 64   {1e3 * step_s:9.1f} ms")
    return overhead_percent


def main() -> None:
    """Simulate, measure and print."""
    start_s = time.perf_counter()
    print("simulated; work: % of a machine that never slows; 10 K/h: falls of 10 K or more per hour")
    found = simulate_all()
    overhead_percent = guard_overhead_percent()
    laptop = {case.policy: found[case] for case in tables()[f"{LAPTOP.name}, 12 h"]}
    summary = (
        f"governor_throughput={laptop['governor'].throughput_percent:.1f}",
        f"pause60_throughput={laptop['pause 60'].throughput_percent:.1f}",
        f"governor_above_85_percent={laptop['governor'].above_percent[0]:.1f}",
        f"guard_overhead_percent={overhead_percent:.2f}",
    )
    print(f"\ntook {time.perf_counter() - start_s:.0f} s")
    print(" ".join(summary))


if __name__ == "__main__":
    if sys.argv[1:] == ["step"]:
        print(measure_step())
    else:
        main()
