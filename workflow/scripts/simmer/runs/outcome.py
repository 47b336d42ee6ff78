"""What came of a trial, as its result records it, and what later trials may know of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from simmer.search.halving import SeenCurve
from simmer.search.space import Hyperparameters
from simmer.search.suggest import FinishedTrial
from simmer.training.plan import Ending, Outcome

STATES: dict[Ending, str] = {
    "last_epoch": "complete",
    "patience": "complete",
    "halving": "pruned",
    "time_limit": "out_of_time",
    "diverged": "diverged",
}


def verdict_on(outcome: Outcome) -> dict[str, Any]:
    """Return state, best epoch and all of the outcome; what diverged has no best epoch."""
    state, best = STATES[outcome.ended], None
    if outcome.best_epoch is not None and state != "diverged":
        best = outcome.curve[outcome.best_epoch - 1]
    return asdict(outcome) | {
        "state": state,
        "validation_log_loss": best and best["validation"]["log_loss"],
        "best_epoch": best and best["epoch"],
        "best": best,
    }


def without_outcome(state: str, reason: str) -> dict[str, Any]:
    """Return the same keys for a trial that never came to an outcome."""
    absent = dict.fromkeys(field.name for field in fields(Outcome))
    measures = {"validation_log_loss": None, "best_epoch": None, "best": None}
    return absent | measures | {"state": state, "reason": reason, "curve": []}


def finished_trial(result: Mapping[str, Any]) -> FinishedTrial:
    """Return what a suggestion may know of a result."""
    return FinishedTrial(
        hyperparameters=Hyperparameters(**result["hyperparameters"]),
        value=result["validation_log_loss"],
        ended_at=len(result["curve"]) if result["state"] == "pruned" else None,
        repeats=result["repeats"] is not None,
    )


def seen_curves(results: Sequence[Mapping[str, Any]]) -> list[SeenCurve]:
    """Return what successive halving may know of results; a trial that repeats another counts once.

    What ran out of time is as complete as this machine lets a trial be.
    """
    return [
        SeenCurve(
            losses=tuple(record["validation"]["log_loss"] for record in result["curve"]),
            completed=result["state"] in ("complete", "out_of_time") and bool(result["curve"]),
            diverged=result["state"] == "diverged",
        )
        for result in results
        if result["repeats"] is None
    ]
