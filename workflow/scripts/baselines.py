"""Fit the baselines of one horizon and predict validation and test; labels of test stay sealed."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from simmer.base.files import write_json
from simmer.base.logs import job
from simmer.config.campaign import Config, parse_config
from simmer.data.table_entry import features_sha256_in
from simmer.data.tables import read_table, require_content
from simmer.evidence.baseline_inputs import Inputs, Rows, build_inputs
from simmer.evidence.baselines import fit_baselines
from simmer.evidence.predictions import SPLITS
from simmer.features.splits import SEARCH_SPLITS
from simmer.features.splits import SPLITS as ALL_SPLITS
from simmer.features.standardised import Standardised
from simmer.ledger.address import horizon_days_of
from simmer.ledger.made_from import made_from

logger = logging.getLogger(__name__)


def main(
    *,
    config: Config,
    horizon_days: int,
    tables: Sequence[Path],
    resources: Sequence[Path],
    fitted: Path,
) -> None:
    """Write settings, validation log-losses and members' predictions of all baselines to `fitted`.

    Args:
        config: the campaign.
        horizon_days: of the labels.
        tables, resources: the feature tables and their entries, the ticker's own first.
        fitted: the output.

    Raises:
        DataError: when a table is not the one its manifest lists.
        DatasetError: when the splits do not suit the baselines.
    """
    frames, features_sha256 = [read_table(path) for path in tables], features_sha256_in(resources)
    require_content(frames, features_sha256, names=config.dataset.tables)
    own, *others = frames
    dataset = config.dataset.build(own, horizon_days, test="inputs", pooled=others)
    inputs = {
        split: _inputs(own, dataset, dataset.decision_rows(split), dataset.context_days)
        for split in ALL_SPLITS
    }
    rows = {split: Rows(inputs[split], dataset.labels_of(split)) for split in SEARCH_SPLITS}
    pooled = [
        Rows(_inputs(frame, part, part.decision_rows, dataset.context_days), part.labels)
        for frame, part in zip(others, dataset.pooled, strict=True)
    ]
    size = {"tries": config.most_trials, "members": config.evidence.seeds}
    models = fit_baselines(rows["train"], rows["validation"], **size, seed=config.seed, pooled=pooled)
    for model in models.values():
        logger.info("%s: validation log-loss %.4f, %s", model.name, model.validation_log_loss, model.settings)
    predicted = {
        name: {split: model.predict(inputs[split]).tolist() for split in SPLITS}
        for name, model in models.items()
    }
    described = {
        name: {
            "settings": model.settings,
            "validation_log_loss": model.validation_log_loss,
            **{
                kind: [{"settings": settings, "validation_log_loss": loss} for settings, loss in losses]
                for kind, losses in (("tried", model.tried), ("raced", model.raced))
            },
            "seconds": model.seconds,
            "sklearn_version": model.sklearn_version,
            "members": [
                {
                    "iterations": member.iterations,
                    "validation_log_loss": member.validation_log_loss,
                    "predictions": {
                        split: {
                            "rows": dataset.decision_rows(split).tolist(),
                            "probabilities": predicted[name][split][number],
                        }
                        for split in SPLITS
                    },
                }
                for number, member in enumerate(model.members)
            ],
        }
        for name, model in models.items()
    }
    write_json(fitted, {"features_sha256": features_sha256, "seed": config.seed, **size, "models": described})


def _inputs(frame: pd.DataFrame, part: Standardised, decision_rows: np.ndarray, context_days: int) -> Inputs:
    rows = len(part.dates)  # a pooled ticker's end with its last train window
    prices = {name.lower(): frame[name].to_numpy()[:rows] for name in ("Close", "High", "Low")}
    return build_inputs(part.price_relative, **prices, decision_rows=decision_rows, context_days=context_days)


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            config=parse_config(snakemake.config),
            horizon_days=horizon_days_of(snakemake.wildcards.horizon),
            tables=[Path(path) for path in snakemake.input.tables],
            resources=[Path(path) for path in snakemake.input.resources],
            fitted=Path(snakemake.output.fitted),
        )
