"""Read the published logs of trials."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from simmer.base.errors import LedgerError
from simmer.ledger.address import Address

Event = Mapping[str, Any]


@dataclass(frozen=True)
class TrialLog:
    """Log of one trial, events in the order in which they were written."""

    scale: str
    horizon_days: int
    trial: int
    events: tuple[Event, ...]


def read_trial_log(path: Path) -> TrialLog:
    """Return the log published at `<scale>/<horizon>/trial_NNN.jsonl`.

    Raises:
        LedgerError: when the path has another form, or a line is not JSON.
    """
    address = Address.parse(path)
    try:
        # Split at line feeds only: `splitlines` would also split at separators that JSON texts may contain.
        lines = path.read_text(encoding="utf-8").split("\n")
        events = tuple(json.loads(line) for line in lines if line)
    except ValueError as error:
        raise LedgerError(
            f"found {path} damaged ({error}); expected a JSON object per line; delete it and run the same "
            "command again: it is published again from the ledger"
        ) from error
    return TrialLog(
        scale=address.study.scale,
        horizon_days=address.study.horizon_days,
        trial=address.number,
        events=events,
    )


def time_s(event: Event) -> float:
    """Return the time of an event in seconds since 1970."""
    return datetime.fromisoformat(event["time"]).timestamp()
