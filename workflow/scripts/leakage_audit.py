"""Audit data, labels, splits, standardisation, controls and the looks at test days for leakage."""

from collections.abc import Sequence
from pathlib import Path

from simmer.audit.checks import run_audit
from simmer.audit.control_checks import controls_from_json
from simmer.audit.raw import PooledSeries, model_features, read_raw
from simmer.base.checks import log_checks
from simmer.base.files import read_json, write_json, write_text
from simmer.base.logs import job
from simmer.config.campaign import Config, parse_config
from simmer.data.tables import features_sha256, read_table
from simmer.data.tickers import VIX_TICKER
from simmer.ledger.made_from import made_from


def main(
    *,
    config: Config,
    bars: Sequence[Path],
    vix_bars: Sequence[Path],
    tables: Sequence[Path],
    controls: Path,
    looks: Path,
    report: Path,
    text: Path,
) -> None:
    """Write all checks to `report` and `text`; write nothing if one of them fails.

    Args:
        config: the campaign.
        bars: raw bars of the ticker, then of the pooled ones.
        vix_bars: raw bars of the VIX, none where its features are off.
        tables: what the trials learn from, in the same order.
        controls: scores of the trained controls.
        looks: the log of looks at the test split; it may be absent.
        report: for machines.
        text: for people.

    Raises:
        AuditError: with every check that failed.
    """
    dataset, frames = config.dataset, [read_table(path) for path in tables]
    raw = [read_raw(path, vix_bars) for path in bars]
    series = map(PooledSeries, dataset.window_tickers, raw, dataset.tables, frames)
    audit = run_audit(
        dataset,
        raw[0],
        frames[0],
        calendar=config.data.calendars().get(VIX_TICKER, config.data.calendar),
        controls=controls_from_json(
            read_json(controls),
            features_sha256=features_sha256(frames),
            horizons_days=dataset.horizons_days,
        ),
        looks=looks,
        seed=config.seed,
        features=model_features(dataset),
        pooled=list(series)[1:],
    )
    log_checks(audit)
    audit.raise_if_failed()
    write_text(text, audit.as_text())
    write_json(report, audit.as_json())


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            config=parse_config(snakemake.config),
            bars=[Path(path) for path in snakemake.input.bars],
            vix_bars=[Path(path) for path in snakemake.input.vix_bars],
            tables=[Path(path) for path in snakemake.input.tables],
            controls=Path(snakemake.input.controls),
            looks=Path(snakemake.params.register),
            report=Path(snakemake.output.report),
            text=Path(snakemake.output.table),
        )
