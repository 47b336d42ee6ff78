import errno
import fcntl
import json
import logging
import os
import signal
import subprocess
import sys

import pytest

from simmer.base import claims, locks
from simmer.base.errors import BusyError, LedgerError
from simmer.base.locks import holder_of, lock_after_waiting, lock_or_refuse, try_lock
from simmer.base.processes import describe_this_process

WITHOUT_FLOCK = """
import errno, fcntl, os, sys, time
from pathlib import Path
def fail(*_): raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
fcntl.flock = fail
from simmer.base.locks import try_lock
lock = Path(sys.argv[1])
"""
HOLD = WITHOUT_FLOCK + "held = try_lock(lock); print('held', flush=True); time.sleep(60)"
HOLD_AND_END = WITHOUT_FLOCK + "held = try_lock(lock)"
# In each round all processes try at once to take the lock of the dead winner of the round before.
RACE = (
    WITHOUT_FLOCK
    + """
for round in range(40):
    go, stay, said = os.pipe(), os.pipe(), os.pipe()
    for _ in range(6):
        if os.fork() == 0:
            os.close(go[1]); os.close(stay[1])
            os.read(go[0], 1)
            os.write(said[1], b"x" if try_lock(lock) is None else b"W")
            os.read(stay[0], 1)
            os._exit(0)
    os.close(go[1])
    answers = b""
    while len(answers) < 6:
        answers += os.read(said[0], 6)
    print(answers.count(b"W"), flush=True)
    os.close(stay[1])
    for _ in range(6):
        os.wait()
"""
)


@pytest.fixture(params=[errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP], ids=errno.errorcode.get)
def no_flock(request, monkeypatch):
    """A file system without flock."""

    def fail(*_):
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", fail)
    locks._warn_of_claims.cache_clear()


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "lock"


def start(program, lock):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE, env=environment
    )


@pytest.fixture
def holder(lock):
    """Another process that holds the lock through a claim."""
    with start(HOLD, lock) as child:
        assert child.stdout.readline() == b"held\n"
        yield child
        child.kill()


def claim_of(lock, number=1, **changes):
    """Write the claim of a holder: this process, with changes."""
    folder = lock.with_name("lock.claims")
    folder.mkdir(exist_ok=True)
    (folder / str(number)).write_text(json.dumps(describe_this_process() | changes))


def test_a_free_lock_is_taken_and_a_taken_one_is_not(lock, no_flock):
    with try_lock(lock):
        assert try_lock(lock) is None
        assert f"process {os.getpid()} on" in holder_of(lock)
    with try_lock(lock) as held:
        assert held
    assert len(list(lock.with_name("lock.claims").iterdir())) == 1


def test_a_second_process_is_refused_with_the_name_of_the_first(lock, no_flock, holder):
    with pytest.raises(BusyError, match=rf"this folder in use by process {holder.pid} on .*wait until"):
        lock_or_refuse(lock, what="this folder")


def test_the_lock_of_a_killed_process_is_taken_over(lock, no_flock, holder):
    holder.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # now it is a zombie
    with try_lock(lock) as held:
        assert held
        assert try_lock(lock) is None


def test_waiting_ends_when_the_holder_ends(lock, no_flock, holder):
    def sleep(_seconds):
        holder.kill()
        holder.wait()

    with lock_after_waiting(lock, on_wait=lambda _: None, should_stop=lambda: False, sleep=sleep) as held:
        assert held


def test_a_process_that_ends_releases_its_lock(lock, no_flock):
    with start(HOLD_AND_END, lock) as child:
        assert child.wait() == 0
    assert json.loads((lock.with_name("lock.claims") / "1").read_text()) == {}


def test_a_fork_of_the_holder_does_not_release_it(lock, no_flock):
    with try_lock(lock) as held:
        child = os.fork()
        if child == 0:
            held.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert try_lock(lock) is None
        assert f"process {os.getpid()} on" in holder_of(lock)


def test_only_one_of_many_takes_over_the_lock_of_a_dead_process(lock):
    with start(RACE, lock) as child:
        winners = child.stdout.read().split()
    assert winners == [b"1"] * 40


@pytest.mark.parametrize("changes", [{"start": "another boot 1"}, {"pid": 2**22 + 1}, {"start": None}])
def test_a_reused_process_number_is_not_the_holder(lock, no_flock, changes):
    claim_of(lock, **changes)
    with try_lock(lock) as held:
        assert held


def test_a_holder_on_another_machine_is_refused_with_the_remedy(lock, no_flock):
    claim_of(lock, host="elsewhere")
    with pytest.raises(
        BusyError, match=r"on elsewhere .*wait until it has ended, then delete the folder .*claims"
    ):
        try_lock(lock)


@pytest.mark.parametrize("text", ["", "{half", "[1]", '"x"', '{"pid": 1}', '{"pid": "x", "host": 1}'])
def test_a_damaged_claim_is_refused_with_the_remedy(lock, no_flock, monkeypatch, text):
    monkeypatch.setattr(claims, "_RETRY_S", 0.0)
    claim_of(lock)
    (lock.with_name("lock.claims") / "1").write_text(text)
    with pytest.raises(BusyError, match=r"found a damaged file .*claims.1.* delete the folder .*claims"):
        try_lock(lock)


def test_a_process_that_read_the_folder_too_long_ago_gives_up(lock, monkeypatch):
    def taken_meanwhile(*_):
        claim_of(lock, number=2)
        return False

    monkeypatch.setattr(claims, "_is_held", taken_meanwhile)
    assert claims.claim(lock) is None
    assert [path.name for path in lock.with_name("lock.claims").iterdir()] == ["2"]


def test_a_claim_refuses_a_run_with_flock_while_its_process_lives(lock, holder):
    assert try_lock(lock) is None
    holder.kill()
    holder.wait()
    with try_lock(lock) as held:
        assert held
        assert try_lock(lock) is None


def test_the_cause_is_said_once(lock, no_flock, caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            try_lock(lock).close()
    [warning] = caplog.messages
    assert warning.startswith("found no file locks on this disk (flock: ")


def test_a_disk_without_any_lock_is_an_error_with_its_cause(lock, no_flock):
    lock.with_name("lock.claims").write_text("")
    with pytest.raises(LedgerError, match=r"cannot write .*lock: .*; fix the cause"):
        try_lock(lock)
