"""What the figures draw of the evidence, read from plain values as it is published."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from simmer.base.errors import LedgerError

SPLITS = ("train", "validation", "test")
Verdict = Literal["law", "none", "reverse", "undetermined"]


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval, whose ends are absent where the test split is too short for one."""

    value: float
    low: float | None
    high: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, `None` where one is absent."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def sign(self) -> int | None:
        """1 or -1 where the interval excludes 0, else 0; `None` without an interval."""
        if self.interval is None:
            return None
        low, high = self.interval
        return int(low > 0) - int(high < 0)


@dataclass(frozen=True)
class Split:
    """One split: its decisions, the positives among them, ISO dates, and the prior's log-loss in nats."""

    n: int
    positives: int
    base_rate: float
    first_date: str
    last_date: str
    prior_log_loss: float


@dataclass(frozen=True)
class Bin:
    """Decisions of neighbouring predictions; everything but the count on the scale 0..1."""

    decisions: int
    prediction_min: float
    prediction_max: float
    prediction_mean: float
    rate: float


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model scored on the test split.

    Attributes:
        name: of a scale or a baseline, as published.
        transformer: whether it is a scale.
        parameters: counted; `None` for a baseline.
        seeds: refits behind it, `None` where there is one of its kind.
        validation_log_loss: mean over refits on validation, nats.
        log_loss: mean over refits on test, nats.
        skill: 1 - loss / loss of the prior.
        seed_losses: log-loss of each refit in nats, empty where there is one of its kind.
        calibration_error: mean distance of predictions from observed rates, on the scale 0..1.
        calibration_slope: below 1 where predictions are too extreme; `None` where none can be fitted.
        collapsed_seeds: refits whose predictions are all but equal.
        reliability: bins in ascending order of the prediction.
    """

    name: str
    transformer: bool
    parameters: int | None
    seeds: int | None
    validation_log_loss: float
    log_loss: Estimate
    skill: Estimate
    seed_losses: tuple[float, ...]
    calibration_error: float
    calibration_slope: float | None
    collapsed_seeds: int
    reliability: tuple[Bin, ...]


@dataclass(frozen=True)
class Difference:
    """Log-loss of model `a` less that of model `b` on the same decisions, nats."""

    a: str
    b: str
    difference: Estimate


@dataclass(frozen=True)
class Curve:
    """L = floor + a N^-alpha in nats, N counted parameters; a constant has no alpha."""

    model: str
    a: float
    alpha: float | None
    floor: float | None

    def at(self, parameters: float) -> float:
        """Return the loss in nats."""
        return (self.floor or 0.0) + self.a * parameters ** -(self.alpha or 0.0)


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The verdict on one horizon.

    Attributes:
        verdict: its name.
        reason: one sentence in figures.
        level: of the interval of the exponent, a share.
        exponent: above 0 where the loss falls.
        curves: fitted to the mean losses.
        practical: the smallest change that matters, nats.
    """

    verdict: Verdict
    reason: str
    level: float | None
    exponent: Estimate | None
    curves: tuple[Curve, ...]
    practical: float | None


@dataclass(frozen=True)
class Horizon:
    """All that is known of one horizon, in days."""

    days: int
    splits: Mapping[str, Split]
    models: tuple[Model, ...]
    differences: tuple[Difference, ...]
    scaling: Scaling

    @property
    def scales(self) -> list[Model]:
        """The transformers, by ascending counted parameters."""
        return sorted((model for model in self.models if model.transformer), key=lambda m: m.parameters or 0)

    @property
    def baselines(self) -> list[Model]:
        """All baselines but the base rate, the best on validation first: on test its luck would count."""
        others = [model for model in self.models if not model.transformer and model.name != "base_rate"]
        return sorted(others, key=lambda model: model.validation_log_loss)

    @property
    def prior_log_loss(self) -> float:
        """Of the test split, nats."""
        return self.splits["test"].prior_log_loss


@dataclass(frozen=True)
class Evidence:
    """A campaign's evidence, its horizons in ascending order."""

    campaign: str
    horizons: tuple[Horizon, ...]


def read_evidence(published: Mapping[str, Any]) -> Evidence:
    """Return the evidence as published.

    Raises:
        LedgerError: when a value that is needed is missing or of the wrong kind.
    """
    try:
        horizons = [_horizon(int(days), one) for days, one in published["horizons"].items()]
        evidence = Evidence(published["campaign"], tuple(sorted(horizons, key=lambda one: one.days)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LedgerError(
            f"the evidence cannot be read ({type(error).__name__}: {error}); delete it and run the same "
            "command again, which computes it anew"
        ) from error
    if not evidence.horizons:
        raise LedgerError("the evidence holds no horizon; it takes at least one finished study")
    return evidence


def _horizon(days: int, one: Mapping[str, Any]) -> Horizon:
    scaling = one["scaling"]
    return Horizon(
        days=days,
        splits={name: _only(Split, one["splits"][name]) for name in SPLITS},
        models=tuple(_model(model) for model in one["models"]),
        differences=tuple(
            Difference(pair["a"], pair["b"], _estimate(pair["difference"])) for pair in one["differences"]
        ),
        scaling=Scaling(
            verdict=scaling["verdict"],
            reason=scaling["reason"],
            level=scaling["level"],
            exponent=None if scaling["exponent"] is None else _estimate(scaling["exponent"]),
            curves=tuple(_only(Curve, curve) for curve in scaling["curves"]),
            practical=scaling["practical"],
        ),
    )


def _model(model: Mapping[str, Any]) -> Model:
    return Model(
        name=model["name"],
        transformer=model["kind"] == "transformer",
        parameters=model["parameters"],
        seeds=model["seeds"],
        validation_log_loss=model["validation_log_loss"],
        log_loss=_estimate(model["log_loss"]),
        skill=_estimate(model["skill"]),
        seed_losses=tuple(model["seed_log_losses"] or ()),
        calibration_error=model["calibration_error"],
        calibration_slope=model["calibration_slope"],
        collapsed_seeds=model["collapsed_seeds"],
        reliability=tuple(_only(Bin, bin) for bin in model["reliability"]),
    )


def _estimate(estimate: Mapping[str, Any]) -> Estimate:
    return _only(Estimate, estimate)


def _only(kind: type, values: Mapping[str, Any]) -> Any:
    # Published mappings may hold more than a figure needs.
    return kind(**{name: values[name] for name in kind.__dataclass_fields__})
