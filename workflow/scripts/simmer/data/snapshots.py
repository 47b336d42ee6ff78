"""Snapshots: what came from outside, kept as it came, named by its content, and never overwritten.

    <root>/<TICKER>/<id>.csv             the very bytes; the id is the start of their SHA-256
    <root>/<TICKER>/<id>.resource.json   the entry: what it is, and from which origins and when it came
    <root>/datapackage.json              the manifest of all snapshots

An origin is where bars were asked for: a file of a folder, or a vendor's symbol up to a day. The first
snapshot of an origin stays the one that is used; a newer one is used when a configuration names it.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from simmer.data.manifest import (
    MANIFEST_NAME,
    Provenance,
    build_manifest,
    describe_resource,
    read_entry,
    sidecar_path,
)
from simmer.data.reading import read_at_most
from simmer.errors import DataError, LedgerError
from simmer.files import sha256_of_bytes, write_bytes, write_json
from simmer.locks import lock_after_waiting

ID_DIGITS = 16

logger = logging.getLogger(__name__)


def utc_now() -> str:
    """Return the time, ISO 8601 in UTC to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Snapshot:
    """One snapshot: its file, and its manifest entry."""

    path: Path
    entry: Mapping[str, Any]

    @property
    def id(self) -> str:
        """What a configuration calls it."""
        return self.path.stem

    def retrieved_at(self, origin: Mapping[str, str]) -> str | None:
        """Return when it first came from an origin, or None if it never did."""
        return next((e["retrieved_at"] for e in self.entry["origins"] if e["origin"] == origin), None)

    def read(self) -> bytes:
        """Return the bytes.

        Raises:
            DataError: when they are not the ones that were kept.
        """
        content = read_at_most(self.path)
        if f"sha256:{sha256_of_bytes(content)}" != self.entry["hash"]:
            raise DataError(
                f"snapshot {self.id} of {self.entry['ticker']} was changed after it was kept; expected the "
                f"hash {self.entry['hash'][:19]}...: put the original file back, or delete {self.path} and "
                "its resource.json and acquire it again"
            )
        return content


class SnapshotStore:
    """The snapshots below one folder; several processes may add to it at the same time."""

    def __init__(self, root: Path, *, now: Callable[[], str] = utc_now) -> None:
        self.root, self._now = root, now

    def of(self, ticker: str) -> tuple[Snapshot, ...]:
        """Return the snapshots of a ticker, the oldest first.

        Raises:
            DataError: when an entry cannot be read.
        """
        sidecars = sorted((self.root / ticker).glob("*.resource.json"))
        found = [Snapshot(_table_of(sidecar), _read_entry(sidecar)) for sidecar in sidecars]
        return tuple(sorted(found, key=lambda snapshot: (snapshot.entry["retrieved_at"], snapshot.id)))

    def choose(self, ticker: str, *, origin: Mapping[str, str], pinned: str | None) -> Snapshot | None:
        """Return the pinned snapshot of a ticker, or the first of an origin; None if there is none yet.

        Raises:
            DataError: when the pinned one is not there.
        """
        kept = self.of(ticker)
        if pinned is not None:
            for snapshot in kept:
                if snapshot.id == pinned:
                    return snapshot
            known = ", ".join(snapshot.id for snapshot in kept) or "none at all"
            raise DataError(
                f"found no snapshot {pinned} of {ticker} in {self.root}; expected one of: {known}. Pin one "
                "of these, or register the file it was made of"
            )
        times = [(snapshot.retrieved_at(origin), snapshot) for snapshot in kept]
        return min(
            ((time, snapshot) for time, snapshot in times if time is not None),
            key=lambda pair: (pair[0], pair[1].id),
            default=(None, None),
        )[1]

    def add(
        self,
        content: bytes,
        *,
        frame: pd.DataFrame,
        provenance: Provenance,
        origin: Mapping[str, str],
    ) -> Snapshot:
        """Keep bytes that were validated, or find that they are kept already, and write the manifest.

        Args:
            content: the bytes.
            frame: the table in them.
            provenance: where they came from.
            origin: what was asked for.

        Raises:
            LedgerError: when the folder cannot be written; what was kept before is untouched.
        """
        name = sha256_of_bytes(content)[:ID_DIGITS]
        path = self.root / provenance.ticker / f"{name}.csv"
        with self._alone():
            now = self._now()
            if sidecar_path(path).exists():
                entry = _read_entry(sidecar_path(path))
            else:
                relative = path.relative_to(self.root).as_posix()
                entry = describe_resource(relative, content=content, frame=frame, provenance=provenance)
                entry |= {"name": f"{provenance.ticker.lower()}-{name}", "retrieved_at": now, "origins": []}
            if not path.exists():
                write_bytes(path, content)
                # Some disks know no permissions; the hash guards the bytes in any case.
                with contextlib.suppress(OSError):
                    path.chmod(0o444)
            if all(known["origin"] != origin for known in entry["origins"]):
                came = {"origin": dict(origin), "retrieved_at": now}
                entry = dict(entry) | {"origins": [*entry["origins"], came]}
                write_json(sidecar_path(path), entry)
            self._write_manifest()
        return Snapshot(path, entry)

    def _write_manifest(self) -> None:
        entries = [_read_entry(sidecar) for sidecar in sorted(self.root.glob("*/*.resource.json"))]
        write_json(self.root / MANIFEST_NAME, build_manifest("simmer-snapshots", entries))

    @contextlib.contextmanager
    def _alone(self) -> Any:
        say = logger.info
        with lock_after_waiting(
            self.root / ".lock",
            on_wait=lambda holder: say("waiting for %s, which keeps a snapshot", holder),
            should_stop=lambda: False,
        ) as held:
            if not held:
                raise LedgerError(f"cannot lock {self.root}; run the same command again")
            yield


def _read_entry(sidecar: Path) -> dict[str, Any]:
    entry = read_entry(sidecar)
    origins = entry.get("origins")
    sound = (
        all(isinstance(entry.get(key), str) for key in ("ticker", "hash", "retrieved_at"))
        and isinstance(origins, list)
        and all(
            isinstance(came, dict)
            and isinstance(came.get("origin"), dict)
            and isinstance(came.get("retrieved_at"), str)
            for came in origins
        )
    )
    if not sound:
        raise DataError(
            f"{sidecar} is not the entry of a snapshot; expected ticker, hash, retrieved_at and origins: "
            "delete it and register or fetch the bars again"
        )
    return entry


def _table_of(sidecar: Path) -> Path:
    return sidecar.with_name(sidecar.name.removesuffix(".resource.json") + ".csv")
