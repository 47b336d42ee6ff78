"""Prints the median seconds of a training step at 2M and batch 64, as a trial trains on this machine.

Run it with the environment of a trial.
"""

import itertools
import statistics
import sys
import time

from setting import CORES, SIZES, Execution, model_shape, real_windows, trial_run
from simmer.thermal.guard import GO_ON, StepDecision

SCALE, BATCH = "2M", 64
FIRST_STEPS, STEPS = 10, 60  # the first ones are slower


class Stopwatch:
    """Stands where a guard does, notes when each step ends, and ends the process after the last."""

    def __init__(self) -> None:
        self._ends_s: list[float] = []

    def between_steps(self) -> StepDecision:
        """Note the time."""
        self._ends_s.append(time.perf_counter())
        if len(self._ends_s) > FIRST_STEPS + STEPS:
            print(statistics.median(b - a for a, b in itertools.pairwise(self._ends_s[FIRST_STEPS:])))
            sys.exit()
        return GO_ON

    def inside_step(self) -> None:
        """Never rest."""


if __name__ == "__main__":
    trial_run(
        model_shape(SIZES[SCALE]),
        real_windows(validation_windows=BATCH),
        Execution(device="cpu", precision="bf16", threads=CORES),
        guard=Stopwatch(),
        batch=BATCH,
        dropout=0.1,
        epochs=10**6,
    ).run()
