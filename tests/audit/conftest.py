"""A made-up market, short enough for checks of a second, with its features, datasets and settings."""

import pytest

from simmer.audit.raw import RawSeries, model_features
from support.audited import HORIZONS, SETTINGS, vix_bars
from support.bars import session_bars


@pytest.fixture(scope="session")
def raw():
    """Eleven hundred sessions of a random walk."""
    return RawSeries(session_bars(1_100, seed=4))


@pytest.fixture(scope="session")
def table(raw):
    """What the real builder makes of them."""
    return model_features(raw)


@pytest.fixture(scope="session")
def datasets(table):
    """The dataset of each horizon."""
    return {days: SETTINGS.build(table, days) for days in HORIZONS}


@pytest.fixture(scope="session")
def vix_raw():
    """The same with bars of the VIX."""
    return RawSeries(session_bars(1_100, seed=4), vix_bars(1_100))
