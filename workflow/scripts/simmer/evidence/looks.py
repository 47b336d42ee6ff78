"""The log of looks at test days: one line per set of predictions that was scored, append only.

Two looks concern the same test split if the ticker is equal and their days overlap. Other labels, other
features or another split of the earlier days do not make test days unseen again.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simmer.base.files import user_facing_os_errors

Look = Mapping[str, Any]


def record_look(path: Path, look: Look) -> None:
    """Append a look and the time, unless it is in the log already.

    Args:
        path: the log.
        look: `ticker`, `first_date` and `last_date` of its test split, `horizon_days`, `winners` (fingerprint
            and trial of each scale) and `predictions_sha256`.

    Raises:
        LedgerError: when the log cannot be written.
    """
    known = [{key: one.get(key) for key in look} for one in read_looks(path)]
    if dict(look) in known:
        return
    stamp = {"time": datetime.now(UTC).isoformat(timespec="seconds")}
    with user_facing_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # One write, because horizons may be scored in parallel.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            # A line cut off by a power failure must not merge with the new one.
            torn = "" if path.read_bytes().endswith(b"\n") or not path.stat().st_size else "\n"
            os.write(descriptor, (torn + json.dumps(stamp | look) + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_looks(path: Path) -> list[dict[str, Any]]:
    """Return all looks, oldest first; incomplete lines are skipped, a missing log has no looks."""
    if not path.is_file():
        return []
    parsed = map(_parsed, path.read_text(encoding="utf-8", errors="replace").splitlines())
    return [look for look in parsed if look is not None]


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


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        look = json.loads(line)
    except ValueError:
        return None
    return look if isinstance(look, dict) and "predictions_sha256" in look else None
