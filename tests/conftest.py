"""What tests of several parts share."""

import pytest

from simmer.features.indicators import build_a25
from support.bars import bundled_bars
from support.hardware_logs import LogBook


@pytest.fixture(scope="session")
def table():
    return build_a25(bundled_bars()).frame


@pytest.fixture
def log_book():
    return LogBook
