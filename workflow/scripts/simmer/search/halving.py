"""Successive halving over epochs: early epochs decide who goes on.

The stopping form of asynchronous successive halving (Li et al. 2020, "A System for Massively Parallel
Hyperparameter Tuning"): a trial is judged at each rung against those that stood there before it, so none ever
waits for another. A decision is a function of curves alone, so a resumed trial comes to the same one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simmer.search.settings import HalvingSettings


@dataclass(frozen=True, kw_only=True)
class SeenCurve:
    """What a judgement may know of an earlier trial.

    Attributes:
        losses: validation log-loss of each epoch.
        completed: it ended by itself, so `losses` is complete.
        diverged: which is worse than any loss.
    """

    losses: tuple[float, ...]
    completed: bool
    diverged: bool


def falls_behind(
    losses: Sequence[float], seen: Sequence[SeenCurve], *, settings: HalvingSettings, epochs_max: int
) -> bool:
    """Return whether a trial ends here, by the losses of its epochs so far.

    At a rung a trial goes on when its best loss is among the best 1/eta of all that stood at that rung, its
    own included, and always when it is the best. Where fewer than `min_completed_trials` are completed,
    no trial is judged.

    Args:
        losses: validation log-loss of each finished epoch of the trial.
        seen: the earlier trials that it may see.
        settings: rungs, eta, and how many completed trials a judgement needs.
        epochs_max: planned epochs.
    """
    if sum(curve.completed for curve in seen) < settings.min_completed_trials:
        return False
    if len(losses) not in settings.rungs(epochs_max):
        return False
    rung = len(losses)
    at_rung = [_best_at(curve, rung) for curve in seen if _stood_at(curve, rung)]
    better = sum(loss < min(losses) for loss in at_rung)
    places = max(1, math.floor((len(at_rung) + 1) / settings.eta))
    return better >= places


def _stood_at(curve: SeenCurve, rung: int) -> bool:
    return curve.completed or curve.diverged or len(curve.losses) >= rung


def _best_at(curve: SeenCurve, rung: int) -> float:
    return math.inf if curve.diverged else min(curve.losses[:rung])
