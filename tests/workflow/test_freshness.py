"""What is published is compared with the ledger, whatever Snakemake's metadata and the clock say."""

import os
import shutil
import time

import pytest

from support.campaign import DONE

FEWER_EPOCHS = {"scales": {"debug": {"epochs_max": 3}}}


def test_a_finished_campaign_has_nothing_to_do(finished):
    assert not finished.plan(DONE)


def test_a_changed_setting_is_noticed_without_the_metadata(finished, campaign_from):
    campaign = campaign_from(finished, FEWER_EPOCHS)
    shutil.rmtree(campaign.folder / ".snakemake/metadata")
    planned = campaign.plan(DONE)
    assert planned["hpo_debug"] == 3
    assert planned["hpo_debug_done"] == 1


def test_fewer_trials_are_noticed_without_the_metadata(finished, campaign_from):
    campaign = campaign_from(finished, {"scales": {"debug": {"n_trials": 2}}})
    shutil.rmtree(campaign.folder / ".snakemake/metadata")
    planned = campaign.plan(DONE)
    assert planned["hpo_debug"] == 0
    assert planned["hpo_debug_done"] == 1


@pytest.mark.long
def test_touch_does_not_make_old_results_current(finished, campaign_from):
    campaign = campaign_from(finished, {"dataset": {"threshold": 0.012}})
    campaign.run("--touch", DONE)
    assert campaign.plan(DONE)["hpo_debug"] == 3


@pytest.mark.parametrize("edited", [DONE, "results/hpo/debug/trials.csv", "results/preflight/debug.json"])
def test_an_edited_output_is_made_again(finished, campaign_from, edited):
    campaign = campaign_from(finished)
    path = campaign.folder / edited
    times = path.stat()
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert campaign.plan(DONE, edited)


@pytest.mark.parametrize("damage", [b"\xd5", b"[1]", b'{"rule": 3', b"3", b"\0\0\0\0", b'{"rule": []}'])
def test_damaged_records_of_snakemake_are_removed(finished, campaign_from, damage):
    campaign = campaign_from(finished)
    records = [path for path in (campaign.folder / ".snakemake/metadata").rglob("*") if path.is_file()]
    for record in records:
        record.write_bytes(damage)
    dry = campaign.dry_run(DONE)
    assert dry.status == 0, dry.text
    assert "Traceback" not in dry.text
    assert f"{len(records)} records of Snakemake damaged" in dry.text
    assert not campaign.plan(DONE)


def test_a_run_without_hooks_is_refused(finished):
    refused = finished.dry_run("--no-hooks", DONE).refused()
    assert "found --no-hooks; expected none" in refused.text


@pytest.mark.long
def test_lost_published_results_are_published_again_without_training(finished, campaign_from):
    campaign = campaign_from(finished)
    shutil.rmtree(campaign.folder / "results/hpo")
    campaign.run(DONE).succeeded()
    assert campaign.starts() == finished.starts()
    assert campaign.table() == finished.table()


@pytest.mark.long
def test_another_study_does_not_replace_the_only_copy_of_a_result(finished, campaign_from):
    campaign = campaign_from(finished, FEWER_EPOCHS)
    result = campaign.trial(1) / "result.json"
    content = result.read_bytes()
    result.write_text("{}")
    campaign.run(DONE).succeeded()
    assert result.read_bytes() == content


@pytest.mark.long
def test_inputs_from_the_future_do_not_stop_a_run(prepared, campaign_from):
    campaign = campaign_from(prepared)
    later_s = time.time() + 86_400
    for path in campaign.folder.rglob("*"):
        os.utime(path, (later_s, later_s), follow_symlinks=False)
    run = campaign.run(DONE).succeeded()
    assert "the clock was set back" in run.text
    assert not campaign.plan(DONE)


@pytest.mark.parametrize("damage", [b"\xff", b"", b"{}"])
def test_a_damaged_request_is_written_again(finished, campaign_from, damage):
    campaign = campaign_from(finished)
    path = campaign.folder / ".snakemake/requests/GSPC.json"
    whole = path.read_bytes()
    path.write_bytes(damage)
    assert campaign.dry_run(DONE).status == 0
    assert path.read_bytes() == whole
