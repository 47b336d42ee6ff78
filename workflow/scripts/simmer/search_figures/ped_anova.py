"""Which hyperparameters mattered, by PED-ANOVA: how far the values of the best trials differ from all.

PED-ANOVA (Watanabe et al. 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
Subspaces") only asks which trials are among the best, so it needs their order alone. That is why ended
trials can enter: a pruned trial ranks below every completed one, by how far it came and then by its loss
there, as it does for the sampler, and a diverged one below all. To leave them out would be to look away from
just those values that were bad. Trials that ran out of time or memory say nothing about their loss, and
repetitions nothing new: they stay out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState, create_trial

from simmer.search.space import Space
from simmer.search.suggest import distributions
from simmer.search_figures.searched import SearchedStudy, SearchedTrial
from simmer.seeds import derive_seed

FEWEST_TRIALS = 10
BEST_SHARE = 0.25
SHUFFLES = 100
CHANCE_QUANTILE = 0.95


@dataclass(frozen=True, kw_only=True)
class Importance:
    """How much one hyperparameter mattered.

    Attributes:
        hyperparameter: its name.
        importance: its share in the sum over all of them.
        chance: what `CHANCE_QUANTILE` of all shuffles of the losses stay below, in the same shares.
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
        return asdict(self) | {
            "method": "PED-ANOVA",
            "shuffles": SHUFFLES,
            "chance_quantile": CHANCE_QUANTILE,
        }


def importances_of(study: SearchedStudy) -> Importances:
    """Return which hyperparameters of a study mattered."""
    trials = [trial for trial in study.trials if trial.repeats is None and _counts(trial)]
    completed, pruned, diverged = (
        sum(trial.state == state for trial in trials) for state in ("complete", "pruned", "diverged")
    )
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


def _counts(trial: SearchedTrial) -> bool:
    return trial.state == "diverged" or (trial.loss is not None and trial.state in ("complete", "pruned"))


def _against_chance(space: Space, trials: Sequence[SearchedTrial], *, best: int) -> tuple[Importance, ...]:
    ranks = _ranks(trials)
    found = _ped_anova(space, trials, ranks, best=best)
    generator = np.random.default_rng(derive_seed("importances"))
    shuffled = [_ped_anova(space, trials, generator.permutation(ranks), best=best) for _ in range(SHUFFLES)]
    total = sum(found.values()) or 1.0
    importances = [
        Importance(
            hyperparameter=key,
            importance=value / total,
            chance=float(np.quantile([one[key] for one in shuffled], CHANCE_QUANTILE)) / total,
        )
        for key, value in found.items()
    ]
    return tuple(sorted(importances, key=lambda one: (-one.importance, one.hyperparameter)))


def _ranks(trials: Sequence[SearchedTrial]) -> list[int]:
    order = sorted(range(len(trials)), key=lambda index: _order(trials[index]))
    ranks = [0] * len(trials)
    for rank, index in enumerate(order):
        ranks[index] = rank
    return ranks


def _order(trial: SearchedTrial) -> tuple[int, int, float, int]:
    if trial.state == "complete":
        return 0, 0, trial.loss, trial.number
    if trial.state == "pruned":
        return 1, -trial.epochs, trial.loss, trial.number
    return 2, 0, 0.0, trial.number


def _ped_anova(
    space: Space, trials: Sequence[SearchedTrial], ranks: Sequence[int], *, best: int
) -> Mapping[str, float]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    known = distributions(space)
    ranked = optuna.create_study(direction="minimize")
    ranked.add_trials(
        [
            create_trial(
                state=TrialState.COMPLETE,
                value=float(rank),
                params={key: trial.values[key] for key in known},
                distributions=known,
            )
            for trial, rank in zip(trials, ranks, strict=True)
        ]
    )
    # Half a trial less, so that rounding cannot make it one more.
    evaluator = PedAnovaImportanceEvaluator(target_quantile=(best - 0.5) / len(trials))
    return evaluator.evaluate(ranked, params=list(known))
