"""Validate bytes of bars and keep them as a snapshot."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simmer.base.files import sha256_of_bytes
from simmer.base.flow_yaml import as_yaml
from simmer.base.logs import PROGRESS
from simmer.base.text import printable
from simmer.data.bars import check_bars
from simmer.data.bars_csv import COLUMNS, FIRST_LINE, parse_bars
from simmer.data.changes import Changes, compare_vintages
from simmer.data.choices import NO_CHOICES, Choices, choices_in, choices_of
from simmer.data.consent import refuse_without_consent
from simmer.data.layouts.own_table import chosen_rows
from simmer.data.layouts.reading import read_any_layout, read_layout
from simmer.data.layouts.record import Reading, reading_in
from simmer.data.manifest import Provenance
from simmer.data.problems import Problem, refuse_errors, shorten
from simmer.data.snapshots import Snapshot, SnapshotStore
from simmer.data.tickers import TickerSpec
from simmer.data.vendor import columns_of_entry

SHIPPED_CALENDAR = "XNYS"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class CheckedFile:
    """The table in a file of bars.

    Attributes:
        frame: the table; None if it cannot be used.
        problems: every broken rule, with the line of the file.
        reading: how the file was read; None for the workflow's own layout.
        lines: the line of each row, [n] int64; None if row i is line i + 2.
        choices: with the rows that they left out.
    """

    frame: pd.DataFrame | None
    problems: list[Problem]
    reading: Reading | None = None
    lines: np.ndarray | None = None
    choices: Choices = NO_CHOICES


def keep(
    content: bytes,
    *,
    spec: TickerSpec,
    file_name: str,
    columns: Sequence[str] | None = None,
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
        columns: the exact header; None for a user's file in any layout.
        calendar: exchange_calendars name for the session rules.
        origin: see `simmer.data.snapshots`.
        provenance: for the manifest; how a user's file was read is added.
        store: the snapshots.

    Raises:
        DataError: with every broken rule, or with findings that need consent before the first snapshot of
            an origin; nothing is kept.
    """
    found = check_file(content, spec=spec, file_name=file_name, columns=columns, calendar=calendar)
    refuse_errors(found.problems, what=f"the bars of {spec.ticker}")
    if not store.knows(spec.ticker, content=content, origin=origin):
        refuse_without_consent(found.problems, spec)
    for problem in found.problems:
        logger.warning("%s", problem)
    for said in (found.reading, found.choices.in_words()):
        if said is not None:
            logger.log(PROGRESS, "%s: %s", printable(file_name), said)
    provenance = replace(provenance, choices=found.choices.as_json())
    if found.reading is not None:
        adjustment = found.reading.adjustment or provenance.adjustment
        provenance = replace(provenance, adjustment=adjustment, reading=found.reading.as_json())
    return store.add(content, frame=found.frame, provenance=provenance, origin=origin)


def check_file(
    content: bytes, *, spec: TickerSpec, file_name: str, columns: Sequence[str] | None = None, calendar: str
) -> CheckedFile:
    """Read the bytes of a CSV file and check them by every rule.

    Args: as of `keep`.
    """
    if columns is None:
        return _check_own_file(content, spec=spec, file_name=file_name, calendar=calendar)
    found = _read_table(content, file_name, columns, choices_of(spec))
    if found.frame is not None:
        rules = _rules(spec, calendar, found.choices)
        problems = check_bars(found.frame[list(COLUMNS)], file_name=file_name, **rules)
        found.problems.extend(at_lines(problems, found.lines))
    return found


def _check_own_file(content: bytes, *, spec: TickerSpec, file_name: str, calendar: str) -> CheckedFile:
    table = read_any_layout(content, file_name=file_name, spec=spec, calendar=calendar)
    problems = shorten(table.problems)
    if table.bars is not None:
        # With a date that is not known, a session may seem to be missing.
        sessions_of = calendar if table.broken_days is not None else None
        rules = _rules(spec, sessions_of, table.choices)
        # As they are used: prices before a split that is adjusted here would look like a mistake.
        bars = table.bars if table.frame is None else table.frame[list(COLUMNS)]
        found = check_bars(bars, file_name=file_name, **rules)
        found = [one for one in found if not _is_of_broken_row(one, table.broken_days)]
        if not table.bars["Volume"].any():
            found = _without_volume(found, file_name, spec)
        problems += at_lines(found, table.lines)
    is_broken = any(problem.severity == "error" for problem in problems)
    return CheckedFile(
        frame=None if is_broken else table.frame,
        problems=problems,
        reading=table.reading,
        lines=table.lines,
        choices=table.choices,
    )


def _rules(spec: TickerSpec, calendar: str | None, choices: Choices) -> dict[str, Any]:
    return {"kind": spec.kind, "calendar": calendar, "ticker": spec.ticker, "choices": choices}


def _is_of_broken_row(problem: Problem, broken_days: np.ndarray | None) -> bool:
    """True if a session only seems to be missing, because its row has a problem of its own."""
    days = [] if broken_days is None else broken_days
    return problem.rule == "missing_session" and any(f" {day} " in problem.message for day in days)


def _without_volume(problems: Sequence[Problem], file_name: str, spec: TickerSpec) -> list[Problem]:
    """Return the problems with one line in place of one for each day without volume."""
    others = [one for one in problems if one.rule != "no_volume" or one.severity != "error"]
    if len(others) == len(problems):
        return others
    message = (
        f"the file has no volume, which the kind {spec.kind} must have; use a file with volume, or for a "
        "level that never has any, such as the VIX, write `kind: no_volume_index`"
    )
    return [Problem(file_name, None, "no_volume", message), *others]


def at_lines(problems: Sequence[Problem], lines: np.ndarray | None) -> list[Problem]:
    """Return problems of the rows of a table with the lines of its file; None if row i is line i + 2."""
    if lines is None:
        return list(problems)
    return [
        one if one.row is None else replace(one, row=int(lines[one.row - FIRST_LINE])) for one in problems
    ]


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


def describe_new_snapshot(
    snapshot: Snapshot, store: SnapshotStore, *, declared: Mapping[str, Any] | None = None
) -> str:
    """Describe a snapshot's rows, its changes, and the line of configuration that pins it.

    `declared` are the keys of the ticker's entry that say how the file is read.
    """
    entry, last = snapshot.entry, changes_since_last(snapshot, store)
    since = "the first snapshot of this ticker\n"
    if last is not None:
        since = f"since snapshot {last[0].id}: {last[1].as_text()}"
    keys = {"ticker": entry["ticker"], "kind": entry["kind"]}
    if entry.get("calendar") not in (None, SHIPPED_CALENDAR):
        keys["calendar"] = entry["calendar"]
    keys |= declared or {}
    return (
        f"{entry['ticker']}: snapshot {snapshot.id}, {entry['rows']} rows, {entry['date_min']} to "
        f"{entry['date_max']}\n{since}to use this snapshot and no other, write into data.tickers:\n"
        f"    - {as_yaml(keys)[:-1]}, snapshot: {snapshot.id!r}}}\n"
    )


def read_snapshot(snapshot: Snapshot, choices: Choices | None = None) -> pd.DataFrame:
    """Return the table in a snapshot, of the days as chosen; None for the choices when it was kept.

    Raises:
        DataError: when its bytes were changed or are not a CSV file of bars.
    """
    found = read_kept(snapshot.read(), snapshot.entry, file_name=snapshot.path.name, choices=choices)
    refuse_errors(found.problems, what=f"snapshot {snapshot.id}")
    return found.frame


def read_kept(
    content: bytes, entry: Mapping[str, Any], *, file_name: str, choices: Choices | None = None
) -> CheckedFile:
    """Read the bytes of a CSV table as its manifest entry says, without checking the bars.

    Args:
        content: the bytes.
        entry: the entry.
        file_name: name of the file in the problems.
        choices: those that count now; None for those in the entry.

    Raises:
        DataError: when the entry's reading or choices are damaged.
    """
    reading, choices = reading_in(entry), choices_in(entry) if choices is None else choices
    if reading is None:
        return _read_table(content, file_name, columns_of_entry(entry), choices)
    calendar = str(entry.get("calendar"))
    table = read_layout(
        content, file_name=file_name, spec=None, calendar=calendar, kept=reading, choices=choices
    )
    return CheckedFile(
        frame=table.frame,
        problems=list(table.problems),
        reading=reading,
        lines=table.lines,
        choices=table.choices,
    )


def _read_table(content: bytes, file_name: str, columns: Sequence[str], choices: Choices) -> CheckedFile:
    """Read a table of the workflow or of a vendor, and leave out what is outside the chosen days."""
    frame, problems = parse_bars(content, file_name, columns=columns)
    if frame is None:
        return CheckedFile(frame=None, problems=problems)
    table = chosen_rows(frame, problems, file_name=file_name, choices=choices)
    return CheckedFile(
        frame=table.frame, problems=list(table.problems), lines=table.lines, choices=table.choices
    )
