"""Evidence and refits as published are read, or refused with what to do."""

import json

import pytest

from simmer.base.errors import LedgerError
from simmer.figures.evidence.inputs import Estimate, read_evidence
from simmer.figures.evidence.refits import read_refits
from support.evidence_results import evidence, horizon, refit


def test_horizons_come_in_ascending_order_whatever_the_order_of_the_file():
    made = evidence(h5=horizon("none"), h1=horizon("law"))
    read = read_evidence(json.loads(json.dumps(made)))
    assert [(one.days, one.scaling.verdict) for one in read.horizons] == [(1, "law"), (5, "none")]


def test_scales_are_ordered_by_parameters_and_baselines_by_loss_without_the_base_rate():
    made = horizon("law")
    made["models"].reverse()
    (one,) = read_evidence(evidence(h1=made)).horizons
    assert [model.name for model in one.scales] == ["2M", "20M", "200M", "2B"]
    assert [model.name for model in one.baselines] == [
        "logistic_regression",
        "volatility_logit",
        "gradient_boosting",
        "mlp",
    ]


@pytest.mark.parametrize(
    ("low", "high", "sign"),
    [(0.1, 0.3, 1), (-0.1, 0.3, 0), (-0.3, -0.1, -1), (None, None, None), (0.1, None, None)],
)
def test_only_an_interval_has_a_sign(low, high, sign):
    assert Estimate(0.2, low, high).sign == sign


def test_what_is_missing_is_named_with_what_to_do():
    made = evidence(h1=horizon())
    del made["horizons"]["1"]["splits"]["test"]["base_rate"]
    with pytest.raises(LedgerError, match=r"'base_rate'.*run the same command again"):
        read_evidence(made)


def test_evidence_of_no_horizon_is_refused():
    with pytest.raises(LedgerError, match="no horizon"):
        read_evidence({"campaign": "empty", "horizons": {}})


def test_a_best_epoch_outside_the_curve_is_refused():
    with pytest.raises(LedgerError, match="best epoch 9 of 3 epochs"):
        read_refits([refit(0, epochs=3, best=9)])


def test_a_refit_without_an_epoch_has_no_best_loss():
    (read,) = read_refits([refit(0, epochs=0)])
    assert (read.best, read.best_epoch, read.epochs) == (None, None, ())
