"""Data Package v2 manifests: description, origin and hash of each table.

Specification: https://datapackage.org/standard/data-package/ (it allows custom properties).
Each job writes the entry of its table to a sidecar file; one later job gathers the sidecars of a folder into
`datapackage.json`, so that no two jobs write the same file.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from simmer.base.errors import DataError
from simmer.base.files import sha256_of_bytes
from simmer.base.text import quote
from simmer.data.tables import content_sha256
from simmer.data.untrusted_files import is_manifest_path, is_there, locate, read_at_most

MANIFEST_NAME = "datapackage.json"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
MAX_MANIFEST_BYTES = 16 * 2**20
MAX_RESOURCES = 10_000

_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_FIELD_TYPES = {"Date": "date", "float64": "number", "int64": "integer"}


@dataclass(frozen=True)
class Provenance:
    """Origin of a table.

    Attributes:
        ticker: its ticker.
        kind: one of `simmer.data.tickers.KINDS`.
        adjustment: how prices were adjusted for dividends and splits, in words.
        tool: programs that made it, with their versions.
        sources: Data Package sources, each with a title.
        calendar: exchange calendar for the session rules.
        retrieved_at: time of the download, ISO 8601 in UTC; None for bundled bars and tables built here.
        reading: how a file of another layout is read, see `simmer.data.layouts.record`; None for the
            workflow's own.
        choices: what a person chose for the bars, see `simmer.data.choices`; None without any.
    """

    ticker: str
    kind: str
    adjustment: str
    tool: str
    sources: tuple[Mapping[str, str], ...]
    calendar: str | None = None
    retrieved_at: str | None = None
    reading: Mapping[str, Any] | None = None
    choices: Mapping[str, Any] | None = None


def describe_resource(
    path: str, *, content: bytes, frame: pd.DataFrame, provenance: Provenance
) -> dict[str, Any]:
    """Return the manifest entry of one table.

    Args:
        path: POSIX path relative to the manifest's folder, ending in .csv or .parquet.
        content: the bytes of the file, for hash and size.
        frame: the table in these bytes (Date first, at least one row).
        provenance: its origin.

    Raises:
        DataError: for a path that a manifest may not hold, an unknown format or an empty table.
    """
    pure = PurePosixPath(path)
    form = pure.suffix.removeprefix(".")
    if not is_manifest_path(path) or form not in _MEDIA:
        raise DataError(
            f"{quote(path)} cannot be listed in a manifest; expected a relative path that ends in .csv or "
            ".parquet: rename the file"
        )
    if frame.empty:
        raise DataError(f"{path} has no rows; expected at least one: build or acquire the table again")
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
        "calendar": provenance.calendar,
        "retrieved_at": provenance.retrieved_at,
        "content_sha256": content_sha256(frame),
        **date_facts(frame),
    }
    entry |= {"encoding": "utf-8"} if form == "csv" else {}
    records = {"reading": provenance.reading, "choices": provenance.choices}
    return entry | {name: dict(record) for name, record in records.items() if record}


def date_facts(frame: pd.DataFrame) -> dict[str, Any]:
    """Return rows, date_min and date_max (ISO) of a table with at least one row."""
    dates = frame["Date"]
    return {"rows": len(frame), "date_min": f"{dates.min():%Y-%m-%d}", "date_max": f"{dates.max():%Y-%m-%d}"}


def ticker_in_file(entry: Mapping[str, Any]) -> str | None:
    """Return the text that names the ticker in its file, from a manifest entry; None without one."""
    reading = entry.get("reading")
    ticker = reading.get("ticker") if isinstance(reading, Mapping) else None
    return ticker if isinstance(ticker, str) else None


def sidecar_path(table: Path) -> Path:
    """Return the path of the sidecar file that holds a table's manifest entry."""
    return table.with_suffix(".resource.json")


def gather_sidecars(name: str, sidecars: Sequence[Path]) -> dict[str, Any]:
    """Return the manifest of the entries in these sidecar files.

    Raises:
        DataError: when a sidecar is missing or is not a JSON object, or two entries share a name.
    """
    return build_manifest(name, [read_entry(sidecar) for sidecar in sidecars])


def build_manifest(name: str, resources: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a Data Package of these resources, sorted by name.

    Raises:
        DataError: when two resources share a name.
    """
    entries = sorted((dict(resource) for resource in resources), key=lambda entry: str(entry.get("name")))
    names = [str(entry.get("name")) for entry in entries]
    for earlier, later in pairwise(names):
        if earlier == later:
            raise DataError(f"two tables are called {quote(later)}; expected unique names: rename one file")
    return {"$schema": PROFILE, "name": name, "resources": entries}


def refuse_other_requests(manifest: Mapping[str, Any], requests: Mapping[str, str]) -> None:
    """Raise `DataError` if bars were acquired for another configuration.

    Args:
        manifest: the manifest of raw bars.
        requests: the digest of the request (`simmer.data.requests`) by ticker.
    """
    others = [
        str(entry.get("ticker"))
        for entry in manifest["resources"]
        if entry.get("request") != requests.get(str(entry.get("ticker")), entry.get("request"))
    ]
    if others:
        files = ", ".join(f"data/raw/{name}.*" for name in others)
        raise DataError(
            f"the bars of {', '.join(others)} were acquired for another configuration; expected those of "
            f"this one: delete {files} and run the same command again"
        )


def read_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest whose `resources` is a list of JSON objects; the entries are not checked.

    Raises:
        DataError: when the file is missing, too large, not JSON, has a duplicate key or another shape.
    """
    manifest = _read_object(path, "run the rule that writes the manifest")
    resources = manifest.get("resources")
    if not isinstance(resources, list) or not all(isinstance(entry, dict) for entry in resources):
        raise DataError(
            f"{path} has another shape; expected an object whose `resources` is a list of objects"
        )
    if not 1 <= len(resources) <= MAX_RESOURCES:
        raise DataError(f"{path} names {len(resources)} resources; expected 1 to {MAX_RESOURCES}")
    return manifest


def read_entry(sidecar: Path) -> dict[str, Any]:
    """Return the manifest entry of one table from its sidecar.

    Raises:
        DataError: when it is missing, too large, not a JSON object, has a duplicate key, or holds a lone
            surrogate or a number beyond float64, which cannot be written to a manifest.
    """
    advice = "acquire that table again"
    entry = _read_object(sidecar, advice)
    try:
        json.dumps(entry, allow_nan=False, ensure_ascii=False, indent=2).encode()
    except (ValueError, RecursionError) as error:
        raise DataError(f"{sidecar} cannot become part of a manifest ({error}); {advice}") from error
    return entry


def locate_resource(folder: Path, path: object) -> Path:
    """Return the regular file below `folder` at a manifest's `path`.

    Raises:
        DataError: when the path is unsafe, leads out of the folder, or is not a regular file.
    """
    if not is_manifest_path(path):
        raise DataError(f"path is {quote(path)}; expected a plain relative path below the manifest's folder")
    return locate(folder, str(path))


def _read_object(path: Path, advice: str) -> dict[str, Any]:
    if not is_there(path):
        raise DataError(f"{path} does not exist; {advice}")
    try:
        text = read_at_most(path, MAX_MANIFEST_BYTES).decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except (DataError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is not a JSON manifest ({error}); {advice}") from error
    if not isinstance(value, dict):
        raise DataError(f"{path} holds a {type(value).__name__}; expected a JSON object: {advice}")
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key appears twice among {quote(keys)}")
    return dict(pairs)


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")
