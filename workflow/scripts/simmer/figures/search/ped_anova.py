"""Estimate the importance of hyperparameters by PED-ANOVA: how much the best trials differ from all trials.

PED-ANOVA (Watanabe et al. 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
Subspaces") needs only the order of the trials, so pruned and diverged trials can be included. As in the
sampler, pruned trials rank below completed ones, by their epochs and then their loss; diverged trials rank
last. Without them, the values that performed worst would be missing. Trials out of time or memory have no
comparable loss and repetitions add no information: both are left out.

Shuffled losses show the effect of chance. It gives ranges larger importances than choices, so each
hyperparameter is compared with its own mean under shuffling. The marks are one common multiple of these
means, chosen so that in 95 % of the shuffles no hyperparameter passes its mark. With a separate 95 % mark for
each, one of nine hyperparameters would often pass by chance.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState, create_trial

from simmer.base.seeds import derive_seed
from simmer.figures.search.searched import SearchedStudy, SearchedTrial
from simmer.search.space import Space
from simmer.search.suggest import distributions

FEWEST_TRIALS = 10
BEST_SHARE = 0.25
SHUFFLES = 200
CHANCE_QUANTILE = 0.95


@dataclass(frozen=True, kw_only=True)
class Importance:
    """The importance of one hyperparameter.

    Attributes:
        hyperparameter: its name.
        importance: share of the sum over all hyperparameters.
        chance: its mark, in the same unit; in `CHANCE_QUANTILE` of all shuffles of the losses no
            hyperparameter passes its mark.
    """

    hyperparameter: str
    importance: float
    chance: float


@dataclass(frozen=True, kw_only=True)
class Importances:
    """The importances in one study, and the trials behind them.

    Attributes:
        importances: the most important first; None with fewer than `FEWEST_TRIALS` trials with a loss, or if
            all trials used the same values.
        unvaried: hyperparameters with one value in all ranked trials, which are left out.
        completed, pruned, diverged: numbers of ranked trials.
        best: number of best trials whose values are compared with those of all.
    """

    importances: tuple[Importance, ...] | None
    unvaried: tuple[str, ...]
    completed: int
    pruned: int
    diverged: int
    best: int

    @property
    def with_loss(self) -> int:
        """Number of ranked trials with a loss."""
        return self.completed + self.pruned

    def as_json(self) -> dict[str, Any]:
        """Return the importances as JSON values."""
        method = {"method": "PED-ANOVA", "shuffles": SHUFFLES, "family_wise_quantile": CHANCE_QUANTILE}
        return asdict(self) | method


def importances_of(study: SearchedStudy) -> Importances:
    """Estimate the importances of a study's hyperparameters."""
    trials = ranked(study)
    ended = [trial.state for trial in trials]
    completed, pruned, diverged = map(ended.count, ("complete", "pruned", "diverged"))
    best = math.ceil(BEST_SHARE * (completed + pruned))
    # The evaluator reports an importance even for a hyperparameter with one value.
    varied = {
        key: dimension
        for key, dimension in study.dimensions.items()
        if len({trial.values[key] for trial in trials}) > 1
    }
    enough = completed + pruned >= FEWEST_TRIALS and varied
    return Importances(
        importances=_against_chance(Space(varied), trials, best=best) if enough else None,
        unvaried=tuple(sorted(set(study.dimensions) - set(varied))),
        completed=completed,
        pruned=pruned,
        diverged=diverged,
        best=best,
    )


def ranked(study: SearchedStudy) -> list[SearchedTrial]:
    """Return completed, pruned and diverged trials from best to worst, without repetitions."""
    orders = {
        "complete": lambda trial: (0, 0, trial.loss, trial.number),
        "pruned": lambda trial: (1, -trial.epochs, trial.loss, trial.number),
        "diverged": lambda trial: (2, 0, 0.0, trial.number),
    }
    counting = [
        trial
        for trial in study.trials
        if trial.repeats is None
        and (trial.state == "diverged" or (trial.state in orders and trial.loss is not None))
    ]
    return sorted(counting, key=lambda trial: orders[trial.state](trial))


def _against_chance(space: Space, trials: Sequence[SearchedTrial], *, best: int) -> tuple[Importance, ...]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    known = distributions(space)
    ranking = optuna.create_study()
    values = ({key: trial.values[key] for key in known} for trial in trials)
    ranking.add_trials(
        create_trial(state=TrialState.COMPLETE, value=0.0, params=params, distributions=known)
        for params in values
    )
    # Minus half a trial, so that rounding does not add one.
    evaluator = PedAnovaImportanceEvaluator(target_quantile=(best - 0.5) / len(trials))

    def evaluate(ranks: Sequence[int]) -> list[float]:
        found = evaluator.evaluate(
            ranking, params=list(known), target=lambda trial: float(ranks[trial.number])
        )
        return [found[key] for key in known]

    generator = np.random.default_rng(derive_seed("importances"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the evaluator warns at each call that lower is better
        found = np.array(evaluate(range(len(trials))))
        shuffled = np.array([evaluate(generator.permutation(len(trials))) for _ in range(SHUFFLES)])
    usual = np.maximum(shuffled.mean(axis=0), np.finfo(float).tiny)
    marks = usual * np.quantile((shuffled / usual).max(axis=1), CHANCE_QUANTILE)
    shares = np.array([found, marks]) / (found.sum() or 1.0)
    importances = [
        Importance(hyperparameter=key, importance=float(importance), chance=float(chance))
        for key, importance, chance in zip(known, *shares, strict=True)
    ]
    return tuple(sorted(importances, key=lambda one: (-one.importance, one.hyperparameter)))
