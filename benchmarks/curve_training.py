"""Train random trials of the shipped campaign to their last epoch: the learning curves that a replay uses."""

import time
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from one_core import code_digest, one_core, plan_on_one_core
from run_store import DIGITS, Facts
from setting import GoOn, NoStore
from simmer.base.provenance import versions
from simmer.base.seeds import derive_seed
from simmer.data.tables import features_sha256
from simmer.ledger.study_file import short_digest
from simmer.search.space import Hyperparameters
from simmer.search.study import Study
from simmer.search.suggest import suggest
from simmer.training.evaluation import evaluate
from simmer.training.loop import TrainingRun
from support.bars import bundled_table
from support.configs import default_config

SCALES = ("20k", "200k", "2M")
HORIZON_DAYS = 1


def study_of(scale: str) -> Study:
    """Return the one-day study of a scale in the shipped campaign."""
    return default_config().study(scale, HORIZON_DAYS)


@dataclass(frozen=True)
class RandomTraining:
    """A random trial of a scale, trained for all its epochs, whatever its patience; `number` is from 0."""

    scale: str
    number: int

    def facts(self) -> Facts:
        """Return scale, number and hyperparameters."""
        return {"scale": self.scale, "number": self.number, "hyperparameters": asdict(self.hyperparameters)}

    @cached_property
    def hyperparameters(self) -> Hyperparameters:
        """The hyperparameters, drawn from the whole space."""
        study = study_of(self.scale)
        return suggest(
            space=study.space,
            enqueued=[],
            settings=replace(study.search, sampler="random"),
            history=[],
            seed_parts=("recorded curves", self.scale),
            trial=self.number,
        ).hyperparameters

    @cached_property
    def digest(self) -> str:
        """The digest of settings, data, code, libraries and arithmetic."""
        study = study_of(self.scale)
        meaning = study.meaning()
        del meaning["search"], meaning["default"]
        return short_digest(
            meaning
            | self.facts()
            | {
                "features_sha256": features_sha256([bundled_table()]),
                "code": code_digest(__file__),
                "versions": versions(),
                "execution": asdict(one_core()),
            }
        )

    def run(self) -> Facts:
        """Train, and return the validation log-losses of each epoch.

        They are `losses`, of the averaged weights, and `raw_losses`, of the last ones.
        """
        begun_s = time.perf_counter()
        study = study_of(self.scale)
        dataset = default_config().dataset.build(bundled_table(), HORIZON_DAYS)
        plan = plan_on_one_core(
            study,
            dataset,
            self.hyperparameters,
            settings=replace(study.training, patience_epochs=study.epochs_max),
            seed=derive_seed(study.seed, self.scale, "recorded curves", self.number),
        )
        losses: dict[str, list[float]] = {"losses": [], "raw_losses": []}

        def follow(record: dict[str, Any]) -> None:
            raw = evaluate(
                run.steps.replicas,
                plan.validation,
                team=run.steps.team,
                between_batches=run.guard.inside_step,
            )
            losses["losses"].append(record["validation"]["log_loss"])
            losses["raw_losses"].append(raw.log_loss)

        run = TrainingRun(plan, store=NoStore(), guard=GoOn(), checkpoint_interval_s=np.inf, on_epoch=follow)
        outcome = run.run()
        found = {name: np.round(values, DIGITS).tolist() for name, values in losses.items()}
        return found | {"ended": outcome.ended, "seconds": round(time.perf_counter() - begun_s, 2)}
