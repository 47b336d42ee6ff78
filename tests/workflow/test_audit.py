"""The audit as a user runs it: the controls trained, the table read, the register of the test split grown."""

import json

import pytest

pytestmark = pytest.mark.long

AUDIT = "results/leakage_audit.txt"
READ = {
    "time": "2026-05-01T10:00:00+00:00",
    "ticker": "GSPC",
    "horizon_days": 1,
    "first_date": "2016-02-29",
    "last_date": "2018-12-28",
    "winners": {"debug": {"fingerprint": "a" * 12, "trial": 1}},
    "predictions_sha256": "p" * 64,
}


def test_a_sound_campaign_passes_and_looks_at_the_test_split_are_counted(prepared, campaign_from):
    campaign = campaign_from(prepared)
    assert campaign.plan(AUDIT) == {"leakage_controls": 1, "leakage_audit": 1}
    said = campaign.run(AUDIT).succeeded().text
    assert "train the planted control at" in said
    assert "hardware_sample" not in said, "events are for logs, not for the terminal"
    assert "planted signal h1 AUC" in (campaign.folder / "results/logs/leakage_controls.log").read_text()
    text = (campaign.folder / AUDIT).read_text()
    assert "FAIL" not in text
    assert "not read yet" in text
    assert json.loads((campaign.folder / "results/leakage_audit.json").read_text())["ok"]
    assert campaign.plan(AUDIT) == {}

    register = campaign.folder / "results/ledger/test_reads.jsonl"
    register.parent.mkdir(exist_ok=True)
    other = READ | {"predictions_sha256": "q" * 64}
    register.write_text(json.dumps(READ) + "\n" + json.dumps(other) + "\n")
    assert campaign.plan(AUDIT) == {}, "the report counts the looks itself: a look makes no report old"
    (campaign.folder / AUDIT).unlink()
    campaign.run(AUDIT).succeeded()
    assert "looked at 2 times" in (campaign.folder / AUDIT).read_text()


def test_the_bars_of_the_vix_are_asked_for_where_its_features_are_on(new_campaign):
    vix = {"ticker": "VIX", "kind": "no_volume_index"}
    tickers = {"tickers": [{"ticker": "GSPC", "kind": "index"}, vix]}
    planned = new_campaign({"features": {"vix": True}, "data": tickers}).plan(AUDIT)
    assert (planned["combine_features"], planned["acquire_data"]) == (1, 2)
    assert (planned["leakage_controls"], planned["leakage_audit"]) == (1, 1)
