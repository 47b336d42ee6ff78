"""Parse a configuration mapping into frozen dataclasses.

Parsing imports neither torch nor optuna, so that a dry run starts quickly.
"""

import contextlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from simmer.base.errors import ConfigError
from simmer.base.flow_yaml import as_yaml
from simmer.base.mistakes import mistakes
from simmer.base.settings import part
from simmer.config.blocks import (
    Document,
    EvidenceSettings,
    ExecutionSettings,
    ModelBlock,
    ScaleBlock,
    SearchBlock,
)
from simmer.config.dataset import DatasetBlock, DatasetSettings, FeatureBlock
from simmer.config.tickers import folder_of, of_ticker, tickers_of
from simmer.data.kinds import RULES
from simmer.data.settings import DataSettings
from simmer.data.tickers import VIX_TICKER
from simmer.ledger.about import About
from simmer.model.budgets import Geometry
from simmer.search.settings import SearchSettings
from simmer.search.space import BEFORE, KEYS, Hyperparameters, Space
from simmer.search.study import Study
from simmer.thermal.settings import ThermalSettings
from simmer.training.settings import TrainingSettings

_MOST_NAMES = 5


@dataclass(frozen=True, kw_only=True)
class ScaleSettings:
    """One entry of config block `scales`."""

    budget_parameters: int
    n_trials: int
    epochs_max: int
    space: Space
    default: Hyperparameters


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

    @property
    def about(self) -> About:
        """Names of its studies for people."""
        dataset = self.dataset
        return About(
            campaign=self.campaign, ticker=dataset.ticker, threshold=dataset.threshold, basis=dataset.basis
        )

    def has_volume(self, ticker: str) -> bool:
        """True if the table of a ticker's own features has those of volume; those of the windows are alike.

        Raises:
            ConfigError: when there is no such ticker.
        """
        if ticker in self.dataset.window_tickers:
            return self.dataset.volume
        return RULES[self.data.ticker(ticker).kind].volume

    def own_table(self, ticker: str) -> str:
        """Return the name of the table of a ticker's own features; raises as `has_volume`."""
        return self.dataset.own_table(ticker, volume=self.has_volume(ticker))

    @property
    def most_trials(self) -> int:
        """Largest number of trials of a study that is to be run; a baseline gets as many tries."""
        return max(self.scales[scale].n_trials for scale in self.run_scales or self.scales)

    def study(self, scale: str, horizon_days: int) -> Study:
        """Return one study of the campaign.

        Raises:
            ConfigError: if the scale or the horizon is not configured.
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
            about=self.about,
            smaller=None if smaller is None else self.study(smaller, horizon_days),
        )

    def next_smaller_scale(self, scale: str) -> str | None:
        """Return the scale whose trials are transferred to a scale, or None without transfer."""
        budget = self.scales[scale].budget_parameters
        budgets = {name: self.scales[name].budget_parameters for name in self.run_scales}
        below = [name for name in self.run_scales if budgets[name] < budget]
        if not self.search.transfer or not below or scale not in self.run_scales:
            return None
        return max(below, key=lambda name: budgets[name])


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What a configuration says, as far as it is valid.

    Attributes:
        problems: a line for each mistake and contradiction.
        data, dataset: None if these blocks have a mistake.
        config: None if there is any problem.
    """

    problems: tuple[str, ...]
    data: DataSettings | None
    dataset: DatasetSettings | None
    config: Config | None


def parse_config(raw: Mapping[str, Any], ticker: str | None = None) -> Config:
    """Turn a configuration into dataclasses.

    Args:
        raw: the keys and values.
        ticker: one of the tickers of the campaign; None if there is one.

    Raises:
        ConfigError: listing all missing, unknown, wrong and contradictory keys, with what was found and what
            was expected; and when there are several tickers and none is given.
    """
    tickers = tickers_of(raw)
    if ticker is None and len(tickers) > 1:
        shown = ", ".join(tickers[:_MOST_NAMES]) + (", ..." if len(tickers) > _MOST_NAMES else "")
        raise ConfigError(
            f"found {len(tickers)} tickers in dataset.ticker ({shown}), expected one here: each has a "
            f"campaign in a folder of its own, so name its folder, as in FOLDER={folder_of(tickers[0])}"
        )
    parsed = parse(of_ticker(raw, ticker or tickers[0], tickers=tickers) if tickers else raw)
    if parsed.config is None:
        raise _refusal(parsed.problems)
    return parsed.config


def parse(raw: Mapping[str, Any]) -> Parsed:
    """Turn a configuration into dataclasses as far as it is valid."""
    try:
        written, problems = TypeAdapter(Document).validate_python(raw), []
    except ValidationError as error:
        written, problems = None, mistakes(error, Document)
    blocks = vars(written) if written else _valid_blocks(raw)
    problems += _contradictions(blocks)
    dataset = None
    if {"dataset", "features"} <= blocks.keys():
        kinds = blocks["data"].kinds() if "data" in blocks else {}
        dataset = DatasetSettings.of(blocks["dataset"], blocks["features"], kinds)
    return Parsed(
        problems=tuple(problems),
        data=blocks.get("data"),
        dataset=dataset,
        config=None if problems else _config(written),
    )


def _valid_blocks(raw: Any) -> dict[str, Any]:
    """Return the blocks of a wrong configuration that are valid, so that they are checked too."""
    found = {}
    for name, kind in get_type_hints(Document, include_extras=True).items():
        with contextlib.suppress(ValidationError, KeyError, TypeError):
            found[name] = TypeAdapter(kind).validate_python(raw[name])
    return found


def _config(written: Document) -> Config:
    dataset = DatasetSettings.of(written.dataset, written.features, written.data.kinds())
    return Config(
        campaign=written.campaign,
        seed=written.seed,
        data=written.data,
        dataset=dataset,
        geometry=_geometry(dataset, written.model),
        run_scales=written.run_scales,
        budget_tolerance=written.budget_tolerance,
        scales={name: _scale(name, written.scales, written.search) for name in written.scales},
        search=part(written.search, SearchSettings),
        training=part(written.training, TrainingSettings),
        execution=part(written.training, ExecutionSettings),
        thermal=written.thermal,
        hardware_interval_s=written.hardware_log.interval_s,
        evidence=written.evidence,
    )


def _refusal(problems: Sequence[str]) -> ConfigError:
    count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
    listing = "\n".join(f"  - {problem}" for problem in problems)
    return ConfigError(
        f"the configuration has {count}:\n{listing}\nEvery key is explained in config/README.md."
    )


def _contradictions(blocks: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each contradiction between blocks that are valid separately; others are absent."""
    checks = (_check_names, _check_ticker, _check_pool, _check_vix, _check_geometry, _check_scales)
    for check in checks:
        needed = inspect.signature(check).parameters
        if needed.keys() <= blocks.keys():
            yield from check(**{name: blocks[name] for name in needed})


def _check_names(run_scales: Sequence[str], scales: Mapping[str, ScaleBlock]) -> Iterator[str]:
    unknown = [scale for scale in run_scales if scale not in scales]
    if unknown:
        by_lower = {name.lower(): name for name in scales}
        near = [by_lower[scale.lower()] for scale in unknown if scale.lower() in by_lower]
        meant = f"; did you mean {as_yaml(near)}?" if near else ""
        yield (
            f"run_scales: found {as_yaml(unknown)}, expected names from `scales`: "
            f"{as_yaml(sorted(scales))}{meant}"
        )


def _check_ticker(data: DataSettings, dataset: DatasetBlock) -> Iterator[str]:
    known = data.kinds()
    if dataset.ticker not in known:
        yield (
            f"dataset.ticker: found `{dataset.ticker}`; expected one of data.tickers: write "
            f"{' or '.join(f'`ticker: {name}`' for name in known)}, or add it there"
        )


def _check_pool(data: DataSettings, dataset: DatasetBlock) -> Iterator[str]:
    others = [name for name in data.kinds() if name != dataset.ticker]
    for ticker in dataset.pool:
        if ticker not in others:
            yield (
                f"dataset.pool: found `{ticker}`; expected tickers of data.tickers other than dataset.ticker "
                f"(here {as_yaml(others) if others else 'none'}): add it there, or leave it out of the pool"
            )


def _check_vix(data: DataSettings, dataset: DatasetBlock, features: FeatureBlock) -> Iterator[str]:
    kinds, calendars = data.kinds(), data.calendars()
    if features.vix and kinds.get(VIX_TICKER) != "no_volume_index":
        yield (
            f"features.vix: found true, but data.tickers has no {VIX_TICKER} of kind no_volume_index; "
            f"add `{{ticker: {VIX_TICKER}, kind: no_volume_index}}`, or write `vix: false`"
        )
        return
    for ticker in (dataset.ticker, *dataset.pool) if features.vix else ():
        found, of_vix = calendars.get(ticker), calendars[VIX_TICKER]
        if found not in (None, of_vix):
            yield (
                f"features.vix: found true, but {ticker} has the calendar {found} and {VIX_TICKER} "
                f"{of_vix}: when the day of {ticker} ends, the {VIX_TICKER} of that day may not be known; "
                "write `vix: false`, or the same calendar for both if their "
                "exchanges open and close together"
            )


def _check_geometry(features: FeatureBlock, dataset: DatasetBlock, model: ModelBlock) -> Iterator[str]:
    try:
        _geometry(DatasetSettings.of(dataset, features), model)
    except ConfigError as error:
        yield str(error)


def _check_scales(scales: Mapping[str, ScaleBlock], search: SearchBlock) -> Iterator[str]:
    missing = list(_missing_hyperparameters(scales, search))
    yield from missing
    for name in scales if not missing else ():
        try:
            _scale(name, scales, search)
        except ConfigError as error:
            yield str(error)


def _missing_hyperparameters(scales: Mapping[str, ScaleBlock], search: SearchBlock) -> Iterator[str]:
    for block in ("space", "default"):
        below = [set(getattr(scale, block)) for scale in scales.values()]
        lacking = set(KEYS) - set(BEFORE) - set(getattr(search, block)) - set.intersection(*below)
        advice = "; to keep it fixed, give a choice of one value, `{values: [0.1]}`"
        for key in sorted(lacking):
            yield f"search.{block}: missing key `{key}`{advice if block == 'space' else ''}"


def _geometry(dataset: DatasetSettings, model: ModelBlock) -> Geometry:
    nested = model.nested_days and tuple(min(days, dataset.context_days) for days in model.nested_days)
    return Geometry(
        channels=len(dataset.feature_columns),
        context_days=dataset.context_days,
        patch_days=model.patch_days,
        stride_days=model.stride_days,
        nested_days=nested and tuple(dict.fromkeys(nested)),
    )


def _scale(name: str, scales: Mapping[str, ScaleBlock], search: SearchBlock) -> ScaleSettings:
    block = scales[name]
    space = Space.of(search.space | block.space)
    default = Hyperparameters(**(search.default | block.default))
    space.check(default, where=f"scales.{name}.default with search.default")
    return ScaleSettings(
        budget_parameters=block.budget_parameters,
        n_trials=block.n_trials,
        epochs_max=block.epochs_max,
        space=space,
        default=default,
    )
