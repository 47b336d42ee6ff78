"""The published members of baselines: which are refused, and how they enter the final evaluation."""

import pytest

from simmer.base.errors import LedgerError
from simmer.evidence.evaluated import model_facts, of_baselines, refuse_foreign

EXPECTED = {"features_sha256": "a" * 64, "seed": 1, "tries": 50, "members": 5}


def member(loss):
    predictions = {split: {"rows": [3], "probabilities": [loss]} for split in ("validation", "test")}
    return {"iterations": 4, "validation_log_loss": loss, "predictions": predictions}


def baseline(*losses, tried=(0.5, 0.4, 0.45)):
    return {
        "settings": {"C": 1.0},
        "validation_log_loss": 0.39,
        "tried": [{"settings": {}, "validation_log_loss": loss} for loss in tried],
        "sklearn_version": "1.9.1",
        "members": [member(loss) for loss in losses],
    }


FITTED = EXPECTED | {"models": {"logistic_regression": baseline(0.4), "mlp": baseline(0.41, 0.42)}}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"tries": 6}, "with features_sha256 aaaaaaaaaaaa, seed 1, tries 6, members 5, expected .* tries 50"),
        (
            {"members": 3},
            "members 3, expected .* members 5; delete results/baselines and run the same command",
        ),
        ({"features_sha256": "b" * 64}, "features_sha256 bbbbbbbbbbbb, "),
        ({"tries": None, "members": None}, "tries None, members None, expected"),
    ],
)
def test_baselines_of_other_settings_or_an_older_version_are_refused(found, message):
    refuse_foreign(FITTED, **EXPECTED)
    fitted = {key: value for key, value in (FITTED | found).items() if value is not None}
    with pytest.raises(LedgerError, match=message):
        refuse_foreign(fitted, **EXPECTED)


def test_every_member_has_its_predictions_and_a_number_if_there_are_several():
    found = of_baselines(FITTED)
    assert [(one.model, one.refit, one.validation_log_loss) for one in found] == [
        ("logistic_regression", None, 0.4),
        ("mlp", 0, 0.41),
        ("mlp", 1, 0.42),
    ]
    assert {one.kind for one in found} == {"baseline"}
    assert [one.splits["test"]["probabilities"] for one in found] == [[0.4], [0.41], [0.42]]


def test_the_facts_of_a_baseline_are_its_tries_and_the_best_of_them():
    facts = model_facts([], FITTED, trials=[], epochs_max={})
    assert facts["mlp"] == {
        "parameters": None,
        "search_validation_log_loss": 0.4,
        "tries": 3,
        "settings": {"C": 1.0},
        "sklearn_version": "1.9.1",
    }
