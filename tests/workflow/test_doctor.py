"""The doctor of a real campaign names what the next run does, and the run does it."""

import sys

import pytest

from simmer.doctor.checkup import check_up
from simmer.doctor.plan import Engine, planned
from simmer.doctor.repair import repair
from simmer.doctor.screen import screen
from support.campaign import DONE
from support.configs import ROOT, default_config

ENGINE = Engine(
    program=f"{sys.executable} -m snakemake -s {ROOT / 'Snakefile'} --cores 1", notes=".snakemake"
)


def look(campaign):
    return check_up(default_config(campaign.config), campaign.folder / "results", run=None)


def plan(campaign):
    overlays = [campaign.folder / "campaign.yaml"]
    return planned(ENGINE, default_config(campaign.config), look(campaign), overlays=overlays, targets=[DONE])


def times(folder):
    return {path: path.lstat().st_mtime_ns for path in (folder, *folder.rglob("*"))}


def test_a_finished_campaign_is_whole_and_has_nothing_left_to_do(finished):
    before = times(finished.folder)
    found = look(finished)
    assert (found.is_whole, found.all_findings, found.outdated) == (True, (), ())
    assert plan(finished) == "has nothing left to do"
    assert times(finished.folder) == before
    assert len(screen(found, width=100, configuration="campaign.yaml", next_run=("run", plan(finished)))) < 12


@pytest.mark.long
def test_the_next_run_does_what_was_said(finished, campaign_from):
    campaign = campaign_from(finished)
    results = campaign.folder / "results"
    (campaign.trial(0) / "result.json").write_bytes(b"{}")
    for path in (campaign.trial(2) / "result.json", results / "hpo/debug/h1/trial_002.json"):
        path.write_bytes(b"[1]")
    assert plan(campaign).startswith("would train 1 trial, publish ")
    repair(look(campaign))
    campaign.run(DONE).succeeded()
    assert campaign.table() == finished.table()
    assert (look(campaign).is_whole, plan(campaign)) == (True, "has nothing left to do")
