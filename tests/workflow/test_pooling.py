"""A campaign that pools another ticker: all jobs that learn from its windows wait for and agree on them."""

import json
import re

import pytest

from support.campaign import DONE

POOL = {
    "data": {"tickers": [{"ticker": "GSPC", "kind": "index"}, {"ticker": "IXIC", "kind": "index"}]},
    "dataset": {"pool": ["IXIC"]},
    "evidence": {"seeds": 1},
}
LEARNERS = ("describe_dataset", "hpo_debug", "hpo_debug_done", "search_figures", "leakage_controls")
LEARNERS += ("leakage_audit", "refit", "baselines", "final_evaluation", "report")
REFIT = "results/refits/debug/h1/refit_0.json"


def test_all_rules_that_depend_on_the_windows_wait_for_the_pooled_table(prepared, campaign_from):
    campaign = campaign_from(prepared, POOL)
    drawn = campaign.run("--dag", "--", "report").succeeded().text
    names = dict(re.findall(r'(\d+)\[label = "(\w+)', drawn))
    edges = re.findall(r"(\d+) -> (\d+)", drawn)
    builds = {number for number, name in names.items() if name == "build_features"}
    assert len(builds) == 2
    for number, name in names.items():
        if name in LEARNERS:
            assert builds <= {before for before, after in edges if after == number}, name


@pytest.fixture(scope="module")
def pooled(prepared, tmp_path_factory):
    campaign = prepared.copy_to(tmp_path_factory.mktemp("pooled") / "campaign", POOL)
    try:
        campaign.run("report").succeeded()
    finally:
        campaign.kill_everything()
    return campaign


def read(campaign, name):
    return json.loads((campaign.folder / name).read_text())


@pytest.mark.long
def test_search_refits_baselines_audit_and_report_agree_on_the_pooled_windows(pooled):
    facts = read(pooled, "results/dataset.json")["pooled"]["h1"]["IXIC"]
    trial, refit = pooled.result(0), read(pooled, REFIT)
    assert trial["dataset"]["pooled"] == refit["dataset"]["pooled"] == {"IXIC": facts["n"]}
    assert trial["fingerprint"] == refit["fingerprint"]
    study = read(pooled, f"results/ledger/{trial['fingerprint']}/study.json")
    assert read(pooled, "results/baselines/h1.json")["features_sha256"] == study["features_sha256"]
    audit = read(pooled, "results/leakage_audit.json")
    assert audit["ok"]
    assert read(pooled, "results/models/debug/h1/card.json")["pooled"] == {"IXIC": facts["n"]}
    assert "future of train h1 IXIC" in {check["id"] for check in audit["checks"]}
    assert f"| 1 day ahead | IXIC | {facts['n']} |" in (pooled.folder / "results/summary.md").read_text()


@pytest.mark.long
def test_without_the_pool_it_is_another_study_and_with_it_the_same_again(pooled, campaign_from):
    campaign = campaign_from(pooled)
    assert campaign.plan("report") == {}
    campaign.configure({"dataset": {"pool": []}})
    assert campaign.plan(DONE)["hpo_debug"] == 3
    campaign.run("results/hpo/debug/h1/trial_000.json").succeeded()
    alone = campaign.result(0)
    assert "pooled" not in alone["dataset"]
    assert alone["fingerprint"] != pooled.result(0)["fingerprint"]
    campaign.configure({"dataset": {"pool": ["IXIC"]}})
    campaign.run(DONE).succeeded()
    assert set(campaign.starts().values()) == {1}
    assert campaign.result(0) == pooled.result(0)
