"""What the next run would do, and what its first lines say."""

import pytest

from simmer.status.changes import changes, in_words
from simmer.status.last_run import LastRun, last_run, remember_run
from simmer.status.next_features import built_features, table_entries
from simmer.status.plan import read_plan, start_lines
from support.configs import default_config, raw_config
from support.ledger_book import START_S, LedgerBook

NOW_S = START_S + 3600.0
SCALE = {
    "search": {"race": None},
    "run_scales": ["2M"],
    "dataset": {"horizons_days": [1]},
    "scales": {"2M": {"n_trials": 5}},
}
OTHER = {"dataset": {"threshold": 0.02}}
UNUSED_PID = 2**22 + 1


@pytest.fixture
def book(tmp_path):
    book = LedgerBook(tmp_path, SCALE)
    book.write_features(book.features)
    return book


def plan_of(book, *overlays, last=None):
    config = default_config(SCALE, *overlays)
    return config, read_plan(
        config,
        book.results,
        features_sha256=built_features(table_entries(config.dataset, book.folder / "data")),
        changed=None if last is None else last.changes_to(raw_config(SCALE, *overlays)),
        now_s=NOW_S,
    )


def lines(book, *overlays, last=None):
    config, plan = plan_of(book, *overlays, last=last)
    return start_lines(plan, config, file="mine.yaml")


def run_with(*overlays):
    return LastRun(overlays=(), given={}, configuration=raw_config(SCALE, *overlays))


def test_a_first_run_is_new_and_its_time_is_not_known(book):
    assert lines(book) == [
        "mine.yaml: GSPC, threshold 0.01 (high), campaign main",
        "1 new study (2M/h1): 0 trials in the ledger, 5 to train, time of 2M not measured yet",
    ]


def test_a_known_study_continues_at_its_measured_rate(book):
    for number in range(2):
        book.trial(number)
    assert lines(book, last=run_with()) == [
        "mine.yaml: GSPC, threshold 0.01 (high), campaign main; as in the last run",
        "1 known study (2M/h1): 2 trials in the ledger, 3 to train, about 90 s at the measured rate",
    ]


def test_a_changed_setting_begins_a_study_that_is_measured_by_the_earlier_one(book):
    book.trial(0)
    assert lines(book, OTHER, last=run_with()) == [
        "mine.yaml: GSPC, threshold 0.02 (high), campaign main; "
        "since the last run: threshold 0.02 instead of 0.01",
        "1 new study (2M/h1): 0 trials in the ledger, 5 to train, about 2 min at the measured rate",
        "1 other study in the ledger: make studies",
    ]
    assert dict(plan_of(book, OTHER)[1].studies[0].differs) == {"label.threshold": (0.01, 0.02)}


def test_other_bars_are_named(book):
    book.trial(0)
    book.write_features("0" * 64)
    (study,) = plan_of(book)[1].studies
    assert (study.state, in_words(study.differs)) == ("new", "other bars or features")


def test_a_study_whose_trial_trains_now_is_running(book):
    book.trial(0, state=None)
    book.trial_lock(0, at_s=1e9)
    assert plan_of(book)[1].studies[0].state == "running"


def test_a_trial_of_another_study_does_not_make_a_new_one_running(book):
    book.trial(0, state=None)
    book.trial_lock(0, at_s=1e9)
    assert plan_of(book, OTHER)[1].studies[0].state == "new"


def test_a_study_with_a_damaged_study_file_is_known(book):
    book.trial(0)
    (book.study().home / "study.json").write_text("{")
    (study,) = plan_of(book)[1].studies
    assert (study.state, len(study.progress.finished)) == ("known", 1)


def test_with_nothing_left_no_time_is_given(book):
    for number in range(5):
        book.trial(number)
    assert lines(book)[1] == "1 known study (2M/h1): 5 trials in the ledger, 0 to train"
    race = {"search": {"race": {"trials": 2, "runs": 3}}}
    assert lines(book, race)[1] == (
        "1 known study (2M/h1): 5 trials in the ledger, 0 to train, 6 race runs to train, about 3 min at the "
        "measured rate"
    )


def test_the_last_run_is_read_as_it_was_written(book):
    run = LastRun(overlays=("/a b/mine.yaml",), given={"seed": 2}, configuration={"seed": 2})
    assert last_run(book.results) is None
    remember_run(book.results, run)
    assert last_run(book.results) == run
    assert (run.name, run.options) == ("mine.yaml", ["--config", "seed=2"])


@pytest.mark.parametrize("damage", ["", "{}", "[1]", '{"files": 3}'])
def test_a_damaged_record_of_the_last_run_counts_as_none(book, damage):
    (book.results / "last_run.json").write_text(damage)
    assert last_run(book.results) is None


def test_changes_are_named_by_their_joined_keys():
    old = {"a": {"b": 1, "c": [1]}, "gone": 1}
    new = {"a": {"b": 2, "c": [1]}, "here": None}
    assert changes(old, new) == {"a.b": (1, 2), "gone": (1, None), "here": (None, None)}
    assert in_words(changes(old, new), most=1) == "a.b 2 instead of 1 and 2 more"
