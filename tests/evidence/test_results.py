"""Published evidence is read back unchanged, and errors name the damaged key."""

import json

import pytest

from simmer.base.errors import LedgerError
from simmer.base.files import to_json
from simmer.evidence.answer import answer
from simmer.evidence.results import Evidence, Headlines
from simmer.evidence.scaling_verdict import Estimate
from support.evidence_results import evidence, horizon
from support.final_predictions import table_and_facts

WITHOUT = {"level": None, "exponent": None, "change": None, "practical": None, "detectable": None}


def test_published_evidence_is_read_and_written_again_byte_for_byte():
    made = evidence()
    # With one scale there are no curves.
    made["horizons"]["5"]["scaling"] |= WITHOUT | {"curves": [], "differences": []}
    del made["horizons"]["5"]["scaling"]["floor_refused"]
    made["horizons"]["1"]["models"][0] |= {"auc": None, "calibration_slope": None}
    text = to_json(made)
    assert to_json(Evidence.from_json(json.loads(text)).as_json()) == text


def test_computed_evidence_is_read_back_unchanged():
    for scales in ({"2M": 2.0, "20M": 1.0, "200M": 0.5}, {"2M": 0.5}):
        one = answer(*table_and_facts(scales), horizon_days=1, comparisons=1)
        made = Evidence(campaign="a", code="b", comparisons=3, horizons=(one,))
        published = json.loads(to_json(made.as_json()))
        assert Evidence.from_json(published) == made
        assert published["horizons"]["1"]["headlines"] == {"against": [], "undecided": [], "in_favour": []}
        assert ("floor_refused" in published["horizons"]["1"]["scaling"]) == (len(scales) > 1)
        (scale, *_), (*_, baseline) = one.models, published["horizons"]["1"]["models"]
        assert scale.trials == 50 and "trials" not in baseline
    assert one.headlines == Headlines()


def test_horizons_are_sorted_in_ascending_order():
    made = evidence(h15=horizon("none"), h1=horizon("law"), h5=horizon("none"))
    read = Evidence.from_json(json.loads(json.dumps(made)))
    assert [(one.days, one.scaling.verdict) for one in read.horizons] == [
        (1, "law"),
        (5, "none"),
        (15, "none"),
    ]


def test_scales_are_ordered_by_parameters_and_baselines_by_loss_without_the_base_rate():
    made = horizon("law")
    made["models"].reverse()
    (one,) = Evidence.from_json(evidence(h1=made)).horizons
    assert [model.name for model in one.scales] == ["2M", "20M", "200M", "2B"]
    assert [model.name for model in one.baselines] == [
        "logistic_regression",
        "volatility_logit",
        "gradient_boosting",
        "mlp",
    ]


@pytest.mark.parametrize(("low", "high", "sign"), [(0.1, 0.3, 1), (-0.1, 0.3, 0), (-0.3, -0.1, -1)])
def test_an_interval_that_excludes_zero_has_a_sign(low, high, sign):
    assert Estimate(0.2, low, high).sign == sign


def damaged(**changes):
    made = evidence(h1=horizon())
    for key, value in changes.items():
        made["horizons"]["1"]["models"][2][key] = value
    return made


def without_a_base_rate():
    made = evidence(h1=horizon())
    del made["horizons"]["1"]["splits"]["test"]["base_rate"]
    return made


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (without_a_base_rate(), r"horizons.1, .*no key splits.test.base_rate.*run the same command again"),
        (damaged(log_loss=0.4), r"horizons.1, .*found 0.4 at models.2.log_loss; expected an object"),
        (damaged(brier=None), r"horizons.1, .*found None at models.2.brier; expected a number"),
        (damaged(brier=True), r"found True at models.2.brier; expected a number"),
        (damaged(seeds=2.5), r"found 2.5 at models.2.seeds; expected a whole number"),
        (damaged(kind="oracle"), r"'oracle' at models.2.kind; expected 'transformer' or 'baseline'"),
        (damaged(reliability={}), r"found {} at models.2.reliability; expected a list"),
        ({"campaign": "a", "code": "b", "comparisons": 1}, "no key horizons"),
        ([], r"found \[\] at its top; expected an object"),
        ({"campaign": "a", "code": "b", "comparisons": 1, "horizons": {}}, "no horizon"),
    ],
)
def test_errors_name_the_damaged_key_and_the_fix(made, message):
    with pytest.raises(LedgerError, match=message):
        Evidence.from_json(made)
