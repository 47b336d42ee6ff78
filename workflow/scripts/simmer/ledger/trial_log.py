"""Read the published logs of trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from simmer.base.errors import DamagedError
from simmer.base.words import count
from simmer.ledger.address import Address
from simmer.ledger.event_log import read_events
from simmer.ledger.results import PUBLISH_AGAIN

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
        LedgerError: when the path has another form, or a line is damaged.
    """
    address = Address.parse(path)
    events = read_events(path)
    damaged = len(path.read_bytes().splitlines()) - len(events)
    if damaged:
        raise DamagedError(
            f"found {count(damaged, 'damaged line')} in {path}; expected an event on each", PUBLISH_AGAIN
        )
    return TrialLog(
        scale=address.study.scale,
        horizon_days=address.study.horizon_days,
        trial=address.number,
        events=tuple(events),
    )


def time_s(event: Event) -> float:
    """Return the time of an event in seconds since 1970."""
    return datetime.fromisoformat(event["time"]).timestamp()
