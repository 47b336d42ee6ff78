"""Own files that differ from the snapshots in use: what changed, and what that means for the search."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simmer.base.errors import SimmerError
from simmer.base.files import sha256_of_bytes
from simmer.base.text import printable
from simmer.base.words import count
from simmer.data.bars_csv import COLUMNS
from simmer.data.changes import Changes, compare_vintages
from simmer.data.manifest import read_entry
from simmer.data.own_files import own_file
from simmer.data.registration import check_file, origin_of_file, read_snapshot
from simmer.data.settings import DataSettings
from simmer.data.snapshots import Snapshot, SnapshotStore
from simmer.data.tickers import TickerSpec
from simmer.data.untrusted_files import read_own_file


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """Difference between an own file and the snapshot in use.

    Attributes:
        ticker: its ticker.
        file: path of the file inside `data.folder`.
        kept_on: day on which the snapshot was kept, ISO.
        choice: `data.snapshot`, or `own` for a snapshot that the ticker's entry names.
        changes: rows added, removed and revised; None if the file breaks a rule.
        refusal: the first broken rule.
        begins_studies: True if the search would learn from other bars with the file than with the snapshot.
    """

    ticker: str
    file: str
    kept_on: str
    choice: Literal["pinned", "latest", "own"]
    changes: Changes | None
    refusal: str | None
    begins_studies: bool


def changed_files(settings: DataSettings, data: Path, *, searched: Collection[str]) -> tuple[FileChange, ...]:
    """Return the changes of own files; what cannot be read or was never acquired is left to its job.

    Args:
        settings: config block `data`.
        data: folder of snapshots and acquired bars.
        searched: the tickers that the search learns from.
    """
    changes, store = [], SnapshotStore(data / "snapshots")
    for spec in settings.tickers if settings.source == "csv" else ():
        with suppress(SimmerError):
            snapshot = _in_use(settings, spec, store, data / "raw")
            content = read_own_file(*own_file(settings, spec))
            if snapshot is not None and snapshot.entry["hash"] != f"sha256:{sha256_of_bytes(content)}":
                changes.append(
                    _change(content, snapshot, settings, spec, is_searched=spec.ticker in searched)
                )
    return tuple(changes)


def in_words(change: FileChange) -> str:
    """Return a line that says what changed and what that means."""
    return f"{printable(change.file)}: {_found(change)}. {_meaning(change)}"


def _in_use(settings: DataSettings, spec: TickerSpec, store: SnapshotStore, raw: Path) -> Snapshot | None:
    folder, name = own_file(settings, spec)
    origin, id_ = origin_of_file(folder / name), spec.snapshot
    if settings.takes_latest(spec):
        try:
            id_ = read_entry(raw / f"{spec.ticker}.resource.json")["sources"][0]["snapshot"]
        except (LookupError, TypeError):  # of another source, or damaged
            return None
    snapshot = store.choose(spec.ticker, origin=origin, pinned=id_)
    # Bars of another file were acquired with another configuration.
    return None if snapshot is None or snapshot.sequence_from(origin) is None else snapshot


def _change(
    content: bytes, snapshot: Snapshot, settings: DataSettings, spec: TickerSpec, *, is_searched: bool
) -> FileChange:
    _, name = own_file(settings, spec)
    bars, problems = check_file(
        content, spec=spec, file_name=name, columns=COLUMNS, calendar=settings.calendar
    )
    refusal = next((str(problem) for problem in problems if problem.severity == "error"), None)
    kept = read_snapshot(snapshot)[list(COLUMNS)]
    is_sound = bars is not None and refusal is None
    return FileChange(
        ticker=spec.ticker,
        file=name,
        kept_on=snapshot.kept_on,
        choice=settings.snapshot if spec.snapshot is None else "own",
        changes=compare_vintages(kept, bars) if is_sound else None,
        refusal=refusal,
        # Also by a rounded price, which is no change in words.
        begins_studies=is_sound and is_searched and not kept.equals(bars),
    )


def _found(change: FileChange) -> str:
    if change.changes is None:
        return f"changed, but cannot be used ({change.refusal})"
    named = (("added", change.changes.added), ("removed", change.changes.removed))
    parts = [f"{count(len(days), 'row')} {what} ({_span(days)})" for what, days in named if days]
    parts += [f"{count(change.changes.revised, 'row')} revised"] if change.changes.revised else []
    return ", ".join(parts) or "changed, but no row by more than rounding"


def _span(days: Sequence[str]) -> str:
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _meaning(change: FileChange) -> str:
    kept = f"the search keeps its snapshot of {change.kept_on}"
    if change.choice == "own":
        return f"pinned in data.tickers: {kept}"
    if change.choice == "pinned":
        would = f"begin {'new studies' if change.begins_studies else 'no new study'}"
        would = "refuse it" if change.changes is None else would
        return f"pinned: {kept}; `data.snapshot: latest` would {would}"
    if change.changes is None:
        return "latest: the run will refuse it"
    return f"latest: {'other bars, so other studies' if change.begins_studies else 'no new study begins'}"
