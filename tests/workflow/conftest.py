"""Campaign folders shared by all workflow tests: each test gets a copy, and no process outlives it."""

import pytest

from support.campaign import DONE, SMALL, Campaign

PREFLIGHT = "results/preflight/debug.json"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Data, features and preflight are done; no trial was started."""
    campaign = Campaign(tmp_path_factory.mktemp("prepared") / "campaign", SMALL)
    try:
        campaign.ended = campaign.run(PREFLIGHT).succeeded()
    finally:
        campaign.kill_everything()
    return campaign


@pytest.fixture(scope="session")
def finished(prepared, tmp_path_factory):
    """All three trials are done, in one go: what every interrupted search is compared with."""
    campaign = prepared.copy_to(tmp_path_factory.mktemp("finished") / "campaign")
    try:
        campaign.ended = campaign.run(DONE).succeeded()
    finally:
        campaign.kill_everything()
    return campaign


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
    """A function that returns a campaign with trial 000 finished and the others never started."""

    def create(*overlays):
        campaign = campaign_from(finished, *overlays)
        campaign.forget(1, 2)
        return campaign

    return create
