"""Check a file of bars and keep it as a snapshot.

python -m simmer.commands.register FILE TICKER [--kind KIND] [--calendar XNYS] [--read KEYS]
    [--snapshots data/snapshots]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from simmer.base.errors import DataError, SimmerError
from simmer.base.logs import log_to_terminal
from simmer.base.text import plain_lines
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
)
from simmer.data.snapshots import SnapshotStore
from simmer.data.tickers import KNOWN_TICKERS, TickerSpec
from simmer.data.untrusted_files import read_at_most


def register(file: Path, spec: TickerSpec, *, calendar: str, store: SnapshotStore) -> str:
    """Validate a file, keep it as a snapshot, and return a description of the snapshot.

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
    return describe_new_snapshot(snapshot, store, declared=declared_in(spec) | choices_of(spec).keys())


def main(arguments: Sequence[str] | None = None) -> None:
    """Register the file named on the command line; exit with a message if this fails."""
    parser = argparse.ArgumentParser(prog="python -m simmer.commands.register", description=__doc__)
    parser.add_argument("file", type=Path, help="CSV file of daily bars")
    parser.add_argument("ticker", help="name of the ticker, such as SPY")
    parser.add_argument("--kind", choices=KINDS, help="default: known tickers have one, others are etf")
    parser.add_argument("--calendar", default=SHIPPED_CALENDAR, help="exchange calendar (default: XNYS)")
    parser.add_argument("--read", default="", help="how the file is read: \"date_format: '%%d/%%m/%%Y'\"")
    parser.add_argument("--snapshots", type=Path, default=Path("data/snapshots"), help="folder of snapshots")
    given = parser.parse_args(arguments)
    known = KNOWN_TICKERS.get(given.ticker)
    kind = given.kind or (known.kind if known else "etf")
    try:
        description = register(
            given.file,
            TickerSpec(given.ticker, kind, **reading_keys(given.read)),
            calendar=given.calendar,
            store=SnapshotStore(given.snapshots),
        )
    except SimmerError as error:
        sys.exit(str(error))
    sys.stdout.write(plain_lines(description))


if __name__ == "__main__":
    log_to_terminal()
    main()
