"""Audit data, labels, splits, standardisation, controls and the looks at test days for leakage."""

from collections.abc import Sequence
from pathlib import Path

from simmer.audit.checks import run_audit
from simmer.audit.control_checks import controls_from_json
from simmer.audit.raw import model_features, read_raw
from simmer.base.checks import log_checks
from simmer.base.files import read_json, write_json, write_text
from simmer.base.logs import job
from simmer.config.campaign import Config, parse_config
from simmer.data.tables import content_sha256, read_table
from simmer.ledger.made_from import made_from


def main(
    *,
    config: Config,
    bars: Path,
    vix_bars: Sequence[Path],
    table: Path,
    controls: Path,
    looks: Path,
    report: Path,
    text: Path,
) -> None:
    """Write all checks to `report` and `text`; write nothing if one of them fails.

    Args:
        config: the campaign.
        bars: raw bars of the ticker.
        vix_bars: raw bars of the VIX, none where its features are off.
        table: what the trials learn from.
        controls: scores of the trained controls.
        looks: the log of looks at the test split; it may be absent.
        report: for machines.
        text: for people.

    Raises:
        AuditError: with every check that failed.
    """
    frame = read_table(table)
    audit = run_audit(
        config.dataset,
        read_raw(bars, vix_bars),
        frame,
        calendar=config.data.calendar,
        controls=controls_from_json(
            read_json(controls),
            features_sha256=content_sha256(frame),
            horizons_days=config.dataset.horizons_days,
        ),
        looks=looks,
        seed=config.seed,
        features=model_features(volatility=config.dataset.volatility),
    )
    log_checks(audit)
    audit.raise_if_failed()
    write_text(text, audit.as_text())
    write_json(report, audit.as_json())


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            config=parse_config(snakemake.config),
            bars=Path(snakemake.input.bars),
            vix_bars=[Path(path) for path in snakemake.input.vix_bars],
            table=Path(snakemake.input.table),
            controls=Path(snakemake.input.controls),
            looks=Path(snakemake.params.register),
            report=Path(snakemake.output.report),
            text=Path(snakemake.output.table),
        )
