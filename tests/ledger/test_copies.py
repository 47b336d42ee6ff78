"""Two copies of each record: damage to one costs nothing."""

import errno
import json
import os

import pytest

from simmer.base.errors import LedgerError
from simmer.base.locks import try_lock
from simmer.base.records import write_record
from simmer.ledger.event_log import append_event
from simmer.ledger.params import RefitParams, TrialParams
from simmer.ledger.preparation import prepare, restore_published
from simmer.ledger.run_files import RunFiles
from simmer.ledger.study_file import keeps_digests
from support.configs import default_config
from support.results import refit_result, trial_result

STUDY = default_config().study("debug", 1)
PARAMS = TrialParams(
    hyperparameters=trial_result(0).hyperparameters,
    execution={"device": "cpu", "precision": "fp32", "threads": 1, "memory": "full"}
    | {"activation_checkpointing": False, "compiled": False},
    origin="default",
    repeats=None,
    seen_trials=0,
)
HARM = {
    "cut": lambda content: content[: len(content) // 2],
    "emptied": lambda content: b"",
    "zeroed": lambda content: bytes(len(content)),
    "an object": lambda content: b"{}",
    "a list": lambda content: b"[1]",
    "null": lambda content: b"null",
    "not UTF-8": lambda content: b"\xff" + content[1:],
    "a digit": lambda content: content.replace(b"0.6", b"0.5"),
    "no digest": lambda content: json.dumps(
        {key: value for key, value in json.loads(content).items() if key != "sha256"}
    ).encode(),
}


@pytest.fixture
def ledger(tmp_path):
    found = STUDY.ledger(tmp_path / "results" / "ledger", features_sha256="x")
    prepare(found)
    return found


@pytest.fixture
def files(ledger):
    """A finished and published trial."""
    return finish(ledger.trial(0), trial_result(0, fingerprint=ledger.fingerprint))


def finish(files, result):
    files.write_params(PARAMS)
    files.append_event({"event": "start", "code_digest": "d1"})
    files.append_event({"event": "finish", "state": "complete", "reason": None})
    files.write_result(result)
    files.publish(result=published(files, "json"), log=published(files, "jsonl"))
    return files


def published(files, ending):
    return files.home.parent.parent / files.address.published(ending)


def again(files):
    """The same files, read as another process reads them."""
    return RunFiles(files.home, files.address)


def harm(path, how):
    path.write_bytes(HARM[how](path.read_bytes()))


def test_a_finished_run_is_published(files):
    assert files.is_published()


@pytest.mark.parametrize("how", HARM)
def test_a_damaged_result_is_restored_from_the_published_one(files, how, caplog):
    before, path = files.result(), files.folder / "result.json"
    whole = path.read_bytes()
    harm(path, how)
    assert again(files).result() == before
    assert not again(files).is_published()
    again(files).restore()
    assert path.read_bytes() == whole
    assert "written again from its copy" in caplog.text
    assert again(files).is_published()
    assert (files.folder / "result.json.damaged_1").exists()


@pytest.mark.parametrize("how", [how for how in HARM if how != "no digest"])
def test_a_damaged_published_result_differs_from_the_ledger(files, how):
    harm(published(files, "json"), how)
    assert not files.is_published()
    assert files.result().fingerprint == files.home.name


def test_a_published_result_that_was_edited_is_reported(files, caplog):
    path = published(files, "json")
    edited = json.loads(path.read_text()) | {"validation_log_loss": 0.05}
    del edited["sha256"]
    path.write_text(json.dumps(edited))
    assert not files.is_published()
    files.restore()
    assert files.result().loss == 0.6
    assert "differs from the ledger and is published again" in caplog.text


def test_the_published_result_of_another_study_is_no_copy(files):
    other = default_config({"dataset": {"threshold": 0.02}}).study("debug", 1)
    moved = other.ledger(files.home.parent, features_sha256="x").trial(0)
    assert moved.result() is None
    assert not moved.is_published()
    moved.restore()
    assert moved.result() is None


def test_a_damaged_run_leaves_the_published_result_of_another_study_in_its_place(files):
    other = default_config({"dataset": {"threshold": 0.02}}).study("debug", 1)
    moved = other.ledger(files.home.parent, features_sha256="x").trial(0)
    moved.write_params(PARAMS)
    (moved.folder / "result.json").write_text("{}")
    moved.restore()
    assert moved.folder.with_name("trial_000.damaged_1").exists()
    assert files.is_published()


@pytest.mark.parametrize("how", ["zeroed", "an object"])
def test_the_published_result_of_any_study_is_restored_before_it_is_replaced(files, how):
    harm(files.folder / "result.json", how)
    restore_published(files.address, files.home.parent.parent)
    published(files, "json").unlink()
    assert again(files).result().loss == 0.6


def test_a_published_result_that_is_whole_in_the_ledger_or_damaged_is_left_as_it_is(files, caplog):
    restore_published(files.address, files.home.parent.parent)
    harm(files.folder / "result.json", "zeroed")
    harm(published(files, "json"), "zeroed")
    restore_published(files.address, files.home.parent.parent)
    assert caplog.text == ""


@pytest.mark.parametrize("values", [{"scale": "../2M"}, {"horizon_days": -1}, {"trial": -1}])
def test_a_result_with_an_impossible_address_is_damaged(files, values):
    path = published(files, "json")
    write_record(path, json.loads(path.read_text()) | values)
    assert again(files).result().loss == 0.6
    assert not again(files).is_published()


def test_a_key_that_was_changed_makes_an_event_damaged(files):
    path, events = files.folder / "events.jsonl", files.events()
    path.write_bytes(path.read_bytes().replace(b'"sha256"', b'"sha25v"', 1))
    assert [event["event"] for event in files.events()] == ["finish"]
    assert not files.is_published()
    files.restore()
    assert files.events() == events


def test_restored_events_keep_their_order_though_the_clock_was_set_back(files):
    path = files.folder / "events.jsonl"
    append_event(path, {"event": "republish", "time": "2020-01-01T00:00:00.000+00:00"})
    path.write_bytes(path.read_bytes() + b"{}\n")
    files.restore()
    assert [event["event"] for event in files.events()] == ["start", "finish", "republish"]


@pytest.mark.parametrize("how", ["zeroed", "an object"])
def test_a_result_damaged_alike_in_both_copies_is_not_published(files, how):
    for path in (files.folder / "result.json", published(files, "json")):
        harm(path, how)
    assert not again(files).is_published()


def test_a_run_damaged_in_all_copies_is_set_aside_and_computed_again(ledger, files, caplog):
    finish(ledger.trial(1), trial_result(1, fingerprint=ledger.fingerprint))
    for path in (files.folder / "result.json", published(files, "json")):
        harm(path, "zeroed")
    with pytest.raises(LedgerError, match="run the same command again"):
        again(files).result()
    again(files).restore()
    assert again(files).result() is again(files).params() is None
    assert (files.folder.with_name("trial_000.damaged_1") / "params.json").exists()
    assert "no copy is whole" in caplog.text
    assert ledger.trial(1).is_published()


def test_a_lost_ledger_is_restored_from_what_is_published(files):
    result, events = files.result(), files.events()
    for path in files.folder.iterdir():
        path.unlink()
    files.folder.rmdir()
    lost = again(files)
    assert lost.result() == result
    lost.restore()
    assert (lost.result(), lost.events()) == (result, events)
    assert lost.params() == PARAMS
    assert {path.name for path in lost.folder.iterdir()} == {
        "params.json",
        "params.copy.json",
        "events.jsonl",
        "result.json",
    }


@pytest.mark.parametrize("how", HARM)
@pytest.mark.parametrize("name", ["params.json", "params.copy.json"])
def test_damaged_parameters_are_restored(ledger, name, how):
    files = ledger.trial(3)
    files.write_params(PARAMS)
    harm(files.folder / name, how)
    if how == "a digit":  # there is none of these digits in parameters
        (files.folder / name).write_text((files.folder / name).read_text().replace("0.001", "0.002"))
    assert again(files).params() == PARAMS
    again(files).restore()
    assert (files.folder / "params.json").read_bytes() == (files.folder / "params.copy.json").read_bytes()


def test_predictions_of_a_refit_are_written_twice(ledger):
    files = ledger.refit(0, of_trial=7)
    predictions = {"test": {"rows": [1, 2], "probabilities": [0.25, 0.5]}}
    files.write_params(RefitParams(hyperparameters={}, execution={}, winner=7, seed=3))
    files.write_predictions(predictions)
    (files.folder / "predictions.json").write_text("[]")
    assert files.predictions() == predictions


def test_a_published_refit_of_another_winner_is_no_copy(ledger):
    files = ledger.refit(0, of_trial=7)
    files.write_params(RefitParams(hyperparameters={}, execution={}, winner=7, seed=3))
    files.append_event({"event": "start"})
    files.write_result(refit_result(0, fingerprint=ledger.fingerprint))
    files.publish(result=published(files, "json"), log=published(files, "jsonl"))
    assert files.is_published()
    assert ledger.refit(0, of_trial=6).result() is None


# ---- events ---------------------------------------------------------------------------------


def test_damaged_and_lost_events_are_restored_from_the_published_log(files):
    path, events = files.folder / "events.jsonl", files.events()
    files.append_event({"event": "republish"})
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0].replace(b"d1", b"d2") + lines[2])
    assert [event["event"] for event in files.events()] == ["republish"]
    files.restore()
    assert files.events()[:2] == events
    assert [event["event"] for event in files.events()] == ["start", "finish", "republish"]


def test_damaged_events_without_a_copy_are_left_out(ledger, caplog):
    files = ledger.trial(0)
    files.append_event({"event": "start"})
    path = files.folder / "events.jsonl"
    path.write_bytes(b'{"event": 3}\n\xff\n' + path.read_bytes() + b"[1]\nnull\n")
    files.restore()
    assert [event["event"] for event in files.events()] == ["start"]
    assert len(path.read_bytes().splitlines()) == 1
    assert "4 damaged" in caplog.text
    assert (files.folder / "events.jsonl.damaged_1").exists()


def test_the_log_of_another_study_is_not_mixed_in(ledger, files):
    other = ledger.trial(0)
    log = published(files, "jsonl")
    log.write_text('{"time": "2026-01-01T00:00:00.000+00:00", "event": "start"}\n')
    published(files, "json").unlink()
    other.restore()
    assert len(other.events()) == 2


# ---- folders of older versions, without digests ---------------------------------------------


def make_old(path):
    record = json.loads(path.read_text())
    record.pop("sha256", None)
    path.write_text(json.dumps(record, sort_keys=True, indent=2) + "\n")


@pytest.fixture
def old(ledger, files):
    """The same trial as an older version left it."""
    (files.folder / "params.copy.json").unlink()
    for path in (
        ledger.home / "study.json",
        *(files.folder / name for name in ("params.json", "result.json")),
        published(files, "json"),
    ):
        make_old(path)
    lines = [json.loads(line) for line in (files.folder / "events.jsonl").read_bytes().splitlines()]
    for line in lines:
        del line["sha256"]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    for path in (files.folder / "events.jsonl", published(files, "jsonl")):
        path.write_text(text)
    return ledger


def test_an_old_run_is_published_before_and_after_its_upgrade(old):
    assert old.trial(0).is_published()
    result = old.trial(0).result()
    prepare(old)
    assert json.loads((old.trial(0).folder / "result.json").read_text())["sha256"]
    assert old.trial(0).result() == result
    assert old.trial(0).params() == PARAMS
    assert len(old.trial(0).events()) == 2
    assert old.trial(0).is_published()


def test_a_run_that_another_process_works_on_is_not_upgraded(old):
    """An older version that was left over writes records without digests until it ends."""
    folder = old.trial(0).folder
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with try_lock(old.trial(0).lock_path):
        prepare(old)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert not keeps_digests(old.home)
    prepare(old)
    assert keeps_digests(old.home)


def test_the_caller_s_own_run_is_upgraded(old):
    with try_lock(old.trial(0).lock_path):
        prepare(old, held=old.trial(0))
    assert keeps_digests(old.home)


def test_after_the_upgrade_a_record_without_a_digest_is_damaged(old):
    prepare(old)
    make_old(old.trial(0).folder / "params.json")
    make_old(old.trial(0).folder / "result.json")
    old.trial(0).restore()
    assert (old.trial(0).folder / "result.json.damaged_1").exists()
    assert (old.trial(0).folder / "params.json.damaged_1").exists()


def test_an_old_result_with_a_loss_that_none_of_its_epochs_has_is_damaged(old):
    path = published(old.trial(0), "json")
    path.write_text(path.read_text().replace('"validation_log_loss": 0.6', '"validation_log_loss": 0.05'))
    prepare(old)
    old.trial(0).restore()
    assert old.trial(0).result().loss == 0.6


def test_old_results_that_differ_and_may_both_be_right_are_refused(old):
    path = published(old.trial(0), "json")
    path.write_text(path.read_text().replace('"campaign": "main"', '"campaign": "other"'))
    with pytest.raises(LedgerError, match=r"different values of campaign .* move the wrong one"):
        prepare(old)
    path.unlink()
    prepare(old)


def test_an_event_without_a_digest_is_damaged_after_one_that_has_it(old):
    files = old.trial(0)
    prepare(old)
    files.append_event({"event": "republish"})
    with (files.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"time": "2026-01-01T00:00:00.000+00:00", "event": "start"}\n')
    assert [event["event"] for event in files.events()] == ["start", "finish", "republish"]


@pytest.mark.parametrize("how", [how for how in HARM if how not in ("a digit", "no digest")])
def test_a_damaged_study_file_is_written_again(ledger, how, caplog):
    path = ledger.home / "study.json"
    whole = path.read_bytes()
    harm(path, how)
    prepare(ledger)
    assert path.read_bytes() == whole


def test_a_full_disk_is_no_damage(files, monkeypatch):
    """The full disk is simulated: a limit on file sizes would end pytest's own writing."""

    def fsync(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    harm(files.folder / "result.json", "zeroed")
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(LedgerError, match="no space is left"):
        files.restore()
    monkeypatch.undo()
    assert files.result().loss == 0.6
    files.restore()
    assert files.is_published()
