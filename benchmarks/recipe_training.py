"""One training of a variant on a walk-forward set, with the product's own loop."""

import time
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from one_core import code_digest, one_core, plan_on_one_core
from recipe_variants import Variant
from run_store import DIGITS, Facts
from setting import GoOn, NoStore
from simmer.base.provenance import versions
from simmer.base.seeds import derive_seed
from simmer.data.tables import features_sha256
from simmer.evidence.metrics import log_loss
from simmer.ledger.study_file import short_digest
from simmer.runs.fitting import windows_of
from simmer.training.evaluation import predict
from simmer.training.loop import BestModel, TrainingRun
from walk_forward import SCORED, WalkForwardSet


@dataclass(frozen=True)
class Training:
    """The training of one member; `seed` counts the members of a variant on a set, from 0."""

    one: WalkForwardSet
    scale: str
    variant: Variant
    seed: int

    def facts(self) -> Facts:
        """Return set, scale, variant and seed."""
        return {"set": self.one.name, "scale": self.scale, "variant": self.variant.name, "seed": self.seed}

    @cached_property
    def digest(self) -> str:
        """The digest of settings, data, code, libraries and arithmetic."""
        config = self.variant.config(self.one)
        study = config.study(self.scale, self.one.horizon_days)
        meaning = study.meaning()
        # What a search could suggest does not affect a training with the default hyperparameters.
        del meaning["space"], meaning["search"]
        return short_digest(
            meaning
            | {
                "default": asdict(study.default),
                "dataset": config.dataset.meaning(),
                "features_sha256": _features_sha256(self.one, self.variant),
                "member": self.seed,
                "code": code_digest(__file__),
                "versions": versions(),
                "execution": asdict(one_core()),
            }
        )

    def run(self) -> Facts:
        """Train as a trial does; predict at the epoch that is best on validation."""
        begun_s = time.perf_counter()
        config = self.variant.config(self.one)
        dataset = self.one.dataset(config.dataset)
        study = config.study(self.scale, self.one.horizon_days)
        plan = plan_on_one_core(
            study,
            dataset,
            study.default,
            settings=study.training,
            # The same for all variants, which begin alike as far as they are alike.
            seed=derive_seed(study.seed, self.scale, self.one.name, "recipe", self.seed),
        )
        later = windows_of(dataset, SCORED["later"], plan.recipe.input_form, plan.execution.device)
        # A model that diverges in its first epoch counts as the base rate of train.
        best = {
            split: np.full(len(dataset.decision_rows(part)), plan.base_rate) for split, part in SCORED.items()
        }
        losses: dict[str, list[float]] = {split: [] for split in SCORED}

        def keep(model: BestModel) -> None:
            best.update(validation=model.predict(plan.validation), later=model.predict(later))

        def follow(record: dict[str, Any]) -> None:
            predicted = predict(
                run.steps.evaluated(), later, team=run.steps.team, between_batches=run.guard.inside_step
            )
            losses["validation"].append(record["validation"]["log_loss"])
            losses["later"].append(log_loss(dataset.labels_of(SCORED["later"]), predicted))

        run = TrainingRun(
            plan,
            store=NoStore(),
            guard=GoOn(),
            checkpoint_interval_s=np.inf,
            on_epoch=follow,
            on_best=keep,
        )
        outcome = run.run()
        return {
            "losses": {split: np.round(values, DIGITS).tolist() for split, values in losses.items()},
            "best_epoch": outcome.best_epoch,
            "ended": outcome.ended,
            "predictions": {split: [np.round(values, DIGITS).tolist()] for split, values in best.items()},
            "seconds": round(time.perf_counter() - begun_s, 2),
        }


@cache
def _features_sha256(one: WalkForwardSet, variant: Variant) -> str:
    return features_sha256(one.tables(variant.config(one).dataset))
