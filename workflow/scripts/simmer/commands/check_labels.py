"""Check features, labels and splits before a search, as a run builds them, and say what to write."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from simmer.base.checks import CheckResult, CheckStatus
from simmer.base.errors import DatasetError, SimmerError
from simmer.base.flow_yaml import as_yaml
from simmer.base.words import count, percent
from simmer.config.dataset import DatasetSettings
from simmer.data.kinds import RULES
from simmer.data.sessions import expected_days
from simmer.data.tickers import TickerSpec
from simmer.evidence.bootstrap import fewest_rows, require_blocks
from simmer.features.dataset import Dataset, OneClassError, check_base_rates, split_sizes
from simmer.features.fitting_split import enough_rows, fitting_split
from simmer.features.indicators import WARM_UP_BARS, FeatureTable
from simmer.features.labels import threshold_for
from simmer.features.of_bars import features_of_bars
from simmer.features.pooling import PooledTrain
from simmer.features.splits import SplitSpec, find_borders
from simmer.features.vix import build_vix

# Share of positive labels at a suggested threshold.
_BASE_RATE = 0.3


def build_table(
    frame: pd.DataFrame, kind: str, *, calendar: str, volatility: bool, learned: bool
) -> FeatureTable:
    """Return the feature table that a run builds from the bars of one ticker by its kind.

    `learned` is True for a ticker of the windows.

    Raises:
        SimmerError: when it cannot be built.
    """
    if learned or kind != "no_volume_index":
        return features_of_bars(frame, volatility=volatility, volume=RULES[kind].volume)
    days = frame["Date"].to_numpy().astype("datetime64[D]")
    return build_vix(frame, expected_days(calendar, days))


def check_labels(settings: DatasetSettings, bars: Mapping[str, pd.DataFrame]) -> Iterator[CheckResult]:
    """Check labels and splits of every horizon.

    Args:
        settings: config blocks `dataset` and `features`.
        bars: usable bars by ticker.
    """
    if missing := ", ".join(ticker for ticker in settings.tickers if ticker not in bars):
        yield _row("labels", status=CheckStatus.SKIP, measured=f"no usable bars of {missing}")
        return
    own = len(bars[settings.ticker])
    try:
        table, *pooled = settings.features(bars)
    except SimmerError as error:
        fix = f"{error}\n{enough_bars(settings, own)}" if own <= WARM_UP_BARS else str(error)
        yield _row("features", status=CheckStatus.FAIL, measured=count(own, "bar"), fix=fix)
        return
    built = {}
    for days in settings.horizons_days:
        sizes = split_sizes(
            table, label=settings.label(days), split=settings.split, context_days=settings.context_days
        )
        row = partial(_row, f"labels h{days}", needed=_needed(settings, days))
        try:
            built[days] = _build(settings, table, days, sizes, pooled)
            yield row(measured=_in_words(sizes, built[days].pooled))
        except DatasetError as error:
            fix = "\n".join([str(error), *_advice(settings, table, own, error)])
            yield row(status=CheckStatus.FAIL, measured=_in_words(sizes), fix=fix)
    try:
        check_base_rates(built) if built else None
    except DatasetError as error:
        yield _row("base rates", status=CheckStatus.FAIL, fix=str(error))


def check_alone(settings: DatasetSettings, spec: TickerSpec, bars: pd.DataFrame) -> list[CheckResult]:
    """Return the rows of `check_labels` for one ticker by itself, with warnings in place of failures.

    Args:
        settings: config blocks `dataset` and `features`, of any ticker.
        spec: the ticker.
        bars: its valid bars.
    """
    alone = replace(settings, ticker=spec.ticker, pool=(), vix=False, volume=RULES[spec.kind].volume)
    return [
        replace(row, status=CheckStatus.WARN) if row.status is CheckStatus.FAIL else row
        for row in check_labels(alone, {spec.ticker: bars})
    ]


def labels_in_words(settings: DatasetSettings) -> str:
    """Return what decides on labels and splits."""
    split = as_yaml(settings.split.given())
    return f"threshold {settings.threshold:g} ({settings.basis}), split: {split}"


def split_that_fits(settings: DatasetSettings, dates: np.ndarray) -> SplitSpec | None:
    """Return the configured split, or one that leaves enough rows of these days; None if none does."""
    return fitting_split(dates, settings.split, **_needs(settings))


def enough_bars(settings: DatasetSettings, bars: int, *, dropped: int = WARM_UP_BARS) -> str:
    """Return a line about how many bars are enough.

    Args:
        settings: config blocks `dataset` and `features`.
        bars: as many there are.
        dropped: bars before the first row of the table.
    """
    suggested, own = enough_rows(settings.split, **_needs(settings))
    fewest, for_own = dropped + suggested, ""
    if own is not None:
        for_own = f"{dropped + own:,} bars are enough for the split as it is"
        if own <= suggested:
            return f"{for_own}: {dropped + own - bars:,} more than these"
    another = f"{fewest:,} bars are enough for another split, which `make check` then says"
    return f"{another}: {fewest - bars:,} more than these" + f"; {for_own}" * bool(for_own)


def _build(
    settings: DatasetSettings,
    table: pd.DataFrame,
    days: int,
    sizes: Mapping[str, tuple[int, float | None]],
    pooled: Sequence[pd.DataFrame],
) -> Dataset:
    # Sizes come before classes, because a longer split may have both.
    if sizes["validation"][0] >= settings.min_validation_decisions and sizes["test"][0]:
        require_blocks(sizes["test"][0], days)
    return settings.build(table, days, test="inputs", pooled=pooled)


def _in_words(sizes: Mapping[str, tuple[int, float | None]], pooled: Sequence[PooledTrain] = ()) -> str:
    parts = {part.ticker: part.facts() for part in pooled}
    shown = dict(sizes) | {f"pooled {name}": (part["n"], part["base_rate"]) for name, part in parts.items()}
    return ", ".join(
        f"{name} {rows:,}" + ("" if rate is None else f" ({percent(rate)} positive)")
        for name, (rows, rate) in shown.items()
    )


def _needed(settings: DatasetSettings, days: int) -> str:
    return f"{settings.min_validation_decisions} in validation, {fewest_rows(days)} in test"


def _needs(settings: DatasetSettings) -> dict[str, Any]:
    """Return what a split must leave, for all horizons."""
    return {
        "context_days": settings.context_days,
        "horizons_days": settings.horizons_days,
        "validation_rows": settings.min_validation_decisions,
        "test_rows": fewest_rows(max(settings.horizons_days)),
    }


def _advice(settings: DatasetSettings, table: pd.DataFrame, bars: int, error: DatasetError) -> Iterator[str]:
    """Yield the line to write, the same for all horizons, if it is known."""
    dates = table["Date"].to_numpy()
    fitting = split_that_fits(settings, dates)
    if fitting is None:
        yield f"no split of these {len(dates):,} rows leaves enough to each part: use a longer series"
        yield enough_bars(settings, bars, dropped=bars - len(dates))
    elif fitting != settings.split:
        yield f"write `split: {as_yaml(fitting.given())}`"
    elif isinstance(error, OneClassError):
        train = slice(find_borders(dates, settings.split, context_days=settings.context_days)[0])
        high, close = (table[name].to_numpy(dtype=np.float64)[train] for name in ("High", "Close"))
        shortest = min(settings.horizons_days)
        threshold = threshold_for(high, close, settings.label(shortest), base_rate=_BASE_RATE)
        share = percent(_BASE_RATE, 0)
        yield f"write `threshold: {threshold}`: {share} of the train labels of h{shortest} are then positive"


def _row(name: str, *, status: CheckStatus = CheckStatus.OK, **columns: str | None) -> CheckResult:
    return CheckResult(
        **{"id": name, "status": status, "measured": None, "needed": None, "source": "bars"} | columns
    )
