"""Write the report of a finished search; refuse if trials would have to be trained.

python -m simmer.commands.report RESULTS --begin PROGRAM [--overlay FILE] [--search]
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from simmer.base.errors import SimmerError
from simmer.base.files import typed_path
from simmer.base.words import count
from simmer.ledger.address import MODELS
from simmer.ledger.published_models import cards_in
from simmer.runs.publish import NO_SEARCH
from simmer.status.command import add_overlays, begin_words, make_command
from simmer.status.configuration import find_configuration, tickers_in
from simmer.status.next_features import next_features
from simmer.status.overview import results_of
from simmer.status.plan import Plan, read_plan

TARGET = ("--", "report")
PAGE = "results/report.html"
_SECTION = re.compile("## [0-9]")


def main(arguments: Sequence[str] | None = None, *, clock: Callable[[], float] = time.time) -> None:
    """Write the report of the folder named on the command line; exit with a message on errors."""
    parser = argparse.ArgumentParser(prog="python -m simmer.commands.report", description=__doc__)
    parser.add_argument("results", type=typed_path, help="folder of results")
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"))
    add_overlays(parser)
    parser.add_argument("--begin", required=True, help="the command that begins a campaign")
    parser.add_argument("--search", action="store_true", help="train missing trials first")
    given = parser.parse_args(arguments)
    try:
        tickers = tickers_in(given.results, base=given.config, overlays=given.overlay)
        for ticker in tickers or [None]:
            found = find_configuration(
                given.results, base=given.config, overlays=given.overlay, ticker=ticker
            )
            found.require_readable()
            results = given.results if ticker is None else results_of(given.results, ticker)
            plan = read_plan(
                found.config,
                results,
                features_sha256=next_features(found.config, results.parent / "data"),
                changed=found.changed,
                now_s=clock(),
            )
            if (plan.to_train or plan.to_race) and not given.search:
                command = make_command("report", given.results, given.overlay)
                name = found.name if ticker is None else f"{found.name} for {ticker}"
                sys.exit("\n".join(_refusal(plan, name, command)))
    except (SimmerError, OSError) as error:
        sys.exit(str(error))
    if found.note:
        _show([found.note])
    words = begin_words(given.begin, given.results, found.overlays, found.options)
    environment = os.environ | ({} if given.search else {NO_SEARCH: "1"})
    for more in ((), ("--report", PAGE)):
        ended = subprocess.run([*words, *more, *TARGET], env=environment, check=False)
        if ended.returncode != 0:
            sys.exit(ended.returncode)
    of_models = results_of(given.results, tickers[0]) if tickers else given.results
    models = make_command("predict", of_models, () if tickers else given.overlay)
    _show(["", *_findings(given.results), ""])
    _show(
        [
            f"The report on one page: {given.results / 'summary.html'} (also summary.md, summary.csv).",
            f"With the rules, code and versions behind each file: {given.results / 'report.html'}. Both open "
            "from disk.",
            *([f"Ask the models in {of_models / MODELS}: {models}"] if cards_in(of_models) else []),
        ]
    )


def _refusal(plan: Plan, name: str, command: str) -> Iterator[str]:
    for study in plan.studies:
        if study.to_train:
            wanted = count(study.progress.place.n_trials, "trial")
            yield f"{study.name}: {study.to_train} of {wanted} to train"
        if study.to_race:
            yield f"{study.name}: {count(study.to_race, 'race run')} to train"
    without_race = ", or leave the race out (search: {race: null})" if plan.to_race else ""
    yield (
        f"found {plan.left} of {name} without a result ({plan.hours}), expected a finished search: run the "
        f"search first, or let the report train them ({command} SEARCH=yes){without_race}"
    )


def _findings(results: Path) -> list[str]:
    """Return the lines of the report above its first section that are findings."""
    lines = (results / "summary.md").read_text(encoding="utf-8").splitlines()
    return [line for line in takewhile(lambda line: not _SECTION.match(line), lines) if line.startswith("- ")]


def _show(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
