"""Write a commented configuration for a user to change.

python -m simmer.commands.new_config TO [--ticker TICKER] [--file FILE] [--begin COMMAND]

A file of bars fills it in; without one it is about bundled bars. An existing file is never overwritten.
"""

import argparse
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simmer.base.checks import CheckResult, as_table
from simmer.base.errors import ConfigError, DataError, DatasetError, SimmerError
from simmer.base.files import typed_path, write_text
from simmer.base.text import TICKER_PATTERN, plain
from simmer.commands.check_labels import check_alone, split_that_fits
from simmer.config.dataset import DatasetSettings
from simmer.config.layers import read_config
from simmer.config.template import Filling, filled
from simmer.data.bars_csv import COLUMNS
from simmer.data.choices import choices_of
from simmer.data.kinds import RULES, Kind
from simmer.data.layouts.declared import reading_keys
from simmer.data.layouts.reading import read_any_layout
from simmer.data.layouts.record import declared_in
from simmer.data.manifest import date_facts
from simmer.data.own_files import nearest_name, own_folder, read_own_bars
from simmer.data.problems import refuse_errors
from simmer.data.reading_store import ReadingStore
from simmer.data.settings import DataSettings
from simmer.data.sources import acquire
from simmer.data.tickers import KNOWN_TICKERS, TickerSpec
from simmer.features.fitting_split import by_dates
from simmer.features.indicators import build_a25
from simmer.features.splits import SplitSpec
from simmer.ledger.address import RESULTS
from simmer.status.command import begin_command

# Shown in a comment if the bars are too few for the split of config.yaml.
_EXAMPLE = SplitSpec(train_end="2014-12-31", validation_end="2019-12-31")
# With a larger share of bars on Saturdays and Sundays, every day is a session.
_MOST_WEEKENDS = 0.2
_CURRENCIES = re.compile("[A-Z]{6}(=X)?")


def new_config(
    to: Path,
    *,
    ticker: str | None,
    file: str | None,
    data: DataSettings,
    dataset: DatasetSettings,
    reading: Mapping[str, Any] | None = None,
) -> tuple[str, list[CheckResult]]:
    """Write a configuration for one ticker; return facts about its bars in a few words, and their labels.

    Args:
        to: the configuration, which must not exist.
        ticker: None for that of the file's name, or of the bundled bars.
        file: bars; None for bundled ones.
        data, dataset: as in config.yaml.
        reading: keys of the ticker's entry that say how the file is read.

    Raises:
        SimmerError: when the file exists, or the bars cannot be used for labels; nothing is written.
    """
    if to.exists():
        raise ConfigError(f"found {to}, which is never overwritten; choose another name: TO=other.yaml")
    if file is None:
        folder, spec, bars = None, *_bundled(ticker or dataset.ticker, data)
    else:
        path = own_folder(file).absolute()
        folder, spec, bars = str(path.parent), *_own(path, ticker, data.calendar, reading or {})
    facts = "{}, {rows:,} days, {date_min} to {date_max}".format(spec.ticker, **date_facts(bars))
    fractions, dates = _splits(bars, spec.kind, dataset)
    entry = {"ticker": spec.ticker, "kind": spec.kind, "calendar": spec.calendar, "file": spec.file}
    entry |= declared_in(spec) | choices_of(spec).keys()
    filling = Filling(
        check=_check_command(to),
        folder=folder,
        entry={key: value for key, value in entry.items() if value is not None},
        facts=facts,
        dataset=dataset,
        fractions=fractions,
        dates=dates,
    )
    write_text(to, filled(filling))
    return facts, check_alone(replace(dataset, split=fractions), spec, bars)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the configuration and print what to type next; exit with a message on errors."""
    parser = argparse.ArgumentParser(prog="python -m simmer.commands.new_config", description=__doc__)
    parser.add_argument("to", type=typed_path, help="file to write; an existing one is never overwritten")
    parser.add_argument("--ticker", help="default: from the name of the file; without a file GSPC")
    parser.add_argument("--file", help="CSV file of daily bars; without one the bars are the bundled ones")
    parser.add_argument("--read", default="", help="how the file is read: \"date_format: '%%d/%%m/%%Y'\"")
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"))
    parser.add_argument("--begin", default="", help="the command that begins a campaign, to be shown")
    given = parser.parse_args(arguments)
    try:
        base = read_config([given.config])
        facts, labels = new_config(
            given.to,
            ticker=given.ticker and given.ticker.upper(),
            file=given.file,
            data=base.data,
            dataset=base.dataset,
            reading=reading_keys(given.read),
        )
    except SimmerError as error:
        sys.exit(str(error))
    begin = begin_command(given.begin, RESULTS, [given.to]) or "see the README"
    sys.stdout.write(f"{plain(f'{given.to}: {facts}')}\n{as_table(labels)}")
    for line in (f"Next: {_check_command(given.to)}", f"Then: {begin}"):
        sys.stdout.write(f"{plain(line)}\n")


def _check_command(to: Path) -> str:
    return plain(f"make check CONFIG={shlex.quote(str(to))}")


def _bundled(ticker: str, data: DataSettings) -> tuple[TickerSpec, pd.DataFrame]:
    spec = TickerSpec(ticker, "index")
    settings = replace(data, source="bundled", tickers=(spec,))
    try:
        return spec, acquire(settings, ticker, ReadingStore(Path("data/snapshots"))).frame
    except DataError as error:
        raise ConfigError(f"{error}: FILE=/path/to/{ticker}.csv") from error


def _own(
    path: Path, ticker: str | None, calendar: str, reading: Mapping[str, Any]
) -> tuple[TickerSpec, pd.DataFrame]:
    ticker = ticker or _ticker(path.stem.upper().lstrip("^"))
    if not path.exists():
        near = nearest_name(path.name, path.parent)
        advice = (
            f"did you mean {near}?"
            if near
            else ('write its path; a name with blanks needs quotes around the whole setting: "FILE=..."')
        )
        raise ConfigError(f"found no file {path}; expected daily bars as CSV: {advice}")
    content = read_own_bars(str(path.parent), path.name, ticker=ticker)
    spec = TickerSpec(ticker, "index", path.name, **reading)
    table = read_any_layout(content, file_name=path.name, spec=spec, calendar=calendar)
    refuse_errors(table.problems, what=f"the bars of {ticker}")
    bars = table.frame[list(COLUMNS)]
    weekends = (~np.is_busday(bars["Date"].to_numpy().astype("datetime64[D]"))).mean() > _MOST_WEEKENDS
    kind = _kind(bars, ticker, weekends)
    return replace(spec, kind=kind, calendar="24/7" if weekends else None), bars


def _ticker(stem: str) -> str:
    """Return the ticker that the name of a file means."""
    if re.fullmatch(TICKER_PATTERN, stem):
        return stem
    return re.sub("[^A-Z0-9]+", "-", stem).strip("-")[:16].strip("-")


def _kind(bars: pd.DataFrame, ticker: str, weekends: bool) -> Kind:
    known, has_volume = KNOWN_TICKERS.get(ticker), bars["Volume"] > 0
    if known:
        return known.kind
    if not has_volume.any():
        return "currency" if _CURRENCIES.fullmatch(ticker) else "no_volume_index"
    if weekends:
        return "crypto"
    return "etf" if (has_volume & (bars["High"] > bars["Low"])).all() else "index"


def _splits(bars: pd.DataFrame, kind: Kind, dataset: DatasetSettings) -> tuple[SplitSpec, SplitSpec]:
    """Return a split of these bars, by fractions and by dates."""
    try:
        days = build_a25(bars, volume=RULES[kind].volume).frame["Date"].to_numpy()
        fractions = split_that_fits(dataset, days) or dataset.split
        return fractions, by_dates(days, fractions, context_days=dataset.context_days)
    except (DataError, DatasetError):
        return dataset.split, _EXAMPLE  # which the check explains


if __name__ == "__main__":
    main()
