"""The configuration: a mapping comes in, frozen dataclasses go out, and nothing else sees the mapping.

Reading it imports neither torch nor optuna, so that a dry run starts at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from simmer.base.errors import ConfigError
from simmer.data.settings import DataSettings
from simmer.data.tickers import VIX_TICKER, TickerSpec
from simmer.features.columns import A25_COLUMNS, C_COLUMNS
from simmer.features.labels import LabelSpec
from simmer.features.splits import SplitSpec
from simmer.model.budgets import Geometry
from simmer.search.settings import HalvingSettings, SearchSettings
from simmer.search.space import Hyperparameters, Space, typed
from simmer.search.study import Study
from simmer.thermal.settings import ThermalSettings
from simmer.training.settings import TrainingSettings

if TYPE_CHECKING:
    import pandas as pd

    from simmer.features.dataset import Dataset, Test


@dataclass(frozen=True, kw_only=True)
class DatasetSettings:
    """Config blocks `dataset` and `features`."""

    ticker: str
    vix: bool
    context_days: int
    horizons_days: tuple[int, ...]
    threshold: float
    basis: str
    split: SplitSpec
    min_validation_decisions: int

    def label(self, horizon_days: int) -> LabelSpec:
        """Return the label of one horizon."""
        return LabelSpec(horizon_days=horizon_days, threshold=self.threshold, basis=self.basis)

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """The channels of the model, in order."""
        return C_COLUMNS if self.vix else A25_COLUMNS

    @property
    def table(self) -> str:
        """The name of the table that holds them."""
        return f"{self.ticker}_dataset_{'c' if self.vix else 'a25'}"

    def build(self, frame: "pd.DataFrame", horizon_days: int, test: "Test" = "sealed") -> "Dataset":
        """Return windows, labels and splits of one horizon, with as much of the test split as asked for."""
        from simmer.features.dataset import build_dataset

        return build_dataset(
            frame,
            label=self.label(horizon_days),
            split=self.split,
            context_days=self.context_days,
            feature_columns=self.feature_columns,
            min_validation_decisions=self.min_validation_decisions,
            test=test,
        )


@dataclass(frozen=True, kw_only=True)
class ExecutionSettings:
    """The keys of config block `training` that say how, not what, to compute."""

    device: str
    precision: str
    memory: str
    compile: str | bool
    threads: int | str
    checkpoint_interval_s: float
    time_limit_s: float | None

    def __post_init__(self) -> None:
        if self.precision == "fp32" and self.memory not in ("auto", "full"):
            raise ConfigError(
                f"config block `training`: found precision fp32 with memory {self.memory}, which keeps "
                "weights in bf16; expected memory `full` or `auto`, or precision `bf16` or `auto`"
            )


EXECUTION_KEYS = tuple(field.name for field in fields(ExecutionSettings))


@dataclass(frozen=True, kw_only=True)
class ScaleSettings:
    """One entry of config block `scales`."""

    budget_parameters: int
    n_trials: int
    epochs_max: int
    space: Space
    default: Hyperparameters


@dataclass(frozen=True, kw_only=True)
class EvidenceSettings:
    """Config block `evidence`.

    Attributes:
        seeds: refits of each study's winner.
    """

    seeds: int


@dataclass(frozen=True, kw_only=True)
class Config:
    """A whole campaign."""

    campaign: str
    seed: int
    data: DataSettings
    dataset: DatasetSettings
    geometry: Geometry
    run_scales: tuple[str, ...]
    budget_tolerance: float
    scales: Mapping[str, ScaleSettings]
    search: SearchSettings
    training: TrainingSettings
    execution: ExecutionSettings
    thermal: ThermalSettings
    hardware_interval_s: float
    evidence: EvidenceSettings

    def __post_init__(self) -> None:
        unknown = [scale for scale in self.run_scales if scale not in self.scales]
        if unknown:
            raise ConfigError(
                f"config key run_scales: found {unknown}, expected names from `scales`: {sorted(self.scales)}"
            )
        kinds = self.data.kinds()
        if kinds.get(self.dataset.ticker) in (None, "no_volume_index"):
            prices = [name for name, kind in kinds.items() if kind != "no_volume_index"]
            raise ConfigError(
                f"config key dataset.ticker: found `{self.dataset.ticker}`; expected a price of "
                f"data.tickers: one of {prices}"
            )
        if self.dataset.vix and kinds.get(VIX_TICKER) != "no_volume_index":
            raise ConfigError(
                f"config key features.vix: found true, but data.tickers has no {VIX_TICKER} of kind "
                f"no_volume_index, only {kinds}; expected one: add it, or set features.vix to false"
            )

    def study(self, scale: str, horizon_days: int) -> Study:
        """Return one study of the campaign.

        Raises:
            ConfigError: for a scale or a horizon that is not configured.
        """
        if scale not in self.scales or horizon_days not in self.dataset.horizons_days:
            raise ConfigError(
                f"found no study {scale} at {horizon_days} days; expected a scale of "
                f"{sorted(self.scales)} and a horizon of {list(self.dataset.horizons_days)} days"
            )
        settings, smaller = self.scales[scale], self.next_smaller_scale(scale)
        return Study(
            scale=scale,
            budget_parameters=settings.budget_parameters,
            budget_tolerance=self.budget_tolerance,
            n_trials=settings.n_trials,
            epochs_max=settings.epochs_max,
            label=self.dataset.label(horizon_days),
            split=self.dataset.split,
            geometry=self.geometry,
            space=settings.space,
            default=settings.default,
            search=self.search,
            training=self.training,
            precision=self.execution.precision,
            memory=self.execution.memory,
            seed=self.seed,
            smaller=None if smaller is None else self.study(smaller, horizon_days),
        )

    def next_smaller_scale(self, scale: str) -> str | None:
        """Return the scale that hands over trials to a scale, if transfer is on and there is one."""
        budget = self.scales[scale].budget_parameters
        budgets = {name: self.scales[name].budget_parameters for name in self.run_scales}
        below = [name for name in self.run_scales if budgets[name] < budget]
        if not self.search.transfer or not below or scale not in self.run_scales:
            return None
        return max(below, key=lambda name: budgets[name])


def parse_config(raw: Mapping[str, Any]) -> Config:
    """Turn a configuration that fits the schema into dataclasses.

    Raises:
        ConfigError: when values contradict each other.
    """
    training = dict(raw["training"])
    execution = ExecutionSettings(**{key: training.pop(key) for key in EXECUTION_KEYS})
    search = raw["search"]
    dataset = _dataset(raw["dataset"], raw["features"])
    return Config(
        campaign=raw["campaign"],
        seed=raw["seed"],
        data=DataSettings(
            **{**raw["data"], "tickers": tuple(TickerSpec(**entry) for entry in raw["data"]["tickers"])}
        ),
        dataset=dataset,
        geometry=Geometry(
            channels=len(dataset.feature_columns), context_days=dataset.context_days, **raw["model"]
        ),
        run_scales=tuple(raw["run_scales"]),
        budget_tolerance=raw["budget_tolerance"],
        scales={name: _scale(name, block, search) for name, block in raw["scales"].items()},
        search=_search(search),
        training=TrainingSettings(**training),
        execution=execution,
        thermal=ThermalSettings(**raw["thermal"]),
        hardware_interval_s=raw["hardware_log"]["interval_s"],
        evidence=EvidenceSettings(**raw["evidence"]),
    )


def _dataset(block: Mapping[str, Any], features: Mapping[str, Any]) -> DatasetSettings:
    return DatasetSettings(
        **{
            **block,
            "vix": features["vix"],
            "horizons_days": tuple(block["horizons_days"]),
            "threshold": float(block["threshold"]),
            "split": SplitSpec(**block["split"]),
        }
    )


def _search(block: Mapping[str, Any]) -> SearchSettings:
    halving = block["halving"]
    return SearchSettings(
        **{key: block[key] for key in ("sampler", "startup_trials", "parallel_trials", "transfer")},
        halving=HalvingSettings(
            rung_fractions=tuple(float(fraction) for fraction in halving["rung_fractions"]),
            eta=float(halving["eta"]),
            min_completed_trials=halving["min_completed_trials"],
        ),
    )


def _scale(name: str, block: Mapping[str, Any], search: Mapping[str, Any]) -> ScaleSettings:
    where = f"scales.{name}"
    space = Space.from_config({**search["space"], **block["space"]}, where=f"{where}.space")
    values = {key: typed(key, value) for key, value in {**search["default"], **block["default"]}.items()}
    try:
        default = Hyperparameters(**values)
    except TypeError as error:
        raise ConfigError(f"config block {where}.default with search.default: {error}") from error
    space.check(default, where=f"{where}.default with search.default")
    return ScaleSettings(
        budget_parameters=block["budget_parameters"],
        n_trials=block["n_trials"],
        epochs_max=block["epochs_max"],
        space=space,
        default=default,
    )
