"""Addresses convert to paths and back, and the paths of existing ledgers do not change."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmer.base.errors import LedgerError
from simmer.ledger.address import (
    Address,
    StudyAddress,
    done_file,
    horizon_days_of,
    horizon_name,
    ledger_in,
    looks_in,
    published_folder,
    trial_name,
)

STUDY = StudyAddress(scale="2M", horizon_days=3)
TRIAL, REFIT = STUDY.trial(7), STUDY.refit(0, of_trial=7)
RACE = STUDY.race(1, of_trial=7)

# Names that are easily taken for another part of a path.
SCALES = st.sampled_from(["2M", "20M", "h3", "trial", "hpo", "locks", "fold", "debug"])
studies = st.builds(
    StudyAddress,
    scale=SCALES,
    horizon_days=st.sampled_from([1, 3, 30]),
    ticker=st.sampled_from([None, "GSPC", "BRK-B", "H3", "2M"]),
    fold=st.sampled_from([None, 0, 1, 11]),
    data_fraction=st.sampled_from([None, 1.0, 0.5, 0.25, 1e-07]),
)
numbers = st.sampled_from([0, 7, 70, 999, 1000])
addresses = st.one_of(
    st.builds(StudyAddress.trial, studies, numbers),
    st.builds(Address, study=studies, purpose=st.just("control"), number=numbers),
    st.builds(lambda study, number, of: study.race(number, of_trial=of), studies, numbers, numbers),
    st.builds(
        lambda study, number, of: study.refit(number, of_trial=of), studies, numbers, st.none() | numbers
    ),
)


def test_paths_are_those_of_ledgers_that_exist():
    assert str(TRIAL.folder) == "2M/h3/trial_007"
    assert str(REFIT.folder) == "2M/h3/refit_0_of_trial_007"
    assert str(TRIAL.lock) == "2M/h3/trial_007.lock"
    assert str(REFIT.lock) == "2M/h3/refit_0.lock"
    assert str(RACE.folder) == "2M/h3/race_1_of_trial_007"
    assert str(RACE.lock) == "2M/h3/race_1_of_trial_007.lock"
    assert str(RACE.published("json")) == "races/2M/h3/race_1_of_trial_007.json"
    assert str(STUDY.standings) == "races/2M/h3/race.json"
    assert str(RACE.job_log) == "logs/race/2M/h3/race.log"
    assert str(TRIAL.published("json")) == "hpo/2M/h3/trial_007.json"
    assert str(REFIT.published("jsonl")) == "refits/2M/h3/refit_0.jsonl"
    assert str(TRIAL.job_log) == "logs/hpo_2M/h3/trial_007.log"
    assert str(REFIT.job_log) == "logs/refit/2M/h3/refit_0.log"
    assert (TRIAL.name, REFIT.name, STUDY.name) == ("trial_007", "refit_0", "2M/h3")
    assert str(ledger_in(Path("results"))) == "results/ledger"
    assert str(looks_in(Path("results"))) == "results/ledger/test_reads.jsonl"
    assert str(done_file("2M")) == "hpo_2M.done"
    assert [str(published_folder("2M")), str(published_folder("2M", "refit"))] == [
        "results/hpo/2M",
        "results/refits/2M",
    ]


def test_ticker_fold_and_data_fraction_add_folders():
    study = StudyAddress(scale="2M", horizon_days=3, ticker="GSPC", fold=1, data_fraction=0.25)
    assert str(study.trial(0).folder) == "ticker_GSPC/2M/h3/fold_1/fraction_0.25/trial_000"


@given(addresses, st.sampled_from(["", "results/hpo", "/tmp/ledger/0123456789ab", "h3/2M", "a/fold_1"]))
def test_a_path_gives_its_address_back(address, before):
    assert Address.parse(before / address.folder) == address


def without_winner(address):
    return replace(address, of_trial=None) if address.purpose == "refit" else address


@given(addresses)
def test_locks_and_published_files_leave_out_the_trial_of_a_refit(address):
    known = without_winner(address)
    for path in (address.lock, address.published("json"), address.published("jsonl")):
        assert Address.parse(path) == known


@given(addresses, addresses)
def test_two_addresses_never_share_a_path(one, other):
    assert (one == other) == (one.folder == other.folder)
    published = without_winner(one) == without_winner(other)
    assert published == (one.lock == other.lock) == (one.published("json") == other.published("json"))
    if "race" not in (one.purpose, other.purpose):
        assert published == (one.job_log == other.job_log)


@given(studies)
def test_a_study_lists_its_runs_and_nothing_else(study):
    names = [
        "trial_010",
        "notes",
        "trial_2",
        "refit_0_of_trial_003",
        "refit_0",
        "trial_002",
        ".trial_002.tmp",
    ]
    listed = [address.folder.name for address in study.addresses(names)]
    assert sorted(listed) == ["refit_0", "refit_0_of_trial_003", "trial_002", "trial_010"]


@pytest.mark.parametrize(
    "path",
    [
        *("", "trial_007", "2M/trial_007", "2M/h3", "2_M/h3/trial_000", "2M/h03/trial_007"),
        *("2M/h3/trial_7", "2M/h3/trial_007_of_trial_001", "2M/h3/refit_00"),
        *("2M/h3/fraction_0.250/trial_000", "2M/h3/fraction_2.0/trial_000"),
    ],
)
def test_a_path_of_something_else_is_refused(path):
    with pytest.raises(LedgerError, match="expected"):
        Address.parse(Path(path))


@pytest.mark.parametrize(
    "change",
    [
        *({"scale": "a/b"}, {"scale": ""}, {"ticker": ".."}, {"fold": -1}),
        *({"data_fraction": 0.0}, {"data_fraction": float("nan")}),
    ],
)
def test_values_that_are_not_allowed_in_a_path_are_refused(change):
    with pytest.raises(LedgerError, match="found the study"):
        StudyAddress(**({"scale": "2M", "horizon_days": 3} | change))


@pytest.mark.parametrize(("purpose", "of_trial"), [("trial", 1), ("control", 1), ("race", None)])
def test_race_runs_and_refits_alone_are_of_a_trial(purpose, of_trial):
    with pytest.raises(LedgerError, match="`of_trial` of a race run or a refit"):
        Address(study=STUDY, purpose=purpose, number=0, of_trial=of_trial)


def test_names_of_horizons_and_trials():
    assert (horizon_name(5), horizon_days_of("h5"), trial_name(7)) == ("h5", 5, "trial_007")
    with pytest.raises(LedgerError, match="such as h5"):
        horizon_days_of("5")
