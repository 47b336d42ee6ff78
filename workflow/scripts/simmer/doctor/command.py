"""Check a results folder and say what is whole, damaged or left over; restore what can be if asked.

python -m simmer.doctor RESULTS [--overlay FILE] [--fix]

The exit status is 1 if something is damaged. Without --fix nothing is written.
"""

import argparse
import io
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from simmer.base.errors import BusyError, SimmerError
from simmer.base.files import typed_path
from simmer.base.text import plain
from simmer.doctor.campaign_lock import campaign_locked
from simmer.doctor.checkup import check_up
from simmer.doctor.plan import Engine, planned
from simmer.doctor.repair import LIBRARY, repair
from simmer.doctor.screen import screen
from simmer.doctor.tree import read_tree
from simmer.ledger.address import RESULTS, campaign_lock_in
from simmer.status.command import add_overlays, begin_command, screen_width
from simmer.status.commands import targets_of
from simmer.status.configuration import find_configuration, tickers_in
from simmer.status.holders import holder_at
from simmer.status.overview import results_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Check the folder named on the command line; exit with a message on errors."""
    parser = argparse.ArgumentParser(prog="python -m simmer.doctor", description=__doc__)
    parser.add_argument("results", type=typed_path, help="folder of results")
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"))
    add_overlays(parser)
    parser.add_argument("--begin", default="", help="the command that begins a campaign, for a dry run")
    parser.add_argument("--notes", default="", help="name of the folder with the notes of that command")
    parser.add_argument("--fix", action="store_true", help="restore what has a whole copy")
    given = parser.parse_args(arguments)
    # Everything that the library warns of is in the findings.
    logging.getLogger(LIBRARY).addHandler(logging.NullHandler())
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        tickers = tickers_in(given.results, base=given.config, overlays=given.overlay)
        if tickers:
            run = holder_at(campaign_lock_in(given.results))
            if given.fix and run is not None and run.alive:
                raise BusyError(
                    f"found the campaign running (process {run.pid}), expected it to have ended: --fix would "
                    "change its files; end it first"
                )
            whole = [_check_ticker(given, ticker) for ticker in tickers]
            sys.exit(not all(whole))
        known = find_configuration(given.results, base=given.config, overlays=given.overlay)
        config = known.config
        if not read_tree(given.results).files:
            _show([f"found no file in {given.results}: nothing was computed there yet"])
            return
        run = holder_at(campaign_lock_in(given.results))
        if given.fix:
            with campaign_locked(given.results):
                _show(repair(check_up(config, given.results, run=run)) or ["nothing to restore"])
            _show([""])
        found = check_up(config, given.results, run=run)
        next_run = None
        if given.begin and given.notes and given.results.name == RESULTS.name:
            engine = Engine(program=given.begin, notes=given.notes)
            targets = () if run is None else targets_of(run.command)
            command = begin_command(given.begin, given.results, known.overlays, known.options)
            next_run = (
                " ".join(filter(None, (command, "--" if targets else "", *targets))),
                planned(
                    engine,
                    config,
                    found,
                    overlays=known.overlays,
                    options=known.options,
                    targets=targets,
                ),
            )
        _show(screen(found, width=screen_width(), configuration=known.name, next_run=next_run))
    except (SimmerError, OSError) as error:
        sys.exit(str(error))
    sys.exit(not found.is_whole)


def _check_ticker(given: argparse.Namespace, ticker: str) -> bool:
    """Check the folder of one of several tickers; return True if it is whole."""
    _show([f"{ticker}:"])
    if not results_of(given.results, ticker).is_dir():
        _show(["not begun", ""])
        return True
    words = [str(results_of(given.results, ticker)), "--config", str(given.config)]
    words += ["--begin", given.begin, "--notes", given.notes, *(["--fix"] if given.fix else [])]
    try:
        main(words)
    except SystemExit as end:
        if isinstance(end.code, str):
            _show([end.code])
        return not end.code
    return True


def _show(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{plain(line)}\n" for line in lines))
