"""Slots: trainings that can run side by side in a run, however many cores there are."""

import json
import re

import pytest

from simmer.machine.facts import usable_cores
from support.campaign import DONE, SMALL
from support.configs import ROOT
from support.dry_runs import dry_run

THREE = {"dataset": {"horizons_days": [1, 3, 5]}}
DOUBLE = {"budget_parameters": 20_000, "n_trials": 3, "epochs_max": 2}
DOUBLE |= {key: SMALL["scales"]["debug"][key] for key in ("space", "default")}
TWO_SCALES = {"run_scales": ["debug", "double"], "scales": {"double": DOUBLE}}


# Snakemake lists the resources of jobs without a message only.
SNAKEFILE = f"""
include: {str(ROOT / "Snakefile")!r}

for one in workflow.rules:
    one.message = None
"""


def slots_of(campaign, *targets, cores=64):
    """Return the slots of each rule in a dry run."""
    path = campaign.folder / "Snakefile"
    path.write_text(SNAKEFILE)
    configfile = campaign.folder / "campaign.yaml"
    run = dry_run(
        campaign.folder, "--cores", str(cores), "--", *targets, configfile=configfile, snakefile=path
    )
    assert run.status == 0, run.text
    found = {}
    for rule, resources in re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", run.text, re.M):
        slots = re.search(r"slots=(\d+)", resources)
        if slots:
            assert found.setdefault(rule, int(slots[1])) == int(slots[1])
    return found


@pytest.mark.parametrize(
    ("overlays", "cores", "expected"),
    [
        ([], 64, 1),
        ([THREE], 64, 3),
        ([THREE], 2, 2),
        ([THREE, {"search": {"parallel_trials": 2}}], 64, 6),
        ([THREE, {"search": {"parallel_trials": 8}}], 64, 9),
    ],
)
def test_slots_are_the_trials_that_can_train_at_once(new_campaign, overlays, cores, expected):
    found = slots_of(new_campaign(SMALL, *overlays), DONE, cores=cores)
    assert found == {"preflight": expected, "hpo_debug": expected}


def test_finished_trials_count_so_that_a_resumed_run_has_the_same_slots(first_trial_done):
    overlay = {"search": {"parallel_trials": 3}}
    campaign = first_trial_done(overlay)
    assert campaign.plan(DONE)["hpo_debug"] == 2
    assert slots_of(campaign, DONE)["hpo_debug"] == 3


def test_scales_count_together_unless_one_waits_for_the_other(new_campaign):
    targets = (DONE, "results/hpo_double.done")
    apart = slots_of(new_campaign(SMALL, THREE, TWO_SCALES), *targets)
    assert (apart["hpo_debug"], apart["hpo_double"]) == (6, 6)
    chained = slots_of(new_campaign(SMALL, THREE, TWO_SCALES, {"search": {"transfer": 2}}), *targets)
    assert (chained["hpo_debug"], chained["hpo_double"]) == (3, 3)


def test_refits_count_refits_and_the_controls_share_with_trials(new_campaign):
    overlay = {"evidence": {"seeds": 4}}
    found = slots_of(new_campaign(SMALL, THREE, overlay), "report")
    assert found == {"preflight": 3, "hpo_debug": 3, "refit": 12, "leakage_controls": 3}


def test_controls_alone_have_the_machine_and_a_preflight_alone_checks_for_a_search(new_campaign):
    campaign = new_campaign(SMALL, THREE)
    assert slots_of(campaign, "results/leakage_audit.json") == {"leakage_controls": 1}
    assert slots_of(campaign, "results/preflight/debug.json") == {"preflight": 3}


@pytest.mark.long
def test_the_trainer_gets_the_slots_of_the_plan(prepared, campaign_from):
    campaign = campaign_from(prepared, {"training": {"threads": "auto"}})
    campaign.run("--cores", "64", "--", "results/hpo/debug/h1/trial_000.json").succeeded()
    begun = json.loads((campaign.trial(0) / "params.json").read_text())["execution"]
    assert begun["threads"] * begun["replicas"] <= usable_cores()
    if usable_cores() > 1:
        (home,) = campaign.folder.glob("results/ledger/*/layouts.json")
        (found,) = json.loads(home.read_text())["measured"]
        assert found["trials"]["threads"] == usable_cores()
        assert begun == begun | {key: found["chosen"][key] for key in ("kernels", "replicas", "threads")}
