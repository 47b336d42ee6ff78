"""Estimate the training time left, from the trials so far, and name the basis of the estimate."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import fmean, median

from simmer.status.progress import StudyProgress
from simmer.status.trial_files import TrialProgress

# Longest gap between two trials of the same run; a longer one was a stop.
_LONGEST_HANDOVER_S = 120.0


class Basis(StrEnum):
    """The basis of an estimate."""

    MEASURED = "measured"  # mean of the study's own trials
    OTHER_HORIZONS = "other horizons"  # mean of the trials of the same scale at other horizons
    PACE = "pace"  # every epoch of every trial, at the speed of the trial that trains now
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds of training left in a study.

    Attributes:
        seconds: None if unknown; an upper bound if the basis is `PACE`.
        trials: number of trials measured.
    """

    seconds: float | None
    basis: Basis
    trials: int = 0


def estimate(study: StudyProgress, scale: Sequence[StudyProgress], *, now_s: float) -> Estimate:
    """Return the training time left for a study's trials or, once they are done, for its race and refits.

    The mean is over all trials that trained, pruned ones included; repeats answered from the ledger are left
    out. For a trial under way, the time left is the mean time left of the trials that took longer than it
    has so far.

    Args:
        study: the study.
        scale: all studies of its scale.
        now_s: seconds since 1970.
    """
    own, others = _measured([study]), _measured(scale)
    if not study.left:
        return _of_whole_runs(study, scale, now_s)
    elapsed_s = [_elapsed_s(study, trial, now_s) for trial in _under_way(study)]
    if measured := own or others:
        handover_s = _handover_s(scale)
        new_s = (study.left - len(elapsed_s)) * (fmean(measured) + handover_s)
        rest_s = sum(_rest_s(measured, seconds) for seconds in elapsed_s)
        basis = Basis.MEASURED if own else Basis.OTHER_HORIZONS
        return Estimate(seconds=max(0.0, new_s) + rest_s, basis=basis, trials=len(measured))
    paces = [trial.epoch_s for each in (study, *scale) for trial in _under_way(each) if trial.epoch_s]
    if paces and study.place.epochs_max:
        seconds = study.left * study.place.epochs_max * paces[0] - sum(elapsed_s)
        return Estimate(seconds=max(0.0, seconds), basis=Basis.PACE)
    return Estimate(seconds=None, basis=Basis.NOTHING)


def _of_whole_runs(study: StudyProgress, scale: Sequence[StudyProgress], now_s: float) -> Estimate:
    """Return the time left for race runs and refits, from those of the scale or else from the best trial."""
    left = study.race_left + study.refits_left
    if not left:
        return Estimate(seconds=0.0, basis=Basis.MEASURED)
    runs = [run for each in scale for run in (*each.raced, *each.refits)]
    took_s = [run.trained_s for run in runs if run.trained_s > 0.0]
    if not took_s and study.best is not None and study.best.trained_s > 0.0:
        took_s = [study.best.trained_s]
    if not took_s:
        return Estimate(seconds=None, basis=Basis.NOTHING)
    elapsed_s = [_elapsed_s(study, work.trial, now_s) for work in study.begun if not work.trial.is_trial]
    new_s = max(0, left - len(elapsed_s)) * (fmean(took_s) + _handover_s(scale))
    seconds = new_s + sum(_rest_s(took_s, each) for each in elapsed_s)
    return Estimate(seconds=seconds, basis=Basis.MEASURED, trials=len(took_s))


def _measured(studies: Sequence[StudyProgress]) -> list[float]:
    trials = [trial for study in studies for trial in study.finished if trial.repeats is None]
    return [trial.trained_s for trial in trials if trial.trained_s > 0.0]


def _under_way(study: StudyProgress) -> list[TrialProgress]:
    return [work.trial for work in study.begun if work.trial.is_trial]


def _elapsed_s(study: StudyProgress, trial: TrialProgress, now_s: float) -> float:
    """Return the seconds a trial has trained, including the time since its last epoch if it trains now."""
    alive = any(work.alive and work.trial is trial for work in study.begun)
    known_s = [at_s for at_s in (trial.last_epoch_at_s, trial.started_s) if at_s is not None]
    return trial.trained_s + (max(0.0, now_s - max(known_s)) if alive and known_s else 0.0)


def _rest_s(measured: Sequence[float], elapsed_s: float) -> float:
    longer = [seconds - elapsed_s for seconds in measured if seconds > elapsed_s]
    # Longer than every earlier trial: assume the mean once more.
    return fmean(longer) if longer else fmean(measured)


def _handover_s(studies: Sequence[StudyProgress]) -> float:
    """Return the median seconds between the end of a trial and the start of the next one."""
    moments = sorted(
        (at_s, is_start)
        for study in studies
        for trial in study.all_trials
        for at_s, is_start in ((trial.begun_s, True), (trial.finished_s, False))
        if at_s is not None
    )
    gaps_s = [
        after_s - before_s
        for (before_s, was_start), (after_s, is_start) in pairwise(moments)
        if is_start and not was_start and after_s - before_s <= _LONGEST_HANDOVER_S
    ]
    return median(gaps_s) if gaps_s else 0.0
