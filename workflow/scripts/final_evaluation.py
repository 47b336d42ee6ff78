"""Join the labels of test with the predictions of refits and baselines; no other rule reads these labels."""

import logging
from collections.abc import Sequence
from pathlib import Path

from simmer.base.files import read_json, write_json, write_through
from simmer.base.logs import PROGRESS, job
from simmer.config.campaign import Config, parse_config
from simmer.data.table_entry import features_sha256_in
from simmer.data.tables import read_table, require_content
from simmer.evidence.evaluated import (
    model_facts,
    of_baselines,
    of_refits,
    refuse_foreign,
    refuse_mixed_refits,
)
from simmer.evidence.looks import count_looks, horizons_seen, read_looks, record_look
from simmer.evidence.predictions import SPLITS, SplitLabels, prediction_table, predictions_sha256
from simmer.features.dataset import describe
from simmer.ledger.address import RESULTS, horizon_days_of, horizon_name, looks_in
from simmer.ledger.made_from import made_from
from simmer.ledger.results import RefitResult, TrialResult

logger = logging.getLogger(__name__)


def main(
    *,
    config: Config,
    horizon_days: int,
    tables: Sequence[Path],
    resources: Sequence[Path],
    trials: Sequence[Path],
    refits: Sequence[Path],
    baselines: Path,
    predictions: Path,
    facts: Path,
) -> None:
    """Write every prediction with its label to `predictions`, and facts about the models to `facts`.

    Args:
        config: the campaign.
        horizon_days: of the labels.
        tables, resources: the feature tables and their entries, the ticker's own first.
        trials: of all scales at this horizon, to count those that a winner was chosen from.
        refits, baselines: predictions made without the labels of test.
        predictions, facts: the outputs.

    Raises:
        DataError: when a table is not the one its manifest lists.
        DatasetError: when predictions and labels are not of the same rows.
        LedgerError: when a refit or a baseline belongs to other settings than the configured ones.
    """
    frames, features_sha256 = [read_table(path) for path in tables], features_sha256_in(resources)
    require_content(frames, features_sha256, names=config.dataset.tables)
    results, fitted = [RefitResult.read(path) for path in refits], read_json(baselines)
    fingerprints = {
        scale: config.study(scale, horizon_days).fingerprint(features_sha256) for scale in config.run_scales
    }
    refuse_mixed_refits(results, fingerprints)
    refuse_foreign(
        fitted,
        features_sha256=features_sha256,
        seed=config.seed,
        tries=config.most_trials,
        members=config.evidence.seeds,
    )
    dataset = config.dataset.build(frames[0], horizon_days, test="open", pooled=frames[1:])
    labels = {
        split: SplitLabels(
            rows=dataset.decision_rows(split),
            dates=dataset.dates[dataset.decision_rows(split)],
            labels=dataset.labels_of(split),
        )
        for split in SPLITS
    }
    table = prediction_table(labels, [*of_refits(results), *of_baselines(fitted)])
    splits = describe(dataset)
    look = {
        "ticker": config.dataset.ticker,
        "horizon_days": horizon_days,
        **{key: splits["test"][key] for key in ("first_date", "last_date")},
        "winners": {
            result.scale: {"fingerprint": result.fingerprint, "trial": result.winner} for result in results
        },
        "predictions_sha256": predictions_sha256(table),
    }
    # Before anything with labels in it is on the disk.
    looks = looks_in(RESULTS)
    record_look(looks, look)
    known = read_looks(looks)
    count = count_looks(known, look)
    logger.log(PROGRESS, "test days of %s: look number %d", horizon_name(horizon_days), count)
    write_through(predictions, lambda aside: table.to_parquet(aside, index=False))
    write_json(
        facts,
        {
            "horizon_days": horizon_days,
            "splits": splits,
            "reading": look,
            "looks": count,
            "horizons_seen": horizons_seen(known, look),
            "models": model_facts(
                results,
                fitted,
                trials=[TrialResult.read(path) for path in trials],
                epochs_max={scale: config.scales[scale].epochs_max for scale in config.run_scales},
            ),
        },
    )


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            config=parse_config(snakemake.config),
            horizon_days=horizon_days_of(snakemake.wildcards.horizon),
            tables=[Path(path) for path in snakemake.input.tables],
            resources=[Path(path) for path in snakemake.input.resources],
            trials=[Path(path) for path in snakemake.input.trials],
            refits=[Path(path) for path in snakemake.input.refits],
            baselines=Path(snakemake.input.baselines),
            predictions=Path(snakemake.output.predictions),
            facts=Path(snakemake.output.facts),
        )
