"""Show what the next run would do: which studies are new, what is left to train, what changed.

python -m simmer.commands.plan RESULTS [--overlay FILE]
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from simmer.base.errors import SimmerError
from simmer.base.files import typed_path
from simmer.ledger.address import campaign_lock_in
from simmer.status.command import add_overlays, begin_command, screen_width
from simmer.status.configuration import find_configuration, tickers_in
from simmer.status.holders import holder_at
from simmer.status.next_features import next_features
from simmer.status.overview import results_of
from simmer.status.own_files import news_of_files
from simmer.status.plan import read_plan, start_lines
from simmer.status.plan_screen import plan_screen


def main(arguments: Sequence[str] | None = None, *, clock: Callable[[], float] = time.time) -> None:
    """Show the plan for the folder named on the command line; exit with a message on errors."""
    parser = argparse.ArgumentParser(prog="python -m simmer.commands.plan", description=__doc__)
    parser.add_argument("results", type=typed_path, help="folder of results; nothing in it is changed")
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"))
    add_overlays(parser)
    parser.add_argument("--begin", default="", help="the command that begins a campaign, to be shown")
    given = parser.parse_args(arguments)
    try:
        tickers = tickers_in(given.results, base=given.config, overlays=given.overlay)
        lines = [line for ticker in tickers or [None] for line in _plan(given, ticker, now_s=clock())]
    except (SimmerError, OSError) as error:
        sys.exit(str(error))
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _plan(given: argparse.Namespace, ticker: str | None, *, now_s: float) -> list[str]:
    """Return the screen of a campaign or, of several tickers, the lines of one of them."""
    found = find_configuration(given.results, base=given.config, overlays=given.overlay, ticker=ticker)
    found.require_readable()
    results = given.results if ticker is None else results_of(given.results, ticker)
    data = results.parent / "data"
    features = next_features(found.config, data)
    plan = read_plan(found.config, results, features_sha256=features, changed=found.changed, now_s=now_s)
    if ticker is not None:
        return start_lines(plan, found.config, file=found.name)
    run = holder_at(campaign_lock_in(results))
    is_busy = run is not None and run.alive is True
    lines = plan_screen(
        plan,
        found,
        news_of_files(found.config, data),
        width=screen_width(),
        begin=None if is_busy else begin_command(given.begin, results, found.overlays, found.options),
    )
    return lines + ([f"a run is at work here: process {run.pid}"] if is_busy else [])


if __name__ == "__main__":
    main()
