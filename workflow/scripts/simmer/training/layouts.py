"""Find out how one trial uses its cores best: by measurement, because counting cores is a bad guess.

A layout is the kernels, the replicas and the threads of each replica. More threads in one operator pay for
wide models, more replicas for narrow ones, and beside other programs sometimes neither.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from simmer.base.seeds import derive_seed
from simmer.model.shape import ModelShape
from simmer.training.loss import log_loss
from simmer.training.replicas import Team, replica_of
from simmer.training.settings import Execution, Kernels, Recipe
from simmer.training.state import TrainingState

ROUNDS = 5  # of one step each, in turn, so that a slow moment slows all layouts
PROBED_LAYERS = 2  # enough to tell layouts apart, and quick at 2B
WORTHWHILE = 1.03  # a layout with more replicas or threads must be faster by this factor

Steps = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a trial uses its cores."""

    kernels: Kernels
    replicas: int
    threads: int

    def on(self, execution: Execution) -> Execution:
        """Return an execution with this layout."""
        return replace(execution, kernels=self.kernels, replicas=self.replicas, threads=self.threads)


def layouts(cores: int, *, kernels: Sequence[Kernels], replicas: bool) -> Iterator[Layout]:
    """Yield the layouts to measure, the simplest first.

    Args:
        cores: of the trial.
        kernels: those that can be used here.
        replicas: False where the optimizer updates weights inside backward, so that one replica must do.
    """
    for kernel in kernels:
        for threads in _powers_up_to(cores):
            yield Layout(kernels=kernel, replicas=1, threads=threads)
        for count in _powers_up_to(cores)[1:] if replicas and kernel == "simmer" else ():
            yield Layout(kernels=kernel, replicas=count, threads=cores // count)


def fastest(seconds: dict[Layout, float]) -> Layout:
    """Return the fastest layout; a later one counts only if it is faster by `WORTHWHILE`."""
    best, *others = seconds
    for layout in others:
        if seconds[layout] * WORTHWHILE < seconds[best]:
            best = layout
    return best


def measure(
    found: Iterable[Layout],
    shape: ModelShape,
    recipe: Recipe,
    execution: Execution,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[Layout, float]:
    """Return the median seconds of a training step with each layout, on made-up windows.

    Args:
        found: the layouts.
        shape: of the study's default trial; `PROBED_LAYERS` of its layers are computed.
        recipe: batch size and dropout.
        execution: device and precision.
    """
    shape = replace(shape, depth=min(shape.depth, PROBED_LAYERS))
    steps = {layout: _steps(shape, recipe, layout.on(execution)) for layout in found}
    seconds: dict[Layout, list[float]] = {layout: [] for layout in steps}
    for number in range(ROUNDS + 1):
        for layout, step in steps.items():
            start = clock()
            step()
            if number:  # the first one also allocates
                seconds[layout].append(clock() - start)
    return {layout: statistics.median(values) for layout, values in seconds.items()}


def _powers_up_to(cores: int) -> list[int]:
    """Return 1, 2, 4, ... and the cores themselves."""
    powers = [1 << exponent for exponent in range(cores.bit_length()) if 1 << exponent < cores]
    return [*powers, cores]


def _steps(shape: ModelShape, recipe: Recipe, execution: Execution) -> Steps:
    """Return a function that does one training step."""
    team = Team(execution.replicas, execution.threads)
    state = TrainingState(shape, recipe, execution, clip_norm=1.0, seed=0, team=team)
    state.initialise(0.5)
    models = [state.model, *(replica_of(state.model) for _ in range(team.size - 1))]
    generator = torch.Generator().manual_seed(0)
    windows = torch.randn(recipe.batch_size, shape.context_days, shape.channels, generator=generator)
    labels = (torch.rand(recipe.batch_size, generator=generator) < 0.5).float()
    state.model.pool_masks(windows=recipe.batch_size, seed=0)
    for model in models:
        model.share_masks(state.model)
        model.place_masks(seed=derive_seed(0, "dropout"))
    parts = list(zip(models, windows.chunk(team.size), labels.chunk(team.size), strict=False))

    def grads_of(model: torch.nn.Module, part: torch.Tensor, target: torch.Tensor) -> list[torch.Tensor]:
        return list(torch.autograd.grad(log_loss(model(part), target), list(model.parameters())))

    def step() -> None:
        torch.set_num_threads(execution.threads)
        tasks = [lambda part=part: grads_of(*part) for part in parts]
        state.optimizer.before_backward(1e-9, step=0, last=True)
        state.optimizer.finish_step(team.run(tasks))

    return step
