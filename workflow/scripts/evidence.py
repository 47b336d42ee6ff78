"""Score every final prediction, hold scales against baselines and each other, and give verdicts."""

import logging
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pandas as pd

from simmer.base.files import read_json, write_json
from simmer.base.logs import job
from simmer.base.provenance import reached_digest
from simmer.evidence.answer import adjust_for_all, answer
from simmer.evidence.headlines import headlines

logger = logging.getLogger(__name__)


def main(*, campaign: str, predictions: Sequence[Path], facts: Sequence[Path], evidence: Path) -> None:
    """Write the answers of all horizons to `evidence`.

    Raises:
        DatasetError: when models were asked about different rows, or a test split is too short.
    """
    known = [read_json(path) for path in facts]
    # Horizons that were scored before and are no longer configured share the chance of a wrong claim, too.
    horizons = max(len(known), *(fact["horizons_seen"] for fact in known))
    answers = {
        str(fact["horizon_days"]): answer(
            pd.read_parquet(path), fact, horizon_days=fact["horizon_days"], comparisons=horizons
        )
        | {"looks": fact["looks"], "reading": fact["reading"]}
        for path, fact in zip(predictions, known, strict=True)
    }
    comparisons = adjust_for_all(list(answers.values()), horizons=horizons)
    for days, one in answers.items():
        one["headlines"] = headlines(one, comparisons=comparisons)
        for sentence in (*chain.from_iterable(one["headlines"].values()), one["scaling"]["reason"]):
            logger.info("%s days: %s", days, sentence)
    made = {"campaign": campaign, "code": reached_digest("evidence.py"), "comparisons": comparisons}
    write_json(evidence, made | {"horizons": answers})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            campaign=snakemake.params.campaign,
            predictions=[Path(path) for path in snakemake.input.predictions],
            facts=[Path(path) for path in snakemake.input.facts],
            evidence=Path(snakemake.output.evidence),
        )
