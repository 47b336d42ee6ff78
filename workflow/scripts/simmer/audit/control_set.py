"""Train the controls of a campaign: shuffled labels at every horizon, and a planted signal."""

from collections.abc import Callable
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

DatasetBuilder = Callable[[pd.DataFrame, int], Dataset]


def shuffled_control(
    frame: pd.DataFrame,
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
    """Train on the features in `frame` with shuffled labels.

    `build` makes the dataset from a table and a horizon; `seed` is the campaign's. For other arguments and
    errors see `run_control`.
    """
    own_seed = derive_seed(seed, "audit", "shuffled", horizon_days)
    dataset = shuffled(build(frame, horizon_days), seed=own_seed, permute=permute)
    return run_control(
        dataset, setting, recipe, control="shuffled", seed=own_seed, guard=guard, folder=folder
    )


def planted_control(
    raw: RawSeries,
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

    With VIX features on, the real VIX is used; it has no information about the planted bars. `threshold` is
    the label's, a fraction of the close, `features` computes the table. For other arguments see
    `shuffled_control`.
    """
    own_seed = derive_seed(seed, "audit", "planted")
    planted = planted_bars(raw.days, threshold=threshold, seed=own_seed)
    dataset = build(features(RawSeries(planted.bars, raw.vix_bars)), PLANTED_HORIZON_DAYS)
    judged = dataset.dates[dataset.validation].astype("datetime64[D]")
    return run_control(
        dataset,
        setting,
        recipe,
        control="planted",
        seed=own_seed,
        guard=guard,
        folder=folder,
        chance=planted.chance[np.searchsorted(raw.days, judged)],
    )
