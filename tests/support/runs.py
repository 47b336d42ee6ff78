"""Tiny training runs on made-up windows, and a guard that tests control."""

import time
from collections.abc import Mapping
from typing import Any

import torch

from simmer.model.shape import ModelShape
from simmer.thermal.guard import StepDecision
from simmer.training.checkpoint import CheckpointStore
from simmer.training.loop import TrainingRun
from simmer.training.plan import Plan
from simmer.training.settings import Execution, Recipe, TrainingSettings
from simmer.training.windows import Windows

SHAPE = ModelShape(
    channels=3,
    context_days=12,
    patch_days=4,
    stride_days=4,
    depth=2,
    width=16,
    heads=2,
    head_width=8,
    ff_width=32,
)
RECIPE = Recipe(
    learning_rate=3e-3,
    weight_decay=0.05,
    warmup_fraction=0.2,
    dropout=0.2,
    batch_size=16,
    label_smoothing=0.0,
    focal_gamma=0.0,
    input_form="train_scaled",
)
SETTINGS = TrainingSettings(
    patience_epochs=50,
    min_improvement=0.0,
    gradient_clip_norm=1.0,
    final_learning_rate_fraction=0.05,
    divergence_factor=5.0,
)
EXECUTION = Execution(device="cpu", precision="fp32", threads=1)


class FakeGuard:
    """Allows `stop_after` steps, then requests a stop."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.steps, self.calls_inside_steps, self.stop_after = 0, 0, stop_after

    def between_steps(self) -> StepDecision:
        self.steps += 1
        stop = self.stop_after is not None and self.steps >= self.stop_after
        return StepDecision(stop=stop, reason="stopped by the test" if stop else None)

    def inside_step(self) -> None:
        self.calls_inside_steps += 1

    def heat(self) -> str:
        return "no temperature"

    def counters(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def restore(self, counters: Mapping[str, Any]) -> None:
        self.steps = counters["steps"]


def windows(count: int, *, seed: int, learnable: bool = True) -> Windows:
    """Windows whose label is the sign of their last day's first channel."""
    generator = torch.Generator().manual_seed(seed)
    rows = count + SHAPE.context_days - 1
    features = torch.randn(rows, SHAPE.channels, generator=generator)
    decision_rows = torch.arange(SHAPE.context_days - 1, rows)
    labels = (features[decision_rows, 0] > 0) if learnable else torch.ones(count)
    return Windows(
        features=features,
        decision_rows=decision_rows,
        labels=labels,
        context_days=SHAPE.context_days,
        device="cpu",
    )


def training_run(
    folder,
    *,
    guard: FakeGuard | None = None,
    recipe: Recipe = RECIPE,
    settings: TrainingSettings = SETTINGS,
    shape: ModelShape = SHAPE,
    epochs_max: int = 3,
    micro_batch: int = 16,
    execution: Execution = EXECUTION,
    checkpoint_interval_s: float = 1e9,
    on_epoch=lambda record: None,
    clock=time.monotonic,
    **options: Any,
) -> TrainingRun:
    """Return a run of 70 train and 40 validation windows, resumed from `folder` if it holds a checkpoint."""
    plan = Plan(
        shape=shape,
        train=windows(70, seed=1),
        validation=windows(40, seed=2),
        recipe=recipe,
        settings=settings,
        execution=execution,
        epochs_max=epochs_max,
        micro_batch=micro_batch,
        seed=11,
        base_rate=0.5,
        prior_log_loss=0.69,
    )
    return TrainingRun(
        plan,
        store=CheckpointStore(folder),
        guard=guard or FakeGuard(),
        checkpoint_interval_s=checkpoint_interval_s,
        on_epoch=on_epoch,
        clock=clock,
        **options,
    )
