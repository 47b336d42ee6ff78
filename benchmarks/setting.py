"""What the benchmarks share: dimensions, windows, a trial's run, and the operations of a step."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]

import torch  # noqa: E402

from simmer.features.indicators import build_a25  # noqa: E402
from simmer.machine.facts import usable_cores  # noqa: E402
from simmer.model.shape import ModelShape  # noqa: E402
from simmer.training.loop import TrainingRun  # noqa: E402
from simmer.training.plan import Plan  # noqa: E402
from simmer.training.settings import Execution  # noqa: E402
from simmer.training.windows import Windows  # noqa: E402
from support.bars import bundled_bars  # noqa: E402
from support.configs import default_config  # noqa: E402

CORES = usable_cores()
CONTEXT_DAYS, CHANNELS, PATCH_DAYS, STRIDE_DAYS = 60, 25, 10, 5
PATCHES = (CONTEXT_DAYS - PATCH_DAYS) // STRIDE_DAYS + 1


@dataclass(frozen=True)
class Size:
    """Dimensions that every contender can be built with: width = heads * 64, feed-forward = 4 * width."""

    width: int
    depth: int

    @property
    def heads(self) -> int:
        """Attention heads."""
        return self.width // 64

    @property
    def ff_width(self) -> int:
        """Feed-forward width."""
        return 4 * self.width

    def operations_per_window(self) -> int:
        """Floating-point operations of forward and backward in matrix products, for one window.

        A product costs two per weight and token forward, twice that backward; nothing asks for the
        gradient of the inputs of the embedding.
        """
        layer = 4 * self.width**2 + 2 * self.width * self.ff_width
        attention = 2 * PATCHES * self.width  # scores and mixing, per token
        embedding = PATCH_DAYS * CHANNELS * self.width
        return PATCHES * (6 * self.depth * (layer + attention) + 4 * embedding + 6 * self.width)


SIZES = {"2M": Size(192, 4), "20M": Size(512, 6), "200M": Size(1024, 16)}


def real_windows(validation_windows: int | None = None) -> tuple[Windows, Windows]:
    """Return train and validation windows of the bundled S&P 500 bars, one day ahead."""
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
        for split, count in (("train", None), ("validation", validation_windows))
    )
    return train, validation


def model_shape(size: Size) -> ModelShape:
    """Return a size as the product's own shape."""
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


def trial_run(
    shape: ModelShape,
    windows: tuple[Windows, Windows],
    execution: Execution,
    *,
    guard: object,
    store: object = None,
    batch: int,
    micro_batch: int | None = None,
    dropout: float,
    epochs: int,
    learning_rate: float = 1e-4,
    seed: int = 1,
) -> TrainingRun:
    """Return a run as a trial makes it, with the default configuration where nothing else is said."""
    study = default_config().study("2M", 1)
    train, validation = windows
    plan = Plan(
        shape=shape,
        train=train,
        validation=validation,
        recipe=replace(study.default, learning_rate=learning_rate, dropout=dropout, batch_size=batch),
        settings=replace(study.training, patience_epochs=epochs),
        execution=execution,
        epochs_max=epochs,
        micro_batch=micro_batch or batch,
        seed=seed,
        base_rate=float(train.labels.mean()),
        prior_log_loss=0.693,
    )
    return TrainingRun(
        plan,
        store=store or NoStore(),
        guard=guard,
        checkpoint_interval_s=1e9,
        on_epoch=lambda _: None,
    )


class NoStore:
    """A checkpoint store that holds nothing."""

    def restore(self, _: object) -> None:
        """Find no checkpoint."""
