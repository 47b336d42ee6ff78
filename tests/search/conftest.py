"""The a25 table of real bars, for trials that really train."""

import pytest

from simmer.data.sources import acquire
from simmer.data.tickers import TickerSpec
from simmer.features.indicators import build_a25


@pytest.fixture(scope="session")
def table():
    return build_a25(acquire("bundled", TickerSpec("GSPC", "index")).frame).frame
