"""Losses of members and paired differences, on made-up numbers."""

import math

import numpy as np
import pytest

from recipe_results import Results
from recipe_scores import Members, Paired, averaged_difference, between_seeds, single_difference
from walk_forward import WalkForwardSet

LABELS = np.array([1, 0])


def members(*, validation, later=None):
    """Members that give each day's label the probability listed by seed."""
    parts = {"validation": validation, "later": later or validation}
    return Members(
        labels=dict.fromkeys(parts, LABELS),
        probabilities={
            part: {seed: np.array([right, 1 - right]) for seed, right in found.items()}
            for part, found in parts.items()
        },
    )


def on(ticker, horizon_days, fold):
    return WalkForwardSet(ticker, horizon_days, fold)


def test_errors_of_a_mean_difference_over_folds_and_over_sets():
    differences = {on("GSPC", 1, 0): 1.0, on("IXIC", 1, 0): 3.0, on("GSPC", 1, 1): 5.0, on("IXIC", 3, 1): 7.0}
    paired = Paired.of(differences)
    assert paired.mean == 4.0
    # The means of the folds are 2 and 6.
    assert paired.over_folds == pytest.approx(2.0)
    assert paired.over_sets == pytest.approx(math.sqrt(20 / 3) / 2)


def test_sets_that_agree_within_folds_have_a_larger_error_over_folds():
    differences = {on("GSPC", days, fold): 0.01 * fold for days in (1, 3, 5) for fold in range(4)}
    paired = Paired.of(differences)
    assert paired.over_folds > 1.5 * paired.over_sets


def test_one_set_has_a_mean_and_no_error():
    paired = Paired.of({on("GSPC", 1, 0): 0.5})
    assert paired.mean == 0.5
    assert math.isnan(paired.over_folds) and math.isnan(paired.over_sets)


def test_members_are_compared_seed_by_seed():
    one, other = members(validation={0: 0.5, 1: 0.8}), members(validation={1: 0.4, 2: 0.9})
    expected = math.log(0.4) - math.log(0.8)
    assert single_difference(one, other, "validation") == pytest.approx(expected)
    assert single_difference(one, members(validation={2: 0.9}), "validation") is None


def test_an_average_is_compared_with_one_of_as_many_members():
    one = members(validation={0: 0.5, 1: 0.7})
    other = members(validation={0: 0.6, 1: 0.6, 2: 0.99})
    assert averaged_difference(one, other, "validation") == pytest.approx(0.0)
    alone = members(validation={0: 0.9})
    assert averaged_difference(one, alone, "validation") == pytest.approx(math.log(0.9) - math.log(0.6))


def test_losses_alone_and_averaged():
    found = members(validation={0: 0.5, 1: 0.8})
    assert found.single("validation") == pytest.approx(-(math.log(0.5) + math.log(0.8)) / 2)
    assert found.averaged("validation") == pytest.approx(-math.log(0.65))
    assert found.averaged("validation", 1) == pytest.approx(-math.log(0.5))


def test_the_deviation_between_seeds_is_pooled_within_sets():
    losses = {1.0: math.exp(-1.0), 1.2: math.exp(-1.2), 2.0: math.exp(-2.0), 2.4: math.exp(-2.4)}
    near = members(validation={0: losses[1.0], 1: losses[1.2]})
    far = members(validation={0: losses[2.0], 1: losses[2.4]})
    assert between_seeds([near, far], "validation") == pytest.approx(math.sqrt((0.02 + 0.08) / 2))
    assert math.isnan(between_seeds([members(validation={0: 0.5})], "validation"))


def test_reach_takes_the_better_scale_by_validation_alone():
    one, two = on("GSPC", 1, 0), on("IXIC", 1, 0)
    better_later = members(validation={0: 0.6}, later={0: 0.9})
    better_on_validation = members(validation={0: 0.7}, later={0: 0.5})
    results = Results(
        trained={
            ("shipped", "200k"): {one: better_later, two: better_on_validation},
            ("shipped", "2M"): {one: better_on_validation},
            ("cosine", "2M"): {one: members(validation={0: 0.99})},
        }
    )
    assert results.reach("shipped") == {one: better_on_validation, two: better_on_validation}
