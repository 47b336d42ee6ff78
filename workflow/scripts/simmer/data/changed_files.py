"""Own files that differ from the snapshots in use: what changed, and what that means for the search."""

import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simmer.base.errors import SimmerError
from simmer.base.files import sha256_of_bytes
from simmer.base.flow_yaml import as_yaml
from simmer.base.text import plain, printable
from simmer.base.words import count
from simmer.data.adjustment import bars_of
from simmer.data.changes import Changes, compare_vintages
from simmer.data.choices import choices_of
from simmer.data.layouts.record import declared_in
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
        snapshot: its id.
        choice: `data.snapshot`, `own` for a snapshot that the ticker's entry names, or `other file` if the
            snapshot was kept of a file at another place.
        changes: rows added, removed and revised; None if the file breaks a rule.
        refusal: the first broken rule.
        studies: which studies the search would continue with the file instead of the snapshot.
        register: the command that lists the changes and prints the line that takes them over.
    """

    ticker: str
    file: str
    kept_on: str
    snapshot: str
    choice: Literal["pinned", "latest", "own", "other file"]
    changes: Changes | None
    refusal: str | None
    studies: Literal["no other study", "other studies", "perhaps other studies"]
    register: str


def changed_files(settings: DataSettings, data: Path, *, searched: Sequence[str]) -> tuple[FileChange, ...]:
    """Return the changes of own files; what cannot be read or was never acquired is left to its job.

    Args:
        settings: config block `data`.
        data: folder of snapshots and acquired bars.
        searched: the tickers that the search learns from, the one that it predicts first.
    """
    changes, store = [], SnapshotStore(data / "snapshots")
    for spec in settings.tickers if settings.source == "csv" else ():
        with suppress(SimmerError):
            snapshot = _in_use(settings, spec, store, data / "raw")
            content = read_own_file(*own_file(settings, spec))
            if snapshot is not None and snapshot.entry["hash"] != f"sha256:{sha256_of_bytes(content)}":
                register = _register_command(settings, spec, data)
                is_own = snapshot.sequence_from(_origin(settings, spec, store)) is not None
                changes.append(
                    _change(
                        content,
                        snapshot,
                        settings,
                        spec,
                        searched=searched,
                        register=register,
                        of_this_file=is_own,
                    )
                )
    return tuple(changes)


def in_words(change: FileChange) -> str:
    """Return a line that says what changed and what that means."""
    return f"{printable(change.file)}: {_found(change)}. {_meaning(change)}"


def way_on(change: FileChange) -> str | None:
    """Return a line with the command that shows the changes; None if the next run takes them over anyway."""
    if change.choice == "latest":
        return None
    shown = "the changes, and prints the line that takes them over"
    if change.changes is None:
        shown = "every problem"
    return f"{printable(change.file)}: `{change.register}` shows {shown}"


def _register_command(settings: DataSettings, spec: TickerSpec, data: Path) -> str:
    folder, name = own_file(settings, spec)
    values = {"FILE": str(folder / name), "TICKER": spec.ticker, "KIND": spec.kind}
    values |= {"CALENDAR": settings.calendar_of(spec)} if settings.calendar_of(spec) != "XNYS" else {}
    keys = declared_in(spec) | choices_of(spec).keys()
    values |= {"READ": as_yaml(keys)[1:-1]} if keys else {}
    if not Path("Makefile").exists():  # of a campaign in another folder
        values |= {"DATA": str(data)}
    return plain(" ".join(["make register", *(shlex.quote(f"{key}={each}") for key, each in values.items())]))


def _in_use(settings: DataSettings, spec: TickerSpec, store: SnapshotStore, raw: Path) -> Snapshot | None:
    """Return the snapshot that the run begins with; None if none was kept, or of another source."""
    origin = _origin(settings, spec, store)
    pinned = (
        None
        if settings.takes_latest(spec)
        else store.choose(spec.ticker, origin=origin, pinned=spec.snapshot)
    )
    if pinned is not None:
        return pinned
    try:
        acquired = read_entry(raw / f"{spec.ticker}.resource.json")["sources"][0]["snapshot"]
    except (LookupError, TypeError):  # of another source, or damaged
        return None
    return store.choose(spec.ticker, origin=origin, pinned=acquired)


def _origin(settings: DataSettings, spec: TickerSpec, store: SnapshotStore) -> dict[str, str]:
    folder, name = own_file(settings, spec)
    return origin_of_file(folder / name, store.root)


def _change(
    content: bytes,
    snapshot: Snapshot,
    settings: DataSettings,
    spec: TickerSpec,
    *,
    searched: Sequence[str],
    register: str,
    of_this_file: bool,
) -> FileChange:
    _, name = own_file(settings, spec)
    found = check_file(content, spec=spec, file_name=name, calendar=settings.calendar_of(spec))
    bars, kept = found.frame, read_snapshot(snapshot, choices_of(spec))
    refusal = next((str(problem) for problem in found.problems if problem.severity == "error"), None)
    is_sound = bars is not None and refusal is None
    choice = settings.snapshot if spec.snapshot is None else "own"
    if choice == "pinned" and not of_this_file:
        choice = "other file"
    studies = "no other study"
    # Also by a rounded price, which is no change in words.
    used = [bars_of(frame, settings.adjustment)[0] for frame in (kept, bars)] if is_sound else []
    if used and spec.ticker in searched and not used[0].equals(used[1]):
        # Of another ticker only the days of the predicted one count.
        studies = "other studies" if spec.ticker == searched[0] else "perhaps other studies"
    return FileChange(
        ticker=spec.ticker,
        file=name,
        kept_on=snapshot.kept_on,
        snapshot=snapshot.id,
        choice=choice,
        changes=compare_vintages(kept, bars) if is_sound else None,
        refusal=refusal,
        studies=studies,
        register=register,
    )


def _found(change: FileChange) -> str:
    if change.changes is None:
        return f"changed, but cannot be used ({change.refusal})"
    named = (("added", change.changes.added), ("removed", change.changes.removed))
    parts = [f"{count(len(days), 'row')} {what} ({_span(days)})" for what, days in named if days]
    rescaled = change.changes.rescaled
    parts += [f"{count(rescaled, 'row')} rescaled (a dividend or a split)"] if rescaled else []
    revised = change.changes.revised - rescaled
    parts += [f"{count(revised, 'row')} revised"] if revised > 0 else []
    return ", ".join(parts) or "changed, but no row by more than rounding"


def _span(days: Sequence[str]) -> str:
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _meaning(change: FileChange) -> str:
    kept = f"the search keeps its snapshot of {change.kept_on}"
    if change.choice == "own":
        return f"pinned in data.tickers: {kept}"
    if change.choice == "pinned":
        would = "refuse it" if change.changes is None else f"begin {change.studies}"
        return f"pinned: {kept}; `data.snapshot: latest` would {would}"
    meant = "the run will refuse it" if change.changes is None else change.studies
    if change.choice == "other file":
        stay = f"`snapshot: {change.snapshot!r}` in data.tickers"
        return f"a file at another place: {meant}; to keep the bars: {stay}"
    return f"latest: {meant}"
