"""Manifests after Data Package v2: what a table is, where it came from, and the hash it must have.

Specification: https://datapackage.org/standard/data-package/ (own properties are allowed there).
Each job writes one sidecar beside its table; one later job gathers the sidecars of a folder into
`datapackage.json`, so that no two jobs ever write the same file.
"""

import json
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from simmer.data.problems import quote
from simmer.data.tables import content_sha256
from simmer.errors import DataError
from simmer.files import read_json, sha256_of_bytes, sha256_of_file

MANIFEST_NAME = "datapackage.json"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
MAX_MANIFEST_BYTES = 16 * 2**20
MAX_RESOURCES = 10_000

# ASCII only, so that no separator, NUL, drive letter or look-alike character can name another file.
_PATH = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_FIELD_TYPES = {"Date": "date", "float64": "number", "int64": "integer"}


@dataclass(frozen=True)
class Provenance:
    """Where a table came from; `sources` are Data Package sources, each with a title."""

    ticker: str
    kind: str
    adjustment: str
    tool: str
    sources: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class PendingRegistrations:
    """How a folder and its manifest differ, as POSIX paths relative to the manifest."""

    unregistered: tuple[str, ...]
    missing: tuple[str, ...]
    changed: tuple[str, ...]


def describe_resource(
    path: str, *, content: bytes, frame: pd.DataFrame, provenance: Provenance
) -> dict[str, Any]:
    """Return the manifest entry of one table.

    Args:
        path: POSIX path relative to the manifest's folder, ending in .csv or .parquet.
        content: the very bytes of the file; hash and size are taken from them.
        frame: the table in those bytes (Date first, at least one row).
        provenance: where it came from.

    Raises:
        DataError: for a path a manifest may not hold, an unknown format or an empty table.
    """
    pure = PurePosixPath(path)
    form = pure.suffix.removeprefix(".")
    if not is_safe_path(path) or form not in _MEDIA:
        raise DataError(
            f"{quote(path)} cannot be registered; expected a relative path ending in .csv or .parquet"
        )
    if frame.empty:
        raise DataError(f"{path} has no rows; an empty table cannot be registered")
    fields = [
        {"name": str(name), "type": _FIELD_TYPES.get(str(name)) or _FIELD_TYPES[str(dtype)]}
        for name, dtype in frame.dtypes.items()
    ]
    entry = {
        "name": pure.stem.lower(),
        "path": path,
        "type": "table",
        "format": form,
        "mediatype": _MEDIA[form],
        "bytes": len(content),
        "hash": f"sha256:{sha256_of_bytes(content)}",
        "schema": {"fields": fields, "primaryKey": ["Date"]},
        "sources": [dict(source) for source in provenance.sources],
        "ticker": provenance.ticker,
        "kind": provenance.kind,
        "adjustment": provenance.adjustment,
        "tool": provenance.tool,
        "content_sha256": content_sha256(frame),
        **date_facts(frame),
    }
    return entry | {"encoding": "utf-8"} if form == "csv" else entry


def date_facts(frame: pd.DataFrame) -> dict[str, Any]:
    """Return rows, date_min and date_max (ISO) of a table with at least one row."""
    dates = frame["Date"]
    return {"rows": len(frame), "date_min": f"{dates.min():%Y-%m-%d}", "date_max": f"{dates.max():%Y-%m-%d}"}


def sidecar_path(table: Path) -> Path:
    """Return where the entry of one table is kept until a manifest gathers it."""
    return table.with_suffix(".resource.json")


def gather_sidecars(name: str, sidecars: Sequence[Path]) -> dict[str, Any]:
    """Return the manifest made of the entries in these sidecar files.

    Raises:
        DataError: when a sidecar is missing or is not a JSON object, or two entries share a name.
    """
    entries = []
    for sidecar in sidecars:
        try:
            entry = read_json(sidecar)
        except (OSError, ValueError) as error:
            raise DataError(f"{sidecar} cannot be read ({error}); acquire that table again") from error
        if not isinstance(entry, dict):
            raise DataError(f"{sidecar} holds a {type(entry).__name__}; expected one manifest entry")
        entries.append(entry)
    return build_manifest(name, entries)


def build_manifest(name: str, resources: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a Data Package of these resources, sorted by name, ready for `simmer.files.write_json`.

    Raises:
        DataError: when two resources share a name.
    """
    entries = sorted((dict(resource) for resource in resources), key=lambda entry: str(entry.get("name")))
    names = [str(entry.get("name")) for entry in entries]
    for earlier, later in pairwise(names):
        if earlier == later:
            raise DataError(f"two tables are called {quote(later)}; give one of the files another name")
    return {"$schema": PROFILE, "name": name, "resources": entries}


def read_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest whose `resources` is a list of JSON objects; the entries themselves are not judged.

    Raises:
        DataError: when the file is missing, too large, not JSON, has a key twice or another shape.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{path} is not a regular file; expected a {MANIFEST_NAME}")
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise DataError(f"{path} has {path.stat().st_size} bytes; expected at most {MAX_MANIFEST_BYTES}")
        text = path.read_bytes().decode("utf-8")
        manifest = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; run the rule that writes the manifest") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is not a JSON manifest ({error}); write the manifest again") from error
    resources = manifest.get("resources") if isinstance(manifest, dict) else None
    if not isinstance(resources, list) or not all(isinstance(entry, dict) for entry in resources):
        raise DataError(
            f"{path} has another shape; expected an object whose `resources` is a list of objects"
        )
    if not 1 <= len(resources) <= MAX_RESOURCES:
        raise DataError(f"{path} names {len(resources)} resources; expected 1 to {MAX_RESOURCES}")
    return manifest


def is_safe_path(text: object) -> bool:
    """Tell whether a manifest may hold this path: relative, POSIX, ASCII, without `.` and `..` steps."""
    return (
        isinstance(text, str) and _PATH.fullmatch(text) is not None and not {".", ".."} & set(text.split("/"))
    )


def locate(folder: Path, path: object) -> Path:
    """Return the regular file below `folder` that a manifest's `path` names, with all links followed.

    Raises:
        DataError: when the path is unsafe, leads out of the folder, or names no regular file.
    """
    if not is_safe_path(path):
        raise DataError(f"path is {quote(path)}; expected a plain relative path below the manifest's folder")
    try:
        root = Path(os.path.realpath(folder, strict=True))
        file = Path(os.path.realpath(folder / str(path), strict=True))
    except OSError as error:
        raise DataError(f"the file cannot be found ({error.strerror}); acquire it again") from error
    if not file.is_relative_to(root):
        raise DataError(
            "the path is a link that leads out of the manifest's folder; put the file itself there"
        )
    if not stat.S_ISREG(file.stat().st_mode):
        raise DataError("the path names something that is not a regular file; put a plain file there")
    return file


def pending_registrations(manifest_path: Path, suffixes: Sequence[str]) -> PendingRegistrations:
    """Compare a folder with its manifest; a missing manifest registers nothing.

    Args:
        manifest_path: the manifest; its folder and the folders below are searched.
        suffixes: endings of the files that ought to be registered, such as (".csv",).

    Raises:
        DataError: when the manifest exists but cannot be read.
    """
    folder = manifest_path.parent
    entries = read_manifest(manifest_path)["resources"] if manifest_path.exists() else []
    missing, changed = [], []
    for entry in entries:
        try:
            file = locate(folder, entry.get("path"))
        except DataError:
            missing.append(str(entry.get("path")))
            continue
        if f"sha256:{sha256_of_file(file)}" != entry.get("hash"):
            changed.append(str(entry.get("path")))
    return PendingRegistrations(
        unregistered=unregistered_files(folder, entries, suffixes),
        missing=tuple(sorted(missing)),
        changed=tuple(sorted(changed)),
    )


def unregistered_files(
    folder: Path, entries: Iterable[Mapping[str, Any]], suffixes: Sequence[str]
) -> tuple[str, ...]:
    """Return the files below `folder` with these endings that no entry names; no file is opened."""
    registered = {entry["path"] for entry in entries if isinstance(entry.get("path"), str)}
    on_disk = {
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.suffix in suffixes and not file.name.startswith(".") and file.is_file()
    }
    return tuple(sorted(on_disk - registered))


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key appears twice among {quote(keys)}")
    return dict(pairs)


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")
