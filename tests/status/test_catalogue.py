from dataclasses import replace

import pytest

from simmer.ledger.about import UNKNOWN, About
from simmer.ledger.preparation import prepare
from simmer.status.catalogue import listed_studies, short_names, unreadable_homes
from support.configs import default_config
from support.ledger_book import FEATURES, START_S, write_run

HALF = {"campaign": "half", "dataset": {"threshold": 0.005, "basis": "close"}}


@pytest.fixture
def two(book):
    """A study of three trials, and a later one of the same scale and horizon with another label."""
    for number in range(3):
        book.trial(number, losses=(0.6, 0.5 + number / 100), at_s=100.0 * number, state="complete")
    book.trial(0, config=default_config(HALF), campaign="half", at_s=1000.0)
    book.trial(1, config=default_config(HALF), at_s=2000.0, state=None)
    return book


def test_each_study_says_what_it_is_about_and_how_far_it_is(two):
    half, first = listed_studies(two.results)
    assert (first.about, first.name) == (
        About(campaign="main", ticker="GSPC", threshold=0.01, basis="high"),
        "2M/h1",
    )
    assert half.about == About(campaign="half", ticker="GSPC", threshold=0.005, basis="close")
    assert (len(first.progress.finished), first.begun, first.progress.best.loss) == (3, 0, 0.5)
    assert (len(half.progress.finished), half.begun) == (1, 1)
    assert (first.progress.base_rate_loss, first.dataset.train.first_date) == (0.69, "2000-01-03")
    assert first.size_bytes == sum(path.stat().st_size for path in first.study.home.rglob("*.json*"))


def test_the_last_used_one_is_first(two):
    assert [each.last_used_s - START_S for each in listed_studies(two.results)] == [2030.0, 220.0]
    two.trial(3, at_s=5000.0)
    assert [each.about.threshold for each in listed_studies(two.results)] == [0.01, 0.005]


def test_a_trial_that_starts_counts_for_one_study_only(two):
    two.trial_lock(1)
    assert [each.begun for each in listed_studies(two.results)] == [1, 0]


@pytest.fixture
def old(book):
    """A study as an older version left it, whose study.json has no names."""
    ledger = replace(book.study(), about=UNKNOWN)
    (ledger.home / "study.json").unlink()
    prepare(ledger)
    write_run(ledger.trial(0), 0, campaign="before")
    return ledger


def test_a_study_of_an_older_version_has_the_campaign_of_its_results(book, old):
    (found,) = listed_studies(book.results)
    assert found.about == About(campaign="before", threshold=0.01, basis="high")


def test_a_study_of_an_older_version_has_the_ticker_of_the_table_with_its_features(book, old):
    book.write_features(FEATURES)
    (found,) = listed_studies(book.results)
    assert found.about.ticker == "GSPC"
    book.write_features("0" * 64)
    (found,) = listed_studies(book.results)
    assert found.about.ticker is None


def test_a_study_without_a_result_has_no_dates_and_no_loss(book):
    book.trial(0, state=None)
    (found,) = listed_studies(book.results)
    assert (found.dataset, found.progress.best, found.begun) == (None, None, 1)
    assert found.about.campaign == "main"


def test_damaged_trials_are_counted_and_damaged_studies_are_named(two):
    (two.study().trial(0).folder / "result.json").write_text("{")
    other = two.study(days=3).home
    (other / "study.json").write_text("{")
    found = listed_studies(two.results)
    assert [len(each.progress.finished) for each in found] == [1, 3]
    assert unreadable_homes(two.results, found) == [other]


def test_short_names_tell_fingerprints_apart():
    assert short_names(["0123456789ab", "f123456789ab"]) == {
        "0123456789ab": "0123456",
        "f123456789ab": "f123456",
    }
    assert set(short_names(["0123456789ab", "0123456780ab"]).values()) == {"0123456789", "0123456780"}


def test_a_folder_without_a_ledger_has_no_study(tmp_path):
    assert (listed_studies(tmp_path / "gone"), unreadable_homes(tmp_path / "gone", [])) == ([], [])
