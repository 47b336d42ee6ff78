"""Closed-loop scenario: a real trainer heats a simulated laptop, and the guard slows the trainer.

The laptop (110 W) is simulated at ten times real time. Its fan is blocked in mid-run, and at the end its
sensor shows a critical temperature. The sample period is also a tenth, so that all time constants keep their
ratios.
"""

import math
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from support.campaign import Campaign, Run, wait_until
from support.hot_machine import HotMachine, Point
from support.plant import LAPTOP, Plant

TIME_SCALE = 10.0
PERIOD_S = 2.0 / TIME_SCALE
HOT_LAPTOP = replace(LAPTOP, name="laptop, 110 W", full_w=110)
TARGET = "results/hpo/debug/h1/trial_000.json"
SPIKE_C = 97
SETTLING_S, MEASURED_S = 6.0, 7.0
CPU_S = 28.0  # more than the scenario uses before the spike, so that something is left to resume


def overlay(epochs_max: int, *, sysfs_root: str, govern: bool = True) -> dict:
    """Return the configuration of one long trial on the accelerated machine."""
    return {
        "scales": {"debug": {"n_trials": 1, "epochs_max": epochs_max}},
        "training": {"patience_epochs": 1_000_000, "checkpoint_interval_s": 60},
        "thermal": {
            "govern": govern,
            "sample_period_s": PERIOD_S,
            "confirm_readings": 3,
            "cooldown_timeout_s": 120,
            "sysfs_root": sysfs_root,
        },
    }


def epochs_for(epoch_s: float) -> int:
    """Return the number of epochs that last for the scenario, given the seconds of one epoch."""
    return math.ceil(CPU_S / epoch_s)


def plant(*, worked_s: float = 22.0) -> Plant:
    """Return the laptop after some work, so that no test waits for it to warm up."""
    laptop = Plant(HOT_LAPTOP, noise=random.Random(1), time_scale=TIME_SCALE)
    laptop.advance(worked_s, 0.45)
    return laptop


@dataclass(frozen=True)
class Ended:
    """Record of a scenario that ended with a critical temperature.

    Attributes:
        run: the run that stopped.
        trace: the machine's temperature, tick by tick.
        settled_from_s: when the temperature had settled at the setpoint.
        blocked_at_s: when the fan was blocked.
        settled_again_from_s: when the temperature had settled again.
        spiked_at_s: when the sensor began to show a critical temperature.
    """

    run: Run
    trace: list[Point]
    settled_from_s: float
    blocked_at_s: float
    settled_again_from_s: float
    spiked_at_s: float

    def between(self, from_s: float, to_s: float) -> list[Point]:
        """Return the points of a time interval."""
        return [point for point in self.trace if from_s <= point.at_s < to_s]


def run_until_critical(
    campaign: Campaign,
    prefix: Iterable[str] = (),
    *,
    settling_s: float = SETTLING_S,
    measured_s: float = MEASURED_S,
) -> Ended:
    """Run to the setpoint, block the fan, then show a critical temperature and wait for the abort."""
    with HotMachine(campaign, plant()) as machine:
        run = campaign.start(TARGET, prefix=prefix)
        run.until(lambda: any(point.hot_spot_c >= 81 for point in machine.trace[-100:]), "the setpoint")
        _train_on(run, settling_s)
        settled_from_s = machine.now_s
        _train_on(run, measured_s)
        blocked_at_s = machine.now_s
        machine.plant.sink_air_k_per_w *= 1.8
        _train_on(run, settling_s)
        settled_again_from_s = machine.now_s
        _train_on(run, measured_s)
        spiked_at_s = machine.now_s
        machine.spike_c = SPIKE_C
        run.wait()
    return Ended(run, machine.trace, settled_from_s, blocked_at_s, settled_again_from_s, spiked_at_s)


def _train_on(run: Run, seconds: float) -> None:
    end_s = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end_s or run.status is not None, "training to continue")
    assert run.status is None, f"ended too soon, with status {run.status}:\n{run.text}"
