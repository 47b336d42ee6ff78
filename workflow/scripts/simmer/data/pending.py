"""Pending registrations: differences between the tables on disk and their manifests."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from simmer.base.errors import DataError
from simmer.base.files import sha256_of_bytes
from simmer.base.text import printable, quote
from simmer.data.manifest import locate_resource, read_manifest
from simmer.data.untrusted_files import is_manifest_path, is_there, locate, read_at_most

SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class PendingRegistrations:
    """Differences between files and manifests, as POSIX paths relative to the folder.

    Attributes:
        unlisted: tables on disk that no manifest lists.
        missing: listed tables that are not on disk.
        changed: listed tables with another hash.
    """

    unlisted: tuple[str, ...]
    missing: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.unlisted or self.missing or self.changed)


def pending_registrations(folder: Path, manifests: Sequence[Path]) -> PendingRegistrations:
    """Compare the tables below a folder with the manifests inside it.

    A table that no entry lists is not reported if an entry has its hash: it is the user's own file from which
    a snapshot was made. A file that cannot be read or is too large counts as changed or unlisted.

    Args:
        folder: searched with all its subfolders.
        manifests: manifests inside `folder`; a missing one lists no table.

    Raises:
        DataError: when a manifest exists but cannot be read.
    """
    named: set[str] = set()
    hashes: set[str] = set()
    found: dict[Path, str | None] = {}  # several entries may name one file; it is read once
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
        unlisted=tuple(printable(path) for path in unnamed if _own_hash(folder, path) not in hashes),
        missing=tuple(sorted(missing)),
        changed=tuple(sorted(changed)),
    )


def unlisted_files(folder: Path, entries: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the tables below `folder` that no entry lists; no file is opened."""
    listed: Collection[str] = {entry["path"] for entry in entries if isinstance(entry.get("path"), str)}
    return tuple(path for path in tables_below(folder) if path not in listed)


def tables_below(folder: Path) -> list[str]:
    """Return the POSIX paths of all tables below a folder, sorted, without hidden files."""
    return sorted(
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.suffix in SUFFIXES and not file.name.startswith(".") and _is_file(file)
    )


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # its folder can be listed but not entered, so this may be a file
        return True


def _shown(place: PurePosixPath, path: object) -> str:
    # A path that a manifest may not hold is only shown in messages, so it must be printable.
    return "/".join((*place.parts, str(path) if is_manifest_path(path) else quote(path).strip("'")))


def _own_hash(folder: Path, path: str) -> str | None:
    try:
        return _hash(locate(folder, path))
    except DataError:  # such as a link that leads out of the folder
        return None


def _hash(file: Path) -> str | None:
    try:
        return f"sha256:{sha256_of_bytes(read_at_most(file))}"
    except DataError:
        return None
