"""Form labels and splits for every horizon and record sizes and base rates, except those of test."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simmer.base.files import write_json
from simmer.base.logs import job
from simmer.config.campaign import parse_config
from simmer.config.dataset import DatasetSettings
from simmer.data.tables import read_table
from simmer.evidence.bootstrap import require_blocks
from simmer.features.dataset import check_base_rates, describe
from simmer.ledger.address import horizon_name
from simmer.ledger.made_from import made_from

logger = logging.getLogger(__name__)


def main(*, settings: DatasetSettings, tables: Sequence[Path], summary: Path) -> None:
    """Write sizes, dates, base rates and their log-losses of all horizons to `summary`.

    `tables` are the feature tables, the ticker's own first.

    Raises:
        DatasetError: when a split is too small, lacks a class, or base rates fall with the horizon; also when
            the test split is too short for the evidence: days of search would be lost.
    """
    own, *pooled = map(read_table, tables)
    datasets = {
        days: settings.build(own, days, test="inputs", pooled=pooled) for days in settings.horizons_days
    }
    check_base_rates(datasets)
    for days, dataset in datasets.items():
        require_blocks(len(dataset.decision_rows("test")), days)
    described = {horizon_name(days): describe(dataset) for days, dataset in datasets.items()}
    for horizon, splits in described.items():
        for split, facts in splits.items():
            logger.info("%s %s %s: %s", settings.ticker, horizon, split, _windows(facts))
    known = {
        "ticker": settings.ticker,
        "threshold": settings.threshold,
        "basis": settings.basis,
        "context_days": settings.context_days,
        "horizons": described,
    }
    if settings.pool:
        known["pooled"] = {
            horizon_name(days): {part.ticker: part.facts() for part in dataset.pooled}
            for days, dataset in datasets.items()
        }
        for horizon, tickers in known["pooled"].items():
            for ticker, of_ticker in tickers.items():
                logger.info("%s pooled %s: %s", horizon, ticker, _windows(of_ticker))
    write_json(summary, known)


def _windows(facts: Mapping[str, Any]) -> str:
    found = "{n} windows, {first_date} to {last_date}, ".format(**facts)
    if "base_rate" not in facts:
        return found + "labels sealed until the final evaluation"
    found += f"{100 * facts['base_rate']:.1f} % positive"
    if "prior_log_loss" in facts:
        found += f", base rate log-loss {facts['prior_log_loss']:.4f}"
    return found


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            settings=parse_config(snakemake.config).dataset,
            tables=[Path(path) for path in snakemake.input.tables],
            summary=Path(snakemake.output.summary),
        )
