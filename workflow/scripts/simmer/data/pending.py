"""Pending registrations: how tables on disk and their manifests differ; computed, never remembered."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from simmer.base.errors import DataError
from simmer.base.files import sha256_of_bytes
from simmer.base.text import printable, quote
from simmer.data.manifest import locate_resource, read_manifest
from simmer.data.reading import is_manifest_path, is_there, locate, read_at_most

SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class PendingRegistrations:
    """How files and manifests differ, as POSIX paths relative to the folder that was looked at."""

    unregistered: tuple[str, ...]
    missing: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.unregistered or self.missing or self.changed)


def pending_registrations(folder: Path, manifests: Sequence[Path]) -> PendingRegistrations:
    """Compare the tables below a folder with the manifests inside it.

    A table that no entry names counts as registered where a snapshot holds the same bytes: it is a user's
    own file, of which the snapshot was made. A file that cannot be read, or is too large to be a table,
    holds no such bytes.

    Args:
        folder: where to look, with all folders below.
        manifests: manifests inside `folder`; one that is missing registers nothing.

    Raises:
        DataError: when a manifest exists but cannot be read.
    """
    named: set[str] = set()
    hashes: set[str] = set()
    found: dict[Path, str | None] = {}  # many entries may name one file, which is read once
    missing, changed = [], []
    for manifest in manifests:
        place = PurePosixPath(manifest.parent.relative_to(folder).as_posix())
        for entry in read_manifest(manifest)["resources"] if is_there(manifest) else []:
            path = _shown(place, entry.get("path"))
            named.add(path)
            hashes.add(str(entry.get("hash")))
            try:
                file = locate_resource(manifest.parent, entry.get("path"))
            except DataError:
                missing.append(path)
                continue
            if file not in found:
                found[file] = _hash(file)
            if found[file] != entry.get("hash"):
                changed.append(path)
    unnamed = [path for path in tables_below(folder) if path not in named]
    return PendingRegistrations(
        unregistered=tuple(printable(path) for path in unnamed if _own_hash(folder, path) not in hashes),
        missing=tuple(sorted(missing)),
        changed=tuple(sorted(changed)),
    )


def unregistered_files(folder: Path, entries: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the tables below `folder` that no entry names; no file is opened."""
    registered: Collection[str] = {entry["path"] for entry in entries if isinstance(entry.get("path"), str)}
    return tuple(path for path in tables_below(folder) if path not in registered)


def tables_below(folder: Path) -> list[str]:
    """Return the POSIX paths of all tables below a folder, sorted; hidden files are left out."""
    return sorted(
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.suffix in SUFFIXES and not file.name.startswith(".") and _is_file(file)
    )


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # its folder can be listed but not entered: there is something, and nobody knows what
        return True


def _shown(place: PurePosixPath, path: object) -> str:
    # A path that no manifest may hold names no file; it is only shown, so it must be printable.
    return "/".join((*place.parts, str(path) if is_manifest_path(path) else quote(path).strip("'")))


def _own_hash(folder: Path, path: str) -> str | None:
    try:
        return _hash(locate(folder, path))
    except DataError:  # a link that leads out is not followed
        return None


def _hash(file: Path) -> str | None:
    try:
        return f"sha256:{sha256_of_bytes(read_at_most(file))}"
    except DataError:
        return None
