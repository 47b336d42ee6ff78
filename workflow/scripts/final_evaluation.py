"""Open the labels of test, and put them beside what refits and baselines predicted: no other rule does."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from simmer.config import Config, parse_config
from simmer.data.tables import read_table
from simmer.evidence.evaluated import model_facts, of_baselines, of_refits
from simmer.evidence.looks import looks, record_reading
from simmer.evidence.predictions import SPLITS, SplitLabels, prediction_table
from simmer.features.dataset import describe
from simmer.files import read_json, sha256_of_file, to_json, write_json, write_through
from simmer.logs import job
from simmer.search.table import refuse_mixture

logger = logging.getLogger(__name__)


def main(
    *,
    config: Config,
    horizon_days: int,
    table: Path,
    resource: Path,
    refits: Sequence[Path],
    baselines: Path,
    predictions: Path,
    facts: Path,
) -> None:
    """Write every prediction beside its label to `predictions`, what the models are to `facts`.

    Raises:
        DatasetError: when predictions and labels are not of the same rows.
        LedgerError: when a refit belongs to another study than the configured one.
    """
    features_sha256 = read_json(resource)["content_sha256"]
    studies = {scale: config.study(scale, horizon_days) for scale in config.run_scales}
    results = [read_json(path) for path in refits]
    for scale, study in studies.items():
        of_scale = [result for result in results if result["scale"] == scale]
        refuse_mixture(of_scale, {horizon_days: study.fingerprint(features_sha256)})
    fitted = read_json(baselines)
    effort = {
        scale: {"trials": config.scales[scale].n_trials, "epochs_max": config.scales[scale].epochs_max}
        for scale in config.run_scales
    }
    dataset = config.dataset.build(read_table(table), horizon_days, test="open")
    labels = {
        split: SplitLabels(
            rows=dataset.decision_rows(split),
            dates=dataset.dates[dataset.decision_rows(split)],
            labels=dataset.labels_of(split),
        )
        for split in SPLITS
    }
    frame = prediction_table(labels, [*of_refits(results), *of_baselines(fitted)])
    write_through(predictions, lambda aside: frame.to_parquet(aside, index=False))
    splits = describe(dataset)
    identity = asdict(dataset.label_spec) | {"features_sha256": features_sha256, "splits": splits}
    reading = {
        "horizon_days": horizon_days,
        "dataset": hashlib.sha256(to_json(identity).encode()).hexdigest()[:12],
        "winners": {
            result["scale"]: {"fingerprint": result["fingerprint"], "trial": result["winner"]}
            for result in results
        },
        "predictions_sha256": sha256_of_file(predictions),
    }
    register = Path("results/ledger/test_reads.jsonl")
    record_reading(register, reading)
    count = looks(register, dataset=reading["dataset"])
    logger.info("test of %d days: look number %d at these labels", horizon_days, count)
    write_json(
        facts,
        {"horizon_days": horizon_days, "splits": splits, "reading": reading, "looks": count}
        | {"models": model_facts(results, fitted, effort=effort)},
    )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            config=parse_config(snakemake.config),
            horizon_days=int(snakemake.wildcards.horizon.removeprefix("h")),
            table=Path(snakemake.input.table),
            resource=Path(snakemake.input.resource),
            refits=[Path(path) for path in snakemake.input.refits],
            baselines=Path(snakemake.input.baselines),
            predictions=Path(snakemake.output.predictions),
            facts=Path(snakemake.output.facts),
        )
