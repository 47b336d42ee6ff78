"""Train random trials of the shipped campaign to their last epoch: the learning curves that a replay uses."""

import time
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from run_store import DIGITS, Facts
from setting import GoOn, NoStore
from simmer.base.provenance import SCRIPTS, versions
from simmer.base.seeds import derive_seed
from simmer.data.tables import features_sha256
from simmer.features.dataset import Dataset, describe
from simmer.ledger.study_file import short_digest
from simmer.runs.fitting import windows_of
from simmer.search.space import Hyperparameters
from simmer.search.study import Study
from simmer.search.suggest import suggest
from simmer.training.evaluation import evaluate
from simmer.training.kernels import kernels_are_loaded
from simmer.training.loop import TrainingRun
from simmer.training.plan import Plan
from simmer.training.settings import Execution
from source_digest import source_digest
from support.bars import bundled_table
from support.configs import default_config

SCALES = ("20k", "200k", "2M")
HORIZON_DAYS = 1
ROOMS = ("features", "model", "training")  # of the library, whose code affects a training


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
                "code": _code(),
                "versions": versions(),
                "execution": asdict(_execution()),
            }
        )

    def run(self) -> Facts:
        """Train, and return the validation log-losses of each epoch.

        They are `losses`, of the averaged weights, and `raw_losses`, of the last ones.
        """
        begun_s = time.perf_counter()
        study = study_of(self.scale)
        dataset = default_config().dataset.build(bundled_table(), HORIZON_DAYS)
        plan = self._plan(study, dataset)
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

    def _plan(self, study: Study, dataset: Dataset) -> Plan:
        recipe, execution, train = self.hyperparameters, _execution(), describe(dataset)["train"]
        windows = {
            split: windows_of(dataset, split, recipe.input_form, execution.device)
            for split in ("train", "validation")
        }
        return Plan(
            shape=study.shape(recipe),
            **windows,
            recipe=recipe,
            settings=replace(study.training, patience_epochs=study.epochs_max),
            execution=execution,
            epochs_max=study.epochs_max,
            micro_batch=recipe.batch_size,
            seed=derive_seed(study.seed, self.scale, "recorded curves", self.number),
            base_rate=train["base_rate"],
            prior_log_loss=train["prior_log_loss"],
        )


@cache
def _execution() -> Execution:
    # fp32 and one thread: `auto` measures, so that it could differ from run to run.
    kernels = "simmer" if kernels_are_loaded() else "torch"
    return Execution(device="cpu", precision="fp32", threads=1, kernels=kernels)


@cache
def _code() -> str:
    sources = (path for room in ROOMS for path in (SCRIPTS / "simmer" / room).rglob("*.[pch]*"))
    return source_digest([Path(__file__), *sources])
