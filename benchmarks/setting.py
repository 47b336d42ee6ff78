"""What the benchmarks that train share: windows of the bundled bars, and a run as a trial makes it."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]

import torch  # noqa: E402

from dimensions import CHANNELS, CONTEXT_DAYS, PATCH_DAYS, STRIDE_DAYS, Size  # noqa: E402
from simmer.config.campaign import Config  # noqa: E402
from simmer.features.indicators import build_a25  # noqa: E402
from simmer.machine.facts import usable_cores  # noqa: E402
from simmer.model.shape import ModelShape  # noqa: E402
from simmer.thermal.guard import GO_ON, StepDecision  # noqa: E402
from simmer.training.execution import choose_execution  # noqa: E402
from simmer.training.loop import TrainingRun  # noqa: E402
from simmer.training.plan import Plan  # noqa: E402
from simmer.training.settings import Execution  # noqa: E402
from simmer.training.windows import Windows  # noqa: E402
from support import configs  # noqa: E402
from support.bars import bundled_bars  # noqa: E402

CORES = usable_cores()
# The figures in README.md are of models with the 25 channels of the table a25.
A25 = {"features": {"volatility": False}}


def default_config(*overlays: Mapping) -> Config:
    """Return the shipped configuration with the table a25, and overlays."""
    return configs.default_config(A25, *overlays)


def trial_precision() -> str:
    """Return the precision that a trial gets on this machine: bf16 is emulated, and slow, on some CPUs."""
    return choose_execution(
        device="cpu", precision="auto", threads=CORES, compile_model=False, slots=1
    ).precision


def real_windows(
    *, train_windows: int | None = None, validation_windows: int | None = None
) -> tuple[Windows, Windows]:
    """Return train and validation windows of the bundled S&P 500 bars, one day ahead; by default all."""
    table = build_a25(bundled_bars()).frame
    dataset = default_config().dataset.build(table, 1)
    train, validation = (
        Windows(
            features=torch.from_numpy(dataset.features),
            decision_rows=torch.from_numpy(dataset.decision_rows(split))[:count],
            labels=torch.from_numpy(dataset.labels_of(split))[:count],
            context_days=dataset.context_days,
            device="cpu",
        )
        for split, count in (("train", train_windows), ("validation", validation_windows))
    )
    return train, validation


def made_up_windows(rows: torch.Tensor, labels: torch.Tensor) -> Windows:
    """Return windows of random features, which speed does not depend on."""
    return Windows(
        features=rows,
        decision_rows=torch.arange(CONTEXT_DAYS - 1, CONTEXT_DAYS - 1 + len(labels)),
        labels=labels,
        context_days=CONTEXT_DAYS,
        device="cpu",
    )


def model_shape(size: Size) -> ModelShape:
    """Return the shape of simmer's model for a size."""
    return ModelShape(
        channels=CHANNELS,
        context_days=CONTEXT_DAYS,
        patch_days=PATCH_DAYS,
        stride_days=STRIDE_DAYS,
        depth=size.depth,
        width=size.width,
        heads=size.heads,
        head_width=64,
        ff_width=size.ff_width,
    )


def trial_plan(
    shape: ModelShape,
    windows: tuple[Windows, Windows],
    execution: Execution,
    *,
    batch: int,
    micro_batch: int | None = None,
    dropout: float,
    epochs: int,
    learning_rate: float = 1e-4,
    seed: int = 1,
    **of_recipe: float,
) -> Plan:
    """Return the plan of a trial; what is not given here comes from the default configuration.

    Args:
        of_recipe: other hyperparameters.
    """
    study = default_config().study("2M", 1)
    train, validation = windows
    return Plan(
        shape=shape,
        train=train,
        validation=validation,
        recipe=replace(
            study.default,
            learning_rate=learning_rate,
            dropout=dropout,
            batch_size=batch,
            **of_recipe,
        ),
        settings=replace(study.training, patience_epochs=epochs),
        execution=execution,
        epochs_max=epochs,
        micro_batch=micro_batch or batch,
        seed=seed,
        base_rate=float(train.labels.mean()),
        prior_log_loss=0.693,
    )


def trial_run(
    shape: ModelShape,
    windows: tuple[Windows, Windows],
    execution: Execution,
    *,
    guard: object,
    store: object = None,
    **of_plan: float | None,
) -> TrainingRun:
    """Return a run as a trial makes it; further arguments are those of `trial_plan`."""
    return TrainingRun(
        trial_plan(shape, windows, execution, **of_plan),
        store=store or NoStore(),
        guard=guard,
        checkpoint_interval_s=1e9,
        on_epoch=lambda _: None,
    )


class GoOn:
    """A guard that never stops and never waits."""

    def between_steps(self) -> StepDecision:
        """Go on at once."""
        return GO_ON

    def inside_step(self) -> None:
        """Go on at once."""


class NoStore:
    """A checkpoint store that holds nothing."""

    def restore(self, _: object) -> None:
        """Find no checkpoint."""
