"""Fixtures and settings for all tests."""

import os
import shutil
import signal

# Two workers of the test suite share two cores; set before torch is imported, and inherited by jobs.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest

from support.bars import bundled_table
from support.hardware_logs import LogBook

# In the background of a script SIGINT is ignored, under nohup SIGHUP, and the programs that tests start would
# inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

hypothesis.settings.register_profile("quick", derandomize=True, deadline=None, max_examples=20)
hypothesis.settings.register_profile("long", derandomize=True, deadline=None, max_examples=200)
hypothesis.settings.load_profile("quick")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with the workflow tests: they are the longest, and all workers should end at the same time.

    One module makes the campaign that others wait for, while another worker runs those that need none.
    """
    needing = {item.path: None for item in items if "finished" in item.fixturenames}
    first = next(iter(needing), None)

    def rank(item):
        if "workflow" not in item.path.parts:
            return 3
        return 0 if item.path == first else 2 if item.path in needing else 1

    items.sort(key=rank)


@pytest.fixture(scope="session")
def saved_campaign(tmp_path_factory):
    """A campaign folder with a saved model of two refits; not to be changed."""
    from support.saved_models import save_model

    folder = tmp_path_factory.mktemp("saved")
    save_model(folder)
    return folder


@pytest.fixture
def saved(saved_campaign, tmp_path):
    """A copy of the campaign with a saved model, to be changed."""
    shutil.copytree(saved_campaign, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="session")
def table():
    return bundled_table()


@pytest.fixture
def log_book():
    return LogBook
