"""Train the controls of a campaign: shuffled labels at every horizon, and a planted signal."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from simmer.audit.control_training import LEARNING, MEMORISING, ControlRecipe, ControlSetting
from simmer.audit.controls import ControlResult, Permute, permuted, run_control, shuffled
from simmer.audit.planted_bars import planted_bars
from simmer.audit.raw import FeatureBuilder, RawSeries
from simmer.base.seeds import derive_seed
from simmer.features.dataset import Dataset
from simmer.thermal.guard import GuardProtocol

PLANTED_HORIZON_DAYS = 1  # the horizon whose label probabilities are known exactly

# Takes the ticker's table, the horizon in days and, as `pooled`, the tables of the pooled tickers.
DatasetBuilder = Callable[..., Dataset]


def shuffled_control(
    frames: Sequence[pd.DataFrame],
    horizon_days: int,
    *,
    build: DatasetBuilder,
    setting: ControlSetting,
    seed: int,
    guard: GuardProtocol,
    folder: Path,
    recipe: ControlRecipe = MEMORISING,
    permute: Permute = permuted,
) -> ControlResult:
    """Train on the features of the ticker, and of pooled ones after it in `frames`, with shuffled labels.

    `build` makes the dataset; `seed` is the campaign's. For other arguments and errors see `run_control`.
    """
    own_seed, (own, *pooled) = derive_seed(seed, "audit", "shuffled", horizon_days), frames
    dataset = shuffled(build(own, horizon_days, pooled=pooled), seed=own_seed, permute=permute)
    return run_control(
        dataset, setting, recipe, control="shuffled", seed=own_seed, guard=guard, folder=folder
    )


def planted_control(
    raw: Sequence[RawSeries],
    threshold: float,
    *,
    features: FeatureBuilder,
    build: DatasetBuilder,
    setting: ControlSetting,
    seed: int,
    guard: GuardProtocol,
    folder: Path,
    recipe: ControlRecipe = LEARNING,
) -> ControlResult:
    """Train on planted bars for the days of the real ones.

    With VIX features on, the real VIX is used; it has no information about the planted bars. `raw` are the
    series of the ticker and of pooled ones, `threshold` is the label's, a fraction of the close, `features`
    computes a table. For other arguments see `shuffled_control`.
    """
    own_seed = derive_seed(seed, "audit", "planted")
    seeds = [own_seed, *(derive_seed(own_seed, number) for number in range(1, len(raw)))]
    planted = [
        planted_bars(series.days, threshold=threshold, seed=one)
        for series, one in zip(raw, seeds, strict=True)
    ]
    own, *pooled = (
        features(RawSeries(one.bars, series.vix_bars)) for one, series in zip(planted, raw, strict=True)
    )
    dataset = build(own, PLANTED_HORIZON_DAYS, pooled=pooled)
    judged = dataset.dates[dataset.validation].astype("datetime64[D]")
    return run_control(
        dataset,
        setting,
        recipe,
        control="planted",
        seed=own_seed,
        guard=guard,
        folder=folder,
        chance=planted[0].chance[np.searchsorted(raw[0].days, judged)],
    )
