"""The jobs that a dry run in an empty folder plans, and the targets it refuses, compared with plans.json.

The four scales and the default target are in test_dag.py.
"""

import json
from pathlib import Path

import pytest

from support.campaign import planned_jobs
from support.dry_runs import dry_run

PLANS = json.loads(Path(__file__).with_name("plans.json").read_text(encoding="utf-8"))
PLANNED, REFUSED = PLANS["planned"], PLANS["refused"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return tmp_path_factory.mktemp("empty")


@pytest.mark.long
@pytest.mark.parametrize("line", PLANNED)
def test_a_target_plans_these_jobs(empty, line):
    run = dry_run(empty, *line.split())
    assert run.status == 0, run.text
    assert planned_jobs(run.text) == PLANNED[line]


@pytest.mark.parametrize("line", REFUSED)
def test_a_mistake_is_refused_with_this_message(empty, line):
    assert REFUSED[line] in dry_run(empty, *line.split()).refused().text
