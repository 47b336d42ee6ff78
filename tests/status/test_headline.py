from pathlib import Path

import pytest

from simmer.status.campaign import read_campaign
from simmer.status.configuration import FoundConfig, find_configuration
from simmer.status.headline import configuration_hint, headline
from support.configs import FOUR_SCALES, ROOT, default_config
from support.ledger_book import START_S

NOW_S = START_S + 3600.0
BEGIN = ".venv/bin/runner --cores 1"
COMMAND = "/somewhere/.venv/bin/runner --cores 1 -- results/hpo_2M.done"
TYPED = ".venv/bin/runner --cores 1 -- results/hpo_2M.done"
UNUSED_PID = 2**22 + 1  # above the highest number Linux gives to a process


def first(book):
    return headline(read_campaign(FoundConfig(config=book.config), book.results, now_s=NOW_S), begin=BEGIN)


def all_done(book):
    for days in (1, 3, 5):
        for number in range(5):
            book.trial(number, days=days, at_s=number * 60)


def test_a_campaign_that_has_not_begun(book):
    assert first(book) == headline(
        read_campaign(FoundConfig(config=book.config), book.results, now_s=NOW_S), begin=BEGIN
    )
    assert (first(book).state, first(book).command) == ("NOT BEGUN", BEGIN)


def test_a_running_campaign(book):
    book.trial(0, state=None, at_s=3500)
    book.run_lock(at_s=1e9)
    book.trial_lock(0, at_s=1e9)
    head = first(book)
    assert head.state.startswith("RUNNING for ")
    assert head.state.endswith("last line 70 s ago")
    assert (head.advice, head.command) == (None, None)


def test_a_running_campaign_between_two_trials(book):
    book.trial(0)
    book.run_lock(at_s=1e9)
    assert "nothing is training at the moment" in first(book).state


def test_a_killed_run_whose_training_process_still_runs(book):
    book.trial(0, state=None)
    book.run_lock(pid=UNUSED_PID, command=COMMAND)
    book.trial_lock(0, at_s=1e9)
    head = first(book)
    assert head.state.startswith("ITS RUN WAS KILLED, but process ")
    assert "still trains 2M/h1 trial_000" in head.state
    assert head.command == TYPED


@pytest.mark.parametrize(
    ("thermal", "why"),
    [
        ((), "trial_000 ended without a message: killed, or the power failed"),
        (("stopped",), "on request, after a checkpoint"),
        (("abort", "stopped"), "too hot"),
        (("throttle", "pause"), "while waiting for the machine to cool"),
    ],
)
def test_a_campaign_stopped_in_a_trial(book, thermal, why):
    book.trial(0, state=None, thermal=thermal)
    book.run_lock(pid=UNUSED_PID, command=COMMAND)
    head = first(book)
    assert head.state == f"STOPPED 60 min ago: {why}"
    assert head.command == TYPED


def test_the_last_error_of_the_job_is_the_reason(book):
    book.trial(0, state=None, thermal=("abort", "stopped"))
    log = book.results / "logs" / "hpo_2M" / "h1" / "trial_000.log"
    log.parent.mkdir(parents=True)
    log.write_text(
        "2026-03-02 08:00:01,101 ERROR simmer.base.logs: stopped after a checkpoint: thermal abort\n"
    )
    assert first(book).state == "STOPPED 60 min ago: stopped after a checkpoint: thermal abort"


def test_a_campaign_stopped_between_two_trials(book):
    book.trial(0)
    assert f"between two trials; the reason may be in {book.results / 'logs'}" in first(book).state


def test_a_campaign_stopped_before_its_first_trial(book):
    book.run_lock(pid=UNUSED_PID, command=COMMAND)
    assert first(book).state == "STOPPED before its first trial, 60 min ago"


def test_a_run_on_another_machine_is_neither_running_nor_stopped(book):
    book.trial(0, state=None)
    book.run_lock(host="elsewhere", command=COMMAND)
    assert first(book).state.startswith("LAST RUN on elsewhere, since ")
    assert first(book).command is None


def test_a_campaign_is_finished_once_its_tables_are_written(book):
    all_done(book)
    book.run_lock(pid=UNUSED_PID, command=COMMAND)
    head = first(book)
    expected = "ALL TRIALS DONE 56 min ago, but some requested files are not written yet"
    assert (head.state, head.command) == (expected, TYPED)
    (book.results / "hpo_2M.done").write_text("")
    assert first(book).state.startswith("FINISHED 56 min ago: a line per study is in ")


def test_the_configuration_that_is_shown_is_named(book):
    book.trial(0)
    found = FoundConfig(config=book.config, note="the last run used mine.yaml; showing that")
    assert configuration_hint(read_campaign(found, book.results, now_s=NOW_S)) == found.note


def test_new_studies_are_described_by_what_changed(book):
    book.trial(0)
    changed = default_config({"run_scales": ["2M"]}, {"dataset": {"threshold": 0.02}})
    found = FoundConfig(config=changed, overlays=(Path("sub/mine.yaml"),))
    assert configuration_hint(read_campaign(found, book.results, now_s=NOW_S)) == (
        "mine.yaml now describes a new study (threshold 0.02 instead of 0.01); nothing of it is trained yet; "
        "the table shows the last one"
    )


def test_the_campaign_that_was_shipped_before_is_named(book):
    book.trial(0, config=default_config(FOUR_SCALES))
    found = find_configuration(book.results, base=ROOT / "config/config.yaml")
    hint = configuration_hint(read_campaign(found, book.results, now_s=NOW_S))
    assert "config.yaml now describes" in hint
    assert f"which {ROOT}/config/four-scales.yaml describes: merged before your own file" in hint
    found = find_configuration(
        book.results, base=ROOT / "config/config.yaml", overlays=[ROOT / "config/four-scales.yaml"]
    )
    shown = read_campaign(found, book.results, now_s=NOW_S)
    assert shown.configured
    assert len(shown.studies) == 12


def test_other_settings_are_not_taken_for_those_that_were_shipped_before(book):
    book.trial(0, config=default_config(FOUR_SCALES, {"seed": 9}))
    found = find_configuration(book.results, base=ROOT / "config/config.yaml")
    assert "four-scales" not in configuration_hint(read_campaign(found, book.results, now_s=NOW_S))
