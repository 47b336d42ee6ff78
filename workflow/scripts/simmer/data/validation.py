"""The check of a folder against its manifest: every file, every rule, all problems in one report."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from simmer.data.bars import check_bars, parse_bars
from simmer.data.manifest import date_facts, locate, read_manifest, unregistered_files
from simmer.data.problems import Problem, quote
from simmer.data.tables import content_sha256, read_table
from simmer.data.tickers import KINDS
from simmer.errors import DataError
from simmer.files import sha256_of_bytes

DEFAULT_MAX_BYTES = 64 * 2**20
SUFFIXES = (".csv", ".parquet")

_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9._-]+")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class CheckedFile:
    """What was found in one file; dates are ISO, `sha256` is the hash of the bytes that were checked."""

    path: str
    ticker: str
    kind: str
    rows: int
    date_min: str
    date_max: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ValidationReport:
    """The outcome of `validate_manifest`; `ok` when no problem is an error."""

    manifest: str
    problems: tuple[Problem, ...]
    checked: tuple[CheckedFile, ...]

    @property
    def ok(self) -> bool:
        """Whether the chain may go on."""
        return all(problem.severity != "error" for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values for `simmer.files.write_json`."""
        return {
            "manifest": self.manifest,
            "ok": self.ok,
            "checked": [asdict(file) for file in self.checked],
            "problems": [asdict(problem) for problem in self.problems],
        }

    def as_text(self) -> str:
        """Return the report as aligned tables for people, ending in a line feed."""
        errors = sum(problem.severity == "error" for problem in self.problems)
        verdict = "valid" if self.ok else "NOT VALID"
        counts = f"{len(self.checked)} files read, {errors} errors, {len(self.problems) - errors} warnings"
        lines = [f"{self.manifest}: {verdict} ({counts})"]
        header = ("file", "ticker", "kind", "rows", "first", "last", "sha256")
        rows = [
            (f.path, f.ticker, f.kind, str(f.rows), f.date_min, f.date_max, f.sha256[:12])
            for f in self.checked
        ]
        if rows:
            lines += ["", *_align([header, *rows])]
        found = [(p.severity, p.file, str(p.row or "-"), p.rule, p.message) for p in self.problems]
        if found:
            lines += [
                "",
                *_align([("severity", "file", "line", "rule", "what and what was expected"), *found]),
            ]
        return "\n".join(lines) + "\n"


def validate_manifest(
    manifest_path: Path,
    *,
    kinds: Mapping[str, str],
    calendar: str | None,
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> ValidationReport:
    """Check a manifest and every file it names; nothing is raised for bad data, all of it is reported.

    Args:
        manifest_path: `datapackage.json` of the folder to be checked.
        kinds: the configured tickers, each "index" or "etf".
        calendar: exchange_calendars name for the session rules, `None` to skip them.
        max_bytes: a larger file is refused by its size, before it is read.

    Raises:
        ConfigError: for an unknown calendar.
    """
    try:
        entries = read_manifest(manifest_path)["resources"]
    except DataError as error:
        broken = Problem(manifest_path.name, None, "manifest", str(error))
        return ValidationReport(manifest_path.name, (broken,), ())
    problems = [
        Problem(manifest_path.name, None, rule, message, "error" if rule != "unregistered" else "warning")
        for rule, message in _whole_manifest_findings(manifest_path, entries, kinds)
    ]
    checked = []
    for position, entry in enumerate(entries):
        label = entry["path"] if isinstance(entry.get("path"), str) else f"resource {position + 1}"
        file, found = _check_resource(
            manifest_path.parent, entry, kinds=kinds, calendar=calendar, max_bytes=max_bytes
        )
        checked += [file] if file else []
        problems += [
            problem if isinstance(problem, Problem) else Problem(quote(label).strip("'"), None, *problem)
            for problem in found
        ]
    return ValidationReport(manifest_path.name, tuple(problems), tuple(checked))


def _whole_manifest_findings(
    manifest_path: Path, entries: list[dict[str, Any]], kinds: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for key in ("name", "path", "hash"):
        # Names that differ by case only are one file on many disks.
        counts = Counter(entry[key].casefold() for entry in entries if isinstance(entry.get(key), str))
        for value, count in counts.items():
            if count > 1:
                yield "duplicate", f"{count} resources have the {key} {quote(value)}; expected one each"
    named = {entry.get("ticker") for entry in entries if isinstance(entry.get("ticker"), str)}
    for ticker in sorted(set(kinds) - named):
        yield (
            "ticker",
            f"{ticker} is configured but no resource has it; acquire it, or drop it from the config",
        )
    for path in unregistered_files(manifest_path.parent, entries, SUFFIXES):
        yield "unregistered", f"{quote(path)} is on disk but no resource names it; register or remove it"


def _check_resource(
    folder: Path, entry: dict[str, Any], *, kinds: Mapping[str, str], calendar: str | None, max_bytes: int
) -> tuple[CheckedFile | None, list[Problem | tuple[str, str]]]:
    found: list[Problem | tuple[str, str]] = [*_entry_findings(entry, kinds)]
    try:
        file = locate(folder, entry.get("path"))
        content = _read_at_most(file, max_bytes)
    except DataError as error:
        return None, [*found, ("path", str(error))]
    if len(content) != entry.get("bytes"):
        found.append(
            ("bytes", f"the file has {len(content)} bytes; the manifest says {quote(entry.get('bytes'))}")
        )
    digest = sha256_of_bytes(content)
    if f"sha256:{digest}" != entry.get("hash"):
        message = (
            f"the content has the hash sha256:{digest[:12]}..., the manifest says {quote(entry.get('hash'))}"
        )
        found.append(("hash", f"{message}; the file was changed or cut off: acquire it again"))
    kind = entry["kind"] if entry.get("kind") in KINDS else "index"
    frame, in_content = _check_content(content, str(entry["path"]), kind=kind, calendar=calendar)
    found += in_content
    if frame is None or frame.empty:
        return None, found
    facts = date_facts(frame)
    for key, value in (facts | {"content_sha256": content_sha256(frame)}).items():
        if entry.get(key) != value:
            found.append((key, f"the file has {key} {value}; the manifest says {quote(entry.get(key))}"))
    checked = CheckedFile(
        path=str(entry["path"]),
        ticker=str(entry.get("ticker")),
        kind=kind,
        bytes=len(content),
        sha256=digest,
        **facts,
    )
    return checked, found


def _check_content(
    content: bytes, path: str, *, kind: str, calendar: str | None
) -> tuple[pd.DataFrame | None, list[Problem | tuple[str, str]]]:
    if path.endswith(".csv"):
        frame, problems = parse_bars(content, path)
        if frame is None:
            return None, [*problems]
        return frame, [*problems, *check_bars(frame, file_name=path, kind=kind, calendar=calendar)]
    try:
        frame = read_table(content, name=path)
    except DataError as error:
        return None, [("table", str(error))]
    if frame["Date"].isna().any() or not frame["Date"].is_monotonic_increasing or not frame["Date"].is_unique:
        return frame, [("order", "dates are not strictly ascending; build the table again")]
    return frame, []


def _entry_findings(entry: dict[str, Any], kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    patterns = {"name": _NAME, "hash": _HASH, "date_min": _ISO_DATE, "date_max": _ISO_DATE}
    for key, pattern in patterns.items():
        value = entry.get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield "entry", f"{key} is {quote(value)}; expected text of the form {pattern.pattern}"
    for key in ("bytes", "rows"):
        value = entry.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            yield "entry", f"{key} is {quote(value)}; expected a whole number above 0"
    if not isinstance(entry.get("sources"), list):
        yield (
            "entry",
            f"sources is {quote(entry.get('sources'))}; expected a list of where the table came from",
        )
    path, form = entry.get("path"), entry.get("format")
    if not isinstance(path, str) or form not in ("csv", "parquet") or not path.endswith(f".{form}"):
        yield "entry", f"format is {quote(form)}; expected csv or parquet, the same as the path's ending"
    ticker, kind = entry.get("ticker"), entry.get("kind")
    stem = PurePosixPath(path).stem if isinstance(path, str) else ""
    # <TICKER>.csv holds bars, <TICKER>_<what>.parquet holds what was made of them.
    if not isinstance(ticker, str) or stem.split("_")[0] != ticker:
        yield (
            "ticker",
            f"ticker is {quote(ticker)}; expected {quote(stem.split('_')[0])}, as in the file's name",
        )
    elif kind != kinds.get(ticker, kind):
        yield "ticker", f"kind is {quote(kind)}; the configuration says {quote(kinds[ticker])}"
    if kind not in KINDS:
        yield "entry", f"kind is {quote(kind)}; expected one of {', '.join(KINDS)}"


def _read_at_most(file: Path, max_bytes: int) -> bytes:
    size = file.stat().st_size
    if size > max_bytes:
        raise DataError(f"the file has {size} bytes; at most {max_bytes} are read")
    try:
        with file.open("rb") as stream:
            return stream.read(max_bytes + 1)
    except OSError as error:
        raise DataError(f"the file cannot be read ({error.strerror}); give read permission") from error


def _align(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
