import json
from dataclasses import replace

import pytest

from simmer.base.errors import LedgerError
from simmer.ledger.about import UNKNOWN, About
from simmer.ledger.preparation import prepare
from simmer.ledger.results import TrialResult
from simmer.ledger.run_files import RunFiles
from simmer.ledger.study_file import read_about, read_study_file, short_digest
from support.configs import default_config
from support.results import trial_result

STUDY = default_config().study("debug", 1)


@pytest.fixture
def ledger(tmp_path):
    return RunFiles(tmp_path / "0123456789ab", STUDY.address.trial(0))


def test_a_new_trial_has_neither_params_nor_result_nor_events(ledger):
    assert ledger.params() is None
    assert ledger.result() is None
    assert ledger.events() == []


def test_events_are_kept_in_order_with_their_time(ledger):
    ledger.append_event({"event": "start"})
    ledger.append_event({"event": "epoch", "epoch": 1})
    assert [event["event"] for event in ledger.events()] == ["start", "epoch"]
    assert all(event["time"].endswith("+00:00") for event in ledger.events())


def test_a_log_cut_at_any_byte_is_readable_and_can_be_appended_to(ledger):
    for number in range(3):
        ledger.append_event({"event": "epoch", "epoch": number})
    path = ledger.folder / "events.jsonl"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in range(len(lines[0]), len(whole)):
        path.write_bytes(whole[:cut])
        complete = whole[:cut].count(b"\n")
        assert len(ledger.events()) == complete
        ledger.append_event({"event": "start"})
        assert [event["event"] for event in ledger.events()] == ["epoch"] * complete + ["start"]


def test_publishing_copies_result_and_whole_events(ledger, tmp_path):
    ledger.append_event({"event": "start"})
    ledger.write_result(trial_result(0))
    with (ledger.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "torn')
    result, log = tmp_path / "out" / "trial.json", tmp_path / "out" / "trial.jsonl"
    ledger.publish(result=result, log=log)
    assert result.read_bytes() == (ledger.folder / "result.json").read_bytes()
    assert TrialResult.read(result) == trial_result(0)
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()] == ["start"]


def test_a_damaged_result_is_named_with_advice(ledger):
    ledger.write_result(trial_result(0))
    (ledger.folder / "result.json").write_text('{"trial"')
    with pytest.raises(LedgerError, match=r"result\.json damaged.*run the same command again"):
        ledger.result()


def test_the_path_holds_fingerprint_scale_horizon_and_trial(tmp_path):
    study = STUDY.ledger(tmp_path, features_sha256="x")
    assert study.trial(7).folder == tmp_path / study.fingerprint / "debug" / "h1" / "trial_007"


def test_the_files_of_a_run_are_found_by_its_folder(tmp_path):
    refit = STUDY.ledger(tmp_path, features_sha256="x").refit(1, of_trial=7)
    found = RunFiles.at(refit.folder)
    assert (found.folder, found.lock_path, found.address) == (refit.folder, refit.lock_path, refit.address)
    assert refit.lock_path == tmp_path / "locks" / "debug" / "h1" / "refit_1.lock"


def test_two_studies_that_would_publish_the_same_file_share_its_lock(tmp_path):
    other = default_config({"dataset": {"threshold": 0.02}}).study("debug", 1)
    studies = [study.ledger(tmp_path, features_sha256="x") for study in (STUDY, other)]
    assert studies[0].trial(7).folder != studies[1].trial(7).folder
    assert studies[0].trial(7).lock_path == studies[1].trial(7).lock_path
    assert studies[0].trial(7).lock_path != studies[0].trial(8).lock_path


def test_study_json_holds_the_settings_of_the_study(tmp_path):
    study = STUDY.ledger(tmp_path, features_sha256="x")
    prepare(study)
    described = json.loads((tmp_path / study.fingerprint / "study.json").read_text())
    assert described["features_sha256"] == "x"
    assert described["label"] == {"horizon_days": 1, "threshold": 0.01, "basis": "high"}
    assert described["about"] == {"campaign": "main", "ticker": "GSPC"}


def test_the_names_of_a_study_are_no_part_of_its_fingerprint(tmp_path):
    renamed = default_config({"campaign": "renamed"}).study("debug", 1)
    first, second = (study.ledger(tmp_path, features_sha256="x") for study in (STUDY, renamed))
    assert first.home == second.home
    prepare(first)
    settings, whole = read_study_file(first.home), (first.home / "study.json").read_bytes()
    assert short_digest(settings) == first.fingerprint
    prepare(second)
    assert (first.home / "study.json").read_bytes() == whole, "the names of the first run stay"
    assert read_about(first.home) == STUDY.about


def test_a_study_of_an_older_version_gets_its_names_from_the_next_run(tmp_path):
    study = STUDY.ledger(tmp_path, features_sha256="x")
    prepare(replace(study, about=UNKNOWN))
    assert "about" not in json.loads((study.home / "study.json").read_text())
    assert read_about(study.home) == About(threshold=0.01, basis="high")
    prepare(study)
    assert read_about(study.home) == About(campaign="main", ticker="GSPC", threshold=0.01, basis="high")


@pytest.mark.parametrize(("parallel", "seen"), [(1, 5), (3, 3), (9, 0)])
def test_a_trial_uses_all_but_the_newest_results(tmp_path, parallel, seen):
    config = default_config({"search": {"parallel_trials": parallel}})
    study = config.study("debug", 1)
    ledger = study.ledger(tmp_path, features_sha256="x")
    for number in range(5):
        ledger.trial(number).write_result(trial_result(number, fingerprint=ledger.fingerprint))
    assert [result.trial for result in ledger.results(study.search.seen_by(5), needed_by="a trial")] == list(
        range(seen)
    )
