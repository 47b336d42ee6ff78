import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, precision_score, recall_score

from simmer.base.errors import DatasetError
from simmer.evidence.calibration import calibration_error, recalibration
from simmer.evidence.final_scores import average_precision, choose_threshold, final_scores, precision
from simmer.evidence.metrics import recall, score

# Few distinct values, so that ties are common.
rated = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 10).map(lambda tenth: tenth / 10)), min_size=1, max_size=40
)


@settings(max_examples=100, deadline=None)
@given(rated, st.integers(0, 10).map(lambda tenth: tenth / 10))
def test_scores_equal_those_of_scikit_learn(pairs, threshold):
    labels, probabilities = np.array(pairs).T
    found = final_scores(labels, probabilities, train_rate=0.3, threshold=threshold)
    chosen = (probabilities >= threshold).astype(int)
    if labels.any():
        assert found.average_precision == pytest.approx(average_precision_score(labels, probabilities))
        assert found.recall == pytest.approx(recall_score(labels, chosen))
    else:
        assert found.average_precision is None
        assert found.recall is None
    if chosen.any():
        assert found.precision == pytest.approx(precision_score(labels, chosen, zero_division=0.0))
    else:
        assert found.precision is None
    worth = brier_score_loss(labels, probabilities) / brier_score_loss(labels, np.full(len(labels), 0.3))
    assert found.brier_skill == pytest.approx(1 - worth)
    assert (found.decisions, found.rate) == (len(labels), pytest.approx(labels.mean()))
    json.dumps(asdict(found), allow_nan=False)


def test_scores_are_those_of_their_own_modules():
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 2, 200), rng.random(200)
    found = final_scores(labels.astype(np.int8), probabilities, train_rate=0.4, threshold=0.6)
    plain = asdict(score(labels, probabilities))
    for name in set(asdict(found)) & set(plain) - {"recall"}:
        assert getattr(found, name) == plain[name], name
    assert found.calibration_error == calibration_error(labels, probabilities)
    curve = recalibration(labels, probabilities)
    assert (found.calibration_slope, found.calibration_intercept) == (curve.slope, curve.intercept)
    assert (found.train_rate, found.threshold) == (0.4, 0.6)
    assert found.recall == recall(labels, probabilities, 0.6) != recall(labels, probabilities)


def test_skill_compares_with_the_constant_of_train():
    labels = np.array([0, 0, 0, 1])
    constant = final_scores(labels, np.full(4, 0.4), train_rate=0.4, threshold=0.5)
    assert (constant.log_loss_skill, constant.brier_skill) == pytest.approx((0, 0), abs=1e-12)
    assert constant.collapsed
    assert (constant.auc, constant.average_precision) == (0.5, 0.25)
    assert (constant.calibration_slope, constant.calibration_intercept) == (None, None)
    assert constant.calibration_error == pytest.approx(0.15)
    # Predicting the rate of the split itself beats the base rate of train, which counts as skill.
    knowing = final_scores(labels, np.full(4, 0.25), train_rate=0.4, threshold=0.5)
    base_rate_loss = -(3 * np.log(0.6) + np.log(0.4)) / 4
    loss = -(3 * np.log(0.75) + np.log(0.25)) / 4
    assert knowing.log_loss_skill == pytest.approx(1 - loss / base_rate_loss)
    assert knowing.brier_skill == pytest.approx(1 - 0.1875 / ((3 * 0.16 + 0.36) / 4))
    wrong = final_scores(labels, 1.0 - labels, train_rate=0.4, threshold=0.5)
    assert wrong.log_loss_skill < -10
    perfect = final_scores(labels, labels.astype(float), train_rate=0.4, threshold=0.5)
    assert perfect.log_loss_skill == pytest.approx(1, abs=1e-6)
    assert (perfect.precision, perfect.recall, perfect.average_precision) == (1.0, 1.0, 1.0)


def test_one_class_only_leaves_out_what_is_undefined():
    negatives = final_scores(np.zeros(5, dtype=int), np.linspace(0.1, 0.5, 5), train_rate=0.4, threshold=0.4)
    assert (negatives.auc, negatives.average_precision, negatives.recall) == (None, None, None)
    assert (negatives.precision, negatives.calibration_slope) == (0.0, None)
    positives = final_scores(np.ones(5, dtype=int), np.linspace(0.1, 0.5, 5), train_rate=0.4, threshold=0.6)
    assert (positives.auc, positives.average_precision, positives.recall) == (None, 1.0, 0.0)
    assert positives.precision is None


def test_hand_computed_average_precision_and_precision():
    labels, probabilities = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    assert average_precision(labels, probabilities) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert precision(labels, probabilities, 0.35) == pytest.approx(2 / 3)
    assert precision(labels, probabilities, 0.8) == 1.0
    assert precision(labels, probabilities, 0.81) is None
    # A tie is one step: either order within it must give the same area.
    for tied in ([0, 1, 1], [1, 0, 1], [1, 1, 0]):
        assert average_precision(np.array(tied), np.full(3, 0.5)) == pytest.approx(2 / 3)


@settings(max_examples=100, deadline=None)
@given(rated.filter(lambda pairs: any(label for label, _ in pairs)))
def test_no_threshold_has_a_higher_f1(pairs):
    labels, probabilities = np.array(pairs).T
    threshold = choose_threshold(labels, probabilities)
    assert threshold in probabilities

    def f1(at):
        hits = sum(label == 1 and p >= at for label, p in pairs)
        return 2 * hits / (sum(p >= at for _, p in pairs) + sum(label for label, _ in pairs))

    best = f1(threshold)
    assert best == pytest.approx(f1_score(labels, probabilities >= threshold))
    for other in np.arange(-0.05, 1.1, 0.05):
        assert f1(other) <= best + 1e-12
    assert all(f1(other) < best for other in set(probabilities.tolist()) if other > threshold)


def test_hand_computed_threshold():
    labels = np.array([0, 0, 1, 0, 1, 1])
    # F1 from the top: 1/2, 4/5, 2/3, 6/7, ...
    assert choose_threshold(labels, np.array([0.1, 0.2, 0.3, 0.5, 0.7, 0.9])) == 0.3
    # 2/3 at 0.9 and again at 0.1: the higher one.
    assert choose_threshold(np.array([1, 0, 0, 1]), np.array([0.1, 0.1, 0.1, 0.9])) == 0.9
    assert choose_threshold(np.array([0, 1, 0]), np.full(3, 0.2)) == 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train_rate": 0.0}, "expected both classes"),
        ({"train_rate": 1.0}, "expected both classes"),
        ({"train_rate": float("nan")}, "expected both classes"),
        ({"threshold": -0.1}, "choose it on validation"),
        ({"threshold": 1.1}, "choose it on validation"),
        ({"threshold": float("nan")}, "choose it on validation"),
    ],
)
def test_an_impossible_base_rate_or_threshold_is_refused(options, message):
    with pytest.raises(DatasetError, match=message):
        final_scores(
            np.array([0, 1]), np.array([0.2, 0.8]), **({"train_rate": 0.5, "threshold": 0.5} | options)
        )


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(DatasetError, match="no positives"):
        choose_threshold(np.zeros(3, dtype=int), np.array([0.1, 0.2, 0.3]))
    for function in (
        average_precision,
        choose_threshold,
        lambda labels, probabilities: precision(labels, probabilities, 0.5),
        lambda labels, probabilities: final_scores(labels, probabilities, train_rate=0.5, threshold=0.5),
    ):
        with pytest.raises(DatasetError, match="one-dimensional arrays of equal length"):
            function(np.array([0, 1]), np.array([0.5]))
