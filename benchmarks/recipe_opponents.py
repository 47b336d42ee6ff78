"""One fit of an opponent on a walk-forward set: a baseline of the product, with the shipped features."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from recipe_variants import SHIPPED, VARIANTS
from run_store import DIGITS, Facts
from simmer.base.provenance import reached_files, versions
from simmer.config.campaign import Config
from simmer.data.tables import features_sha256
from simmer.evidence.baseline_inputs import Inputs, Rows, build_inputs
from simmer.evidence.baselines import fit_baseline
from simmer.features.dataset import Dataset
from simmer.ledger.study_file import short_digest
from source_digest import source_digest
from walk_forward import SCORED, WalkForwardSet


@dataclass(frozen=True)
class Opponent:
    """The fit of a baseline; see `simmer.evidence.baselines.fit_baseline`."""

    one: WalkForwardSet
    baseline: str
    tries: int
    members: int

    def facts(self) -> Facts:
        """Return set, baseline, tries and members."""
        return {
            "set": self.one.name,
            "opponent": self.baseline,
            "tries": self.tries,
            "members": self.members,
        }

    @cached_property
    def digest(self) -> str:
        """The digest of settings, data, code and libraries."""
        config = self._config()
        return short_digest(
            self.facts()
            | {
                "dataset": config.dataset.meaning(),
                "features_sha256": features_sha256(self.one.tables(config.dataset)),
                "base_seed": config.seed,
                "code": _code(),
                "versions": versions(),
            }
        )

    def run(self) -> Facts:
        """Fit on train, choose the settings on validation, and predict."""
        config = self._config()
        dataset, (table,) = self.one.dataset(config.dataset), self.one.tables(config.dataset)
        rows = {
            split: Rows(_inputs(table, dataset, split), dataset.labels_of(split))
            for split in ("train", *SCORED.values())
        }
        fitted = fit_baseline(
            self.baseline,
            rows["train"],
            rows["validation"],
            tries=self.tries,
            members=self.members,
            seed=config.seed,
        )
        return {
            "settings": fitted.settings,
            "predictions": {
                split: np.round(fitted.predict(rows[part].inputs), DIGITS).tolist()
                for split, part in SCORED.items()
            },
            "seconds": round(fitted.seconds, 2),
        }

    def _config(self) -> Config:
        return VARIANTS[SHIPPED].config(self.one)


def _inputs(table: pd.DataFrame, dataset: Dataset, split: str) -> Inputs:
    return build_inputs(
        dataset.price_relative,
        close=table["Close"].to_numpy(),
        high=table["High"].to_numpy(),
        low=table["Low"].to_numpy(),
        decision_rows=dataset.decision_rows(split),
        context_days=dataset.context_days,
    )


@cache
def _code() -> str:
    reached = reached_files("simmer/evidence/baselines.py", "simmer/features/dataset.py")
    return source_digest([Path(__file__), *reached])
