"""The finished runs of a comparison, by model and set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from recipe_opponents import Opponent
from recipe_scores import Members
from recipe_training import Training
from recipe_variants import SHIPPED, VARIANTS
from run_store import Facts, RunStore
from walk_forward import SCORED, WalkForwardSet

OnSets = dict[WalkForwardSet, Members]


@dataclass(frozen=True)
class Results:
    """What is finished.

    Attributes:
        trained: members by variant and scale, then by set.
        runs: the stored lines of the trainings, by variant and scale.
        opponents: members by baseline, then by set.
    """

    trained: dict[tuple[str, str], OnSets] = field(default_factory=dict)
    runs: dict[tuple[str, str], list[Facts]] = field(default_factory=dict)
    opponents: dict[str, OnSets] = field(default_factory=dict)

    @classmethod
    def of(cls, jobs: Iterable[Training | Opponent], store: RunStore) -> "Results":
        """Return the stored results of these jobs."""
        results = cls()
        for job in jobs:
            found = store.result(job)
            if found is not None:
                results._add(job, found)
        return results

    def _add(self, job: Training | Opponent, found: Facts) -> None:
        if isinstance(job, Training):
            model, first = (job.variant.name, job.scale), job.seed
            self.runs.setdefault(model, []).append(found)
            on_sets = self.trained.setdefault(model, {})
        else:
            on_sets, first = self.opponents.setdefault(job.baseline, {}), 0
        members = on_sets.setdefault(job.one, Members(labels(job.one), {part: {} for part in SCORED}))
        for part in SCORED:
            for number, predicted in enumerate(found["predictions"][part]):
                members.probabilities[part][first + number] = np.array(predicted)

    def reach(self, variant: str) -> OnSets:
        """Return on each set the members of the scale whose average is better on validation."""
        reached: OnSets = {}
        for (name, _), on_sets in self.trained.items():
            for one, members in on_sets.items() if name == variant else ():
                best = reached.setdefault(one, members)
                reached[one] = min(best, members, key=lambda found: found.averaged("validation"))
        return reached


@cache
def labels(one: WalkForwardSet) -> Mapping[str, np.ndarray]:
    """Return the labels of the scored parts of a set, [days] of 0 and 1 each."""
    dataset = one.dataset(VARIANTS[SHIPPED].config(one).dataset)
    return {part: dataset.labels_of(split) for part, split in SCORED.items()}
