"""Results read from disk: complete, written back unchanged, and refused with advice when damaged."""

import json
from dataclasses import replace

import pytest

from simmer.base.errors import LedgerError
from simmer.base.files import to_json
from simmer.ledger.results import RefitResult, TrialResult, best_trial
from support.results import refit_result, trial_result, trial_values

# As published by the code of November 2026; it must stay readable and be written back unchanged.
PUBLISHED = """{
  "best": {
    "epoch": 2,
    "train_log_loss": 0.6307516400866912,
    "validation": {
      "auc": 0.6785720162577545,
      "auc_se": 0.020890150319572247,
      "brier": 0.2174800010270116,
      "collapsed": false,
      "log_loss": 0.6263688988332416,
      "prediction_max": 0.7998358227505131,
      "prediction_mean": 0.35936724328948644,
      "prediction_min": 0.10739340456335293,
      "prediction_std": 0.15469347101543454,
      "recall": 0.32269503546099293
    }
  },
  "best_epoch": 2,
  "budget_parameters": 2000000,
  "campaign": "demo",
  "checkpoint_s": 0,
  "checkpoints": 1,
  "code_digests": [
    "a65c66a754f0"
  ],
  "curve": [
    {
      "epoch": 1,
      "train_log_loss": 0.6655959488747004,
      "validation": {
        "auc": null,
        "auc_se": null,
        "brier": 0.23190718617299205,
        "collapsed": false,
        "log_loss": 0.65558713824266,
        "prediction_max": 0.7974714124018317,
        "prediction_mean": 0.4585361317189331,
        "prediction_min": 1e-07,
        "prediction_std": 0.12388335717173952,
        "recall": null
      }
    },
    {
      "epoch": 2,
      "train_log_loss": 0.6307516400866912,
      "validation": {
        "auc": 0.6785720162577545,
        "auc_se": 0.020890150319572247,
        "brier": 0.2174800010270116,
        "collapsed": false,
        "log_loss": 0.6263688988332416,
        "prediction_max": 0.7998358227505131,
        "prediction_mean": 0.35936724328948644,
        "prediction_min": 0.10739340456335293,
        "prediction_std": 0.15469347101543454,
        "recall": 0.32269503546099293
      }
    }
  ],
  "dataset": {
    "train": {
      "base_rate": 0.4916117435590174,
      "first_date": "2000-01-11",
      "last_date": "2013-04-19",
      "n": 3338,
      "positives": 1641,
      "prior_log_loss": 0.6930064482657226,
      "purged": 3
    },
    "validation": {
      "base_rate": 0.3955119214586255,
      "first_date": "2013-04-25",
      "last_date": "2016-02-23",
      "n": 713,
      "positives": 282,
      "prior_log_loss": 0.6897817059001013,
      "purged": 3
    }
  },
  "ended": "last_epoch",
  "fingerprint": "d79b11b40aad",
  "horizon_days": 3,
  "hyperparameters": {
    "batch_size": 64,
    "depth": 2,
    "dropout": 0.2,
    "ff_ratio": 4.0,
    "focal_gamma": 0.0,
    "head_width": 64,
    "input_form": "price_relative",
    "label_smoothing": 0.0,
    "learning_rate": 0.0003,
    "warmup_fraction": 0.1,
    "weight_decay": 0.05
  },
  "machine": {
    "activation_checkpointing": false,
    "compiled": false,
    "device": "cpu",
    "guard": {
      "aborts": 0,
      "blind_s": 32.84254189300003,
      "energy_wh": null,
      "max_temperature_source": "hwmon:k10temp:Tdie"
    },
    "last_job_s": 33.08598685900006,
    "memory": "full",
    "micro_batch": 64,
    "peak_memory_bytes": 461418496,
    "precision": "fp32",
    "starts": 1,
    "threads": 2
  },
  "origin": "depth extreme",
  "parameters": 2003425,
  "reason": null,
  "repeats": null,
  "scale": "2M",
  "seen_trials": 1,
  "shape": {
    "channels": 25,
    "context_days": 60,
    "depth": 2,
    "ff_width": 1152,
    "head_width": 64,
    "heads": 4,
    "patch_days": 10,
    "stride_days": 5,
    "width": 256
  },
  "state": "complete",
  "train_s": 32.84254189300003,
  "trial": 1,
  "validation_log_loss": 0.6263688988332416,
  "versions": {
    "python": "3.11.7",
    "torch": "2.13.0+cpu"
  },
  "weights_sha256": "aa0eed729b2d82763b5766d7bd3eac2e7a066de6b66f6d69c5038726471ae42b"
}
"""


def read(text, kind=TrialResult):
    return kind.from_values(json.loads(text), where="a/result.json", advice="delete it")


def test_a_published_result_is_written_back_unchanged():
    result = read(PUBLISHED)
    assert to_json(result.as_json()) == PUBLISHED
    assert (result.number, result.loss, result.losses[0]) == (1, 0.6263688988332416, 0.65558713824266)
    assert result.best == result.curve[1]
    assert str(result.address.published("json")) == "hpo/2M/h3/trial_001.json"


def test_a_refit_keeps_its_predictions_and_a_seed_of_64_bits():
    predictions = {split: {"rows": [7, 8], "probabilities": [0.1, 0.25]} for split in ("validation", "test")}
    result = refit_result(2, seed=2**64 - 1, predictions=predictions)
    assert result.as_json()["predictions"] == predictions
    assert read(to_json(result.as_json()), RefitResult) == result
    assert result.seed == 2**64 - 1


def test_whole_numbers_stay_whole_and_fractions_fractions():
    values = json.loads(PUBLISHED) | {"train_s": 3, "checkpoint_s": 1.0}
    result = read(json.dumps(values))
    assert (type(result.train_s), type(result.checkpoint_s)) == (int, float)
    assert to_json(result.as_json()) == to_json(values)


def test_keys_that_an_older_result_lacks_are_none():
    values = json.loads(PUBLISHED)
    del values["machine"]["compiled"], values["machine"]["activation_checkpointing"]
    result = read(json.dumps(values))
    assert result.machine.compiled is None
    assert result.as_json() == values


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda values: values.pop("state"), "found no key state; expected one"),
        (lambda values: values["machine"].pop("guard"), "found no key machine.guard; expected one"),
        (lambda values: values["curve"][1].pop("epoch"), "found no key curve.1.epoch; expected one"),
        (lambda values: values.update(trial="7"), "found '7' at trial; expected a whole number"),
        (lambda values: values.update(trial=7.0), "found 7.0 at trial; expected a whole number"),
        (lambda values: values.update(trial=True), "found True at trial; expected a whole number"),
        (lambda values: values.update(campaign=3), "found 3 at campaign; expected a text"),
        (lambda values: values.update(curve={}), "found {} at curve; expected a list"),
        (lambda values: values.update(machine=None), "found None at machine; expected an object"),
        (lambda values: values.update(train_s="1"), "found '1' at train_s; expected a number"),
        (
            lambda values: values["hyperparameters"].update(depth=[1]),
            "found [1] at hyperparameters.depth; expected a number or a text",
        ),
        (
            lambda values: values.update(best_epoch=3),
            "its best epoch 3 with the loss 0.6263688988332416 is not one of its 2 epochs",
        ),
        (lambda values: values.update(state="done"), "found 'done' at state; expected 'complete', 'pruned'"),
        (
            lambda values: values["best"]["validation"].update(collapsed=0),
            "found 0 at best.validation.collapsed; expected true or false",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_advice(change, problem):
    values = json.loads(PUBLISHED)
    change(values)
    with pytest.raises(LedgerError) as refused:
        read(json.dumps(values))
    assert str(refused.value).startswith(f"found a/result.json damaged ({problem}")
    assert str(refused.value).endswith("; delete it")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"a"', "null", '{"trial": 1}', "[" * 10_000])
def test_a_file_that_is_not_a_result_is_refused(tmp_path, text):
    path = tmp_path / "trial_000.json"
    path.write_text(text)
    with pytest.raises(LedgerError, match=r"trial_000\.json damaged \(.+\); run the same command again"):
        TrialResult.read(path)


def test_a_damaged_published_file_can_be_published_again(tmp_path):
    path = tmp_path / "trial_000.json"
    path.write_bytes(b'{"campaign": "\xff"}')
    with pytest.raises(LedgerError, match=r"trial_000\.json damaged .*: it is published again from"):
        TrialResult.read(path)
    path.write_text(PUBLISHED)
    assert TrialResult.read(path) == read(PUBLISHED)


def test_a_trial_is_not_read_as_a_refit():
    with pytest.raises(LedgerError, match="found no key refit"):
        read(PUBLISHED, RefitResult)


def test_the_best_trial_is_that_of_the_lowest_loss_the_earliest_of_equals_in_any_order():
    trials = [trial_result(4, (0.4,)), trial_result(2, (0.5, 0.4)), trial_result(0, ()), trial_result(1)]
    assert best_trial(trials).number == best_trial(trials[::-1]).number == 2
    assert best_trial([trial_result(0, ())]) is best_trial([]) is None


def test_shared_fields_of_trials_and_refits():
    trial = trial_result(3)
    again = TrialResult(**trial.shared(), trial=4, origin="tpe", repeats=3, seen_trials=3)
    assert again == replace(trial, trial=4, origin="tpe", repeats=3)
    assert set(trial_values()) == {*trial.shared(), "trial", "origin", "repeats", "seen_trials"}
