"""The demo runs the whole chain in a separate folder and leaves the campaign unchanged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support.campaign import SMALL, TIMEOUT_S, Campaign, planned_jobs
from support.configs import ROOT, default_config

pytestmark = pytest.mark.long

DEMO = yaml.safe_load((ROOT / "config/demo.yaml").read_text())


@pytest.fixture(scope="module")
def after_demo(tmp_path_factory):
    """A campaign folder in which only the demo was run, in a subfolder."""
    campaign = Campaign(tmp_path_factory.mktemp("after_demo") / "campaign", SMALL)
    campaign.plan_before = campaign.run("-n").succeeded().text
    demo = Campaign(
        campaign.folder / "demo", DEMO, SMALL, {"scales": {"debug": {"n_trials": 1, "epochs_max": 2}}}
    )
    ready = Path(sys.prefix) / ".ready"  # uses the environment of these tests
    made = subprocess.run(
        [
            *("make", "--no-print-directory", "demo", f"VENV={sys.prefix}", f"--assume-old={ready}"),
            *(f"DEMO_FOLDER={demo.folder}", f"DEMO_CONFIG={demo.folder / 'campaign.yaml'}"),
            "DEMO_TARGETS=results/hpo_debug.done",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    campaign.printed = made.stdout
    campaign.demo = demo
    yield campaign
    campaign.kill_everything()


def test_the_demo_is_the_campaign_with_fewer_trials_and_epochs():
    shipped = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert DEMO["campaign"] != shipped["campaign"]
    assert not {"data", "dataset", "model", "budget_tolerance", "seed"} & set(DEMO)
    for scale, settings in DEMO["scales"].items():
        assert set(settings) <= {"n_trials", "epochs_max"}
        assert settings["n_trials"] < shipped["scales"][scale]["n_trials"]


def test_make_demo_works_in_a_separate_folder_that_git_ignores():
    announced = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 'snakemake --directory "demo" --configfile "config/demo.yaml" --cores 1' in announced.stdout
    assert "/demo/" in (ROOT / ".gitignore").read_text().splitlines()


def test_make_demo_ends_with_the_result_its_folder_and_the_next_command(after_demo):
    end = after_demo.printed.split("debug h1: 1 trial, best validation log-loss", 1)[1]
    assert "results/hpo_debug.done" not in end
    assert f"Look into {after_demo.demo.folder}/results/" in end
    assert end.rstrip().endswith("bin/snakemake --cores 1 results/hpo_20M.done")


def test_results_of_the_demo_have_its_campaign_name(after_demo):
    assert [row["campaign"] for row in after_demo.demo.table()] == ["demo"]
    results = list((after_demo.demo.folder / "results").rglob("trial_*.json"))
    assert len(results) == 1
    best = json.loads((after_demo.demo.folder / "results/hpo/debug/best.json").read_text())
    for result in [*map(json.loads, (path.read_text() for path in results)), *best.values()]:
        assert result["campaign"] == "demo"
    assert "campaign demo" in (after_demo.demo.folder / "results/hpo_debug.done").read_text()


def test_the_demo_leaves_nothing_outside_its_folder(after_demo):
    left = {path.name for path in after_demo.folder.iterdir() if not path.name.startswith("output_")}
    assert left == {"campaign.yaml", "sysfs", ".snakemake", "demo"}


def test_the_campaign_plans_the_same_jobs_after_a_demo_as_before(after_demo):
    after = after_demo.run("-n").succeeded().text
    assert planned_jobs(after) == planned_jobs(after_demo.plan_before)
    assert planned_jobs(after)["hpo_debug"] == SMALL["scales"]["debug"]["n_trials"]


def test_trials_of_the_demo_belong_to_other_studies():
    campaign, demo = default_config(), default_config(DEMO)
    for scale in demo.run_scales:
        for horizon_days in demo.dataset.horizons_days:
            studies = [config.study(scale, horizon_days) for config in (campaign, demo)]
            assert studies[0].settings_digest() != studies[1].settings_digest()
