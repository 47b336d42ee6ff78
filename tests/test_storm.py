"""A short storm of kills, damage and hardships, with another seed each time."""

import os
import time

import pytest

from storm.batch import run_batch
from storm.tally import Tally


@pytest.mark.long
def test_a_short_storm_loses_nothing(tmp_path):
    seed = int(os.environ.get("STORM_SEED", time.time()))
    tally = Tally(tmp_path / "tally.jsonl")
    run_batch(tmp_path, tally, seed=seed, minutes=3, workers=1)
    assert tally.failures() == [], f"STORM_SEED={seed}\n{tally.text()}"
    assert tally.count() > 0
