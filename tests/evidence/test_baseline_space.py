"""The settings that baselines try."""

from itertools import pairwise

import pytest

from simmer.evidence.baseline_space import FIRST_NETWORKS, FIRST_TREES, networks, penalties, trees

RANGES = {
    "learning_rate": {trees: (0.01, 0.3), networks: (3e-4, 1e-2)},
    "max_depth": {trees: (1, 6)},
    "min_samples_leaf": {trees: (5, 200)},
    "max_features": {trees: (0.1, 1.0)},
    "l2_regularization": {trees: (1e-3, 1e2)},
    "alpha": {networks: (0.1, 100.0)},
    "batch_size": {networks: (64, 512)},
}


@pytest.mark.parametrize(("settings", "first"), [(trees, FIRST_TREES), (networks, FIRST_NETWORKS)])
def test_sensible_settings_come_first_and_more_tries_keep_the_earlier_ones(settings, first):
    fifty = settings(50, 1)
    assert settings(4, 1) == list(first[:4])
    assert fifty[: len(first)] == list(first)
    assert settings(20, 1) == fifty[:20]
    assert len({str(one) for one in fifty}) == len(fifty) == 50
    assert settings(50, 2)[len(first) :] != fifty[len(first) :]


@pytest.mark.parametrize("settings", [trees, networks])
def test_draws_fill_their_ranges(settings):
    drawn = settings(400, 1)[6:]
    for key, of_space in RANGES.items():
        if settings in of_space:
            low, high = of_space[settings]
            found = [one[key] for one in drawn]
            assert low <= min(found) and max(found) <= high
            assert min(found) < low + 0.1 * (high - low) and max(found) > high - 0.1 * (high - low)


def test_perceptrons_have_one_or_two_hidden_layers_of_8_to_128():
    drawn = [one["hidden"] for one in networks(400, 1)[6:]]
    assert {len(hidden) for hidden in drawn} == {1, 2}
    widths = [width for hidden in drawn for width in hidden]
    assert (min(widths), max(widths) > 110, max(widths) <= 128) == (8, True, True)


def test_penalties_are_evenly_spaced_in_the_logarithm():
    found = [one["C"] for one in penalties(50, 1)]
    ratios = [later / earlier for earlier, later in pairwise(found)]
    assert len(found) == 50
    assert ratios == pytest.approx([ratios[0]] * 49)
    assert found[0] < 2e-5 and found[-1] > 50
    assert [one["C"] for one in penalties(1, 1)] == pytest.approx([10**-1.5])
