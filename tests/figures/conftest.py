"""Fixtures for tests of all figures: synthetic evidence, and figures as SVG."""

import pytest

from simmer.evidence.results import Evidence
from support.evidence_results import evidence
from support.pictures import Picture


@pytest.fixture
def picture():
    return Picture


@pytest.fixture
def read():
    """Return a function that makes evidence of the given horizons."""
    return lambda **horizons: Evidence.from_json(evidence(**horizons))
