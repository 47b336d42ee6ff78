"""Settings for tests of the audit, with controls small enough to train."""

from dataclasses import replace

import pandas as pd

from simmer.audit.control_training import ControlSetting
from simmer.audit.raw import model_features as builder_of
from simmer.data.bars_csv import PRICES
from support.bars import session_bars
from support.configs import default_config
from support.runs import EXECUTION

CONFIG = default_config()
HORIZONS = CONFIG.dataset.horizons_days
SETTINGS = replace(CONFIG.dataset, min_validation_decisions=100)
model_features = builder_of(SETTINGS)
SETTING = ControlSetting(geometry=CONFIG.geometry, training=CONFIG.training, execution=EXECUTION)


def vix_bars(rows: int) -> pd.DataFrame:
    """Return bars of a random walk from 20 points, on the sessions of `session_bars`, without volume."""
    bars = session_bars(rows, seed=9)
    return bars.assign(Volume=0, **{name: bars[name] / 5 for name in PRICES})
