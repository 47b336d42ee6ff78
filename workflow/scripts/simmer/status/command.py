"""Show the state of a campaign on one screen, from its files alone; safe at any time.

python -m simmer.status RESULTS [--overlay FILE] [--watch SECONDS]
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
from simmer.base.files import typed_path
from simmer.base.text import plain
from simmer.status.campaign import read_campaign
from simmer.status.configuration import find_configuration, overlays_of, tickers_in
from simmer.status.last_run import last_run
from simmer.status.overview import overview, read_tickers, results_of
from simmer.status.screen import screen
from simmer.status.terminal import watch
from simmer.status.trial_files import TrialReader

RESULTS = "results"  # name of the folder of results
_PLAIN_WIDTH = 100  # if standard output is not a terminal


def main(arguments: Sequence[str] | None = None, *, clock: Callable[[], float] = time.time) -> None:
    """Show the campaign named on the command line; exit with a message on errors."""
    parser = argparse.ArgumentParser(prog="python -m simmer.status", description=__doc__)
    parser.add_argument("results", type=typed_path, help="folder of results; nothing in it is changed")
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"))
    add_overlays(parser)
    parser.add_argument("--begin", default="", help="the command that begins a campaign, to be shown")
    parser.add_argument("--watch", type=float, metavar="SECONDS", help="redraw regularly until Ctrl-C")
    given = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for terminals without a degree sign
    try:
        read = TrialReader()

        def draw(width: int) -> list[str]:
            tickers = tickers_in(given.results, base=given.config, overlays=given.overlay)
            if tickers:
                last = None if given.overlay else last_run(given.results)
                files, options = (given.overlay, ()) if last is None else (overlays_of(last), last.options)
                return overview(
                    read_tickers(given.results, tickers, base=given.config, now_s=clock(), read=read),
                    width=width,
                    begin=begin_command(given.begin, given.results, files, options),
                    one=lambda ticker: make_command("status", results_of(given.results, ticker), ()),
                )
            found = find_configuration(given.results, base=given.config, overlays=given.overlay)
            begin = begin_command(given.begin, given.results, found.overlays, found.options)
            if not given.results.is_dir():
                return nothing_there(given.results, found.config.campaign, begin=begin)
            campaign = read_campaign(found, given.results, now_s=clock(), read=read)
            return screen(campaign, width=width, begin=begin)

        if given.watch is not None and sys.stdout.isatty():
            watch(draw, interval_s=given.watch, out=sys.stdout)
        else:
            sys.stdout.write("".join(f"{line}\n" for line in draw(screen_width())))
    except (SimmerError, OSError) as error:
        sys.exit(str(error))


def add_overlays(parser: argparse.ArgumentParser) -> None:
    """Declare the option that names configuration files; an empty name counts as none."""
    parser.add_argument(
        "--overlay",
        type=files_named,
        default=(),
        metavar="FILE",
        help="merged over the configuration, instead of the files of the last run",
    )


def files_named(text: str) -> tuple[Path, ...]:
    """Return the files in a text: one whose name may have blanks, or several with blanks between them."""
    several = tuple(map(typed_path, text.split()))
    if len(several) > 1 and not typed_path(text).exists() and all(path.exists() for path in several):
        return several
    return (typed_path(text),) if text else ()


def nothing_there(results: Path, campaign: str, *, begin: str | None) -> list[str]:
    """Return the lines for a folder without a campaign: how to begin one or show another."""
    return [
        f"found no folder {plain(str(results))}: no campaign was begun there. To begin this one "
        f"({plain(campaign)}):",
        f"    {begin or 'see the README'}",
        "To show another one: make status FOLDER=demo",
    ]


def begin_command(
    program: str, results: Path, overlays: Sequence[Path], options: Sequence[str] = ()
) -> str | None:
    """Return the command that begins a campaign, as `begin_words`; None without a program."""
    return shlex.join(begin_words(program, results, overlays, options)) if program else None


def begin_words(
    program: str, results: Path, overlays: Sequence[Path], options: Sequence[str] = ()
) -> list[str]:
    """Return the words of the command that begins a campaign with these results, overlays and options."""
    words = shlex.split(program)
    if results.name == RESULTS and results.parent != Path():
        words += ["--directory", str(results.parent)]
    return [*words, *(["--configfile", *map(str, overlays)] if overlays else []), *options]


def make_command(target: str, results: Path, overlays: Sequence[Path]) -> str:
    """Return the `make` command of a target for these results and the files that were named."""
    words = ["make", target]
    if results.name == RESULTS and results.parent != Path():
        words.append(f"FOLDER={results.parent}")
    if overlays:
        words.append(f"CONFIG={' '.join(map(str, overlays))}")
    return shlex.join(words)


def screen_width() -> int:
    """Return the columns of the terminal, or a default if standard output is not one."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _PLAIN_WIDTH
