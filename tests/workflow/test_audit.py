"""The leakage audit as a user runs it: its controls, its check table and the log of looks."""

import json

import pytest

pytestmark = pytest.mark.long

AUDIT = "results/leakage_audit.txt"
LOOK = {
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
    printed = campaign.run(AUDIT).succeeded().text
    assert "train the planted control at" in printed
    assert "hardware_sample" not in printed, "an event of the log is shown on the terminal"
    assert "planted signal h1 AUC" in (campaign.folder / "results/logs/leakage_controls.log").read_text()
    text = (campaign.folder / AUDIT).read_text()
    assert "FAIL" not in text
    assert "no look yet" in text
    assert json.loads((campaign.folder / "results/leakage_audit.json").read_text())["ok"]
    assert campaign.plan(AUDIT) == {}

    looks = campaign.folder / "results/ledger/test_reads.jsonl"
    looks.parent.mkdir(exist_ok=True)
    other = LOOK | {"predictions_sha256": "q" * 64}
    looks.write_text(json.dumps(LOOK) + "\n" + json.dumps(other) + "\n")
    assert campaign.plan(AUDIT) == {}, "a new look alone does not outdate the audit"
    (campaign.folder / AUDIT).unlink()
    campaign.run(AUDIT).succeeded()
    assert "looked at 2 times" in (campaign.folder / AUDIT).read_text()


def test_the_bars_of_the_vix_are_acquired_if_its_features_are_on(new_campaign):
    vix = {"ticker": "VIX", "kind": "no_volume_index"}
    tickers = {"tickers": [{"ticker": "GSPC", "kind": "index"}, vix]}
    planned = new_campaign({"features": {"vix": True}, "data": tickers}).plan(AUDIT)
    assert (planned["combine_features"], planned["acquire_data"]) == (1, 2)
    assert (planned["leakage_controls"], planned["leakage_audit"]) == (1, 1)
