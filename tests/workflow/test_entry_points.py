"""The other ways into the workflow plan what the root Snakefile plans."""

import json
from pathlib import Path

import pytest

from support.campaign import planned_jobs
from support.configs import ROOT
from support.dry_runs import dry_run

PLANNED = json.loads(Path(__file__).with_name("plans.json").read_text(encoding="utf-8"))["planned"]
TARGETS = ("results/hpo_debug.done", "report")
MODULE = f"""
configfile: {str(ROOT / "config/config.yaml")!r}

module simmer:
    snakefile: {str(ROOT / "workflow/Snakefile")!r}
    config: config

use rule * from simmer
"""


@pytest.fixture(params=["workflow/Snakefile", pytest.param("module", marks=pytest.mark.long)])
def snakefile(request, tmp_path):
    if request.param != "module":
        return ROOT / request.param
    path = tmp_path / "Snakefile"
    path.write_text(MODULE)
    return path


def test_an_entry_point_plans_what_the_root_snakefile_plans(snakefile, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    for target in TARGETS:
        run = dry_run(folder, target, snakefile=snakefile)
        assert run.status == 0, run.text
        assert planned_jobs(run.text) == PLANNED[target]


def test_the_profile_is_found_from_either_snakefile():
    assert (ROOT / "workflow/profiles/default/config.yaml").samefile(ROOT / "profiles/default/config.yaml")
