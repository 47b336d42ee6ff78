"""Convert outcomes to result fields, and results to the facts that later trials may use."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from simmer.ledger.results import Epoch, Scores, State, TrialResult
from simmer.search.halving import SeenCurve
from simmer.search.space import Hyperparameters
from simmer.search.suggest import FinishedTrial
from simmer.training.plan import Ending, Outcome

STATES: dict[Ending, State] = {
    "last_epoch": "complete",
    "patience": "complete",
    "halving": "pruned",
    "time_limit": "out_of_time",
    "diverged": "diverged",
}


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """Return the result fields of an outcome; a diverged run has no best epoch."""
    state, best = STATES[outcome.ended], None
    curve = tuple(
        Epoch(**{**record, "validation": Scores(**record["validation"])}) for record in outcome.curve
    )
    if outcome.best_epoch is not None and state != "diverged":
        best = curve[outcome.best_epoch - 1]
    return vars(outcome) | {
        "state": state,
        "curve": curve,
        "validation_log_loss": best and best.validation.log_loss,
        "best_epoch": best and best.epoch,
        "best": best,
    }


def without_outcome(state: State, reason: str) -> dict[str, Any]:
    """Return the same fields for a run without an outcome."""
    absent = dict.fromkeys(field.name for field in fields(Outcome))
    measures = {"validation_log_loss": None, "best_epoch": None, "best": None}
    return absent | measures | {"state": state, "reason": reason, "curve": ()}


def finished_trial(result: TrialResult) -> FinishedTrial:
    """Return the facts about a result that a suggestion may use."""
    return FinishedTrial(
        hyperparameters=Hyperparameters(**result.hyperparameters),
        value=result.loss,
        ended_at=len(result.curve) if result.state == "pruned" else None,
        repeats=result.repeats is not None,
    )


def seen_curves(results: Sequence[TrialResult]) -> list[SeenCurve]:
    """Return the facts about results that successive halving may use; repeats are left out.

    A trial that ran out of time counts as completed, because it cannot get further on this machine.
    """
    return [
        SeenCurve(
            losses=result.losses,
            completed=result.state in ("complete", "out_of_time") and bool(result.curve),
            diverged=result.state == "diverged",
        )
        for result in results
        if result.repeats is None
    ]
