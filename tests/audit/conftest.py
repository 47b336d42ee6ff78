"""A short synthetic market with its features and datasets; each check takes about a second."""

import pytest

from simmer.audit.raw import RawSeries
from support.audited import HORIZONS, SETTINGS, model_features, vix_bars
from support.bars import session_bars


@pytest.fixture(scope="session")
def raw():
    """Return 1,100 sessions of a random walk."""
    return RawSeries(session_bars(1_100, seed=4))


@pytest.fixture(scope="session")
def table(raw):
    """Return their feature table."""
    return model_features(raw)


@pytest.fixture(scope="session")
def datasets(table):
    """Return the dataset of each horizon."""
    return {days: SETTINGS.build(table, days) for days in HORIZONS}


@pytest.fixture(scope="session")
def vix_raw():
    """Return the same sessions with bars of the VIX."""
    return RawSeries(session_bars(1_100, seed=4), vix_bars(1_100))
