"""Trainings of a recipe from other seeds: the mean of their losses is the loss expected of the recipe."""

import time
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

import usual_code
import usual_search
from curve_training import HORIZON_DAYS, study_of
from one_core import code_digest, one_core, plan_on_one_core
from run_store import Facts
from setting import GoOn, NoStore
from simmer.base.provenance import versions
from simmer.base.seeds import derive_seed
from simmer.data.tables import features_sha256
from simmer.features.dataset import Dataset
from simmer.ledger.study_file import short_digest
from simmer.search.space import Hyperparameters
from simmer.training.loop import TrainingRun
from source_digest import source_digest
from support.bars import bundled_table
from support.configs import default_config
from usual_search import SPLITS, Limits, Material

Recipe = dict[str, Any]


@dataclass(frozen=True)
class _Training:
    scale: str
    recipe: Recipe
    seed: int

    def facts(self) -> Facts:
        """Return scale, recipe and seed."""
        return {"scale": self.scale, "recipe": self.recipe, "seed": self.seed}

    def _digest(self, **own: Any) -> str:
        """Return the digest of what every training depends on, and of `own`."""
        meaning = study_of(self.scale).meaning()
        del meaning["search"], meaning["space"], meaning["default"]
        data = {"features_sha256": features_sha256([bundled_table()]), "versions": versions()}
        return short_digest(meaning | data | {"training": self.facts()} | own)


class UsualTraining(_Training):
    """A training of a recipe by the usual code."""

    @cached_property
    def digest(self) -> str:
        """The digest of settings, data, code and libraries."""
        code = source_digest(Path(module.__file__) for module in (usual_code, usual_search))
        return self._digest(code=code)

    def run(self) -> Facts:
        """Train, and return the lowest validation log-loss."""
        begun_s = time.perf_counter()
        losses = usual_search.train(material(self.scale), self.recipe, self.seed)
        return {"loss": min(losses), "seconds": round(time.perf_counter() - begun_s, 2)}


class OurTraining(_Training):
    """A training of a recipe by simmer's own loop."""

    @cached_property
    def digest(self) -> str:
        """The digest of settings, data, code, libraries and arithmetic."""
        return self._digest(code=code_digest(__file__), execution=asdict(one_core()))

    def run(self) -> Facts:
        """Train, and return the lowest validation log-loss."""
        begun_s = time.perf_counter()
        study = study_of(self.scale)
        plan = plan_on_one_core(
            study,
            _dataset(),
            Hyperparameters(**self.recipe),
            settings=study.training,
            seed=derive_seed(study.seed, self.scale, "another seed", self.seed),
        )
        losses: list[float] = []

        def follow(record: dict[str, Any]) -> None:
            losses.append(record["validation"]["log_loss"])

        TrainingRun(plan, store=NoStore(), guard=GoOn(), checkpoint_interval_s=np.inf, on_epoch=follow).run()
        return {"loss": min(losses), "seconds": round(time.perf_counter() - begun_s, 2)}


@cache
def material(scale: str) -> Material:
    """Return what the usual search trains on: simmer's windows and labels, and its limits of a trial."""
    study, dataset = study_of(scale), _dataset()
    return Material(
        Limits(study.budget_parameters, study.epochs_max, study.training.patience_epochs),
        dataset.features,
        {split: dataset.decision_rows(split) - dataset.context_days + 1 for split in SPLITS},
        {split: dataset.labels_of(split) for split in SPLITS},
    )


@cache
def _dataset() -> Dataset:
    return default_config().dataset.build(bundled_table(), HORIZON_DAYS)
