"""Measure what the guard costs a trial at full duty, on this machine.

The cost of the monitor's thread is the CPU time of the whole process over spans in which the main thread only
sleeps, less that of a span of the same length without a monitor just before. The calls that the main thread
makes to the guard are timed one by one. The sum is compared with a training step.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulated_machine import ROOT, THERMAL

from simmer.thermal.governor import Governor
from simmer.thermal.guard import Guard
from simmer.thermal.monitor import Monitor
from simmer.thermal.sensors import Sensor, find_sensors
from simmer.thermal.source import SUBSAMPLES_PER_PERIOD
from simmer.thermal.stop import StopRequest
from simmer.training.environment import TRAINER_ENVIRONMENT

PERIOD_S = THERMAL.sample_period_s
HARDWARE_LOG_S = 300.0
CHIPS_C = (48, 51, 50, 49)


@dataclass(frozen=True)
class Repeats:
    """How often and how long each cost is measured."""

    rounds: int
    span_s: float
    calls: int
    decisions: int
    steps: int


FULL = Repeats(rounds=3, span_s=20.0, calls=200_000, decisions=2_000, steps=60)
SHORT = Repeats(rounds=1, span_s=1.0, calls=2_000, decisions=20, steps=5)


def guard_overhead_percent(repeats: Repeats) -> float:
    """Measure and print what the guard costs; return it in percent of a training step."""
    with tempfile.TemporaryDirectory(prefix="simmer-bench-") as folder:
        write_chips(Path(folder))
        sensors = find_sensors(Path(folder), environment={})
        if len(sensors) != len(CHIPS_C):
            raise RuntimeError(
                f"found {len(sensors)} sensors, expected {len(CHIPS_C)}: fix simmer.thermal.sensors"
            )
        rounds = [monitor_share(sensors, repeats.span_s) for _ in range(repeats.rounds)]
        call_s, decision_s, hardware_sample_s = costs_between_steps(sensors, repeats)
    share = statistics.median(rounds)
    step_s = seconds_of_a_step(repeats.steps)
    per_second = share + decision_s / PERIOD_S + hardware_sample_s / HARDWARE_LOG_S
    each = ", ".join(f"{1e6 * one:.0f}" for one in rounds)
    print(f"\nthe guard at full duty, measured on this machine, {len(CHIPS_C)} chips with a temperature each")
    print(f"  monitor's thread                  {1e6 * share:9.1f} µs of CPU per second (of {each})")
    print(f"  a call between two steps          {1e6 * call_s:9.2f} µs")
    print(f"  a decision, every {PERIOD_S:g} s             {1e6 * decision_s:9.1f} µs")
    print(f"  a hardware sample, every {HARDWARE_LOG_S:g} s    {1e6 * hardware_sample_s:9.1f} µs")
    print(f"  a training step at 2M, batch 64   {1e3 * step_s:9.1f} ms")
    return 100 * (call_s / step_s + per_second)


def write_chips(root: Path) -> None:
    """Write the sysfs files of four chips, each with one temperature."""
    for number, celsius in enumerate(CHIPS_C):
        chip = root / f"class/hwmon/hwmon{number}"
        chip.mkdir(parents=True)
        (chip / "name").write_text("coretemp\n")
        (chip / "temp1_label").write_text("Package id 0\n")
        (chip / "temp1_input").write_text(f"{celsius}000\n")


def monitor_share(sensors: Sequence[Sensor], span_s: float) -> float:
    """Return the CPU seconds per second that a running monitor adds to an idle process."""
    without = idle_cpu_share(span_s)
    with Monitor(sensors, period_s=PERIOD_S):
        return idle_cpu_share(span_s) - without


def idle_cpu_share(span_s: float) -> float:
    """Return the CPU seconds per second of all threads of this process while this one sleeps."""
    start_s, cpu_s = time.perf_counter(), time.process_time()
    time.sleep(span_s)
    return (time.process_time() - cpu_s) / (time.perf_counter() - start_s)


def costs_between_steps(sensors: Sequence[Sensor], repeats: Repeats) -> tuple[float, float, float]:
    """Return the seconds of a call without a decision, of a decision, and of a hardware sample."""
    now_s = 0.0

    def clock() -> float:
        return now_s

    def pass_a_period() -> None:
        nonlocal now_s
        for _ in range(SUBSAMPLES_PER_PERIOD):
            now_s += PERIOD_S / SUBSAMPLES_PER_PERIOD
            monitor.sample_once()

    def guard(hardware_interval_s: float) -> Guard:
        return Guard(
            monitor,
            Governor(THERMAL.limits(), THERMAL.governor()),
            stop=StopRequest(),
            on_event=json.dumps,
            hardware_interval_s=hardware_interval_s,
            clock=clock,
        )

    monitor = Monitor(sensors, period_s=PERIOD_S, clock=clock, load=lambda: 0.0)
    deciding, sampling = guard(math.inf), guard(0.0)
    decisions, samples = [], []
    for _ in range(repeats.decisions):
        pass_a_period()
        decisions.append(seconds_of(deciding, calls=1))
        samples.append(seconds_of(sampling, calls=1))
    call_s = seconds_of(deciding, calls=repeats.calls)
    decision_s = statistics.median(decisions)
    return call_s, decision_s - call_s, statistics.median(samples) - decision_s


def seconds_of(guard: Guard, *, calls: int) -> float:
    """Return the mean seconds of a call between two steps."""
    start_s = time.perf_counter()
    for _ in range(calls):
        guard.between_steps()
    return (time.perf_counter() - start_s) / calls


def seconds_of_a_step(steps: int) -> float:
    """Return the seconds of a training step, measured in a process with the environment of a trial."""
    program = [sys.executable, ROOT / "benchmarks/training_step.py", str(steps)]
    environment = os.environ | TRAINER_ENVIRONMENT
    return float(subprocess.run(program, stdout=subprocess.PIPE, env=environment, check=True).stdout)
