"""Check a configuration, its data and this machine before a run; trains and writes nothing.

python -m simmer.commands.check [--overlay FILE] [--folder FOLDER] [--begin COMMAND]

All problems are listed at once, each with what to write in the configuration. The exit status is 1 if a check
failed.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from simmer.base.checks import CheckResult, CheckStatus, CheckTable
from simmer.base.errors import ConfigError, SimmerError
from simmer.base.files import typed_path
from simmer.base.text import plain
from simmer.base.words import count, horizons
from simmer.commands.check_labels import build_table, check_labels, enough_bars
from simmer.commands.check_scales import check_scales
from simmer.config.campaign import Config, Parsed, parse
from simmer.config.dataset import DatasetSettings
from simmer.config.layers import given_twice, merged
from simmer.config.reading import read_mapping
from simmer.config.tickers import of_ticker, tickers_of
from simmer.data.changed_files import changed_files, in_words, way_on
from simmer.data.cross_checks import check_across
from simmer.data.inspection import InspectedBars, inspect_bars
from simmer.data.kinds import RULES
from simmer.data.manifest import date_facts
from simmer.data.reading_store import ReadingStore
from simmer.data.settings import DataSettings
from simmer.features.indicators import WARM_UP_BARS
from simmer.ledger.address import RESULTS
from simmer.machine.facts import inspect_machine
from simmer.status.command import add_overlays, begin_command
from simmer.status.configuration import layers_of, overlays_of
from simmer.status.last_run import last_run

_DATA = Path("data")
_WRITTEN = (RESULTS, _DATA)
_MOST_WARNINGS = 3


def check(layers: Sequence[Mapping[str, Any]], *, title: str) -> CheckTable:
    """Check a campaign that would run in the working folder.

    Args:
        layers: the files of the configuration, in order.
        title: first line of the table.
    """
    raw = merged(layers)
    tickers = tickers_of(raw)
    each = [parse(of_ticker(raw, ticker, tickers=tickers)) for ticker in tickers] or [parse(raw)]
    whole = each[0]
    if len(tickers) > 1:
        # With the entries of all tickers.
        whole = parse({**raw, "dataset": of_ticker(raw, tickers[0], tickers=tickers)["dataset"]})
    return CheckTable(
        title=title,
        checks=(
            _check_configuration(each, layers),
            _check_folder(),
            *_check_data(whole.data, [parsed.dataset for parsed in each]),
            *_check_machine(whole.config),
        ),
        error=ConfigError,
        complaint="the check failed",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the check table and what to type next; exit status 1 if a check failed."""
    parser = argparse.ArgumentParser(prog="python -m simmer.commands.check", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"))
    add_overlays(parser)
    parser.add_argument("--folder", type=typed_path, default=Path(), help="folder in which the campaign runs")
    parser.add_argument("--begin", default="", help="the command that begins a campaign, to be shown")
    given = parser.parse_args(arguments)
    try:
        last = None if given.overlay else last_run(given.folder / RESULTS)
        if last is None:
            overlays, options = [path for path in given.overlay if path != given.config], []
            layers = [read_mapping(path) for path in (given.config, *overlays)]
        else:
            overlays, options, layers = overlays_of(last), last.options, layers_of(last, base=given.config)
        name = str(overlays[-1] if overlays else given.config)
        if not given.folder.is_dir():
            raise ConfigError(
                f"found no folder {given.folder.absolute()}; expected the one in which the campaign runs: "
                "make it, or leave FOLDER out"
            )
        # As a run does: relative folders in a configuration begin there.
        with contextlib.chdir(given.folder):
            found = check(layers, title=f"check of {name} in {Path.cwd()}")
    except (SimmerError, OSError) as error:
        sys.exit(str(error))
    sys.stdout.write(found.as_text())
    if found.ok and given.begin:
        begin = begin_command(given.begin, given.folder / RESULTS, overlays, options)
        sys.stdout.write(f"\nNext: {plain(str(begin))}\n")
    sys.exit(not found.ok)


def _check_configuration(each: Sequence[Parsed], layers: Sequence[Mapping[str, Any]]) -> CheckResult:
    row = partial(CheckResult.judged, "configuration", needed=None, source="config/README.md")
    config, problems = each[0].config, dict.fromkeys(line for parsed in each for line in parsed.problems)
    if config is None or problems:
        return row(measured=count(len(problems), "problem"), fix="\n".join(problems))
    days, warnings = config.dataset.horizons_days, given_twice(layers)
    if not config.run_scales:
        return row(measured="no scale", fix="run_scales is empty: write the scales to search, such as [500k]")
    if not all(layers):
        warnings = [*warnings, "a file has no keys"]
    trials = sum(config.scales[scale].n_trials for scale in config.run_scales) * len(days)
    scales = ", ".join(config.run_scales)
    return row(
        measured=f"{scales} at {horizons(days)}: {count(trials, 'trial')}"
        + (f" for each of {len(each)} tickers" if len(each) > 1 else ""),
        fix="\n".join(warnings) or None,
        otherwise=CheckStatus.WARN,
    )


def _check_machine(config: Config | None) -> list[CheckResult]:
    if config is None:
        return [_skipped("scales", "the configuration has problems")]
    return check_scales(config, inspect_machine(RESULTS, Path(config.thermal.sysfs_root)))


def _skipped(name: str, reason: str) -> CheckResult:
    return CheckResult(id=name, status=CheckStatus.SKIP, measured=reason, needed=None, source="-")


def _check_folder() -> CheckResult:
    blocked = [path for path in _WRITTEN if path.exists() and not path.is_dir()]
    closed = [path for path in _WRITTEN if not os.access(path if path.exists() else Path(), os.W_OK)]
    measured, fix = "not usable", None
    if blocked:
        fix = f"found a file named {blocked[0]}; expected a folder: move the file away"
    elif closed:
        fix = f"{closed[0]} cannot be written; give write permission"
    else:
        measured = "can be written"
    return CheckResult.judged(
        "folder", measured=measured, needed="results, data", source=str(Path.cwd()), fix=fix
    )


def _check_data(
    data: DataSettings | None, datasets: Sequence[DatasetSettings | None]
) -> Iterator[CheckResult]:
    """Yield a row for each ticker, and rows for labels and splits of each ticker that is searched."""
    if data is None:
        yield _skipped("data", "the block `data` has problems")
        return
    store, usable = ReadingStore(_DATA / "snapshots"), {}
    by_ticker = {dataset.ticker: dataset for dataset in datasets if dataset is not None}
    searched = tuple(dict.fromkeys(name for dataset in by_ticker.values() for name in dataset.tickers))
    changed = changed_files(data, _DATA, searched=searched)
    for spec in data.tickers:
        found = inspect_bars(data, spec, store)
        news = tuple(
            line
            for change in changed
            if change.ticker == spec.ticker
            for line in (in_words(change), way_on(change))
            if line is not None
        )
        dataset = by_ticker.get(spec.ticker) or datasets[0]
        row, frame = _check_ticker(replace(found, warnings=(*news, *found.warnings)), data, dataset)
        yield row
        if frame is not None:
            usable[spec.ticker] = frame
    across = "\n".join(map(str, check_across(usable)))
    if across:
        yield CheckResult.judged(
            "tickers", measured=None, needed="different series", source="bars", fix=across
        )
    for dataset in datasets:
        if dataset is None:
            yield _skipped("labels", "the block `dataset` or `features` has problems")
            continue
        for row in check_labels(dataset, usable):
            yield replace(row, id=f"{dataset.ticker}: {row.id}") if len(datasets) > 1 else row


def _check_ticker(
    found: InspectedBars, data: DataSettings, dataset: DatasetSettings | None
) -> tuple[CheckResult, pd.DataFrame | None]:
    """Return the row of a ticker, and its bars if features can be built from them."""
    frame, errors, facts = found.frame, found.errors, None
    if frame is not None:
        facts = "{rows:,} days, {date_min} to {date_max}".format(**date_facts(frame))
        facts += "" if RULES[found.spec.kind].volume else ", no features of volume"
        try:
            spec = found.spec
            build_table(
                frame,
                spec.kind,
                calendar=data.calendar_of(spec),
                volatility=dataset is not None and dataset.volatility,
                learned=dataset is not None and spec.ticker in dataset.window_tickers,
            )
        except SimmerError as error:
            frame, errors = None, (str(error),)
            if dataset is not None and spec.ticker == dataset.ticker and len(found.frame) <= WARM_UP_BARS:
                errors += (enough_bars(dataset, len(found.frame)),)
    shown, more = found.warnings[:_MOST_WARNINGS], len(found.warnings) - _MOST_WARNINGS
    warnings = [f"warning: {text}" for text in shown] + [f"warning: and {more} more"] * (more > 0)
    row = CheckResult.judged(
        found.spec.ticker,
        measured=facts,
        needed=f"rules of {found.spec.kind}",
        source=found.source or "-",
        fix="\n".join([*errors, *warnings]) or None,
        otherwise=CheckStatus.FAIL if errors else CheckStatus.WARN,
    )
    return row, frame


if __name__ == "__main__":
    main()
