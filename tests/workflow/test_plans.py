"""What a dry run in an empty folder plans for each target, and what it refuses: constants in plans.json.

The four scales and the default target are in test_dag.py.
"""

import json
from pathlib import Path

import pytest

from support.campaign import planned_jobs
from support.dry_runs import dry_runs

PLANS = json.loads(Path(__file__).with_name("plans.json").read_text(encoding="utf-8"))
PLANNED, REFUSED = PLANS["planned"], PLANS["refused"]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """The dry run of every command line."""
    asked = [line.split() for line in [*PLANNED, *REFUSED]]
    return dict(zip([*PLANNED, *REFUSED], dry_runs(tmp_path_factory.mktemp("empty"), asked), strict=True))


@pytest.mark.parametrize("line", PLANNED)
def test_a_target_is_planned_as_ever(answers, line):
    assert answers[line].status == 0, answers[line].text
    assert planned_jobs(answers[line].text) == PLANNED[line]


@pytest.mark.parametrize("line", REFUSED)
def test_a_mistake_is_refused_as_ever(answers, line):
    assert answers[line].status == 1, answers[line].text
    assert REFUSED[line] in answers[line].text
    assert "Traceback" not in answers[line].text
