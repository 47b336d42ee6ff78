"""What the figures read from published results."""

from simmer.search.table import best_by_horizon


def test_origins_are_told_apart_and_a_transferred_trial_is_known_by_the_trial_it_names(eventful):
    origins = [trial.origin for trial in eventful.searched.trials]
    assert origins[:4] == ["default", "depth extreme", "transferred", "startup"]
    assert set(origins[5:]) == {"sampler"}


def test_the_best_is_the_one_of_the_tables_and_never_a_repetition(eventful):
    study = eventful.searched
    assert study.best.number == 5
    assert study.best.number == best_by_horizon(eventful.results)["1"]["trial"]


def test_a_study_without_any_loss_has_no_best(study_book):
    assert study_book().add(None, state="diverged").searched.best is None


def test_trials_stand_in_the_order_of_their_numbers_however_the_files_came(eventful):
    eventful.results.reverse()
    assert [trial.number for trial in eventful.searched.trials] == list(range(9))


def test_dimensions_of_one_value_are_not_searched(eventful):
    study = eventful.searched
    assert study.constant == ("ff_ratio", "focal_gamma")
    assert set(study.searched) | set(study.constant) == set(study.dimensions)
