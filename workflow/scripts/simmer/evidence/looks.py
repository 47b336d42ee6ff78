"""The log of looks at test days: one line per set of predictions that was scored, append only, in two copies.

Two looks concern the same test split if the ticker is equal and their days overlap. Other labels, other
features or another split of the earlier days do not make test days unseen again.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simmer.base.errors import LedgerError
from simmer.base.files import user_facing_os_errors
from simmer.base.records import parse_record, read_file, with_digest
from simmer.ledger.copies import both

Look = Mapping[str, Any]

_TEXTS = ("time", "ticker", "first_date", "last_date", "predictions_sha256")


def record_look(path: Path, look: Look) -> None:
    """Append a look and the time to both copies of the log, unless it is there already.

    A look that only one copy has is appended to the other.

    Args:
        path: the log.
        look: `ticker`, `first_date` and `last_date` of its test split, `horizon_days`, `winners` (fingerprint
            and trial of each scale) and `predictions_sha256`.

    Raises:
        LedgerError: when the log cannot be written.
    """
    known = read_looks(path)
    if dict(look) not in [{key: one.get(key) for key in look} for one in known]:
        known.append({"time": datetime.now(UTC).isoformat(timespec="seconds")} | look)
    _append_missing(path, known)


def restore_looks(path: Path) -> None:
    """Append to each copy of the log the looks that only the other one has.

    Raises:
        LedgerError: when the log cannot be written.
    """
    _append_missing(path, read_looks(path))


def incomplete_copies(path: Path) -> dict[Path, tuple[int, int]]:
    """Return the number of missing looks and of damaged lines of each copy that has some."""
    known, found = read_looks(path), {}
    for copy in both(path):
        looks = _looks_in(copy)
        missing, damaged = sum(look not in looks for look in known), len(_lines(copy)) - len(looks)
        if missing or damaged:
            found[copy] = (missing, damaged)
    return found


def read_looks(path: Path) -> list[dict[str, Any]]:
    """Return all looks of both copies, oldest first; damaged lines are skipped, a missing log has none.

    Raises:
        LedgerError: when a copy cannot be read.
    """
    found: list[dict[str, Any]] = []
    for copy in both(path):
        found += [look for look in _looks_in(copy) if look not in found]
    return sorted(found, key=lambda look: str(look.get("time")))


def of_same_days(known: Sequence[Look], look: Look) -> list[Look]:
    """Return the looks of the same ticker whose test days overlap those of `look`, at any horizon."""
    return [
        one
        for one in known
        if one["ticker"] == look["ticker"]
        and one["first_date"] <= look["last_date"]
        and look["first_date"] <= one["last_date"]
    ]


def count_looks(known: Sequence[Look], look: Look) -> int:
    """Return the number of different sets of predictions scored on these days at this horizon."""
    return len(
        {
            one["predictions_sha256"]
            for one in of_same_days(known, look)
            if one["horizon_days"] == look["horizon_days"]
        }
    )


def horizons_seen(known: Sequence[Look], look: Look) -> int:
    """Return the number of horizons scored on these days, including ones that are no longer configured."""
    return len({one["horizon_days"] for one in of_same_days(known, look)})


def _append_missing(path: Path, known: Sequence[Look]) -> None:
    for copy in both(path):
        there = _looks_in(copy)
        lines = [json.dumps(with_digest(one)) + "\n" for one in known if one not in there]
        if lines:
            _append(copy, "".join(lines))


def _looks_in(path: Path) -> list[dict[str, Any]]:
    return [look for look in map(_parsed, _lines(path)) if look is not None]


def _lines(path: Path) -> list[bytes]:
    content = read_file(path, advice="move it to another folder and run the same command again") or b""
    return [line for line in content.split(b"\n") if line]


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        look = parse_record(line, where="look", advice="")
    except LedgerError:
        return None
    usable = all(isinstance(look.get(key), str) for key in _TEXTS) and type(look.get("horizon_days")) is int
    return look if usable and _are_winners(look.get("winners")) else None


def _are_winners(found: Any) -> bool:
    return isinstance(found, dict) and all(
        isinstance(won, dict) and won.keys() >= {"trial", "fingerprint"} for won in found.values()
    )


def _append(path: Path, text: str) -> None:
    with user_facing_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # One write, because horizons may be scored in parallel.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            # A line cut off by a power failure must not merge with the new one.
            torn = "" if path.read_bytes().endswith(b"\n") or not path.stat().st_size else "\n"
            content = (torn + text).encode()
            while content:  # a disk that is nearly full takes a part, then refuses the rest
                content = content[os.write(descriptor, content) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
