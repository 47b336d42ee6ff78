"""The watch mode on a pseudo-terminal: the other end reads what is drawn and types keys."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest

from simmer.status.terminal import fitted

SCRIPT = """
import sys, itertools
from simmer.status.terminal import watch
count = itertools.count(1)
def draw(width):
    return [f"drawing {next(count)}", f"width {width}", "[/x] is text"]
watch(draw, interval_s=0.1, out=sys.stdout)
"""


class Watching:
    """A process that draws on a pseudo-terminal."""

    def __init__(self, rows=10, columns=60):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.modes = termios.tcgetattr(theirs)
        environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self.theirs, self.output = theirs, b""

    def until(self, text):
        deadline = time.monotonic() + 30
        while text not in self.output:
            assert time.monotonic() < deadline, self.output
            if select.select([self.ours], [], [], 0.1)[0]:
                self.output += os.read(self.ours, 65536)

    def end(self):
        status = self.process.wait(timeout=30)
        while select.select([self.ours], [], [], 0.1)[0]:
            self.output += os.read(self.ours, 65536)
        return status


@pytest.fixture
def watching():
    made = Watching()
    yield made
    made.process.kill()
    made.process.wait()
    os.close(made.ours)
    os.close(made.theirs)


@pytest.mark.parametrize("key", [b"\x03", b"q"])
def test_a_key_ends_it_with_status_0_and_the_last_screen_stays(watching, key):
    watching.until(b"drawing 3")
    os.write(watching.ours, key)
    assert watching.end() == 0
    assert b"Traceback" not in watching.output
    after = watching.output.rpartition(b"\x1b[?1049l")[2]
    assert after.startswith(b"drawing ")
    assert b"width 60" in after
    assert b"[/x] is text" in after
    assert termios.tcgetattr(watching.theirs) == watching.modes


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_restores_the_terminal(watching, number, status):
    watching.until(b"drawing 2")
    watching.process.send_signal(number)
    assert watching.end() == status
    assert b"Traceback" not in watching.output
    assert b"\x1b[?25h\x1b[?1049l" in watching.output
    assert termios.tcgetattr(watching.theirs) == watching.modes


def test_the_screen_is_never_cleared_as_a_whole(watching):
    watching.until(b"drawing 3")
    assert b"\x1b[2J" not in watching.output
    assert watching.output.count(b"\x1b[H") >= 3


def test_no_text_is_markup(watching):
    watching.until(b"[/x] is text")


def test_other_keys_change_nothing(watching):
    watching.until(b"drawing 2")
    os.write(watching.ours, b"x\n")
    watching.until(b"drawing 5")


def test_a_shorter_drawing_leaves_nothing_of_a_longer_one(watching):
    watching.until(b"drawing 2")
    last = watching.output.rpartition(b"\x1b[H")[2]
    watching.until(last.partition(b"drawing 2")[0] + b"drawing 3")
    drawn = watching.output.rpartition(b"\x1b[H")[0].rpartition(b"\x1b[H")[2]
    assert [len(line) for line in drawn.replace(b"\r", b"").split(b"\n")] == [60] * 10


def test_a_drawing_never_scrolls_the_terminal():
    drawn = fitted([f"line {number}" for number in range(30)], 24)
    assert len(drawn) == 24
    assert drawn[-1] == "(7 more lines: make the window higher)"
    assert fitted(drawn, 24) == drawn
