import pytest

from simmer.status.campaign import read_campaign
from simmer.status.configuration import FoundConfig
from simmer.status.trial_files import TrialReader, read_trial
from support.configs import default_config
from support.ledger_book import START_S, LedgerBook

NOW_S = START_S + 3600.0
UNUSED_PID = 2**22 + 1


def seen(book, config=None):
    return read_campaign(FoundConfig(config=config or book.config), book.results, now_s=NOW_S)


def test_heat_is_summed_over_all_trials_and_the_last_sample_is_the_newest(book):
    book.trial(0, blind_s=5.0, celsius=81.0, thermal=("throttle",))
    book.trial(1, blind_s=7.0, celsius=70.0, at_s=100, state=None)
    heat = seen(book).heat
    assert (heat.blind_s, heat.trained_s, heat.hottest_c) == (12.0, 60.0, 81.0)
    assert (heat.sample["temperature_c"], heat.event["action"], heat.ever_known) == (70.0, "throttle", True)


def test_without_any_sensor_no_value_was_ever_known(book):
    book.trial(0, celsius=None, blind_s=30.0)
    heat = seen(book).heat
    assert (heat.ever_known, heat.hottest_c, heat.sample["state"]) == (False, None, "unknown")


def test_a_run_of_one_scale_is_finished_with_that_scale(tmp_path):
    book = LedgerBook(
        tmp_path,
        {"run_scales": ["2M", "20M"], "dataset": {"horizons_days": [1]}},
        {"scales": {"2M": {"n_trials": 1}}},
    )
    book.trial(0)
    assert not seen(book).finished
    book.run_lock(pid=UNUSED_PID, command="runner -- results/hpo_2M.done")
    assert (seen(book).requested_scales, seen(book).finished) == (("2M",), True)
    assert not seen(book).tables_written
    (book.results / "hpo_2M.done").write_text("")
    assert seen(book).tables_written


def test_a_campaign_is_finished_only_with_all_files_that_were_targets(book):
    (book.results / "hpo_2M.done").write_text("")
    for target, written in (("results/evidence.json", "evidence.json"), ("report", "summary.html")):
        book.run_lock(pid=UNUSED_PID, command=f"runner -- {target}")
        assert not seen(book).tables_written
        (book.results / written).write_text("")
        assert seen(book).tables_written


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("", 0),
        ("results/hpo_2M.done results/hardware.parquet", 0),
        ("results/evidence.json", 5),
        ("report", 5),
    ],
)
def test_refits_are_wanted_if_the_report_is_a_target(book, target, wanted):
    book.run_lock(pid=UNUSED_PID, command=f"runner -- {target}")
    assert {study.place.refits for study in seen(book).studies} == {wanted}


def test_a_campaign_of_other_settings_has_its_recorded_name(book):
    book.trial(0, config=default_config({"seed": 9}), campaign="theirs")
    assert (seen(book).name, seen(book).configured) == ("theirs", False)


def test_without_a_configuration_the_tables_show_that_a_campaign_is_finished(book):
    book.trial(0, config=default_config({"seed": 9}))
    assert not seen(book).finished
    (book.results / "hpo_2M.done").write_text("")
    assert seen(book).finished
    book.trial(1, config=default_config({"seed": 9}), state=None)
    assert not seen(book).finished


def test_a_study_of_other_settings_is_mentioned_after_the_configured_ones(book):
    book.trial(0)
    book.trial(0, days=3, config=default_config({"seed": 9}))
    found = seen(book)
    assert found.configured
    assert len(found.others) == 1
    assert found.others[0].startswith("2M/h3 ")


@pytest.mark.parametrize("gone", ["ledger", "data", "ledger/locks"])
def test_any_folder_may_be_missing(book, gone):
    assert seen(book).last_s is None
    (book.folder / gone).mkdir(parents=True, exist_ok=True)
    assert seen(book).trials == ()


def test_a_finished_trial_is_read_once_and_again_when_it_changes(book, monkeypatch):
    reads = []
    monkeypatch.setattr(
        "simmer.status.trial_files.read_trial", lambda *each: reads.append(each) or read_trial(*each)
    )
    files, read = book.trial(0), TrialReader()
    book.trial(1, state=None)
    under_way = files.folder.with_name("trial_001")
    for _ in range(3):
        assert (read(files.folder, 0).state, read(under_way, 1).state) == ("complete", None)
    assert [number for _, number in reads] == [0, 1, 1, 1]
    files.append_event({"event": "republish"})
    assert read(files.folder, 0).state == "complete"
    assert len(reads) == 5
