import os
from pathlib import Path

from simmer.status.progress import StudyPlace, read_study
from support.configs import default_config


def read(book, *, n_trials=5, refits=0, days=1):
    ledger = book.study(days=days)
    place = StudyPlace(
        scale="2M",
        horizon_days=days,
        n_trials=n_trials,
        epochs_max=30,
        refits=refits,
        home=ledger.root / ledger.fingerprint,
    )
    return read_study(place, ledger.root / "locks")


def test_a_study_that_was_not_begun():
    place = StudyPlace(scale="2M", horizon_days=1, n_trials=5, epochs_max=30)
    study = read_study(place, Path("nowhere"))
    assert (study.finished, study.begun, study.best, study.base_rate_loss, study.left) == (
        (),
        (),
        None,
        None,
        5,
    )


def test_trials_are_counted_by_how_they_ended(book):
    for number, state in enumerate(("complete", "pruned", "diverged", "out_of_memory", "out_of_time")):
        book.trial(number, state=state)
    study = read(book, n_trials=7)
    assert (len(study.finished), study.pruned, study.failed, study.left) == (5, 1, 3, 2)
    assert study.base_rate_loss == 0.69


def test_the_first_of_equal_losses_is_the_best(book):
    book.trial(0, losses=(0.6,))
    book.trial(1, losses=(0.5,))
    book.trial(2, losses=(0.5,), repeats=1)
    book.trial(3, losses=(0.1,), state="diverged")
    assert read(book).best.number == 1


def test_a_begun_trial_is_alive_while_its_lock_is_held(book):
    book.trial(0)
    book.trial(1, state=None)
    assert [work.alive for work in read(book).begun] == [False]
    book.trial_lock(1, at_s=1e9)
    (work,) = read(book).begun
    assert (work.trial.name, work.alive, work.holder.pid) == ("trial_001", True, os.getpid())


def test_a_trial_that_has_only_its_lock_is_starting(book):
    book.trial(0)
    book.trial_lock(1, at_s=1e9)
    book.trial_lock(2)  # held long before this process was born
    (work,) = read(book).begun
    assert (work.trial.name, work.trial.starts, work.alive) == ("trial_001", 0, True)


def test_a_trial_of_other_settings_that_has_the_same_lock_is_not_called_starting(book):
    book.trial(0)
    other = default_config({"seed": 9})
    book.trial(1, config=other, state=None)
    book.trial_lock(1, at_s=1e9)
    ledger, elsewhere = book.study(), book.study(config=other).trial(0).folder.parent
    place = StudyPlace(
        scale="2M", horizon_days=1, n_trials=5, epochs_max=30, home=ledger.root / ledger.fingerprint
    )
    assert read_study(place, ledger.root / "locks", others=[elsewhere]).begun == ()


def test_trials_beyond_n_trials_are_left_out_as_in_the_tables(book):
    for number in range(4):
        book.trial(number, losses=(0.5 - number / 100,))
    study = read(book, n_trials=2)
    assert (len(study.finished), study.best.number, study.left) == (2, 1, 0)
    assert len(read(book, n_trials=None).finished) == 4


def test_refits_are_counted_as_well_as_trials(book):
    for number in range(5):
        book.trial(number)
    book.trial(0, kind="refit")
    book.trial(1, kind="refit", state=None)
    study = read(book, refits=5)
    assert (len(study.refits), study.refits_left, len(study.finished)) == (1, 4, 5)
    assert [work.trial.name for work in study.begun] == ["refit_1"]


def test_a_refit_counts_with_any_result(book):
    files = book.trial(0, kind="refit")
    (files.folder / "result.json").write_text('{"test": {"log_loss": 0.5}}')
    assert len(read(book, refits=5).refits) == 1


def test_a_refit_that_cannot_be_read_is_not_done(book):
    book.trial(0)
    files = book.trial(0, kind="refit", state=None)
    for path in files.folder.glob("params*.json"):
        path.write_text("{half")
    study = read(book, refits=5)
    assert (study.refits, study.begun) == ((), ())


def test_refits_of_another_winner_do_not_count(book):
    book.trial(0, losses=(0.6,))
    book.trial(1, losses=(0.5,))
    for number, winner in ((0, 0), (0, 1), (1, 1), (2, 0)):
        files = book.trial(number, kind="refit")
        files.folder.rename(files.folder.with_name(f"refit_{number}_of_trial_{winner:03d}"))
    assert [refit.name for refit in read(book, refits=5).refits] == ["refit_0", "refit_1"]


def test_the_lock_of_a_refit_names_no_winner(book):
    book.trial(0)
    files = book.trial(3, kind="refit", state=None)
    files.folder.rename(files.folder.with_name("refit_3_of_trial_000"))
    book.lock(files.lock_path, at_s=1e9)
    (work,) = read(book, refits=5).begun
    assert (work.trial.name, work.alive) == ("refit_3", True)


def test_other_files_are_no_trials(book):
    book.trial(0)
    folder = book.study().trial(0).folder.parent
    (folder / "trial_notes").mkdir()
    (folder / "trial_001.tmp").write_text("")
    assert len(read(book).all_trials) == 1
