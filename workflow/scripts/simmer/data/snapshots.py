"""Snapshots: unchanged copies of files of bars, named by their hash and never overwritten.

    <root>/<TICKER>/<id>.csv             the original bytes; the id is the start of their SHA-256
    <root>/<TICKER>/<id>.resource.json   the manifest entry, with the origins and the time of each
    <root>/datapackage.json              the manifest of all snapshots

An origin identifies where bars came from: a file in a folder, or a vendor's symbol and end date. By default
the first snapshot of an origin is used; a newer one only if the configuration pins it or takes the latest.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from simmer.base.errors import DataError, LedgerError
from simmer.base.files import sha256_of_bytes, to_json, write_bytes, write_json
from simmer.base.locks import lock_after_waiting
from simmer.base.logs import PROGRESS
from simmer.data.manifest import (
    MANIFEST_NAME,
    Provenance,
    build_manifest,
    describe_resource,
    read_entry,
    sidecar_path,
    ticker_in_file,
)
from simmer.data.untrusted_files import is_there, read_at_most

ID_DIGITS = 16
# What the link `data/snapshots` in the folder of one of several tickers points to.
SHARED = "../../../data/snapshots"
ENTRY = "*.resource.json"

logger = logging.getLogger(__name__)


def is_shared(folder: Path) -> bool:
    """True if a folder of snapshots is the link to that of all tickers."""
    return folder.is_symlink() and str(folder.readlink()) == SHARED


def utc_now() -> str:
    """Return the current time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Snapshot:
    """Snapshot: its file and its manifest entry."""

    path: Path
    entry: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The id by which a configuration pins it."""
        return self.path.stem

    @property
    def kept_on(self) -> str:
        """The day in UTC on which its bytes were first kept, ISO."""
        return self.entry["retrieved_at"][:10]

    def sequence_from(self, origin: Mapping[str, str]) -> int | None:
        """Return the sequence number of its arrival from this origin; None if it never came from there."""
        return next((came["sequence"] for came in self.entry["origins"] if came["origin"] == origin), None)

    def read(self) -> bytes:
        """Return the bytes.

        Raises:
            DataError: when the file was changed.
        """
        content = read_at_most(self.path)
        self.require(content)
        return content

    def require(self, content: bytes) -> None:
        """Raise `DataError` if `content` differs from the bytes of the snapshot."""
        if f"sha256:{sha256_of_bytes(content)}" != self.entry["hash"]:
            raise DataError(
                f"snapshot {self.id} of {self.entry['ticker']} was changed after it was kept, or is gone and "
                f"its file was changed; expected the hash {self.entry['hash'][:19]}...: put the original "
                f"back, or delete {self.path} and its resource.json and acquire it again"
            )


class SnapshotStore:
    """Snapshots below one folder; several processes may add to it at the same time."""

    def __init__(self, root: Path, *, now: Callable[[], str] = utc_now) -> None:
        self.root, self._now = root, now

    def of(self, ticker: str) -> tuple[Snapshot, ...]:
        """Return the snapshots of a ticker, in the order in which they were kept.

        Raises:
            DataError: when an entry cannot be read.
        """
        found = [Snapshot(_table_of(sidecar), _read_entry(sidecar)) for sidecar in self._files(ticker, ENTRY)]
        return tuple(sorted(found, key=lambda snapshot: (snapshot.entry["sequence"], snapshot.id)))

    def choose(
        self, ticker: str, *, origin: Mapping[str, str], pinned: str | None, latest: bool = False
    ) -> Snapshot | None:
        """Return the pinned snapshot of a ticker, or the first or latest of an origin; None if there is none.

        Raises:
            DataError: when the pinned one or the entry of a snapshot is missing.
        """
        kept = self.of(ticker)
        if pinned is not None:
            for snapshot in kept:
                if snapshot.id == pinned:
                    return snapshot
            known = ", ".join(snapshot.id for snapshot in kept) or "none at all"
            raise DataError(
                f"found no snapshot {pinned} of {ticker} in {self.root}; expected one of: {known}. Pin one "
                "of these, or register the original file"
            )
        tables = {_table_of(sidecar) for sidecar in self._files(ticker, ENTRY)}
        for table in self._files(ticker, "*.csv"):
            if table not in tables:
                raise DataError(
                    f"{table} has no entry next to it; expected {sidecar_path(table).name}: put it back, or "
                    "delete the table and register the file again"
                )
        came = [(snapshot.sequence_from(origin), snapshot) for snapshot in kept]
        # By sequence number, because the clock may have been set back.
        in_order = sorted(
            ((sequence, snapshot) for sequence, snapshot in came if sequence is not None),
            key=lambda pair: pair[0],
        )
        return in_order[-1 if latest else 0][1] if in_order else None

    def knows(self, ticker: str, *, content: bytes, origin: Mapping[str, str]) -> bool:
        """True if these bytes, or others of this origin, were kept before.

        Raises:
            DataError: when the entry of a snapshot cannot be read.
        """
        name = sha256_of_bytes(content)[:ID_DIGITS]
        return any(one.id == name or one.sequence_from(origin) is not None for one in self.of(ticker))

    def add(
        self,
        content: bytes,
        *,
        frame: pd.DataFrame,
        provenance: Provenance,
        origin: Mapping[str, str],
    ) -> Snapshot:
        """Keep validated bytes as a snapshot, unless there is one, add the origin and write the manifest.

        Args:
            content: the bytes.
            frame: the table in them.
            provenance: for the manifest.
            origin: where they came from.

        Raises:
            DataError: when these bars are already kept under another ticker.
            LedgerError: when the folder cannot be written; earlier snapshots are untouched.
        """
        name = sha256_of_bytes(content)[:ID_DIGITS]
        path = self.root / provenance.ticker / f"{name}.csv"
        with self._alone():
            self.refuse_under_another_name(name, provenance)
            now = self._now()
            arrivals = [
                came["sequence"] for one in self.of(provenance.ticker) for came in one.entry["origins"]
            ]
            came = {"origin": dict(origin), "retrieved_at": now, "sequence": 1 + max(arrivals, default=0)}
            if is_there(sidecar_path(path)):
                entry = _read_entry(sidecar_path(path))
            else:
                relative = path.relative_to(self.root).as_posix()
                entry = describe_resource(relative, content=content, frame=frame, provenance=provenance)
                entry |= {
                    "name": f"{provenance.ticker.lower()}-{name}",
                    "retrieved_at": now,
                    "sequence": came["sequence"],
                    "origins": [],
                }
            is_new = not entry["origins"]
            if all(known["origin"] != origin for known in entry["origins"]):
                entry = dict(entry) | {"origins": [*entry["origins"], came]}
                # Before the table: a table without an entry then always means that the entry was deleted.
                write_json(sidecar_path(path), entry)
            if not path.exists():
                try:
                    write_bytes(path, content)
                except LedgerError:
                    if is_new:
                        sidecar_path(path).unlink()
                    raise
                # Some file systems have no permissions; the hash detects changes anyway.
                with contextlib.suppress(OSError):
                    path.chmod(0o444)
        self.settle()
        return Snapshot(path, entry)

    def settle(self) -> None:
        """Write the manifest of all snapshots if it differs from their entries.

        Raises:
            DataError: when an entry cannot be read.
        """
        with self._alone():
            entries = [_read_entry(sidecar) for sidecar in self._files("*", ENTRY)]
            manifest, path = build_manifest("simmer-snapshots", entries), self.root / MANIFEST_NAME
            if entries and (not path.exists() or path.read_bytes() != to_json(manifest).encode()):
                write_json(path, manifest)

    def refuse_under_another_name(self, name: str, provenance: Provenance) -> None:
        """Raise `DataError` if the bars with this id are kept under another ticker.

        A file of several tickers may be kept once for each, with the rows of that one.
        """
        for table in self._files("*", f"{name}.csv"):
            ticker, of = provenance.ticker, ticker_in_file({"reading": provenance.reading})
            if table.parent.name != ticker and of in (None, ticker_in_file(_read_entry(sidecar_path(table)))):
                raise DataError(
                    f"the same bars are already kept as {table.parent.name}; expected those of {ticker}: "
                    "check that it is the right file"
                )

    def _files(self, ticker: str, pattern: str) -> list[Path]:
        try:
            return sorted(self.root.glob(f"{ticker}/{pattern}"))
        except OSError as error:
            raise DataError(
                f"the snapshots of {ticker} in {self.root} cannot be listed ({error.strerror}); give "
                "permission to read and enter the folder"
            ) from error

    @contextlib.contextmanager
    def _alone(self) -> Any:
        with lock_after_waiting(
            self.root / ".lock",
            on_wait=lambda holder: logger.log(PROGRESS, "waiting for %s, which keeps a snapshot", holder),
            should_stop=lambda: False,
        ) as held:
            if not held:
                raise LedgerError(f"cannot lock {self.root}; run the same command again")
            yield


def _read_entry(sidecar: Path) -> dict[str, Any]:
    entry = read_entry(sidecar)
    texts = ("ticker", "kind", "hash", "path", "adjustment", "tool", "retrieved_at", "date_min", "date_max")
    origins, sources = entry.get("origins"), entry.get("sources")
    sound = (
        all(isinstance(entry.get(key), str) for key in texts)
        and all(isinstance(entry.get(key), int) for key in ("rows", "sequence"))
        and isinstance(sources, list)
        and bool(sources)
        and all(isinstance(source, dict) for source in sources)
        and isinstance(origins, list)
        and all(
            isinstance(came, dict)
            and isinstance(came.get("origin"), dict)
            and isinstance(came.get("sequence"), int)
            for came in origins
        )
    )
    table = _table_of(sidecar)
    # The file name is the hash, so this also finds an entry that was changed together with its table.
    if not sound or (entry["ticker"], entry["hash"][7 : 7 + ID_DIGITS]) != (table.parent.name, table.stem):
        raise DataError(
            f"{sidecar} is not the entry of a snapshot; expected that of {table.name}, with its origins: "
            "delete both files and register or fetch the bars again"
        )
    return entry


def _table_of(sidecar: Path) -> Path:
    return sidecar.with_name(sidecar.name.removesuffix(".resource.json") + ".csv")
