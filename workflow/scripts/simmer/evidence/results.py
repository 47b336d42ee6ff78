"""All that the final evaluation of a campaign says, typed: the fields are the keys of `evidence.json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from simmer.base.errors import LedgerError
from simmer.base.typed_json import as_json, from_values
from simmer.evidence.calibration import ReliabilityBin
from simmer.evidence.scaling_fit import Curve
from simmer.evidence.scaling_verdict import Difference, Estimate, Name

PRIOR = "base_rate"

Kind = TypeVar("Kind")


@dataclass(frozen=True, kw_only=True)
class Split:
    """One split of the decisions.

    Attributes:
        n: decisions.
        first_date, last_date: ISO dates of these.
        purged: rows at its end whose label would look past it.
        positives: among the decisions.
        base_rate: share of these.
        prior_log_loss: of the base rate of train, given as a constant answer, nats.
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
    """One model scored on the test split: losses in nats, every other score on the scale 0..1.

    Attributes:
        name: of a scale or a baseline, as published.
        kind: what it is.
        parameters: counted; `None` for a baseline.
        seeds: how many refits there are, `None` for a baseline.
        log_loss: mean over refits, with its interval at 95 %.
        skill: 1 - loss / loss of the base rate of train.
        skill_own_rate: the same against a constant that knew the rate of the test split.
        seed_log_losses: of each refit; `None` for a baseline.
        validation_log_loss: mean over refits, on validation.
        auc: `None` for a constant answer, or where too few of one class are there for an interval.
        calibration_slope: below 1 where predictions are too extreme; `None` where none can be fitted.
        threshold: has the best F1 on validation.
        collapsed_seeds: refits whose predictions are all but equal.
        reliability: bins in ascending order of the prediction, of the refits averaged.
        averaged_log_loss: of the refits averaged; `None` where there is one of its kind.
        winner: number of the trial that was refitted; this and what follows is `None` for a baseline.
        fingerprint: of the study.
        hyperparameters: of the winner.
        search_validation_log_loss: of the winner in the search.
        trials: of the search that came to a loss of their own.
        epochs_max: planned for each.
        refits: number, seed, state and best epoch of each.
        settings, sklearn_version: of a baseline, `None` for a scale.
    """

    name: str
    kind: Literal["transformer", "baseline"]
    parameters: int | None
    seeds: int | None
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
    winner: int | None = None
    fingerprint: str | None = None
    hyperparameters: Mapping[str, Any] | None = None
    search_validation_log_loss: float | None = None
    trials: int | None = None
    epochs_max: int | None = None
    refits: tuple[Mapping[str, Any], ...] | None = None
    settings: Mapping[str, Any] | None = None
    sklearn_version: str | None = None

    @property
    def transformer(self) -> bool:
        """Whether it is a scale."""
        return self.kind == "transformer"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Log-loss of scale `a` less that of baseline `b` on the same decisions, nats.

    Attributes:
        a, b: their names.
        planned: whether a claim is made about it, chosen before any result was seen.
        difference: with its interval at 95 %.
        p_value: two-sided.
        detectable: the difference that such data would show with 80 % power.
        p_adjusted: for all planned comparisons; `None` where it is not planned.
    """

    a: str
    b: str
    planned: bool
    difference: Estimate
    p_value: float
    detectable: float
    p_adjusted: float | None = None


@dataclass(frozen=True, kw_only=True)
class FittedCurve(Curve):
    """A curve through the mean losses, its name, and the error with which it foretells a scale left out."""

    model: str
    held_out: float | None


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The verdict on one horizon; what is `None` takes two scales at least.

    Attributes:
        verdict: its name.
        reason: one sentence in figures.
        level: of the intervals, a share.
        exponent: above 0 where the loss falls.
        change: of the loss from the smallest to the largest scale, nats.
        practical: the smallest change that matters, nats.
        detectable: the change that such data would show with 80 % power, nats.
        curves: fitted to the mean losses.
        floor_refused: why there is no curve with a floor.
        differences: of every two scales.
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
    """Sentences about one horizon, by whom they speak for."""

    against: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    in_favour: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """All that is known of one horizon.

    Attributes:
        days: of the labels.
        splits: train, validation and test.
        decisions: test rows.
        mean_block: of the bootstrap, rows.
        models: all scales and baselines.
        best_baseline: on validation.
        differences: of each scale and each baseline.
        scaling: the verdict.
        looks: how often different predictions were scored on these test days.
        reading: this look, as it was registered.
        headlines: what all this comes to.
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
        """All baselines but the base rate, the best on validation first: on test its luck would count."""
        others = [model for model in self.models if not model.transformer and model.name != PRIOR]
        return sorted(others, key=lambda model: model.validation_log_loss)

    @property
    def base_rate_log_loss(self) -> float:
        """Log-loss on test of the base rate of train, nats."""
        return self.splits["test"].prior_log_loss


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A campaign's evidence.

    Attributes:
        campaign: its name.
        code: digest of the code that computed it.
        comparisons: planned, in all horizons together.
        horizons: in ascending order.
    """

    campaign: str
    code: str
    comparisons: int
    horizons: tuple[Horizon, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the evidence as it is published, horizons by their days."""
        horizons = {str(one.days): _published(one) for one in self.horizons}
        return as_json(self) | {"horizons": horizons}

    @classmethod
    def from_json(cls, published: Any) -> "Evidence":
        """Return published evidence.

        Raises:
            LedgerError: when a key is missing or of the wrong kind, or there is no horizon.
        """
        known = _read(_Published, published, "results/evidence.json")
        if not known.horizons:
            raise LedgerError("the evidence holds no horizon; it takes at least one finished study")
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
    # Of the evidence, what is read before its horizons.
    campaign: str
    code: str
    comparisons: int
    horizons: Mapping[str, Mapping[str, Any]]


def _read(kind: type[Kind], values: Any, where: str) -> Kind:
    advice = "delete that file and run the same command again: it is computed from the final predictions"
    return from_values(kind, values, where=where, advice=advice)


def _published(horizon: Horizon) -> dict[str, Any]:
    plain = as_json(horizon)
    del plain["days"]
    # Where curves were fitted, it is said that nothing speaks against a floor.
    if horizon.scaling.level is not None:
        plain["scaling"].setdefault("floor_refused", None)
    return plain
