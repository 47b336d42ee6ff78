"""Run all checks of an audit, in the order of its check table."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from simmer.audit.control_checks import check_control
from simmer.audit.controls import ControlResult
from simmer.audit.labels import border_days, check_base_rate, check_borders, check_labels, check_splits
from simmer.audit.looks import check_looks
from simmer.audit.pooled import check_pooled, check_pooled_tables
from simmer.audit.prefixes import check_prefixes, check_table, cut_days
from simmer.audit.raw import FeatureBuilder, PooledSeries, RawSeries, vix_features
from simmer.audit.standardisation import check_future, check_standardisation
from simmer.base.checks import CheckResult, CheckTable
from simmer.base.errors import AuditError
from simmer.config.dataset import DatasetSettings
from simmer.ledger.address import horizon_name


def run_audit(
    settings: DatasetSettings,
    raw: RawSeries,
    table: pd.DataFrame,
    *,
    calendar: str,
    controls: Sequence[ControlResult],
    looks: Path,
    seed: int,
    features: FeatureBuilder,
    pooled: Sequence[PooledSeries] = (),
) -> CheckTable:
    """Run all checks, also after a failed one, and return the check table.

    Args:
        settings: config blocks `dataset` and `features`.
        raw: bars of the ticker, and of the VIX if its features are on.
        table: the feature table that the trials train on.
        calendar: of the exchange, for the table of the VIX.
        controls: results of the trained controls.
        looks: the log of looks at test days; it may be absent.
        seed: of the price changes in `check_future`.
        features: computes a feature table from raw bars.
        pooled: the pooled tickers.

    Raises:
        DatasetError: when no dataset can be formed.
    """
    build_any = partial(settings.build, pooled=[one.table for one in pooled])
    datasets = {days: build_any(table, days) for days in settings.horizons_days}
    borders = border_days(datasets[settings.horizons_days[0]], raw)
    cuts = cut_days(raw.days, borders)
    checks: list[CheckResult] = [
        check_table(settings.table, table, features, raw),
        *check_prefixes(settings.table, features, raw, cuts, relative=True),
    ]
    if raw.vix_bars is not None:
        checks += check_prefixes("VIX_features", vix_features(calendar), raw, cuts, relative=False)
    checks += check_pooled_tables(pooled, features=features, border_days=borders)
    for days, dataset in datasets.items():
        checks += [check_labels(dataset, raw), check_splits(dataset), check_borders(dataset, raw)]
        build = partial(build_any, horizon_days=days)
        checks += [check_standardisation(dataset, table)]
        checks += check_future(raw, features=features, build=build, horizon=horizon_name(days), seed=seed)
        checks += check_pooled(pooled, dataset, features=features, build=partial(build, table), seed=seed)
    checks += [check_base_rate(datasets, split) for split in ("train", "validation")]
    checks += check_looks(looks)
    checks += [check for control in controls for check in check_control(control)]
    return CheckTable(
        title=f"leakage audit of {settings.ticker}",
        checks=tuple(checks),
        error=AuditError,
        complaint="the audit found leakage or a broken control",
        facts={"schema": "simmer-leakage-audit-1", "ticker": settings.ticker},
    )
