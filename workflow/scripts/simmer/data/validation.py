"""Validate a folder against its manifest: check every file with every rule and collect all problems."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from simmer.base.errors import ConfigError, DataError
from simmer.base.files import sha256_of_bytes
from simmer.base.text import quote
from simmer.data.bars import judge_bars
from simmer.data.bars_csv import COLUMNS
from simmer.data.choices import choices_in, vouched_in_words
from simmer.data.cross_checks import check_across
from simmer.data.kinds import KINDS
from simmer.data.manifest import date_facts, locate_resource, read_manifest, ticker_in_file
from simmer.data.pending import unlisted_files
from simmer.data.problems import Problem
from simmer.data.registration import at_lines, read_kept
from simmer.data.tables import content_sha256, read_table
from simmer.data.untrusted_files import MAX_BYTES, read_at_most
from simmer.data.validation_table import CheckedFile, Validation

_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"\^?[a-z0-9._-][a-z0-9._&=-]*")
_DATE = (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "a date such as 2018-12-31")
# The texts of an entry: their form, also in words.
_FORMS = {
    "name": (_NAME, "small letters, digits, dots, hyphens and underscores"),
    "hash": (_HASH, "sha256: and 64 hexadecimal digits"),
    "date_min": _DATE,
    "date_max": _DATE,
}


def validate_manifest(
    manifest_path: Path,
    *,
    kinds: Mapping[str, str],
    calendars: Mapping[str, str] | None,
    max_bytes: int = MAX_BYTES,
) -> Validation:
    """Check a manifest and every file that it lists; bad data is returned as problems, not raised.

    Args:
        manifest_path: `datapackage.json` of the folder.
        kinds: the kind of each configured ticker.
        calendars: exchange_calendars name of each configured ticker, for the session rules; `None` for the
            calendar in each entry.
        max_bytes: larger files are a problem and are not read.

    Raises:
        ConfigError: for an unknown calendar.
    """
    place = {"folder": str(manifest_path.parent), "manifest": manifest_path.name}
    try:
        entries = read_manifest(manifest_path)["resources"]
    except DataError as error:
        broken = Problem(manifest_path.name, None, "manifest", str(error))
        return Validation(**place, problems=(broken,), checked=())
    problems = [
        Problem(manifest_path.name, None, rule, message, "error" if rule != "unregistered" else "warning")
        for rule, message in _whole_manifest_findings(manifest_path, entries, kinds)
    ]
    checked, bars, read = [], {}, set()
    for position, entry in enumerate(entries):
        label = entry["path"] if isinstance(entry.get("path"), str) else f"resource {position + 1}"
        if label in read:  # already reported as a duplicate; the file is not read again
            file, frame, found = None, None, [*_entry_findings(entry, kinds)]
        else:
            file, frame, found = _check_resource(
                manifest_path.parent, entry, kinds=kinds, calendars=calendars, max_bytes=max_bytes
            )
        read.add(label)
        checked += [file] if file else []
        if file and file.path == f"{file.ticker}.csv":
            bars[file.ticker] = frame
        problems += [
            problem if isinstance(problem, Problem) else Problem(quote(label).strip("'"), None, *problem)
            for problem in found
        ]
    problems += check_across(bars)
    return Validation(**place, problems=tuple(problems), checked=tuple(checked))


def _whole_manifest_findings(
    manifest_path: Path, entries: list[dict[str, Any]], kinds: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for key in ("name", "path", "hash"):
        # Names that differ only by case are one file on many file systems.
        # A file of several tickers may be listed once for each.
        counts = Counter(
            (entry[key].casefold(), ticker_in_file(entry) if key == "hash" else None)
            for entry in entries
            if isinstance(entry.get(key), str)
        )
        for (value, _), count in counts.items():
            if count > 1:
                yield "duplicate", f"{count} resources have the {key} {quote(value)}; expected one each"
    named = {entry.get("ticker") for entry in entries if isinstance(entry.get("ticker"), str)}
    for ticker in sorted(set(kinds) - named):
        yield (
            "ticker",
            f"{ticker} is configured but no resource has it; acquire it, or remove it from the configuration",
        )
    for path in unlisted_files(manifest_path.parent, entries):
        yield "unregistered", f"{quote(path)} is on disk but no resource names it; register or remove it"


def _check_resource(
    folder: Path,
    entry: dict[str, Any],
    *,
    kinds: Mapping[str, str],
    calendars: Mapping[str, str] | None,
    max_bytes: int,
) -> tuple[CheckedFile | None, pd.DataFrame | None, list[Problem | tuple[str, str]]]:
    found: list[Problem | tuple[str, str]] = [*_entry_findings(entry, kinds)]
    try:
        file = locate_resource(folder, entry.get("path"))
        content = read_at_most(file, max_bytes)
    except DataError as error:
        return None, None, [*found, ("path", str(error))]
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
    configured = None if calendars is None else calendars.get(str(entry.get("ticker")))
    try:
        frame, in_content, choices = _check_content(
            content, entry, kind=kind, calendar=configured or entry.get("calendar")
        )
    except ConfigError as error:
        if configured is not None:
            raise
        frame, in_content, choices = None, [("entry", str(error))], None
    found += in_content
    if frame is None or frame.empty:
        return None, None, found
    facts = date_facts(frame)
    for key, value in (facts | {"content_sha256": content_sha256(frame)}).items():
        if entry.get(key) != value:
            message = f"the file has {key} {value}; the manifest says {quote(entry.get(key))}"
            found.append((key, f"{message}; the file or its entry was changed: acquire it again"))
    checked = CheckedFile(
        path=str(entry["path"]),
        ticker=quote(entry.get("ticker")).strip("'"),
        kind=kind,
        bytes=len(content),
        sha256=digest,
        choices=choices,
        **facts,
    )
    return checked, frame, found


def _check_content(
    content: bytes, entry: Mapping[str, Any], *, kind: str, calendar: str | None
) -> tuple[pd.DataFrame | None, list[Problem | tuple[str, str]], str | None]:
    """Return the table, what is wrong with it, and what was chosen for its bars in words."""
    path = str(entry["path"])
    if path.endswith(".csv"):
        try:
            table, choices = read_kept(content, entry, file_name=path), choices_in(entry)
        except DataError as error:
            return None, [("entry", str(error))], None
        if table.frame is None:
            return None, [*table.problems], None
        found = judge_bars(
            table.frame[list(COLUMNS)],
            file_name=path,
            kind=kind,
            calendar=calendar,
            ticker=str(entry.get("ticker")),
            choices=choices,
        )
        said = [choices.in_words(), vouched_in_words(found.vouched) if found.vouched else None]
        problems = [*table.problems, *at_lines(found.problems, table.lines)]
        return table.frame, problems, "; ".join(filter(None, said)) or None
    return *_check_features(content, path), None


def _check_features(content: bytes, path: str) -> tuple[pd.DataFrame | None, list[Problem | tuple[str, str]]]:
    try:
        frame = read_table(content, name=path)
    except DataError as error:
        return None, [("table", str(error))]
    if frame.empty:
        return None, [("empty", "there are no rows; build the table again")]
    if frame["Date"].isna().any():
        return None, [
            ("order", "a date is missing, so dates are not strictly ascending; build the table again")
        ]
    if not frame["Date"].is_monotonic_increasing or not frame["Date"].is_unique:
        return frame, [("order", "dates are not strictly ascending; build the table again")]
    return frame, []


def _entry_findings(entry: dict[str, Any], kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, (form, words) in _FORMS.items():
        value = entry.get(key)
        if not isinstance(value, str) or not form.fullmatch(value):
            yield "entry", f"{key} is {quote(value)}; expected {words}"
    for key in ("bytes", "rows"):
        value = entry.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            yield "entry", f"{key} is {quote(value)}; expected a whole number above 0"
    if not isinstance(entry.get("schema"), dict):
        yield "entry", f"schema is {quote(entry.get('schema'))}; expected an object with the table's fields"
    if not isinstance(entry.get("sources"), list):
        yield (
            "entry",
            f"sources is {quote(entry.get('sources'))}; expected a list of where the table came from",
        )
    path, form = entry.get("path"), entry.get("format")
    if not isinstance(path, str) or form not in ("csv", "parquet") or not path.endswith(f".{form}"):
        yield "entry", f"format is {quote(form)}; expected csv or parquet, the same as the path's ending"
    ticker, kind = entry.get("ticker"), entry.get("kind")
    pure = PurePosixPath(path if isinstance(path, str) else "")
    # <TICKER>.csv holds bars, <TICKER>_<name>.parquet a feature table, <TICKER>/<id>.csv a snapshot.
    stem = pure.stem.split("_")[0]
    if not isinstance(ticker, str) or ticker not in (stem, pure.parent.name):
        yield "ticker", f"ticker is {quote(ticker)}; expected {quote(stem)}, as in the file's name"
    elif kind != kinds.get(ticker, kind):
        yield "ticker", f"kind is {quote(kind)}; the configuration says {quote(kinds[ticker])}"
    if not isinstance(entry.get("calendar"), str | None):
        yield "entry", f"calendar is {quote(entry['calendar'])}; expected a name such as XNYS"
    if kind not in KINDS:
        yield "entry", f"kind is {quote(kind)}; expected one of {', '.join(KINDS)}"
