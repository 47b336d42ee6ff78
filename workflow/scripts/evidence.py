"""Score all final predictions, compare scales with baselines and with each other, and reach verdicts."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pandas as pd

from simmer.base.files import read_json, write_json
from simmer.base.logs import job
from simmer.base.provenance import reached_digest
from simmer.evidence.answer import adjust_for_all, answer
from simmer.evidence.headlines import headlines
from simmer.evidence.results import Evidence
from simmer.ledger.made_from import made_from

logger = logging.getLogger(__name__)


def main(
    *, campaign: str, tickers: int, predictions: Sequence[Path], facts: Sequence[Path], evidence: Path
) -> None:
    """Write the scores and verdicts of all horizons to `evidence`, as those of one of so many tickers.

    Raises:
        DatasetError: when models predicted different rows, or a test split is too short.
    """
    known = [read_json(path) for path in facts]
    # Horizons that were scored before and are no longer configured share the chance of a wrong claim, too,
    # and so do other tickers, which are assumed to have as many.
    horizons = max(len(known), *(fact["horizons_seen"] for fact in known)) * tickers
    answers = [
        answer(pd.read_parquet(path), fact, horizon_days=fact["horizon_days"], comparisons=horizons)
        for path, fact in zip(predictions, known, strict=True)
    ]
    answers, comparisons = adjust_for_all(answers, horizons=horizons)
    answers = [replace(one, headlines=headlines(one, comparisons=comparisons)) for one in answers]
    for one in answers:
        for sentence in (*chain.from_iterable(vars(one.headlines).values()), one.scaling.reason):
            logger.info("%s days: %s", one.days, sentence)
    made = Evidence(
        campaign=campaign,
        code=reached_digest("evidence.py"),
        comparisons=comparisons,
        horizons=tuple(answers),
    )
    write_json(evidence, made.as_json())


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            campaign=snakemake.params.campaign,
            tickers=snakemake.params.tickers,
            predictions=[Path(path) for path in snakemake.input.predictions],
            facts=[Path(path) for path in snakemake.input.facts],
            evidence=Path(snakemake.output.evidence),
        )
