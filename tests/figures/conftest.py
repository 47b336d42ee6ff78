"""What tests of all figures share: made-up evidence, and figures as a reader finds them."""

import pytest

from simmer.evidence.results import Evidence
from support.evidence_results import evidence
from support.pictures import Picture


@pytest.fixture
def picture():
    return Picture


@pytest.fixture
def read():
    """Evidence of the horizons given, as figures take it."""
    return lambda **horizons: Evidence.from_json(evidence(**horizons))
