from dataclasses import replace

import pytest

from simmer.status.estimate import Basis, estimate
from simmer.status.holders import Holder
from simmer.status.progress import StudyPlace, StudyProgress, Work
from simmer.status.trial_files import TrialProgress

NOW_S = 10_000.0
ALIVE = Holder(pid=1, host="here", command="", since_s=0.0, alive=True)


def finished(*seconds, repeats=None, since_s=0.0):
    return tuple(
        TrialProgress(name=f"trial_{number:03d}", number=number, state="complete", trained_s=each)
        for number, each in enumerate(seconds)
    )


def study(*seconds, n_trials=10, begun=(), trials=None):
    place = StudyPlace(scale="2M", horizon_days=1, n_trials=n_trials, epochs_max=30)
    return StudyProgress(place=place, finished=trials or finished(*seconds), begun=tuple(begun))


def begun(trained_s, *, epochs=1, holder=None, number=9, name=None):
    trial = TrialProgress(
        name=name or f"trial_{number:03d}",
        number=number,
        trained_s=trained_s,
        epochs=epochs,
        last_epoch_at_s=NOW_S - 5.0,
        started_s=NOW_S - 50.0,
    )
    return Work(trial=trial, holder=holder)


def left(one, *others):
    return estimate(one, [one, *others], now_s=NOW_S)


def test_the_trials_left_take_the_mean_of_those_that_trained():
    found = left(study(10.0, 30.0, n_trials=5))
    assert (found.seconds, found.basis, found.trials) == (60.0, Basis.MEASURED, 2)


def test_a_repeat_answered_from_the_ledger_is_not_measured():
    repeat = TrialProgress(name="trial_001", number=1, state="complete", repeats=0, trained_s=0.0)
    assert left(study(n_trials=4, trials=(*finished(40.0), repeat))).seconds == 80.0


def test_nothing_is_left_of_a_finished_study():
    assert left(study(10.0, 10.0, n_trials=2)).seconds == 0.0


def test_a_trial_under_way_takes_as_long_as_the_longer_ones_did():
    found = left(study(10.0, 30.0, 50.0, n_trials=4, begun=[begun(20.0)]))
    assert found.seconds == pytest.approx((10.0 + 30.0) / 2)


def test_time_since_the_last_epoch_counts_where_the_trial_trains_now():
    stopped = left(study(30.0, n_trials=2, begun=[begun(20.0)])).seconds
    alive = left(study(30.0, n_trials=2, begun=[begun(20.0, holder=ALIVE)])).seconds
    assert (stopped, alive) == (10.0, 5.0)


def test_a_trial_longer_than_all_before_it_has_a_mean_left():
    assert left(study(10.0, 20.0, n_trials=3, begun=[begun(300.0)])).seconds == 15.0


def test_a_study_without_trials_uses_the_other_horizons():
    found = left(study(n_trials=3), study(20.0, 40.0))
    assert (found.seconds, found.basis) == (90.0, Basis.OTHER_HORIZONS)


def test_with_a_first_trial_under_way_its_pace_is_an_upper_bound():
    found = left(study(n_trials=3, begun=[begun(8.0, epochs=4)]))
    assert (found.seconds, found.basis) == (3 * 30 * 2.0 - 8.0, Basis.PACE)


def test_without_an_epoch_nothing_is_known():
    found = left(study(n_trials=3, begun=[begun(0.0, epochs=0)]))
    assert (found.seconds, found.basis) == (None, Basis.NOTHING)
    assert left(study(n_trials=3)).seconds is None


def test_a_refit_under_way_is_no_trial_of_the_search():
    assert left(study(10.0, n_trials=2, begun=[begun(5.0, name="refit_0")])).seconds == 10.0


def test_refits_take_what_refits_of_the_scale_took():
    place = StudyPlace(scale="2M", horizon_days=1, n_trials=2, epochs_max=30, refits=5)
    refits = finished(40.0, 60.0)
    one = StudyProgress(place=place, finished=finished(10.0, 10.0), refits=refits)
    assert left(one).seconds == 150.0
    under_way = StudyProgress(place=place, finished=finished(10.0, 10.0), begun=[begun(45.0, name="refit_2")])
    assert left(under_way).seconds is None
    assert left(under_way, one).seconds == 4 * 50.0 + 15.0


def test_the_usual_time_between_two_trials_is_counted_and_a_stop_is_not():
    trials = tuple(
        TrialProgress(
            name=f"trial_{number:03d}",
            number=number,
            state="complete",
            trained_s=10.0,
            begun_s=begun_s,
            finished_s=begun_s + 10.0,
        )
        for number, begun_s in enumerate((0.0, 13.0, 26.0, 50_000.0))
    )
    assert left(study(n_trials=6, trials=trials)).seconds == 2 * (10.0 + 3.0)


def test_before_a_refit_has_finished_refits_take_what_the_best_trial_took():
    place = StudyPlace(scale="2M", horizon_days=1, n_trials=2, epochs_max=30, refits=3)
    trials = tuple(replace(trial, loss=0.5 + trial.number) for trial in finished(10.0, 99.0))
    assert left(StudyProgress(place=place, finished=trials)).seconds == 30.0
