"""What is published belongs to the configured studies."""

import os

import pytest

from simmer.base.locks import try_lock
from simmer.ledger.made_from import made_from
from simmer.ledger.pages import mark_pages
from simmer.ledger.publication import publish_finished, remove_others, review_pages
from support.configs import default_config
from support.ledger_book import FEATURES, LedgerBook, write_run

SCALE = {"run_scales": ["2M"], "dataset": {"horizons_days": [1]}, "scales": {"2M": {"n_trials": 3}}}
PAGES = {"summary.html": "<html>\n<body>\n<main>law</main></body>", "summary.md": "# law\n"}


class Job:
    """A job as the workflow engine describes it."""

    def __init__(self, inputs, outputs):
        self.input, self.output, self.params = inputs, outputs, {}


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Three published trials of one study and its report."""
    monkeypatch.chdir(tmp_path)
    book = LedgerBook(tmp_path, SCALE)
    book.write_features(FEATURES)
    for number in range(3):
        book.publish(book.trial(number, losses=(0.6, 0.5 + number / 100)))
    (book.results / "figures").mkdir()
    (book.results / "races/2M/h1").mkdir(parents=True)
    for name in (
        "races/2M/h1/race.json",
        *("hpo/2M/trials.csv", "hpo/2M/best.json", "hpo_2M.done"),
        *("figures/hardware_2M_h1.svg", "figures/hardware_2M_h10.svg"),
    ):
        (book.results / name).write_text("of the first study")
    outputs = [f"results/{name}" for name in PAGES]
    with made_from(Job([f"results/hpo/2M/h1/trial_{number:03d}.json" for number in range(3)], outputs)):
        for name, text in PAGES.items():
            (book.results / name).write_text(text)
    return book


@pytest.fixture
def other(book):
    """The ledger of a study with another threshold."""
    return book.study(config=default_config(SCALE, {"dataset": {"threshold": 0.02}}))


def published_again(ledger, refits=0):
    return publish_finished(ledger, n_trials=3, race=None, refits=refits)


def published(book):
    found = (book.results / "hpo").rglob("trial_*")
    return sorted(path.relative_to(book.results).as_posix() for path in found)


def texts(book):
    return {name: (book.results / name).read_text() for name in PAGES}


def test_nothing_is_done_where_everything_is_published(book):
    before = {path: path.stat().st_mtime_ns for path in book.results.rglob("*")}
    assert published_again(book.study()) == []
    assert remove_others(book.results, [book.study()]) == []
    review_pages(book.results)
    assert {path: path.stat().st_mtime_ns for path in book.results.rglob("*")} == before


def test_missing_and_changed_files_are_published_with_the_time_of_their_result(book):
    files = book.study().trial(1)
    os.utime(files.folder / "result.json", (1e9, 1e9))
    book.published(files).write_text("{}")
    book.published(files, "jsonl").unlink()
    assert published_again(book.study()) == [files.address]
    assert files.is_published()
    assert book.published(files).stat().st_mtime == 1e9
    assert files.events()[-1]["event"] == "republish"


def test_refits_are_published_once_the_best_trial_is_known(book):
    refit = book.study().refit(0, of_trial=0)
    write_run(refit, 0)
    assert published_again(book.study(), refits=2) == [refit.address]
    assert refit.is_published()


def test_a_run_that_another_process_works_on_is_left_alone(book):
    files = book.study().trial(1)
    book.published(files).unlink()
    with try_lock(files.lock_path):
        assert published_again(book.study()) == []
    assert not book.published(files).exists()


def test_runs_and_tables_of_another_study_are_removed(book, other):
    removed = remove_others(book.results, [other])
    assert published(book) == []
    assert not (book.results / "hpo_2M.done").exists()
    assert len(removed) == 11
    review_pages(book.results)
    page, markdown = texts(book).values()
    assert "about other studies" in page.splitlines()[2]
    assert "about other studies" in markdown.splitlines()[0]


def test_going_back_publishes_the_same_bytes_and_the_report_counts_again(book, other):
    before = {name: (book.results / name).read_bytes() for name in published(book) if name.endswith(".json")}
    remove_others(book.results, [other])
    assert len(published_again(book.study())) == 3
    review_pages(book.results)
    assert {name: (book.results / name).read_bytes() for name in before} == before
    assert texts(book) == PAGES


def test_runs_of_studies_that_are_not_configured_are_removed(book):
    assert len(remove_others(book.results, [])) == 11
    assert published(book) == []


def test_the_only_copy_of_a_log_is_kept_in_the_ledger(book, other):
    files = book.study().trial(0)
    before = files.events()
    (files.folder / "events.jsonl").unlink()
    remove_others(book.results, [other])
    assert files.events() == before


def test_a_damaged_study_file_is_written_again(book):
    path = book.study().home / "study.json"
    before = path.read_bytes()
    path.write_text("{")
    published_again(book.study())
    assert path.read_bytes() == before


def test_the_only_copy_of_a_result_is_kept_in_the_ledger(book, other):
    files = book.study().trial(0)
    whole = (files.folder / "result.json").read_bytes()
    (files.folder / "result.json").unlink()
    remove_others(book.results, [other])
    assert (files.folder / "result.json").read_bytes() == whole


def test_a_result_that_cannot_be_kept_is_not_removed(book, other):
    files = book.study().trial(0)
    (files.folder / "result.json").unlink()
    with try_lock(files.lock_path):
        remove_others(book.results, [other])
    assert published(book) == ["hpo/2M/h1/trial_000.json", "hpo/2M/h1/trial_000.jsonl"]


def test_a_damaged_published_result_is_left_to_its_job(book, other):
    path = book.published(book.study().trial(2))
    path.write_text("{")
    remove_others(book.results, [other])
    assert path.exists()


def test_the_mark_of_a_page_changes_neither_its_time_nor_its_digest(book):
    path = book.results / "summary.html"
    before = path.stat().st_mtime_ns
    mark_pages(book.results, outdated=True)
    mark_pages(book.results, outdated=True)
    assert path.read_text().count("about other studies") == 1
    assert path.stat().st_mtime_ns == before
    review_pages(book.results)
    assert texts(book) == PAGES


def test_a_report_about_more_trials_than_are_published_is_marked(book):
    book.published(book.study().trial(2)).unlink()
    review_pages(book.results)
    assert "about other studies" in texts(book)["summary.md"]


@pytest.mark.parametrize("record", [None, "{"])
def test_a_report_whose_origin_is_not_known_stays_as_it_is(book, record):
    path = book.results / "ledger/made_from/results/summary.html.json"
    path.unlink() if record is None else path.write_text(record)
    book.published(book.study().trial(2)).unlink()
    review_pages(book.results)
    assert texts(book) == PAGES
