"""Run the campaign of one ticker in its folder, as a job of the campaign over several tickers."""

import logging
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from simmer.base.errors import Interrupted, TickerError
from simmer.base.logs import PROGRESS
from simmer.config.tickers import CONFIGURATION
from simmer.thermal.stop import StopRequest, stop_campaign

_STOPPED, _FAILED = "Stopped: ", "Failed: "  # how the lines of a run begin that name a job which ended early
_NOISE = ("Using workflow specific profile ", "Complete log(s): ")
_LINES_KEPT = 10
_POLL_S = 0.5

logger = logging.getLogger(__name__)


def run_ticker(
    command: Sequence[str],
    folder: Path,
    *,
    cores: int,
    targets: Sequence[str],
    shown: bool = True,
) -> None:
    """Run a ticker's campaign until its targets are made; what it prints goes to the log.

    A stop of this campaign stops that of all tickers, because the next one would meet the same heat.

    Args:
        command: the words that run a campaign, without folder, cores and targets.
        folder: of the ticker; its name is that of the ticker.
        cores: for the campaign.
        targets: what to make.
        shown: True to show the lines on the terminal, too.

    Raises:
        Interrupted: when it was stopped, by a signal or by heat.
        TickerError: when it failed.
    """
    words = [*command, "--directory", str(folder), "--configfile", str(folder / CONFIGURATION)]
    words += ["--cores", str(cores), "--", *targets]
    logger.info("%s", " ".join(words))
    stop, printed = StopRequest(), _Printed(folder.name, shown)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with (
        stop.on_signals(),
        subprocess.Popen(words, **pipes, text=True, errors="replace") as process,
    ):
        reader = threading.Thread(target=printed.follow, args=(process,), daemon=True)
        reader.start()
        while process.poll() is None and not stop.wait(_POLL_S):
            pass
        if process.poll() is None:
            process.terminate()  # a terminal sends its signals to all processes, other programs to one
        process.wait()
        reader.join()
    if process.returncode == 0:
        return
    if (stop.is_set() or printed.stopped) and not printed.failed:
        if not stop.is_set():
            with suppress(psutil.Error, OSError):  # that process has just ended
                stop_campaign()
        raise Interrupted(f"the campaign of {folder.name} was stopped; the same command resumes")
    said = "\n".join(printed.last)
    raise TickerError(
        f"the campaign of {folder.name} failed, expected {', '.join(targets)}:\n{said}\nFix the cause and "
        "run the same command again, or leave this ticker out of dataset.ticker: the others are joined then"
    )


class _Printed:
    """What a run prints: its last lines, and whether one says that a job stopped or failed."""

    def __init__(self, ticker: str, shown: bool) -> None:
        self.ticker, self.shown = ticker, shown
        self.last: deque[str] = deque(maxlen=_LINES_KEPT)
        self.stopped = self.failed = False

    def follow(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            text = line.rstrip("\n")
            if text:
                self.last.append(text)
            self.stopped |= text.startswith(_STOPPED)
            self.failed |= text.startswith(_FAILED)
            for_people = self.shown and text and not text.startswith(_NOISE)
            logger.log(PROGRESS if for_people else logging.INFO, "%s: %s", self.ticker, text)
