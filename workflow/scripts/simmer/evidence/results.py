"""The evidence of a campaign as types; their fields are the keys of `evidence.json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from simmer.base.errors import LedgerError
from simmer.base.typed_json import as_json, from_values
from simmer.evidence.calibration import ReliabilityBin
from simmer.evidence.scaling_fit import Curve
from simmer.evidence.scaling_verdict import Difference, Estimate, Name

BASE_RATE = "base_rate"

Kind = TypeVar("Kind")


@dataclass(frozen=True, kw_only=True)
class Split:
    """One split of the decision rows.

    Attributes:
        n: decision rows.
        first_date, last_date: ISO dates.
        purged: rows dropped at its end because their labels reach into the next split.
        positives: decision rows with label 1.
        base_rate: share of positives.
        prior_log_loss: log-loss on this split when the base rate of train is predicted, nats.
    """

    n: int
    first_date: str
    last_date: str
    purged: int
    positives: int
    base_rate: int | float
    prior_log_loss: int | float


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model scored on the test split: losses in nats, other scores in 0..1.

    Members are the refits of a scale and the fits of a baseline. Scores are means over them or, where it says
    so, of their averaged prediction. A baseline without random numbers has one, which equals any average.

    Attributes:
        parameters: counted; `None` for a baseline.
        seeds, members: number of refits, `None` for a baseline; number of members.
        log_loss: with its 95 % interval.
        skill: 1 - loss / loss of the base rate of train.
        skill_own_rate: the same against the rate of positives in the test split itself.
        seed_log_losses: of each refit; `None` for a baseline.
        averaged_skill, averaged_validation_log_loss: of the averaged members.
        auc: `None` for constant predictions, or if a class has too few rows for an interval.
        calibration_slope: below 1 if predictions are too extreme; `None` if no slope can be fitted.
        threshold: the one with the best F1 on validation.
        collapsed_seeds: number of refits whose predictions are nearly equal for all windows.
        reliability: bins of the averaged members, in ascending order of the prediction.
        averaged_log_loss: of the averaged members; `None` for one member.
        search_validation_log_loss: of the best trial of a study, or the best try of a baseline.
        winner: number of the refitted trial; `None` for a baseline, as all fields up to `refits`.
        fingerprint, hyperparameters: of the study, and of the winner.
        trials: number of trials that reached a loss and do not repeat another one.
        epochs_max: planned for each trial.
        refits: number, seed, state and best epoch of each.
        tries: number of settings tried on validation; `None` for a scale, as `settings` (the chosen ones) and
            `sklearn_version`.
    """

    name: str
    kind: Literal["transformer", "baseline"]
    parameters: int | None
    seeds: int | None
    members: int
    log_loss: Estimate
    skill: Estimate
    skill_own_rate: float
    seed_log_losses: tuple[float, ...] | None
    validation_log_loss: float
    auc: Estimate | None
    average_precision: float | None
    brier: float
    brier_skill: float
    calibration_error: float
    calibration_slope: float | None
    threshold: float
    precision: float | None
    recall: float | None
    prediction_min: float
    prediction_max: float
    prediction_mean: float
    prediction_std: float
    collapsed_seeds: int
    reliability: tuple[ReliabilityBin, ...]
    averaged_log_loss: float | None
    averaged_skill: Estimate
    averaged_validation_log_loss: float
    winner: int | None = None
    fingerprint: str | None = None
    hyperparameters: Mapping[str, Any] | None = None
    search_validation_log_loss: float | None = None
    trials: int | None = None
    epochs_max: int | None = None
    refits: tuple[Mapping[str, Any], ...] | None = None
    tries: int | None = None
    settings: Mapping[str, Any] | None = None
    sklearn_version: str | None = None

    @property
    def transformer(self) -> bool:
        """True if the model is a scale."""
        return self.kind == "transformer"

    @property
    def loss_of_average(self) -> float:
        """Test log-loss of the averaged members, nats."""
        return self.log_loss.value if self.averaged_log_loss is None else self.averaged_log_loss


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Log-loss of scale `a` minus that of baseline `b` on the same decision rows, nats.

    Attributes:
        planned: True if the comparison may support a claim; chosen before any result was seen.
        members: number of members that are averaged on both sides.
        difference, single_difference: of the averages, and of the mean losses of single members, a
            description and no claim; with 95 % intervals.
        p_value: two-sided.
        detectable: the difference that is detected with 80 % power.
        p_adjusted: adjusted for all planned comparisons; `None` if not planned.
    """

    a: str
    b: str
    planned: bool
    members: int
    difference: Estimate
    single_difference: Estimate
    p_value: float
    detectable: float
    p_adjusted: float | None = None


@dataclass(frozen=True, kw_only=True)
class FittedCurve(Curve):
    """A curve fitted to the mean losses, with its leave-one-scale-out error in log L."""

    model: str
    held_out: float | None


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The verdict on one horizon; the optional figures are `None` with fewer than two scales.

    Attributes:
        level: of the intervals, as a share.
        exponent: above 0 if the loss falls with scale.
        change: of the loss from the smallest to the largest scale, nats.
        practical: the smallest change that matters in practice, nats.
        detectable: the change that is detected with 80 % power, nats.
        curves: fitted to the mean losses.
        floor_refused: why no curve with a floor was fitted.
        differences: between every two scales.
    """

    verdict: Name
    reason: str
    level: float | None
    exponent: Estimate | None
    change: Estimate | None
    practical: float | None
    detectable: float | None
    curves: tuple[FittedCurve, ...]
    floor_refused: str | None = None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True)
class Headlines:
    """Sentences about one horizon: against a scale, undecided, in favour of a scale."""

    against: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    in_favour: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """All results of one horizon.

    Attributes:
        days: of the labels.
        splits: train, validation and test.
        decisions: number of test rows.
        mean_block: of the bootstrap, rows.
        models: all scales and baselines.
        best_baseline: by the validation log-loss of its averaged members.
        differences: between each scale and each baseline.
        looks: number of different sets of predictions scored on these test days.
        reading: this look, as recorded in the log of looks.
    """

    days: int
    splits: Mapping[str, Split]
    decisions: int
    mean_block: float
    models: tuple[Model, ...]
    best_baseline: str
    differences: tuple[Comparison, ...]
    scaling: Scaling
    looks: int
    reading: Mapping[str, Any]
    headlines: Headlines = field(default_factory=Headlines)

    @property
    def scales(self) -> list[Model]:
        """The transformers, by ascending counted parameters."""
        return sorted((model for model in self.models if model.transformer), key=lambda m: m.parameters or 0)

    @property
    def baselines(self) -> list[Model]:
        """All baselines but the base rate, ordered by validation log-loss (order on test would be biased)."""
        others = [model for model in self.models if not model.transformer and model.name != BASE_RATE]
        return sorted(others, key=lambda model: model.averaged_validation_log_loss)

    @property
    def base_rate_log_loss(self) -> float:
        """Test log-loss when the base rate of train is predicted, nats."""
        return self.splits["test"].prior_log_loss


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The evidence of a campaign.

    Attributes:
        code: digest of the code that computed it.
        comparisons: number of planned comparisons in all horizons together.
        horizons: in ascending order of days.
    """

    campaign: str
    code: str
    comparisons: int
    horizons: tuple[Horizon, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the evidence as published, horizons keyed by their days."""
        horizons = {str(one.days): _published(one) for one in self.horizons}
        return as_json(self) | {"horizons": horizons}

    @classmethod
    def from_json(cls, published: Any) -> "Evidence":
        """Parse published evidence.

        Raises:
            LedgerError: when a key is missing or has the wrong type, or there is no horizon.
        """
        known = _read(_Published, published, "results/evidence.json")
        if not known.horizons:
            raise LedgerError(
                "the evidence has no horizon, expected at least one; finish a study and run the command again"
            )
        horizons = [
            _read(Horizon, {**one, "days": int(days)}, f"results/evidence.json, horizons.{days},")
            for days, one in known.horizons.items()
        ]
        return cls(
            campaign=known.campaign,
            code=known.code,
            comparisons=known.comparisons,
            horizons=tuple(sorted(horizons, key=lambda one: one.days)),
        )


@dataclass(frozen=True)
class _Published:
    # The top level of the evidence, parsed before its horizons.
    campaign: str
    code: str
    comparisons: int
    horizons: Mapping[str, Mapping[str, Any]]


def _read(kind: type[Kind], values: Any, where: str) -> Kind:
    advice = "delete the file and run the same command again: it is recomputed from the final predictions"
    return from_values(kind, values, where=where, advice=advice)


def _published(horizon: Horizon) -> dict[str, Any]:
    plain = as_json(horizon)
    del plain["days"]
    # Where curves were fitted, the key stands even if a floor was not refused.
    if horizon.scaling.level is not None:
        plain["scaling"].setdefault("floor_refused", None)
    return plain
