"""Studies read from published results, and sentences about them."""

import pytest

from simmer.base.errors import LedgerError
from simmer.figures.search.searched import best_of, counts, not_searched, number, unit
from simmer.ledger.results import best_trial
from simmer.search.space import KEYS, Choice, Range


def test_origins_are_recognised_and_a_transferred_trial_names_its_source(eventful):
    origins = [trial.origin for trial in eventful.searched.trials]
    assert origins[:4] == ["default", "depth extreme", "transferred", "startup"]
    assert set(origins[5:]) == {"sampler"}


@pytest.mark.parametrize(
    "origin", ["Default", "cmaes", "sampler", "transferred", "trial_003", "2M trial_x", "2M h1 trial_003", ""]
)
def test_an_unknown_origin_is_refused(study_book, origin):
    with pytest.raises(LedgerError, match=r"found a trial of origin .*, expected .*`<scale> trial_NNN`"):
        study_book().add(0.6, origin=origin).searched  # noqa: B018


@pytest.mark.parametrize("origin", ["2M trial_003", "200k trial_1000"])
def test_a_trial_of_any_scale_may_be_handed_over(study_book, origin):
    assert study_book().add(0.6, origin=origin).searched.trials[0].origin == "transferred"


def test_the_best_is_the_one_of_the_tables_and_never_a_repetition(eventful):
    study = eventful.searched
    assert study.best.number == 5
    assert study.best.number == best_trial(eventful.results).trial


def test_a_study_without_any_loss_has_no_best(study_book):
    assert study_book().add(None, state="diverged").searched.best is None


def test_trials_are_sorted_by_number(eventful):
    eventful.results.reverse()
    assert [trial.number for trial in eventful.searched.trials] == list(range(9))


def test_dimensions_of_one_value_are_not_searched(eventful):
    study = eventful.searched
    assert study.constant == ("ff_ratio", "focal_gamma")
    assert set(study.searched) | set(study.constant) == set(study.dimensions)


def test_the_ends_of_all_trials_are_counted(eventful, study_book):
    assert counts(eventful.searched) == (
        "9 trials: 5 completed, 1 pruned, 1 out of time, 1 diverged, 1 out of memory; 1 of these repeated "
        "from earlier trials."
    )
    assert counts(study_book().add(0.6).searched) == "1 trial: 1 completed."


def test_the_best_is_compared_with_the_base_rate(study_book):
    base_rate = "predicting the base rate has 0.6900."
    assert best_of(study_book().add(0.6).searched) == (
        f"Best validation log-loss: 0.6000 nats, trial 0 (startup), 0.0900 below the base rate; {base_rate}"
    )
    assert "0.0100 above the base rate" in best_of(study_book().add(0.7).searched)
    failed = study_book().add(None, state="diverged").searched
    assert best_of(failed) == f"No trial reached a validation log-loss; {base_rate}"


def test_hyperparameters_with_one_value_are_listed(study_book):
    study = study_book(learning_rate=Choice((1e-4,))).add(0.6).searched
    assert not_searched(study) == "Not searched: ff ratio = 4, focal gamma = 0, learning rate = 0.0001."
    two = {"ff_ratio": Choice((2.0, 4.0)), "focal_gamma": Choice((0.0, 1.0))}
    assert not_searched(study_book(**two).add(0.6).searched) == ""


def test_every_hyperparameter_has_a_unit_and_a_logarithmic_range_says_so():
    assert all(unit(key, Choice((1, 2))) for key in KEYS)
    ranges = (Range(low=0.1, high=0.3, log=log, integer=False) for log in (True, False))
    assert [unit("dropout", one) for one in ranges] == ["probability, log axis", "probability"]


def test_fractions_have_three_digits():
    assert [number(value) for value in (0.12345, 12, "window_norm")] == ["0.123", "12", "window_norm"]
