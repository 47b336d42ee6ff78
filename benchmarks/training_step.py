"""Print the median seconds of a training step at 2M and batch 64, trained as in a trial on this machine.

    python training_step.py STEPS

Run it with the environment of a trial.
"""

import itertools
import statistics
import sys
import time

from dimensions import SIZES
from setting import CORES, Execution, model_shape, real_windows, trial_precision, trial_run
from simmer.thermal.guard import GO_ON, StepDecision

SCALE, BATCH = "2M", 64
FIRST_STEPS = 10  # slower, and not counted


class Stopwatch:
    """A guard that records when each step ends, and ends the process after the last."""

    def __init__(self, steps: int) -> None:
        self._ends_s: list[float] = []
        self._steps = steps

    def between_steps(self) -> StepDecision:
        """Record the time."""
        self._ends_s.append(time.perf_counter())
        if len(self._ends_s) > FIRST_STEPS + self._steps:
            print(statistics.median(b - a for a, b in itertools.pairwise(self._ends_s[FIRST_STEPS:])))
            sys.exit()
        return GO_ON

    def inside_step(self) -> None:
        """Go on at once."""


if __name__ == "__main__":
    trial_run(
        model_shape(SIZES[SCALE]),
        real_windows(validation_windows=BATCH),
        Execution(device="cpu", precision=trial_precision(), threads=CORES),
        guard=Stopwatch(int(sys.argv[1])),
        batch=BATCH,
        dropout=0.1,
        epochs=10**6,
    ).run()
