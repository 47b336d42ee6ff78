"""Milliseconds of the phases of a training step on one core, by kernels, beside the bare matrix products."""

import itertools
import statistics
import time
from dataclasses import replace

import torch

from dimensions import CHANNELS, PATCH_DAYS, PATCHES, SIZES, Size
from setting import Execution, made_up_windows, model_shape, trial_plan
from simmer.training.loss import log_loss
from simmer.training.settings import Kernels
from simmer.training.steps import Steps
from usual_code import made_up_rows

PHASES = ("windows, places of masks", "forward", "backward", "optimizer")
FIRST_STEPS = 2  # slower, and not counted


def phase_ms(scale: str, execution: Execution, kernels: list[Kernels], batch: int, steps: int) -> dict:
    """Return the median milliseconds of each phase for each of the kernels, and of the `products`.

    The kernels take turns step by step. The products are those of all linear layers, forward and backward.
    """
    torch.set_num_threads(1)
    size, windows = SIZES[scale], made_up_windows(*made_up_rows())
    plan = trial_plan(
        model_shape(size), (windows, windows), execution, batch=batch, dropout=0.1, epochs=10**6
    )
    runs = {}
    for name in kernels:
        one_core = replace(execution, kernels=name, replicas=1, threads=1)
        runs[name] = Steps(replace(plan, execution=one_core), inside_step=lambda: None)
        runs[name].state.initialise(0.5)
        runs[name].begin_epoch(0)
    dtype = next(iter(runs.values())).state.model.positions.dtype
    matrices = [_matrices(rows, columns, batch * PATCHES, dtype) for rows, columns in _linear_layers(size)]
    found = {name: {phase: [] for phase in PHASES} for name in kernels} | {"products": {"products": []}}
    for step in range(FIRST_STEPS + steps):
        for name, run in runs.items():
            for phase, ms in zip(PHASES, _one_step(run, batch, step), strict=True):
                found[name][phase].append(ms)
        begin = time.perf_counter()
        for inputs, weight, grad in matrices:
            torch.mm(inputs, weight.t())
            torch.mm(grad, weight)
            torch.mm(grad.t(), inputs)
        found["products"]["products"].append(1000 * (time.perf_counter() - begin))
    return {
        name: {phase: statistics.median(values[FIRST_STEPS:]) for phase, values in phases.items()}
        for name, phases in found.items()
    }


def _one_step(run: Steps, batch: int, step: int) -> list[float]:
    model, optimizer = run.state.model, run.state.optimizer
    times = [time.perf_counter()]
    windows, labels = run.plan.train.take(torch.arange(batch))
    model.place_masks(seed=step)
    times.append(time.perf_counter())
    loss = log_loss(model(windows), labels)
    times.append(time.perf_counter())
    optimizer.before_backward(1e-4, step=step, last=True)
    (loss / batch).backward()
    times.append(time.perf_counter())
    optimizer.finish_step()
    times.append(time.perf_counter())
    return [1000 * (end - begin) for begin, end in itertools.pairwise(times)]


def _linear_layers(size: Size) -> list[tuple[int, int]]:
    """Return outputs and inputs of every linear layer but the head."""
    width, ff_width = size.width, size.ff_width
    layer = [(3 * width, width), (width, width), (ff_width, width), (width, ff_width)]
    return [(width, PATCH_DAYS * CHANNELS), *layer * size.depth]


def _matrices(rows: int, columns: int, tokens: int, dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
    return tuple(
        torch.randn(shape).to(dtype) for shape in ((tokens, columns), (rows, columns), (tokens, rows))
    )
