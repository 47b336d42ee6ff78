"""From a finished search to the report: refits, baselines, one look at the test split, and the evidence."""

import json
import re
import shutil
import signal

import numpy as np
import pandas as pd
import pytest

from simmer.data.tables import read_table
from simmer.runs.saved_model import SavedModel
from support.campaign import DONE
from support.configs import default_config

pytestmark = pytest.mark.long

EVIDENCE = "results/evidence.json"
REFIT = "results/refits/debug/h1/refit_0"
LOOKS = "results/ledger/test_reads.jsonl"
CHAIN = {"refit": 2, "baselines": 1, "final_evaluation": 1, "evidence": 1}
CHAIN |= {"leakage_controls": 1, "leakage_audit": 1}


@pytest.fixture(scope="module")
def evaluated(finished, tmp_path_factory):
    campaign = finished.copy_to(tmp_path_factory.mktemp("evaluated") / "campaign", {"evidence": {"seeds": 2}})
    try:
        campaign.run(EVIDENCE).succeeded()
    finally:
        campaign.kill_everything()
    return campaign


def read(campaign, name):
    return json.loads((campaign.folder / name).read_text())


def looks(campaign):
    return [json.loads(line) for line in (campaign.folder / LOOKS).read_text().splitlines()]


def test_the_evidence_waits_for_refits_and_baselines_and_no_search_includes_it(finished, campaign_from):
    campaign = campaign_from(finished, {"evidence": {"seeds": 2}})
    assert campaign.plan(EVIDENCE) == CHAIN
    assert not campaign.plan(DONE)
    assert not campaign.plan("all").keys() & CHAIN.keys()


def test_the_scores_can_be_computed_from_the_table(evaluated):
    table = pd.read_parquet(evaluated.folder / "results/final/h1.parquet")
    of_test = table[table["split"] == "test"]
    hits = np.where(of_test["label"] == 1, of_test["probability"], 1 - of_test["probability"])
    by_model = (-pd.Series(np.log(hits), index=of_test.index)).groupby(of_test["model"]).mean()
    answer = read(evaluated, EVIDENCE)["horizons"]["1"]
    assert {model["name"] for model in answer["models"]} == set(by_model.index)
    for model in answer["models"]:
        assert model["log_loss"]["value"] == pytest.approx(by_model[model["name"]])
    assert len(set(of_test["row"])) == answer["splits"]["test"]["n"] == answer["decisions"]
    assert of_test["label"].groupby(of_test["row"]).first().mean() == answer["splits"]["test"]["base_rate"]


def test_the_winner_is_the_best_trial_and_its_refits_are_listed(evaluated):
    best = min(range(3), key=lambda number: evaluated.result(number)["validation_log_loss"])
    results = [read(evaluated, f"results/refits/debug/h1/refit_{number}.json") for number in range(2)]
    assert {result["winner"] for result in results} == {best}
    assert len({result["seed"] for result in results}) == 2
    (model,) = [m for m in read(evaluated, EVIDENCE)["horizons"]["1"]["models"] if m["name"] == "debug"]
    assert model["winner"] == best
    assert model["parameters"] == evaluated.result(best)["parameters"]
    assert [refit["refit"] for refit in model["refits"]] == [0, 1]


def test_baselines_have_as_many_tries_as_trials_and_as_many_members_as_refits(evaluated, campaign_from):
    answer = read(evaluated, EVIDENCE)["horizons"]["1"]
    models = {model["name"]: model for model in answer["models"]}
    assert [(models[name]["tries"], models[name]["members"]) for name in ("logistic_regression", "mlp")] == [
        (3, 1),
        (3, 2),
    ]
    assert {pair["members"] for pair in answer["differences"]} == {models["debug"]["members"]} == {2}
    more = campaign_from(evaluated, {"scales": {"debug": {"n_trials": 4}}})
    assert more.plan("results/baselines/h1.json") == {"baselines": 1}


def test_the_same_predictions_scored_again_are_one_look(evaluated, campaign_from):
    campaign = campaign_from(evaluated)
    (entry,) = looks(campaign)
    assert entry["winners"]["debug"]["fingerprint"] == campaign.result(0)["fingerprint"]
    campaign.run("-F", "--allowed-rules", "final_evaluation", "evidence", "--", EVIDENCE).succeeded()
    assert looks(campaign) == [entry]
    assert read(campaign, EVIDENCE)["horizons"]["1"]["looks"] == 1


def test_another_refit_is_another_look_and_the_others_are_kept(evaluated, campaign_from):
    campaign = campaign_from(evaluated, {"evidence": {"seeds": 3}})
    assert campaign.plan(EVIDENCE)["refit"] == 1
    campaign.run(EVIDENCE).succeeded()
    assert len(looks(campaign)) == 2
    assert read(campaign, EVIDENCE)["horizons"]["1"]["looks"] == 2


def test_a_deleted_refit_is_published_again_from_the_ledger(evaluated, campaign_from):
    campaign = campaign_from(evaluated)
    published = campaign.folder / f"{REFIT}.json"
    before = published.read_bytes()
    published.unlink()
    campaign.run(f"{REFIT}.json").succeeded()
    assert published.read_bytes() == before
    log = [
        json.loads(line)["event"] for line in (campaign.folder / f"{REFIT}.jsonl").read_text().splitlines()
    ]
    assert log.count("start") == 1
    assert log[-1] == "republish"


def test_a_stopped_refit_resumes_and_predicts_the_same(evaluated, finished, campaign_from):
    campaign = campaign_from(finished, {"evidence": {"seeds": 2}})

    def epochs():
        found = list((campaign.folder / "results/ledger").glob("*/debug/h1/refit_0_of_*/events.jsonl"))
        return found[0].read_text().count('"event": "epoch"') if found else 0

    run = campaign.start(f"{REFIT}.json")
    run.until(lambda: epochs() >= 2, "the second epoch of a refit")
    run.signal_group(signal.SIGTERM)
    run.failed()
    assert not (campaign.folder / f"{REFIT}.json").exists()
    campaign.run(f"{REFIT}.json").succeeded()
    resumed, unbroken = read(campaign, f"{REFIT}.json"), read(evaluated, f"{REFIT}.json")
    assert resumed["machine"]["starts"] == 2
    assert resumed["predictions"] == unbroken["predictions"]


def test_another_seed_plans_another_search_before_the_evidence(evaluated, campaign_from):
    planned = campaign_from(evaluated, {"seed": 2}).plan(EVIDENCE)
    assert planned["hpo_debug"] == 3
    assert planned["refit"] == 2
    assert planned["baselines"] == 1
    assert planned["final_evaluation"] == 1


@pytest.fixture(scope="module")
def reported(evaluated, tmp_path_factory):
    campaign = evaluated.copy_to(tmp_path_factory.mktemp("reported") / "campaign")
    try:
        campaign.run("report").succeeded()
    finally:
        campaign.kill_everything()
    return campaign


def test_the_report_begins_with_its_limitations_and_shows_every_figure(reported):
    results = reported.folder / "results"
    text, page = (results / "summary.md").read_text(), (results / "summary.html").read_text()
    assert text.index("## Read this first") < text.index("## Does scale help?") < text.index("## 1 day ahead")
    assert "fewer than 10 trials per study (3 at debug)" in text
    assert "1 day ahead: UNDETERMINED" in text
    shown = set(re.findall(r'title="([^"]+\.svg)"', page))
    assert shown == {
        *("scaling.svg", "opponents.svg", "base_rates.svg", "costs.svg"),
        *("calibration_h1.svg", "learning_curves_h1.svg", "hardware_debug_h1.svg"),
        *("search_history_debug_h1.svg", "search_importances_debug_h1.svg", "search_coverage_debug_h1.svg"),
    }
    assert "| test reads h1 | OK | 1 looks | 1 looks |" in text
    assert "shuffled labels h1" in text
    assert "planted signal h1" in text


def test_a_finished_report_plans_no_job(reported):
    assert not reported.plan("report")


def test_the_report_of_snakemake_contains_the_summary(reported, campaign_from):
    campaign = campaign_from(reported)
    campaign.run("--report", "results/report.html", "--", "report").succeeded()
    page = (campaign.folder / "results/report.html").read_text()
    for name in (
        "summary.html",
        "scaling.svg",
        "leakage_audit.txt",
        "preflight/debug.txt",
        "THE WHOLE REPORT",
    ):
        assert name in page, name
    assert not re.search(r'<(script|link)[^>]+(src|href)="http', page)


def test_the_scores_are_written_as_csv(reported):
    table = pd.read_csv(reported.folder / "results/summary.csv")
    assert len(table) == 6
    answer = read(reported, EVIDENCE)["horizons"]["1"]
    by_name = table.set_index("model")["log_loss"]
    for model in answer["models"]:
        assert by_name[model["name"]] == pytest.approx(model["log_loss"]["value"])


MODEL = "results/models/debug/h1"


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_model_predicts_from_its_files_what_was_scored(reported):
    config = default_config(reported.config)
    frame = read_table(reported.folder / f"data/processed/{config.dataset.table}.parquet")
    dataset = config.dataset.build(frame, 1, test="inputs")
    model = SavedModel.load(reported.folder / MODEL)
    assert [member.refit for member in model.card.members] == [0, 1]
    refits = [read(reported, f"results/refits/debug/h1/refit_{number}.json") for number in range(2)]
    for split in ("validation", "test"):
        stored = np.array([refit["predictions"][split]["probabilities"] for refit in refits])
        assert np.array_equal(model.predict_split(dataset, split), stored)


@pytest.mark.parametrize("lost", ["results/models", f"{MODEL}/member_1.safetensors", f"{MODEL}/card.json"])
def test_a_deleted_model_is_published_again_from_the_ledger(reported, campaign_from, lost):
    campaign = campaign_from(reported)
    before = files(campaign.folder / MODEL)
    path = campaign.folder / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert campaign.plan("report") == {"models": 1, "report": 1}
    campaign.run("report").succeeded()
    assert files(campaign.folder / MODEL) == before
    assert not campaign.plan("report")


def test_no_refit_is_trained_again_for_its_weights(reported, campaign_from):
    campaign = campaign_from(reported, {"evidence": {"keep_models": "none", "seeds": 3}})
    campaign.run("results/refits/debug/h1/refit_2.json").succeeded()
    campaign.configure({"evidence": {"keep_models": "all"}})
    assert "refit" not in campaign.plan("report")
    campaign.run("report").succeeded()
    assert [member["refit"] for member in read(campaign, f"{MODEL}/card.json")["members"]] == [0, 1]
    assert (
        "Refit 2 is not here: it was trained without" in (campaign.folder / MODEL / "README.md").read_text()
    )


def test_a_model_is_removed_with_its_study_and_comes_back_with_it(reported, campaign_from):
    campaign = campaign_from(reported, {"dataset": {"threshold": 0.02}})
    before = files(campaign.folder / MODEL)
    campaign.run("results/preflight/debug.json").succeeded()
    assert files(campaign.folder / MODEL) == {}
    campaign.configure({"dataset": {"threshold": 0.01}})
    campaign.run("report").succeeded()
    assert files(campaign.folder / MODEL) == before
