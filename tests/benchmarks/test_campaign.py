"""Two searches compared: the seconds of several sittings, equal winners, and the usual search itself."""

import math

import numpy as np
import pytest

from campaign import Winner, seconds_to, seconds_until
from campaign_training import OurTraining, UsualTraining, material
from usual_search import DEPTHS, SPLITS, Limits, Material, finished, search, size_of, train

RECIPE = {"depth": 2, "learning_rate": 1e-3, "weight_decay": 0.1, "dropout": 0.1, "batch_size": 32}


@pytest.fixture
def small():
    """Windows whose label is the sign of their last row."""
    rows = np.random.default_rng(0).normal(size=(360, 3)).astype(np.float32)
    firsts = {"train": np.arange(0, 200), "validation": np.arange(220, 300)}
    labels = {split: (rows[firsts[split] + 59, 0] > 0).astype(np.int8) for split in SPLITS}
    return Material(Limits(budget_parameters=20000, epochs_max=3, patience_epochs=3), rows, firsts, labels)


def test_work_between_sittings_does_not_count():
    begins_s, ends_s = [100.0, 1000.0], [110.0, 130.0, 1005.0, 1020.0]
    assert seconds_until(110.0, begins_s, ends_s) == 10.0
    assert seconds_until(130.0, begins_s, ends_s) == 30.0
    assert seconds_until(1005.0, begins_s, ends_s) == 35.0
    assert seconds_until(1020.0, begins_s, ends_s) == 50.0


def test_a_sitting_without_a_finished_run_costs_nothing_of_the_search():
    assert seconds_until(1010.0, [100.0, 200.0, 1000.0], [110.0, 1010.0]) == 20.0


def test_the_first_winner_that_is_expected_to_be_as_good_ends_the_clock():
    found = [
        (Winner(0, 10.0, 0.5, {}), [0.50, 0.54]),
        (Winner(3, 40.0, 0.4, {}), [0.49, 0.51]),
        (Winner(4, 50.0, 0.3, {}), [0.40, 0.42]),
    ]
    assert seconds_to(0.5, found) == 40.0
    assert seconds_to(0.3, found) == math.inf


def test_the_usual_model_meets_the_budget_at_every_depth():
    for depth in DEPTHS:
        size = size_of(depth, 2_000_000)
        assert size.heads * 16 == size.width
        assert 12 * depth * size.width**2 == pytest.approx(2_000_000, rel=0.06)


def test_the_usual_search_goes_on_where_it_ended(small, tmp_path):
    small.write(tmp_path)
    search(tmp_path, 1)
    (first,) = finished(tmp_path)
    search(tmp_path, 2)
    again, _ = finished(tmp_path)
    assert again == first and first.epochs <= 3 and first.seconds > 0


def test_a_training_repeats_with_its_seed_and_differs_with_another(small, tmp_path):
    small.write(tmp_path)
    losses = train(small, RECIPE, 1)
    assert losses == train(Material.read(tmp_path), RECIPE, 1) != train(small, RECIPE, 2)


def test_both_searches_train_on_the_same_windows_and_labels():
    found = material("debug")
    for split in SPLITS:
        windows = found.dataset(split)
        last, label = windows[len(windows) - 1]
        assert last.shape == (60, found.rows.shape[1]) and label == found.labels[split][-1]
    assert found.firsts["train"].max() + 60 < found.firsts["validation"].min() + 60
    assert not set(found.firsts["train"] + 59) & set(found.firsts["validation"] + 59)


def test_another_recipe_scale_or_seed_is_another_training():
    for kind in (UsualTraining, OurTraining):
        jobs = [kind("debug", RECIPE, 0), kind("debug", RECIPE, 1), kind("20k", RECIPE, 0)]
        jobs.append(kind("debug", RECIPE | {"dropout": 0.2}, 0))
        assert len({job.digest for job in jobs}) == 4
