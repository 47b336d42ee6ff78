"""How a campaign stands, on one screen, from its files alone; it may be asked at any time.

python -m simmer.status RESULTS [--overlay FILE ...] [--watch SECONDS]
"""

import argparse
import io
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from simmer.base.errors import SimmerError
from simmer.base.text import plain
from simmer.status.campaign import look
from simmer.status.configuration import read_config
from simmer.status.screen import screen
from simmer.status.terminal import watch
from simmer.status.trial_files import TrialReader

RESULTS = "results"  # what a campaign calls its folder of results
_PLAIN_WIDTH = 100  # where standard output is no terminal


def main(arguments: Sequence[str] | None = None, *, clock: Callable[[], float] = time.time) -> None:
    """Show the campaign that the command line names; end the process with a sentence where that fails."""
    parser = argparse.ArgumentParser(prog="python -m simmer.status", description=__doc__)
    parser.add_argument("results", type=Path, help="folder of results, only read")
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"))
    parser.add_argument("--overlay", type=Path, nargs="*", default=[], help="laid over the configuration")
    parser.add_argument("--begin", default="", help="the command that begins a campaign, to tell it")
    parser.add_argument("--watch", type=float, metavar="SECONDS", help="draw again and again; Ctrl-C ends it")
    given = parser.parse_args(arguments)
    overlays = [path for path in given.overlay if path != given.config]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without a degree sign shows the rest
    try:
        config = read_config(given.config, overlays)
        begin = begin_command(given.begin, given.results, overlays)
        read = TrialReader()

        def draw(width: int) -> list[str]:
            if not given.results.is_dir():
                return nothing_there(given.results, config.campaign, begin=begin)
            names = [str(path) for path in overlays]
            found = look(config, given.results, now_s=clock(), overlays=names, read=read)
            return screen(found, width=width, begin=begin)

        if given.watch is not None and sys.stdout.isatty():
            watch(draw, interval_s=given.watch, out=sys.stdout)
        else:
            sys.stdout.write("".join(f"{line}\n" for line in draw(_width())))
    except (SimmerError, OSError) as error:
        sys.exit(str(error))


def nothing_there(results: Path, campaign: str, *, begin: str | None) -> list[str]:
    """Return what to type where no campaign was begun."""
    return [
        f"found no folder {plain(str(results))}: no campaign was begun there. To begin this one "
        f"({plain(campaign)}):",
        f"    {begin or 'see the README'}",
        "To look at another one, name it: make status RESULTS=demo/results CONFIG=config/demo.yaml",
    ]


def begin_command(program: str, results: Path, overlays: Sequence[Path]) -> str | None:
    """Return the command that begins a campaign with these results and files, or None without a program."""
    if not program:
        return None
    words = [program]
    if results.name == RESULTS and results.parent != Path():
        words += ["--directory", shlex.quote(str(results.parent))]
    if overlays:
        words += ["--configfile", *(shlex.quote(str(path)) for path in overlays)]
    return " ".join(words)


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _PLAIN_WIDTH
