"""Every bad input ends in a sentence, and what was good before is good after."""

import shutil
import stat

import pytest

from support.configs import ROOT
from support.hostile import CASES, STAGES, make_good, met, table


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A folder in order, and the place where it was made, at which it must be tried."""
    folder = tmp_path_factory.mktemp("hostile")
    make_good(folder / "tried")
    (folder / "tried").rename(folder / "good")
    return folder


@pytest.fixture
def folder(good):
    shutil.copytree(good / "good", good / "tried")
    yield good / "tried"
    shutil.rmtree(good / "tried")


def state(folder):
    """Return the content of every file below the folders that hold results; special files by their kind."""
    return {
        path.relative_to(folder): path.read_bytes()
        if _is_small_file(path)
        else stat.S_IFMT(path.lstat().st_mode)
        for part in ("data", "results")
        for path in (folder / part).rglob("*")
        if path.name != ".lock"  # made by whoever adds a snapshot, and empty of meaning
    }


def _is_small_file(path):
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_size < 2**30


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.where}: {case.name}")
def test_a_bad_input_is_a_sentence_and_harms_nothing(case, folder):
    case.spoil(folder)
    before = state(folder)
    outcome, said = met(case, folder)
    assert outcome == case.outcome, said
    for word in case.words:
        assert word in said
    after = state(folder)
    if outcome == "error":
        assert after == before
    else:
        assert {path: after[path] for path in before if path.suffix == ".csv"} == {
            path: content for path, content in before.items() if path.suffix == ".csv"
        }


@pytest.mark.parametrize("where", [where for where in STAGES if where != "pinned snapshot"])
def test_each_stage_takes_the_folder_in_order(where, folder):
    shutil.copy(folder / "own/SPY.csv", folder / "own/bad.csv")
    STAGES[where](folder)


def test_no_two_cases_have_the_same_name():
    names = [(case.where, case.name) for case in CASES]
    assert len(set(names)) == len(names) >= 100


def test_the_page_is_in_step_with_what_happens():
    page = (ROOT / "tests/HOSTILE_INPUT.md").read_text()
    assert page == table(), "make it again, as its first lines say"
