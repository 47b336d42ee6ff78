from simmer.status.progress import StudyPlace, StudyProgress
from simmer.status.study_line import study_line
from simmer.status.trial_files import TrialProgress


def line(*states, n_trials=50):
    trials = tuple(
        TrialProgress(
            name=f"trial_{number:03d}",
            number=number,
            state=state,
            loss=None if state == "diverged" else 0.41 - 0.001 * number,
            base_rate_loss=0.4732,
            trained_s=600.0,
        )
        for number, state in enumerate(states)
    )
    place = StudyPlace(scale="2M", horizon_days=1, n_trials=n_trials, epochs_max=30)
    study = StudyProgress(place=place, finished=trials)
    return study_line(study, [study], now_s=0.0)


def test_a_study_under_way_shows_what_is_done_the_best_loss_and_the_time_left():
    assert line("complete", "pruned", "diverged", n_trials=5) == (
        "2M/h1: 3 of 5 trials done (1 pruned, 1 failed), best 0.4090 (base rate 0.4732); "
        "about 20 min of training left in this study"
    )


def test_a_finished_study_has_no_time_left():
    assert line("complete", n_trials=1) == "2M/h1: 1 of 1 trials done, best 0.4100 (base rate 0.4732)"


def test_without_a_loss_there_is_no_best():
    assert line("diverged", n_trials=1) == "2M/h1: 1 of 1 trials done (1 failed)"
