"""Successive halving over epochs: end trials early whose first epochs are worse than others'.

The stopping variant of asynchronous successive halving (Li et al. 2020, "A System for Massively Parallel
Hyperparameter Tuning"): at each rung a trial is compared with earlier trials at the same rung, so no trial
waits for another. The decision is a function of the loss curves alone, so a resumed trial decides alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simmer.search.settings import HalvingSettings


@dataclass(frozen=True, kw_only=True)
class SeenCurve:
    """The facts about an earlier trial that halving uses.

    Attributes:
        losses: validation log-loss of each epoch.
        completed: True if the trial was not ended early, so that `losses` is complete.
        diverged: True if it diverged, which counts as worse than any loss.
    """

    losses: tuple[float, ...]
    completed: bool
    diverged: bool


def falls_behind(
    losses: Sequence[float], seen: Sequence[SeenCurve], *, settings: HalvingSettings, epochs_max: int
) -> bool:
    """Return True if a trial ends here, given the losses of its epochs so far.

    At a rung a trial continues if its best loss is among the best 1/eta of all trials that reached the rung,
    itself included, and always if it is the best. Another trial is better if its best loss is lower by more
    than the margin, since a smaller difference may be due to the seed. No trial ends early before
    `min_completed_trials` trials are completed.

    Args:
        losses: validation log-loss of each finished epoch of the trial.
        seen: the earlier trials that it may see.
        settings: rungs, eta, margin, and the number of completed trials required.
        epochs_max: planned epochs.
    """
    if sum(curve.completed for curve in seen) < settings.min_completed_trials:
        return False
    if len(losses) not in settings.rungs(epochs_max):
        return False
    rung = len(losses)
    at_rung = [_best_at(curve, rung) for curve in seen if _stood_at(curve, rung)]
    better = sum(loss < min(losses) - settings.margin for loss in at_rung)
    places = max(1, math.floor((len(at_rung) + 1) / settings.eta))
    return better >= places


def _stood_at(curve: SeenCurve, rung: int) -> bool:
    return curve.completed or curve.diverged or len(curve.losses) >= rung


def _best_at(curve: SeenCurve, rung: int) -> float:
    return math.inf if curve.diverged else min(curve.losses[:rung])
