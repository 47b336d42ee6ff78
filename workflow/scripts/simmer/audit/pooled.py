"""Check the pooled tickers: their tables, labels and standardisation; nothing may depend on later days."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from simmer.audit.labels import compare_borders, compare_labels
from simmer.audit.prefixes import check_prefixes, check_table, cut_days
from simmer.audit.raw import FeatureBuilder, PooledSeries
from simmer.audit.standardisation import compare_standardisation
from simmer.base.checks import CheckResult
from simmer.features.dataset import Dataset
from simmer.features.pooling import PooledTrain
from simmer.ledger.address import horizon_name

# Makes the dataset of one horizon; its keyword `pooled` takes the tables of the pooled tickers.
PooledBuilder = Callable[..., Dataset]


def check_pooled_tables(
    pooled: Sequence[PooledSeries], *, features: FeatureBuilder, border_days: Sequence[np.datetime64]
) -> Iterator[CheckResult]:
    """Check the tables of pooled tickers, and that their features do not change when later days are added.

    Args:
        pooled: the tickers.
        features: computes a table from raw series.
        border_days: first day of validation and of test, around which the series are cut.
    """
    for one in pooled:
        cuts = cut_days(one.raw.days, border_days)
        yield check_table(one.name, one.table, features, one.raw)
        yield from check_prefixes(one.name, features, one.raw, cuts, relative=True, pooled=one.ticker)


def check_pooled(
    pooled: Sequence[PooledSeries],
    dataset: Dataset,
    *,
    features: FeatureBuilder,
    build: PooledBuilder,
    seed: int,
) -> Iterator[CheckResult]:
    """Check labels, borders and standardisation of pooled tickers, and that they do not depend on later days.

    Args:
        pooled: the tickers.
        dataset: of one horizon, with their windows.
        features: computes a table from raw series.
        build: makes the dataset from the pooled tickers' tables.
        seed: of the price changes.
    """
    spec, horizon = dataset.label_spec, horizon_name(dataset.label_spec.horizon_days)
    border = dataset.dates[dataset.borders[0]].astype("datetime64[D]")
    for place, (one, part) in enumerate(zip(pooled, dataset.pooled, strict=True)):
        days, rows = part.dates[part.decision_rows], int(part.decision_rows[-1]) + 1
        yield compare_labels(f"labels {horizon} {part.ticker}", days, part.labels, spec, one.raw)
        yield compare_borders(part.ticker, {"train": days}, {"train": border}, spec, one.raw)
        yield compare_standardisation(part.ticker, part, one.table, rows=rows, spec=spec)
        tables = [other.table for other in pooled]
        tables[place] = features(one.raw.disturbed_from(border, seed=seed))
        changed = _changed(part, build(pooled=tables).pooled[place])
        fix = f"{', '.join(changed)} depend on prices from {border} on, the first day of validation"
        yield CheckResult.judged(
            f"future of train {horizon} {part.ticker}",
            measured="changed" if changed else "bit-identical",
            needed="bit-identical",
            source=f"prices disturbed from {border}",
            fix=f"{fix}: use earlier rows only" if changed else None,
        )


def _changed(whole: PooledTrain, other: PooledTrain) -> list[str]:
    arrays = {name: value for name, value in vars(whole).items() if isinstance(value, np.ndarray)}
    return [name for name, value in arrays.items() if value.tobytes() != getattr(other, name).tobytes()]
