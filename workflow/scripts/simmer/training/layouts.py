"""Find out how one trial uses its cores best: by measurement, because counting cores is a bad guess.

A layout is the kernels, the replicas and the threads of each replica. More threads in one operator pay for
wide models, more replicas for narrow ones, and beside other programs sometimes neither.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import torch

from simmer.training.memory import is_out_of_memory
from simmer.training.plan import Plan
from simmer.training.settings import Execution, Kernels
from simmer.training.steps import LONG_STEP_S, Steps

ROUNDS = 5  # in turn, so that a slow moment of the machine slows all layouts
ENOUGH_S = 20.0  # after one round measuring ends when it has taken this long
PROBED_LAYERS = 2  # enough to tell layouts apart, and quick at 2B
HOPELESS = 1.5  # a layout that is slower than the best by this factor is not measured again
WORTHWHILE = 1.03  # a later layout must be faster by this factor, which noise is not

# Called between steps; it may wait, or raise to end the measurement.
BetweenSteps = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a trial uses its cores; see `Execution`."""

    kernels: Kernels
    replicas: int
    threads: int

    def on(self, execution: Execution) -> Execution:
        """Return an execution with this layout."""
        return replace(execution, kernels=self.kernels, replicas=self.replicas, threads=self.threads)


def layouts(most: Execution, *, kernels: str = "auto") -> Iterator[Layout]:
    """Yield the layouts to measure; of equal ones the first is to be used.

    Args:
        kernels: as configured.
        most: its threads are the trial's cores, its replicas the most that its memory allows; its kernels can
            be used here.
    """
    if most.device != "cpu" or most.compiled:
        yield Layout(kernels=most.kernels, replicas=1, threads=most.threads)
        return
    powers = _powers_up_to(most.threads)
    yield Layout(kernels=most.kernels, replicas=1, threads=1)
    # Before threads, because replicas wait for each other once a step only, which pays beside other programs.
    for replicas in _powers_up_to(most.replicas)[1:]:
        yield Layout(kernels=most.kernels, replicas=replicas, threads=most.threads // replicas)
    yield from (Layout(kernels=most.kernels, replicas=1, threads=threads) for threads in powers[1:])
    if most.kernels == "simmer" and kernels == "auto":
        yield from (Layout(kernels="torch", replicas=1, threads=threads) for threads in powers)


def fastest(seconds: dict[Layout, float]) -> Layout:
    """Return the fastest layout; a later one counts only if it is faster by `WORTHWHILE`."""
    best, *others = seconds
    for layout in others:
        if seconds[layout] * WORTHWHILE < seconds[best]:
            best = layout
    return best


def measure(
    found: Iterable[Layout],
    plan: Plan,
    *,
    between_steps: BetweenSteps,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[Layout, float]:
    """Return the median seconds of a training step with each layout.

    Args:
        found: the layouts.
        plan: of a trial; `PROBED_LAYERS` of its layers are computed, by one layout at a time, so that this
            needs no more memory than the trial.
        between_steps: see `BetweenSteps`.
        clock: seconds.
    """
    shape = replace(plan.shape, depth=min(plan.shape.depth, PROBED_LAYERS))
    probed = replace(plan, shape=shape, micro_batch=plan.recipe.batch_size)
    seconds: dict[Layout, list[float]] = {layout: [] for layout in found}
    begin = clock()
    for number in range(ROUNDS):
        best = min((statistics.median(values) for values in seconds.values() if values), default=math.inf)
        for layout, values in seconds.items():
            if number and (clock() - begin > ENOUGH_S or statistics.median(values) >= HOPELESS * best):
                continue
            one = replace(probed, execution=layout.on(plan.execution))
            values += _step_seconds(one, between_steps, clock)
    return {layout: statistics.median(values) for layout, values in seconds.items()}


def _powers_up_to(count: int) -> list[int]:
    """Return 1, 2, 4, ... and `count` itself."""
    return [*(1 << exponent for exponent in range((count - 1).bit_length())), count]


def _step_seconds(plan: Plan, between_steps: BetweenSteps, clock: Callable[[], float]) -> list[float]:
    steps = Steps(plan, inside_step=between_steps)
    steps.state.initialise(plan.base_rate)
    steps.begin_epoch(0)
    batch = torch.arange(min(plan.recipe.batch_size, len(plan.train)))
    seconds = []
    for number in range(3):
        start = clock()
        try:
            steps.take(batch, number)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return [math.inf]
        seconds.append(clock() - start)
        if seconds[-1] >= LONG_STEP_S:
            steps.ask_after_layers()
        between_steps()
    return seconds[1:]  # the first one also allocates
