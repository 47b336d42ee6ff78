"""Every bad input ends in one message, and files that were valid before stay unchanged."""

import contextlib
import multiprocessing
import os
import re
import resource
import shutil
import signal
import stat
import sys
import time

import pytest

from simmer.base.errors import LedgerError
from simmer.base.files import read_json, sha256_of_bytes
from simmer.data.registration import read_snapshot
from simmer.data.snapshots import SnapshotStore
from support.configs import ROOT
from support.hostile import CASES, ROWS, STAGES, can_meet_permissions, make_good, met, remove
from support.hostile.page import heading, row, row_start

MOST_SECONDS = 10  # of processor time, which a busy machine does not lengthen; to read a terabyte takes more
# What may be new after a bad input that is not refused: another snapshot, and the report.
NEW = re.compile(r"data/snapshots/SPY/[0-9a-f]{16}\.(csv|resource\.json)|results/data_validation\.(txt|json)")
PERMISSIONS = ("not readable", "closed", "read-only")
STALE = "tests/HOSTILE_INPUT.md is out of date; make it again with the command in its first lines"


@pytest.fixture(scope="module")
def page():
    return (ROOT / "tests/HOSTILE_INPUT.md").read_text(encoding="utf-8").split("\n")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A valid folder, and the path at which it was made and must be used."""
    folder = tmp_path_factory.mktemp("hostile")
    make_good(folder / "tried")
    (folder / "tried").rename(folder / "good")
    return folder


@pytest.fixture
def folder(good):
    shutil.copytree(good / "good", good / "tried")
    yield good / "tried"
    remove(good / "tried")


def state(folder):
    """Return the content of every file; of a special, huge or unreadable one its kind and size."""
    return {
        path.relative_to(folder).as_posix(): _content(path)
        for part in ("own", "data", "results")
        for path in (folder / part).rglob("*")
        if path.name != ".lock"  # made when a snapshot is added; has no content
    }


def _content(path):
    status = path.lstat()
    if stat.S_ISREG(status.st_mode) and status.st_size < 2**30:
        with contextlib.suppress(PermissionError):
            return path.read_bytes()
    return stat.S_IFMT(status.st_mode), status.st_size if stat.S_ISREG(status.st_mode) else None


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.where}: {case.name}")
def test_a_bad_input_is_one_message_and_changes_no_file(case, folder, page):
    if any(word in case.name for word in PERMISSIONS) and not can_meet_permissions():
        pytest.skip("file permissions do not apply to root here")
    case.spoil(folder)
    before = state(folder)
    start = time.process_time()
    outcome, message = met(case, folder)
    assert time.process_time() - start < MOST_SECONDS
    assert outcome == case.outcome, message
    for word in case.words:
        assert word in message
    assert row(case, outcome, message, folder) in page, STALE
    after = state(folder)
    if outcome == "error":
        assert after == before
        return
    assert [path for path in after.keys() - before.keys() if not NEW.fullmatch(path)] == []
    kept = {path: content for path, content in before.items() if path.endswith((".csv", ".parquet"))}
    assert {path: after[path] for path in kept} == kept


@pytest.mark.parametrize("where", [where for where in STAGES if where != "pinned snapshot"])
def test_each_stage_accepts_the_intact_folder(where, folder):
    shutil.copy(folder / "own/SPY.csv", folder / "own/bad.csv")
    STAGES[where](folder)


def test_no_two_cases_have_the_same_name():
    names = [(case.where, case.name) for case in CASES]
    assert len(set(names)) == len(names) >= 200


def test_the_page_lists_the_cases_in_order(page):
    *lines, end = page
    first = len(heading())
    assert lines[:first] == heading(), STALE
    assert len(lines[first:]) == len(CASES), STALE
    starts = [row_start(case, case.outcome) for case in CASES]
    assert [line[: len(start)] for line, start in zip(lines[first:], starts, strict=True)] == starts, STALE
    assert end == ""


# ---- one read, no room, and the end at any step ---------------------------------------------


def other_bars(folder):
    """Change the user's file so that no snapshot has its bytes, prices unchanged, and return its bytes."""
    text = (folder / "own/SPY.csv").read_bytes()
    first = text.split(b"\n")[1]
    new = text.replace(first, first.rsplit(b",", 1)[0] + b",77")
    (folder / "own/bad.csv").write_bytes(new)
    return new


@pytest.mark.parametrize("where", ["own file", "registered file"])
def test_a_users_file_is_read_once_so_that_it_cannot_change_between_check_and_use(where, folder):
    other_bars(folder)
    opened, active = [], [True]

    def audit(event, arguments):
        if active[0] and event == "open" and str(arguments[0]).endswith("bad.csv"):
            opened.append(arguments[0])

    sys.addaudithook(audit)
    STAGES[where](folder)
    active[0] = False
    assert len(opened) == 1


@pytest.mark.parametrize("where", ["own file", "registered file", "raw bars"])
def test_a_full_disk_is_an_error_and_changes_no_file(where, folder):
    other_bars(folder)
    before = state(folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))  # an OSError instead of a signal
    try:
        with pytest.raises(LedgerError, match=r"cannot write .*; fix the cause and run the same command"):
            STAGES[where](folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert state(folder) == before
    STAGES[where](folder)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes such a name")
def test_a_folder_name_that_is_not_utf8_gives_the_same_table(folder):
    table = "data/processed/SPY_dataset_a33.parquet"
    before = (folder / table).read_bytes()
    odd = folder / os.fsdecode(b"own/\xff")
    shutil.copytree(folder / "data", odd / "data")
    (odd / table).unlink()
    STAGES["raw bars"](odd)
    assert (odd / table).read_bytes() == before


STEPS = ("write", "replace", "unlink", "chmod")
WRITERS = ("pathlib.py", "files.py", "snapshots.py")


def _acquire_until(folder, last):
    """Acquire in a separate process, which is killed just before one of the calls that write a file."""
    steps = [0]

    def profile(frame, event, called):
        # A file that is about to be written is already open and empty.
        if event == "c_call" and called.__name__ in STEPS and frame.f_code.co_filename.endswith(WRITERS):
            steps[0] += 1
            if steps[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(profile)
    STAGES["own file"](folder)


@pytest.mark.skipif(sys.platform != "linux", reason="forks a process that has loaded pyarrow")
def test_a_kill_at_any_step_leaves_whole_files_and_the_same_command_completes(folder, good):
    new = other_bars(folder)
    shutil.copytree(folder, good / "spare")
    old = (folder / "data/raw/SPY.csv").read_bytes()
    killed = 0
    for last in range(1, 200):
        worker = multiprocessing.get_context("fork").Process(target=_acquire_until, args=(folder, last))
        worker.start()
        worker.join(60)
        assert worker.exitcode in (0, -signal.SIGKILL)
        bars = (folder / "data/raw/SPY.csv").read_bytes()
        assert bars in (old, new)
        read_json(folder / "data/raw/SPY.resource.json")
        store = SnapshotStore(folder / "data/snapshots")
        whole = [snapshot for snapshot in store.of("SPY") if snapshot.path.exists()]
        assert all(len(read_snapshot(snapshot)) == ROWS for snapshot in whole)
        STAGES["own file"](folder)
        entry = read_json(folder / "data/raw/SPY.resource.json")
        assert (folder / "data/raw/SPY.csv").read_bytes() == new
        assert entry["hash"] == f"sha256:{sha256_of_bytes(new)}"
        assert len(store.of("SPY")) == 2
        remove(folder)
        shutil.copytree(good / "spare", folder)
        if worker.exitcode == 0:
            break
        killed += 1
    remove(good / "spare")
    assert killed > 15  # five files, each filled, renamed and cleaned up after
