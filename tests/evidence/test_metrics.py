import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simmer.base.errors import DatasetError
from simmer.evidence.metrics import (
    COLLAPSED_STD,
    PROBABILITY_FLOOR,
    auc,
    auc_standard_error,
    brier,
    log_loss,
    recall,
    score,
)

# Few distinct values, so that ties are common.
rated = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 10).map(lambda tenth: tenth / 10)), min_size=1, max_size=40
)


@settings(max_examples=300, deadline=None)
@given(rated)
def test_scores_equal_their_definitions(pairs):
    labels, probabilities = np.array(pairs).T
    found = score(labels.astype(np.int8), probabilities)
    positives = [p for y, p in pairs if y == 1]
    negatives = [p for y, p in pairs if y == 0]
    if positives and negatives:
        wins = [1.0 if p > q else 0.5 if p == q else 0.0 for p in positives for q in negatives]
        assert found.auc == pytest.approx(sum(wins) / len(wins), abs=1e-12)
        assert 0 <= found.auc_se < 0.71
    else:
        assert found.auc is None
        assert found.auc_se is None
    if positives:
        assert found.recall == pytest.approx(sum(p >= 0.5 for p in positives) / len(positives))
    else:
        assert found.recall is None
    kept = [(y, min(max(p, PROBABILITY_FLOOR), 1 - PROBABILITY_FLOOR)) for y, p in pairs]
    losses = [-np.log(p) if y else -np.log(1 - p) for y, p in kept]
    assert found.log_loss == pytest.approx(np.mean(losses), rel=1e-9)
    assert found.brier == pytest.approx(np.mean([(p - y) ** 2 for y, p in pairs]))
    json.dumps(asdict(found), allow_nan=False)


def test_hand_computed_scores():
    labels, probabilities = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    assert auc(labels, probabilities) == 0.75
    assert brier(labels, probabilities) == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)
    assert log_loss(labels, probabilities) == pytest.approx(
        -(np.log(0.9) + np.log(0.6) + np.log(0.35) + np.log(0.8)) / 4
    )
    assert recall(labels, probabilities) == 0.5
    # Q1 = 0.75 / 1.25, Q2 = 2 * 0.5625 / 1.75, two positives and two negatives.
    variance = (0.75 * 0.25 + (0.6 - 0.5625) + (1.125 / 1.75 - 0.5625)) / 4
    assert auc_standard_error(labels, probabilities) == pytest.approx(np.sqrt(variance), rel=1e-12)


@pytest.mark.parametrize(
    ("positives", "rows", "area", "expected"), [(76, 422, 0.70, 0.035), (24, 181, 0.88, 0.046)]
)
def test_standard_error_equals_worked_values_of_hanley_and_mcneil(positives, rows, area, expected):
    # Labels and ranks made so that the AUC is as near to `area` as the number of pairs allows.
    negatives = rows - positives
    labels = np.concatenate([np.zeros(negatives), np.ones(positives)])
    probabilities = np.concatenate([(np.arange(negatives) + 0.5) / negatives, np.full(positives, area)])
    assert auc(labels, probabilities) == pytest.approx(area, abs=0.01)
    assert auc_standard_error(labels, probabilities) == pytest.approx(expected, abs=0.002)


def test_standard_error_is_zero_where_ranking_is_perfect():
    labels = np.array([0, 0, 1, 1])
    assert auc_standard_error(labels, np.array([0.1, 0.2, 0.8, 0.9])) == 0.0
    assert auc_standard_error(labels, np.array([0.9, 0.8, 0.2, 0.1])) == 0.0


def test_constant_predictions_have_an_auc_of_one_half_and_count_as_collapsed():
    labels = np.array([0, 1, 0, 0, 1])
    found = score(labels, np.full(5, 0.4))
    assert (found.auc, found.collapsed, found.recall) == (0.5, True, 0.0)
    assert found.prediction_std == pytest.approx(0, abs=1e-12)
    assert found.log_loss == pytest.approx(-(2 * np.log(0.4) + 3 * np.log(0.6)) / 5)


def test_predictions_collapse_below_a_standard_deviation():
    labels = np.array([0, 1])
    assert score(labels, np.array([0.518, 0.524])).collapsed
    assert not score(labels, np.array([0.5 - COLLAPSED_STD, 0.5 + COLLAPSED_STD])).collapsed


def test_wrong_predictions_of_0_and_1_have_a_finite_loss():
    worst = score(np.array([1, 0]), np.array([0.0, 1.0], dtype=np.float32))
    assert worst.log_loss == pytest.approx(-np.log(PROBABILITY_FLOOR))
    best = score(np.array([1, 0]), np.array([1.0, 0.0]))
    assert 0 <= best.log_loss < 1e-7
    assert (best.prediction_min, best.prediction_max, best.prediction_mean) == (0.0, 1.0, 0.5)


def test_small_integer_labels_do_not_overflow():
    labels = np.tile(np.array([0, 1], dtype=np.int8), 5000)
    assert auc(labels, labels.astype(float)) == 1.0
    assert score(labels, np.full(10_000, 0.5)).brier == 0.25


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([], [], "at least one value"),
        ([0, 1], [0.5], "one-dimensional arrays of equal length"),
        ([[0, 1]], [[0.5, 0.5]], "one-dimensional"),
        ([0, 2], [0.5, 0.5], "other values than 0 and 1"),
        ([0, 0.5], [0.5, 0.5], "other values than 0 and 1"),
        ([0, 1], [0.5, float("nan")], "not between 0 and 1"),
        ([0, 1], [0.5, 1.5], "not between 0 and 1"),
        ([0, 1], [-0.1, 0.5], "not between 0 and 1"),
    ],
)
def test_what_cannot_be_scored_is_refused(labels, probabilities, message):
    for function in (score, log_loss, auc, auc_standard_error, brier, recall):
        with pytest.raises(DatasetError, match=message):
            function(np.array(labels), np.array(probabilities))
