import os
import signal
import subprocess
import sys

import pytest

from simmer.base.errors import BusyError
from simmer.base.locks import holder_of, lock_after_waiting, lock_or_refuse, try_lock

HOLD = (
    "import sys, time; from pathlib import Path; from simmer.base.locks import try_lock\n"
    "held = try_lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdout=subprocess.PIPE, env=environment
    )
    assert child.stdout.readline() == b"held\n"
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def test_a_free_lock_is_taken_and_a_taken_one_is_not(tmp_path):
    with try_lock(tmp_path / "lock"):
        assert try_lock(tmp_path / "lock") is None
    with try_lock(tmp_path / "lock") as held:
        assert held


def test_a_released_lock_names_no_holder_though_its_process_lives_on(tmp_path):
    with try_lock(tmp_path / "lock"):
        assert f"process {os.getpid()} on" in holder_of(tmp_path / "lock")
    assert holder_of(tmp_path / "lock") == "another process"
    try_lock(tmp_path / "lock").close("as before")
    assert (tmp_path / "lock").read_text() == "as before"


def test_a_second_process_is_refused_with_the_name_of_the_first(tmp_path, holder):
    with pytest.raises(BusyError, match=rf"this folder in use by process {holder.pid} on .*wait until"):
        lock_or_refuse(tmp_path / "lock", what="this folder")


def test_the_lock_is_released_when_its_process_is_killed(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with try_lock(tmp_path / "lock") as held:
        assert held


def test_waiting_ends_when_the_holder_ends(tmp_path, holder):
    named = []

    def sleep(_seconds):
        holder.kill()
        holder.wait()

    with lock_after_waiting(
        tmp_path / "lock", on_wait=named.append, should_stop=lambda: False, sleep=sleep
    ) as held:
        assert held
        assert try_lock(tmp_path / "lock") is None
    assert len(named) == 1
    assert f"process {holder.pid}" in named[0]


def test_waiting_ends_when_should_stop_is_true(tmp_path, holder):
    answers = iter([False, False, True])
    with lock_after_waiting(
        tmp_path / "lock", on_wait=lambda _: None, should_stop=lambda: next(answers), sleep=lambda _: None
    ) as held:
        assert not held


def test_an_empty_lock_file_is_still_a_lock(tmp_path):
    (tmp_path / "lock").write_text("{half")
    assert holder_of(tmp_path / "lock") == "another process"
