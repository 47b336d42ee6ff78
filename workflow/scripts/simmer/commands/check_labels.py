"""Check features, labels and splits before a search, as a run builds them, and say what to write."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from simmer.base.checks import CheckResult, CheckStatus
from simmer.base.errors import DatasetError, SimmerError
from simmer.base.flow_yaml import as_yaml
from simmer.base.words import percent
from simmer.config.dataset import DatasetSettings
from simmer.data.kinds import RULES
from simmer.data.sessions import expected_days
from simmer.evidence.bootstrap import fewest_rows, require_blocks
from simmer.features.dataset import Dataset, OneClassError, check_base_rates, describe
from simmer.features.fitting_split import fitting_split
from simmer.features.indicators import FeatureTable
from simmer.features.labels import threshold_for
from simmer.features.of_bars import features_of_bars
from simmer.features.splits import find_borders
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
    try:
        table, *pooled = settings.features(bars)
    except SimmerError as error:
        yield _row("features", status=CheckStatus.FAIL, fix=str(error))
        return
    built = {}
    for days in settings.horizons_days:
        try:
            built[days] = settings.build(table, days, test="inputs", pooled=pooled)
            require_blocks(len(built[days].decision_rows("test")), days)
            yield _row(f"labels h{days}", measured=_sizes(built[days]), needed=_needed(settings))
        except DatasetError as error:
            fix = "\n".join([str(error), *_advice(settings, table, error)])
            yield _row(f"labels h{days}", status=CheckStatus.FAIL, needed=_needed(settings), fix=fix)
    try:
        check_base_rates(built) if built else None
    except DatasetError as error:
        yield _row("base rates", status=CheckStatus.FAIL, fix=str(error))


def _sizes(dataset: Dataset) -> str:
    pooled = {f"pooled {part.ticker}": part.facts() for part in dataset.pooled}
    return ", ".join(
        f"{name} {facts['n']:,}"
        + (f" ({percent(float(facts['base_rate']))} positive)" if "base_rate" in facts else "")
        for name, facts in (describe(dataset) | pooled).items()
    )


def _needed(settings: DatasetSettings) -> str:
    return f"{settings.min_validation_decisions} in validation"


def _advice(settings: DatasetSettings, table: pd.DataFrame, error: DatasetError) -> Iterator[str]:
    """Yield the line to write, the same for all horizons, if it is known."""
    dates, longest, shortest = table["Date"].to_numpy(), *(of(settings.horizons_days) for of in (max, min))
    fitting = fitting_split(
        dates,
        settings.split,
        context_days=settings.context_days,
        horizons_days=settings.horizons_days,
        validation_rows=settings.min_validation_decisions,
        test_rows=fewest_rows(longest),
    )
    if fitting is None:
        yield f"no split of these {len(dates):,} rows leaves enough to each part: use a longer series"
    elif fitting != settings.split:
        yield f"write `split: {as_yaml(fitting.given())}`"
    elif isinstance(error, OneClassError):
        train = slice(find_borders(dates, settings.split, context_days=settings.context_days)[0])
        high, close = (table[name].to_numpy(dtype=np.float64)[train] for name in ("High", "Close"))
        threshold = threshold_for(high, close, settings.label(shortest), base_rate=_BASE_RATE)
        share = percent(_BASE_RATE, 0)
        yield f"write `threshold: {threshold}`: {share} of the train labels of h{shortest} are then positive"


def _row(name: str, *, status: CheckStatus = CheckStatus.OK, **columns: str | None) -> CheckResult:
    return CheckResult(
        **{"id": name, "status": status, "measured": None, "needed": None, "source": "bars"} | columns
    )
