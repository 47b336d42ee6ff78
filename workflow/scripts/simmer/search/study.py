"""A study: one scale, one horizon, and all settings that affect the results of its trials."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simmer.base.settings import meaning
from simmer.features.labels import LabelSpec
from simmer.features.splits import SplitSpec
from simmer.ledger.about import About
from simmer.ledger.address import StudyAddress
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.study_file import short_digest
from simmer.model.budgets import Geometry, solve_shape
from simmer.model.shape import ModelShape
from simmer.search.settings import SearchSettings
from simmer.search.space import Hyperparameters, Space
from simmer.training.settings import TrainingSettings


@dataclass(frozen=True, kw_only=True)
class Study:
    """The settings of a study; two studies with the same fingerprint are the same study.

    Attributes:
        scale: name, such as `20M`.
        budget_parameters: parameters aimed at.
        budget_tolerance: largest accepted relative distance of the counted parameters.
        n_trials: number of trials; no trial depends on it.
        smaller: the study whose trials are transferred to this one, if any.
        precision, memory: as configured, possibly `auto`; each trial records the values used.
        about: names for people; no trial depends on them.
    """

    scale: str
    budget_parameters: int
    budget_tolerance: float
    n_trials: int
    epochs_max: int
    label: LabelSpec
    split: SplitSpec
    geometry: Geometry
    space: Space
    default: Hyperparameters
    search: SearchSettings
    training: TrainingSettings
    precision: str
    memory: str
    seed: int
    about: About
    smaller: "Study | None" = None

    @property
    def horizon_days(self) -> int:
        """Days ahead that a label covers."""
        return self.label.horizon_days

    @property
    def name(self) -> str:
        """Scale and horizon, as in messages."""
        return self.address.name

    @property
    def address(self) -> StudyAddress:
        """The address of its runs in the ledger."""
        return StudyAddress(scale=self.scale, horizon_days=self.horizon_days)

    def ledger(self, root: Path, *, features_sha256: str) -> StudyLedger:
        """Return the part of the ledger at `root` for this study and the features with this digest."""
        smaller = self.smaller and self.smaller.ledger(root, features_sha256=features_sha256)
        return StudyLedger(
            root=root,
            address=self.address,
            fingerprint=self.fingerprint(features_sha256),
            meaning=self.meaning(),
            features_sha256=features_sha256,
            about=self.about,
            smaller=smaller,
        )

    def meaning(self) -> dict[str, Any]:
        """Return all settings that affect a trial's result, as plain values, see `simmer.base.settings`.

        `parallel_trials` is left out: it only determines which results a suggestion uses, which each trial
        records, so finished trials stay valid when it changes. `race` is, because no trial depends on it.
        """
        space = self.space.as_json()
        return {
            "scale": self.scale,
            "budget_parameters": self.budget_parameters,
            "budget_tolerance": self.budget_tolerance,
            "epochs_max": self.epochs_max,
            "label": meaning(self.label),
            "split": meaning(self.split),
            "geometry": meaning(self.geometry),
            "space": space,
            # A newer hyperparameter is either in both `space` and `default` or in neither.
            "default": {key: value for key, value in asdict(self.default).items() if key in space},
            "search": self._search(),
            "training": meaning(self.training),
            "precision": self.precision,
            "memory": self.memory,
            "seed": self.seed,
        }

    def _search(self) -> dict[str, Any]:
        settings = meaning(self.search)
        del settings["parallel_trials"]
        settings.pop("race", None)
        if self.smaller is None:
            return settings | {"transfer": 0}
        return settings | {"transfer_from": self.smaller.settings_digest()}

    def settings_digest(self) -> str:
        """Return the digest of the study's settings, without the data."""
        return short_digest(self.meaning())

    def fingerprint(self, features_sha256: str) -> str:
        """Return the digest of settings and feature values that names this study in the ledger."""
        return short_digest(self.meaning() | {"features_sha256": features_sha256})

    def shape(self, hyperparameters: Hyperparameters) -> ModelShape:
        """Return the model shape that meets the budget with these hyperparameters."""
        return self.solve(
            depth=hyperparameters.depth,
            head_width=hyperparameters.head_width,
            ff_ratio=hyperparameters.ff_ratio,
        )

    def solve(self, *, depth: int, head_width: int, ff_ratio: float) -> ModelShape:
        """Return the model shape that meets the budget with this depth, head width and ratio."""
        return solve_shape(
            budget=self.budget_parameters,
            tolerance=self.budget_tolerance,
            geometry=self.geometry,
            depth=depth,
            head_width=head_width,
            ff_ratio=ff_ratio,
        )
