"""Campaign folders for the workflow tests: each test gets a copy, and its processes end with it."""

import fcntl
import os

import pytest

from support.campaign import DONE, SMALL, Campaign
from support.dry_runs import end_server

PREFLIGHT = "results/preflight/debug.json"


@pytest.fixture(scope="session", autouse=True)
def _dry_run_server():
    yield
    end_server()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Return a function that makes a campaign once for all workers and returns this worker's copy.

    `.printed` is the output of the run that made it.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def make(name, target, source=None):
        folder, printed = shared / name, shared / f"{name}.txt"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not printed.exists():
                campaign = source.copy_to(folder) if source else Campaign(folder, SMALL)
                try:
                    text = campaign.run(target).succeeded().text
                finally:
                    campaign.kill_everything()
                printed.write_text(text)
        copy = Campaign(folder, SMALL).copy_to(tmp_path_factory.mktemp(name) / "campaign")
        copy.printed = printed.read_text()
        return copy

    return make


@pytest.fixture(scope="session")
def prepared(made_once):
    """A campaign with data, features and preflight done, and no trial started."""
    return made_once("prepared", PREFLIGHT)


@pytest.fixture(scope="session")
def finished(made_once, prepared):
    """A campaign whose three trials ran without interruption: the reference for interrupted searches."""
    return made_once("finished", DONE, prepared)


@pytest.fixture
def campaign_from(tmp_path):
    """Copy a campaign into the test's own folder; its processes end with the test."""
    made = []

    def copy(source, *overlays):
        made.append(source.copy_to(tmp_path / f"campaign_{len(made)}", *overlays))
        return made[-1]

    yield copy
    for campaign in made:
        campaign.kill_everything()


@pytest.fixture
def new_campaign(tmp_path):
    """An empty folder with a configuration; its processes end with the test."""
    made = []

    def create(*overlays):
        made.append(Campaign(tmp_path / f"campaign_{len(made)}", *overlays))
        return made[-1]

    yield create
    for campaign in made:
        campaign.kill_everything()


@pytest.fixture
def first_trial_done(finished, campaign_from):
    """Return a function that makes a campaign with trial 000 finished and the others never started."""

    def create(*overlays):
        campaign = campaign_from(finished, *overlays)
        campaign.forget(1, 2)
        return campaign

    return create
