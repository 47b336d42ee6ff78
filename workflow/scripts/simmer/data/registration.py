"""From outside into the store: bytes are validated first, then kept as a snapshot."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from simmer.data.bars import check_bars
from simmer.data.bars_csv import COLUMNS, parse_bars
from simmer.data.changes import Changes, compare_vintages
from simmer.data.manifest import Provenance
from simmer.data.problems import refuse_errors
from simmer.data.snapshots import Snapshot, SnapshotStore
from simmer.data.tickers import TickerSpec
from simmer.data.vendor import columns_of_entry
from simmer.files import sha256_of_bytes

logger = logging.getLogger(__name__)


def keep(
    content: bytes,
    *,
    spec: TickerSpec,
    file_name: str,
    columns: Sequence[str],
    calendar: str,
    origin: Mapping[str, str],
    provenance: Provenance,
    store: SnapshotStore,
) -> Snapshot:
    """Validate the bytes of a CSV file and keep them as a snapshot.

    Args:
        content: the bytes.
        spec: the ticker they are said to be.
        file_name: what the problems call the file.
        columns: the columns the file must have.
        calendar: exchange_calendars name for the session rules.
        origin: what was asked for.
        provenance: where they came from.
        store: where snapshots are kept.

    Raises:
        DataError: listing every broken rule; nothing is kept.
    """
    frame, problems = parse_bars(content, file_name, columns=columns)
    if frame is not None:
        problems = [
            *problems,
            *check_bars(
                frame[list(COLUMNS)],
                file_name=file_name,
                kind=spec.kind,
                calendar=calendar,
                ticker=spec.ticker,
            ),
        ]
    refuse_errors(problems, what=f"the bars of {spec.ticker}")
    for problem in problems:
        logger.warning("%s", problem)
    return store.add(content, frame=frame, provenance=provenance, origin=origin)


def origin_of_file(file: Path) -> dict[str, str]:
    """Return the origin of a user's file: its name, and a digest of its folder as it was given.

    The folder itself would tell the reader of a published manifest about the user's machine; resolved, a
    relative one would be another after the campaign was moved.
    """
    place = sha256_of_bytes(os.path.normpath(file.parent).encode())[:8]
    return {"source": "csv", "file": file.name, "place": place}


def provenance_of_file(file_name: str, content: bytes, *, spec: TickerSpec, calendar: str) -> Provenance:
    """Return where a user's own file came from."""
    source = {"title": f"own file {file_name}", "hash": f"sha256:{sha256_of_bytes(content)}"}
    return Provenance(spec.ticker, spec.kind, "unknown", "own file", (source,), calendar)


def changes_since_last(snapshot: Snapshot, store: SnapshotStore) -> tuple[Snapshot, Changes] | None:
    """Return the snapshot of the ticker that was kept before this one, and what changed; None for the first.

    Raises:
        DataError: when one of them cannot be read.
    """
    kept = store.of(str(snapshot.entry["ticker"]))
    position = [known.id for known in kept].index(snapshot.id)
    if position == 0:
        return None
    previous = kept[position - 1]
    return previous, compare_vintages(read_snapshot(previous), read_snapshot(snapshot))


def read_snapshot(snapshot: Snapshot) -> pd.DataFrame:
    """Return the table in a snapshot.

    Raises:
        DataError: when its bytes are not the ones that were kept, or break the form.
    """
    frame, problems = parse_bars(
        snapshot.read(), snapshot.path.name, columns=columns_of_entry(snapshot.entry)
    )
    refuse_errors(problems, what=f"snapshot {snapshot.id}")
    return frame
