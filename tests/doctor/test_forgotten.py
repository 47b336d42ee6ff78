"""A study is moved aside as a whole, and is as before once its folder is back."""

import shutil
from datetime import date

import pytest

from simmer.base.errors import BusyError, LedgerError
from simmer.base.locks import lock_or_refuse
from simmer.doctor.forgotten import forget, forgotten_in
from support.configs import default_config

TODAY = date(2026, 3, 2)
OTHER = {"run_scales": ["2M"], "dataset": {"horizons_days": [1], "threshold": 0.005}}


def forgotten(book):
    study = book.study()
    return forget(study.home, study.address, book.results, today=TODAY)


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_study_and_what_is_published_of_it_are_moved(book):
    home, before = book.study().home, files(book.study().home)
    published = {name: content for name, content in files(book.results).items() if name.parts[0] == "hpo"}
    moved = forgotten(book)
    aside = book.results / "forgotten" / f"{home.name}-2026-03-02"
    assert moved == aside / "ledger" / home.name
    assert (home.exists(), files(moved)) == (False, before)
    assert files(aside / "hpo") == {name.relative_to("hpo"): text for name, text in published.items()}
    assert {path.name for path in (aside / "refits").rglob("*.json*")} == {"refit_0.json", "refit_0.jsonl"}
    assert not list((book.results / "hpo").rglob("trial_*"))
    assert forgotten_in(book.results) == [moved]


def test_moved_back_the_study_is_as_before(book):
    before = files(book.results / "ledger" / book.study().fingerprint)
    shutil.move(forgotten(book), book.results / "ledger")
    assert files(book.study().home) == before
    assert book.study().trial(0).result().loss == 0.5


def test_another_study_of_the_same_scale_and_horizon_stays(book):
    other = book.trial(0, config=default_config(OTHER))
    book.publish(other)
    forgotten(book)
    assert other.result() is not None
    assert book.published(other).is_file()
    assert not book.published(book.study().trial(1)).exists()


def test_a_second_time_on_the_same_day_gets_a_name_of_its_own(book):
    first = forgotten(book)
    book.trial(0)
    second = forgotten(book)
    assert second.parents[1].name == f"{first.parents[1].name}-2"


@pytest.mark.parametrize(
    "lock", [".lock", "ledger/locks/2M/h1/trial_003.lock", "ledger/locks/2M/h1/study.lock"]
)
def test_it_is_refused_while_a_run_or_a_trial_is_at_work(book, lock):
    with lock_or_refuse(book.results / lock, what="it"):
        before = files(book.results / "ledger" / book.study().fingerprint)
        with pytest.raises(BusyError, match="in use by process"):
            forgotten(book)
        assert files(book.study().home) == before
    assert not (book.results / "forgotten").exists()


def test_the_lock_names_the_last_run_again(book):
    book.run_lock(pid=4194305, command="runner --cores 1 results/hpo_2M.done")
    before = (book.results / ".lock").read_bytes()
    forgotten(book)
    assert (book.results / ".lock").read_bytes() == before


def test_a_study_that_is_gone_is_refused(book):
    study = book.study()
    shutil.rmtree(study.home)
    with pytest.raises(LedgerError, match=r"found no folder .*; expected a study"):
        forget(study.home, study.address, book.results, today=TODAY)
