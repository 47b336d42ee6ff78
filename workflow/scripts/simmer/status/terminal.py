"""Redraw a screen in a terminal until a key ends it."""

import os
import select
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

_QUIT_KEYS = b"\x03\x04qQ"  # Ctrl-C, Ctrl-D

Draw = Callable[[int], Sequence[str]]


def watch(draw: Draw, *, interval_s: float, out: TextIO) -> None:
    """Redraw until Ctrl-C, `q`, or SIGINT; then leave the last screen on the terminal.

    Args:
        draw: returns the lines for a width.
        interval_s: seconds between two drawings.
        out: a terminal.
    """
    console = Console(file=out)
    # The alternate screen, so that the previous content of the terminal is restored.
    redirected = {"redirect_stdout": False, "redirect_stderr": False}
    live = Live(console=console, screen=True, auto_refresh=False, **redirected)
    lines: Sequence[str] = ()
    with _terminated_by_signals(), _keys() as keys:
        try:
            with live:
                while True:
                    columns, rows = console.size
                    lines = draw(columns)
                    live.update(Text("\n".join(fitted(lines, rows))), refresh=True)
                    if _quit_within(keys, interval_s):
                        break
        except KeyboardInterrupt:
            pass
    out.write("".join(f"{line}\n" for line in lines))
    out.flush()


def fitted(lines: Sequence[str], rows: int) -> Sequence[str]:
    """Return the lines that fit on `rows` rows; the last one gives the number of hidden lines."""
    if len(lines) <= rows:
        return lines
    return [*lines[: rows - 1], f"({len(lines) - rows + 1} more lines: make the window higher)"]


@contextmanager
def _keys() -> Iterator[int | None]:
    """Read single keys, including Ctrl-C; yield None if standard input is not a terminal.

    Ctrl-C as a signal would also end `make`, which reports a failure.
    """
    if not sys.stdin.isatty():
        yield None
        return
    descriptor = sys.stdin.fileno()
    before: list[Any] = termios.tcgetattr(descriptor)
    mode = termios.tcgetattr(descriptor)
    mode[3] &= ~(termios.ICANON | termios.ECHO)
    mode[6][termios.VINTR] = os.fpathconf(descriptor, "PC_VDISABLE").to_bytes(1, "big")
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)
    try:
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


def _quit_within(keys: int | None, seconds: float) -> bool:
    """Wait, and return True if a key ended the display."""
    if keys is None:
        time.sleep(seconds)
        return False
    end_s = time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > 0:
        if select.select([keys], [], [], left_s)[0]:
            pressed = os.read(keys, 64)
            if not pressed or any(key in _QUIT_KEYS for key in pressed):
                return True
    return False


@contextmanager
def _terminated_by_signals() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that the terminal is restored before the end."""

    def end(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
