"""Validate bytes of bars and keep them as a snapshot."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from simmer.base.files import sha256_of_bytes
from simmer.base.flow_yaml import as_yaml
from simmer.base.text import printable
from simmer.data.bars import check_bars
from simmer.data.bars_csv import COLUMNS, parse_bars
from simmer.data.changes import Changes, compare_vintages
from simmer.data.manifest import Provenance
from simmer.data.problems import Problem, refuse_errors
from simmer.data.snapshots import Snapshot, SnapshotStore
from simmer.data.tickers import TickerSpec
from simmer.data.vendor import columns_of_entry

SHIPPED_CALENDAR = "XNYS"

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
        spec: the ticker of the bars.
        file_name: name of the file in the problems.
        columns: the required columns.
        calendar: exchange_calendars name for the session rules.
        origin: see `simmer.data.snapshots`.
        provenance: for the manifest.
        store: the snapshots.

    Raises:
        DataError: with every broken rule; nothing is kept.
    """
    frame, problems = check_file(content, spec=spec, file_name=file_name, columns=columns, calendar=calendar)
    refuse_errors(problems, what=f"the bars of {spec.ticker}")
    for problem in problems:
        logger.warning("%s", problem)
    return store.add(content, frame=frame, provenance=provenance, origin=origin)


def check_file(
    content: bytes, *, spec: TickerSpec, file_name: str, columns: Sequence[str], calendar: str
) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Return the table in the bytes of a CSV file, None if they hold none, and every broken rule.

    Args: as of `keep`.
    """
    frame, problems = parse_bars(content, file_name, columns=columns)
    if frame is not None:
        bars, rules = frame[list(COLUMNS)], {"kind": spec.kind, "calendar": calendar, "ticker": spec.ticker}
        problems = [*problems, *check_bars(bars, file_name=file_name, **rules)]
    return frame, problems


def origin_of_file(file: Path) -> dict[str, str]:
    """Return the origin of a user's file: its name, and a digest of its folder as configured.

    A digest, because the path itself would reveal the user's folders in a published manifest. The path is not
    resolved, because a relative one must stay the same when the campaign is moved.
    """
    place = os.path.normpath(file.parent).encode("utf-8", "surrogatepass")
    return {"source": "csv", "file": printable(file.name), "place": sha256_of_bytes(place)[:8]}


def provenance_of_file(file_name: str, content: bytes, *, spec: TickerSpec, calendar: str) -> Provenance:
    """Return the provenance of a user's file."""
    source = {"title": f"own file {printable(file_name)}", "hash": f"sha256:{sha256_of_bytes(content)}"}
    return Provenance(spec.ticker, spec.kind, "unknown", "own file", (source,), calendar)


def changes_since_last(snapshot: Snapshot, store: SnapshotStore) -> tuple[Snapshot, Changes] | None:
    """Return the ticker's previous snapshot and the changes since then; None for the first snapshot.

    Raises:
        DataError: when a snapshot cannot be read.
    """
    kept = store.of(str(snapshot.entry["ticker"]))
    position = [known.id for known in kept].index(snapshot.id)
    if position == 0:
        return None
    previous = kept[position - 1]
    return previous, compare_vintages(read_snapshot(previous), read_snapshot(snapshot))


def describe_new_snapshot(snapshot: Snapshot, store: SnapshotStore) -> str:
    """Describe a snapshot's rows, its changes, and the line of configuration that pins it."""
    entry, last = snapshot.entry, changes_since_last(snapshot, store)
    since = "the first snapshot of this ticker\n"
    if last is not None:
        since = f"since snapshot {last[0].id}: {last[1].as_text()}"
    keys = {"ticker": entry["ticker"], "kind": entry["kind"]}
    if entry.get("calendar") not in (None, SHIPPED_CALENDAR):
        keys["calendar"] = entry["calendar"]
    return (
        f"{entry['ticker']}: snapshot {snapshot.id}, {entry['rows']} rows, {entry['date_min']} to "
        f"{entry['date_max']}\n{since}to use this snapshot and no other, write into data.tickers:\n"
        f"    - {as_yaml(keys)[:-1]}, snapshot: {snapshot.id!r}}}\n"
    )


def read_snapshot(snapshot: Snapshot) -> pd.DataFrame:
    """Return the table in a snapshot.

    Raises:
        DataError: when its bytes were changed or are not a CSV file of bars.
    """
    frame, problems = parse_bars(
        snapshot.read(), snapshot.path.name, columns=columns_of_entry(snapshot.entry)
    )
    refuse_errors(problems, what=f"snapshot {snapshot.id}")
    return frame
