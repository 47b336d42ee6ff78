"""The register of what was scored on the test split: a line for each new look, never taken back."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simmer.files import user_facing_os_errors


def record_reading(path: Path, reading: Mapping[str, Any]) -> None:
    """Append a reading with the time, unless the same is there: the same predictions are the same look.

    Args:
        path: the register.
        reading: `horizon_days`, `dataset` (a digest of features, labels and split), `winners` (for each scale
            its fingerprint and trial) and `predictions_sha256`.

    Raises:
        LedgerError: when the register cannot be written.
    """
    known = [{key: one.get(key) for key in reading} for one in readings(path)]
    if dict(reading) in known:
        return
    stamp = {"time": datetime.now(UTC).isoformat(timespec="seconds")}
    with user_facing_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # In one write, for horizons may be scored side by side.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            # A line that a power cut tore stays alone on its line.
            torn = "" if path.read_bytes().endswith(b"\n") or not path.stat().st_size else "\n"
            os.write(descriptor, (torn + json.dumps(stamp | reading) + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def readings(path: Path) -> Sequence[dict[str, Any]]:
    """Return all readings, oldest first; none where there is no register, torn lines left out."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [reading for line in lines if (reading := _parsed(line)) is not None]


def looks(path: Path, *, dataset: str) -> int:
    """Return how many different sets of predictions were scored on the test split of a dataset."""
    return len({one["predictions_sha256"] for one in readings(path) if one["dataset"] == dataset})


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except ValueError:
        return None
