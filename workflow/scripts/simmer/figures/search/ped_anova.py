"""Which hyperparameters mattered, by PED-ANOVA: how far the values of the best trials differ from all.

PED-ANOVA (Watanabe et al. 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
Subspaces") only asks which trials are among the best, so it needs their order alone. That is why ended
trials can enter: a pruned trial ranks below every completed one, by how far it came and then by its loss
there, as it does for the sampler, and a diverged one below all. To leave them out would be to look away from
just those values that were bad. Trials that ran out of time or memory say nothing about their loss, and
repetitions nothing new: they stay out.

Shuffled losses tell what chance does. It gives ranges larger importances than choices, so each hyperparameter
is held against its own mean under shuffling. The marks are the same multiple of these means for all, so large
that in 95 % of the shuffles not one of the hyperparameters passes its mark: with a mark for each alone, one
in nine would often pass by chance.
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
    """How much one hyperparameter mattered.

    Attributes:
        hyperparameter: its name.
        importance: its share in the sum over all of them.
        chance: its mark in the same shares; in `CHANCE_QUANTILE` of all shuffles of the losses no
            hyperparameter passes its own.
    """

    hyperparameter: str
    importance: float
    chance: float


@dataclass(frozen=True, kw_only=True)
class Importances:
    """How much each hyperparameter mattered, and on what this rests.

    Attributes:
        importances: the most important first; None with fewer than `FEWEST_TRIALS` that came to a loss, or
            where they all used the same values.
        unvaried: the hyperparameters in which no two trials that count differ; they are left out.
        completed, pruned, diverged: trials that count.
        best: how many of them are the best ones whose values are compared with those of all.
    """

    importances: tuple[Importance, ...] | None
    unvaried: tuple[str, ...]
    completed: int
    pruned: int
    diverged: int
    best: int

    @property
    def with_loss(self) -> int:
        """Trials that count and came to a loss."""
        return self.completed + self.pruned

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        method = {"method": "PED-ANOVA", "shuffles": SHUFFLES, "family_wise_quantile": CHANCE_QUANTILE}
        return asdict(self) | method


def importances_of(study: SearchedStudy) -> Importances:
    """Return which hyperparameters of a study mattered."""
    trials = ranked(study)
    ended = [trial.state for trial in trials]
    completed, pruned, diverged = map(ended.count, ("complete", "pruned", "diverged"))
    best = math.ceil(BEST_SHARE * (completed + pruned))
    # The evaluator sees a difference even where all values are the same.
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
    """Return the trials that count, from the best to the worst."""
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
    told = optuna.create_study()
    values = ({key: trial.values[key] for key in known} for trial in trials)
    told.add_trials(
        create_trial(state=TrialState.COMPLETE, value=0.0, params=params, distributions=known)
        for params in values
    )
    # Half a trial less, so that rounding cannot make it one more.
    evaluator = PedAnovaImportanceEvaluator(target_quantile=(best - 0.5) / len(trials))

    def evaluate(ranks: Sequence[int]) -> list[float]:
        found = evaluator.evaluate(told, params=list(known), target=lambda trial: float(ranks[trial.number]))
        return [found[key] for key in known]

    generator = np.random.default_rng(derive_seed("importances"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # at each call: a low target is taken for a good one
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
