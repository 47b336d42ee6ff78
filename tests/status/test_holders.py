import json
import os
import subprocess
import sys

import pytest

from simmer.base.locks import try_lock
from simmer.status.holders import RunningProcess, holder_at, running_process

HOLD = (
    "import sys, time; from pathlib import Path; from simmer.base.locks import try_lock\n"
    "held = try_lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def holding(tmp_path):
    """Another process that holds the lock."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=tmp_path)
    assert child.stdout.readline() == b"held\n"
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def test_a_lock_that_was_never_taken_has_no_holder(tmp_path):
    assert holder_at(tmp_path / "lock") is None


def test_a_holder_is_named_while_it_lives_and_known_to_be_dead_afterwards(tmp_path, holding):
    found = holder_at(tmp_path / "lock")
    assert (found.pid, found.alive) == (holding.pid, True)
    holding.kill()
    os.waitid(os.P_PID, holding.pid, os.WEXITED | os.WNOWAIT)
    assert not holder_at(tmp_path / "lock").alive, "a zombie process holds no lock"
    holding.wait()
    assert not holder_at(tmp_path / "lock").alive


def test_finding_the_holder_takes_no_lock_and_changes_nothing(tmp_path, holding):
    before = (tmp_path / "lock").read_bytes(), (tmp_path / "lock").stat().st_mtime_ns
    holder_at(tmp_path / "lock")
    assert ((tmp_path / "lock").read_bytes(), (tmp_path / "lock").stat().st_mtime_ns) == before
    holding.kill()
    holding.wait()
    holders = [holder_at(tmp_path / "lock") for _ in range(3)]
    assert not any(found.alive for found in holders)
    with try_lock(tmp_path / "lock") as held:
        assert held


def test_a_reused_process_number_is_not_the_holder(tmp_path, holding):
    since_s = holder_at(tmp_path / "lock").since_s
    other = ("/usr/bin/other",)
    assert holder_at(tmp_path / "lock", find=lambda _: RunningProcess(since_s + 1, other)).alive, (
        "a second apart"
    )
    assert not holder_at(tmp_path / "lock", find=lambda _: RunningProcess(since_s + 60, other)).alive


def test_a_clock_that_was_set_forward_ends_no_run(tmp_path):
    lock = tmp_path / "lock"
    held = {
        "pid": 1,
        "host": os.uname().nodename,
        "command": "/bin/runner --cores 1",
        "folder": str(tmp_path),
    }
    lock.write_text(json.dumps(held | {"since": "2026-03-02T08:00:00+00:00"}))
    words = ("/bin/python", "/bin/runner", "--cores", "1")
    assert holder_at(lock, find=lambda _: RunningProcess(4e9, words)).alive
    assert not holder_at(lock, find=lambda _: RunningProcess(4e9, words[:2])).alive


def test_a_holder_on_another_machine_is_neither_alive_nor_dead(tmp_path, holding):
    assert holder_at(tmp_path / "lock", host="elsewhere").alive is None


def test_a_copy_of_a_lock_has_no_live_holder(tmp_path, holding):
    copy = tmp_path.with_name(f"{tmp_path.name}_copy") / "lock"
    copy.parent.mkdir()
    copy.write_bytes((tmp_path / "lock").read_bytes())
    assert holder_at(copy).alive is False


@pytest.mark.parametrize("text", ["", "{half", "[]", "{}", json.dumps({"pid": "x"})])
def test_an_unreadable_lock_has_no_holder(tmp_path, text):
    (tmp_path / "lock").write_text(text)
    assert holder_at(tmp_path / "lock") is None


def test_a_process_is_found_by_its_number_only():
    assert running_process(-1) is None
    assert running_process(os.getpid()).words
