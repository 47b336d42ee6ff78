"""Check a file of bars and keep it as a snapshot.

python -m simmer.commands.register FILE TICKER [--kind KIND] [--calendar XNYS] [--read KEYS]
    [--snapshots data/snapshots] [--results results] [--overlay FILE]
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from simmer.base.checks import as_table
from simmer.base.errors import DataError, SimmerError
from simmer.base.files import typed_path
from simmer.base.logs import log_to_terminal
from simmer.base.text import plain_lines
from simmer.commands.check_labels import check_alone, labels_in_words
from simmer.data.adjustment import bars_of
from simmer.data.choices import choices_of
from simmer.data.kinds import KINDS
from simmer.data.layouts.declared import reading_keys
from simmer.data.layouts.record import declared_in
from simmer.data.registration import (
    SHIPPED_CALENDAR,
    describe_new_snapshot,
    keep,
    origin_of_file,
    provenance_of_file,
    read_snapshot,
)
from simmer.data.snapshots import Snapshot, SnapshotStore
from simmer.data.tickers import KNOWN_TICKERS, VIX_TICKER, TickerSpec
from simmer.data.untrusted_files import read_at_most
from simmer.ledger.address import RESULTS
from simmer.status.command import add_overlays
from simmer.status.configuration import find_configuration, tickers_in


def register(
    file: Path,
    spec: TickerSpec,
    *,
    calendar: str,
    store: SnapshotStore,
    good_for: Callable[[Snapshot], str] = lambda _: "",
) -> str:
    """Validate a file, keep it as a snapshot, and return a description of the snapshot.

    `good_for` returns the lines that say what a kept snapshot is good for.

    Raises:
        DataError: when the file cannot be read or breaks a rule; nothing is kept.
    """
    try:
        content = read_at_most(file)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    snapshot = keep(
        content,
        spec=spec,
        file_name=file.name,
        calendar=calendar,
        origin=origin_of_file(file),
        provenance=provenance_of_file(file.name, content, spec=spec, calendar=calendar),
        store=store,
    )
    declared = declared_in(spec) | choices_of(spec).keys()
    return describe_new_snapshot(snapshot, store, declared=declared) + good_for(snapshot)


def main(arguments: Sequence[str] | None = None) -> None:
    """Register the file named on the command line; exit with a message if this fails."""
    parser = argparse.ArgumentParser(prog="python -m simmer.commands.register", description=__doc__)
    parser.add_argument("file", type=typed_path, help="CSV file of daily bars")
    parser.add_argument("ticker", help="name of the ticker, such as SPY")
    parser.add_argument("--kind", choices=KINDS, help="default: known tickers have one, others are etf")
    parser.add_argument("--calendar", default=SHIPPED_CALENDAR, help="exchange calendar (default: XNYS)")
    parser.add_argument("--read", default="", help="how the file is read: \"date_format: '%%d/%%m/%%Y'\"")
    parser.add_argument(
        "--snapshots", type=typed_path, default=Path("data/snapshots"), help="folder of snapshots"
    )
    parser.add_argument("--results", type=typed_path, default=RESULTS, help="of the campaign, if any")
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"))
    add_overlays(parser)
    given = parser.parse_args(arguments)
    known = KNOWN_TICKERS.get(given.ticker)
    kind = given.kind or (known.kind if known else "etf")
    try:
        description = register(
            given.file,
            TickerSpec(given.ticker, kind, **reading_keys(given.read)),
            calendar=given.calendar,
            store=SnapshotStore(given.snapshots),
            good_for=partial(_labels, given),
        )
    except SimmerError as error:
        sys.exit(str(error))
    sys.stdout.write(plain_lines(description))


def _labels(given: argparse.Namespace, snapshot: Snapshot) -> str:
    """Return the table of labels and splits by the configuration of the last run, or else the shipped one.

    The snapshot is kept whatever this says, so nothing is raised.
    """
    try:
        place = {"base": given.config, "overlays": given.overlay}
        tickers = tickers_in(given.results, **place)
        found = find_configuration(given.results, **place, ticker=tickers[0] if tickers else None)
        bars, _ = bars_of(read_snapshot(snapshot), found.config.data.adjustment)
    except (SimmerError, OSError) as error:
        return f"what it is good for is not known: {error}\n"
    spec = TickerSpec(snapshot.entry["ticker"], snapshot.entry["kind"])
    if spec.ticker == VIX_TICKER:
        return "good for `features: {vix: true}`\n"
    dataset = found.config.dataset
    by = found.name if found.overlays else "the shipped config.yaml"
    return f"good for, by {by}, {labels_in_words(dataset)}:\n{as_table(check_alone(dataset, spec, bars))}"


if __name__ == "__main__":
    log_to_terminal()
    main()
