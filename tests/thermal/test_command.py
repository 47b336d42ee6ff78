import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simmer.thermal.sensors.command import run_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is run on Windows")


def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    started = time.monotonic()
    assert run_command(("/bin/sh", "-c", f"sleep 30 & echo $! > {pid_file}; wait"), timeout_s=0.3) is None
    assert time.monotonic() - started < 5
    wait_for_end(int(pid_file.read_text()))


def test_a_command_that_was_ended_is_started_again(tmp_path: Path) -> None:
    command = ("/bin/sh", "-c", f"echo >> {tmp_path}/starts; sleep 30")
    assert [run_command(command, timeout_s=0.2) for _ in range(2)] == [None, None]
    assert starts(tmp_path) == 2


@pytest.mark.parametrize("refusal", [PermissionError("Operation not permitted"), None])
def test_a_child_that_cannot_be_killed_is_left_alone_and_not_doubled(
    refusal: PermissionError | None, tmp_path: Path
) -> None:
    # As a program under sudo: it belongs to root, so that the signal is refused, or is lost (None).
    refused = []

    def refuse(group: int) -> None:
        refused.append(group)
        if refusal is not None:
            raise refusal

    script = f"echo >> {tmp_path}/starts; [ -e {tmp_path}/quick ] && echo done && exit; exec sleep 30"
    command = ("/bin/sh", "-c", script)
    try:
        assert run_command(command, timeout_s=0.3, kill=refuse) is None
        (child,) = refused
        assert alive(child)
        for _ in range(3):
            started = time.monotonic()
            assert run_command(command, timeout_s=5.0, kill=refuse) is None
            assert time.monotonic() - started < 0.2
        assert starts(tmp_path) == 1
        assert run_command(("/bin/echo", "other"), timeout_s=5.0) == "other\n"
    finally:
        for group in refused:
            os.killpg(group, signal.SIGKILL)
    wait_for_end(child)
    (tmp_path / "quick").touch()
    assert run_command(command, timeout_s=5.0, kill=refuse) == "done\n"
    assert starts(tmp_path) == 2


def test_a_child_that_is_refused_does_not_keep_the_caller(tmp_path: Path) -> None:
    groups = []

    def refuse(group: int) -> None:
        groups.append(group)
        raise PermissionError

    started = time.monotonic()
    try:
        assert run_command(("/bin/sleep", "29"), timeout_s=0.2, kill=refuse) is None
        assert time.monotonic() - started < 0.9
    finally:
        os.killpg(groups[0], signal.SIGKILL)
    wait_for_end(groups[0])
    assert run_command(("/bin/sleep", "29"), timeout_s=0.1) is None, "the one before is no longer waited for"


def test_a_child_gone_before_the_kill_is_not_stuck() -> None:
    def gone(group: int) -> None:
        os.killpg(group, signal.SIGKILL)
        raise ProcessLookupError

    command = ("/bin/sh", "-c", "sleep 28")
    started = time.monotonic()
    assert run_command(command, timeout_s=0.2, kill=gone) is None
    assert run_command(command, timeout_s=0.2) is None
    assert time.monotonic() - started > 0.4


def test_a_command_cannot_read_what_this_process_reads() -> None:
    receiving, sending = os.pipe()
    kept = os.dup(0)
    try:
        os.write(sending, b"secret\n")
        os.dup2(receiving, 0)
        assert run_command(("/bin/sh", "-c", "read line || echo nothing"), timeout_s=5.0) == "nothing\n"
    finally:
        os.dup2(kept, 0)
        for handle in (receiving, sending, kept):
            os.close(handle)


def test_a_command_that_fails_or_is_absent_gives_nothing(tmp_path: Path) -> None:
    assert run_command(("/bin/sh", "-c", "echo half; exit 1"), timeout_s=5.0) is None
    assert run_command((str(tmp_path / "absent"),), timeout_s=5.0) is None


def test_a_command_gets_a_session_and_a_plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/planted:/usr/bin:/bin")
    monkeypatch.setenv("LD_PRELOAD_LIKE", "planted")
    script = 'echo "$PATH,$LC_ALL,$LD_PRELOAD_LIKE"; ps -o sid= -p $$; echo $$'
    printed = (run_command(("/bin/sh", "-c", script), timeout_s=5.0) or "").split()
    assert printed[0] == "/usr/bin:/bin,C,"
    assert printed[1] == printed[2]


def test_a_flood_is_cut_and_bytes_that_are_no_text_do_not_matter() -> None:
    flood = run_command(("/bin/sh", "-c", "head -c 1000000 /dev/zero"), timeout_s=20.0)
    assert flood is not None
    assert len(flood) == 64 * 1024
    assert run_command(("/bin/sh", "-c", r"printf '\377ok'"), timeout_s=5.0) == "\ufffdok"


def starts(folder: Path) -> int:
    return len((folder / "starts").read_text().splitlines())


def wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(pid)


def alive(pid: int) -> bool:
    state = subprocess.run(("ps", "-o", "stat=", "-p", str(pid)), capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")
