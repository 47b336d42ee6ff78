"""Predictions of all models beside the labels: from this table anybody can rescore a final evaluation.

A row per model, refit, split and decision row:

| column | what it holds |
|---|---|
| `split` | validation or test |
| `row`, `date` | the decision row in the feature table, and its day |
| `label` | 0 or 1 |
| `model`, `kind` | a scale (transformer) or a baseline |
| `refit` | number of the refit; null for baselines |
| `probability` | predicted P(label = 1) |
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from simmer.base.errors import DatasetError
from simmer.evidence.metrics import log_loss

Kind = Literal["transformer", "baseline"]
SPLITS = ("validation", "test")
# Training scores a split in the same arithmetic; only the way to JSON and back lies between.
SAME_LOSS = 1e-9


@dataclass(frozen=True)
class SplitLabels:
    """The decision rows of one split [n], their days and their labels, in the order of time."""

    rows: np.ndarray
    dates: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Prediction:
    """What one fitted model predicted, before anybody looked at a label of test.

    Attributes:
        model: a scale or a baseline.
        kind: which of the two.
        refit: its number, None for a baseline.
        validation_log_loss: as it was scored when it was fitted, nats.
        splits: for validation and test its `rows` and `probabilities`, each [n].
    """

    model: str
    kind: Kind
    refit: int | None
    validation_log_loss: float
    splits: Mapping[str, Mapping[str, Sequence[Any]]]

    @property
    def name(self) -> str:
        """For messages."""
        return self.model if self.refit is None else f"refit {self.refit} of {self.model}"


def prediction_table(labels: Mapping[str, SplitLabels], predictions: Sequence[Prediction]) -> pd.DataFrame:
    """Return the predictions beside the labels.

    Raises:
        DatasetError: when a prediction is of other rows than the labels, or does not score on validation what
            it scored when it was fitted.
    """
    parts = []
    for prediction in predictions:
        for split in SPLITS:
            truth, given = labels[split], prediction.splits[split]
            if not np.array_equal(truth.rows, given["rows"]):
                raise DatasetError(
                    f"{prediction.name} predicts {len(given['rows'])} rows of {split}, not the "
                    f"{len(truth.rows)} that have labels; expected the same rows: delete its published "
                    "result and run the same command again"
                )
            parts.append(
                pd.DataFrame(
                    {
                        "split": split,
                        "row": truth.rows,
                        "date": truth.dates,
                        "label": truth.labels,
                        "model": prediction.model,
                        "kind": prediction.kind,
                        "refit": pd.array([prediction.refit] * len(truth.rows), dtype="Int64"),
                        "probability": np.asarray(given["probabilities"], dtype=np.float64),
                    }
                )
            )
        found = log_loss(
            labels["validation"].labels, np.asarray(prediction.splits["validation"]["probabilities"])
        )
        if abs(found - prediction.validation_log_loss) > SAME_LOSS:
            raise DatasetError(
                f"the predictions of {prediction.name} score {found:.9f} on validation, and it was recorded "
                f"with {prediction.validation_log_loss:.9f}; expected the same: delete its published result "
                "and its folder in the ledger, and run the same command again"
            )
    return pd.concat(parts, ignore_index=True)


def predictions_sha256(table: pd.DataFrame) -> str:
    """Return a SHA-256 over what was predicted, whatever library wrote it."""
    digest = hashlib.sha256()
    for name in ("split", "model", "refit", "row"):
        digest.update("\0".join(map(str, table[name])).encode())
    digest.update(table["probability"].to_numpy(dtype="<f8").tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Predicted:
    """The predictions of one model on one split: probabilities [refits, n], labels [n]."""

    model: str
    kind: Kind
    labels: np.ndarray
    probabilities: np.ndarray


def read_predictions(table: pd.DataFrame, split: str) -> dict[str, Predicted]:
    """Return the predictions of every model on a split, in the order of the table.

    Raises:
        DatasetError: when models were asked about different rows.
    """
    of_split = table[table["split"] == split]
    models: dict[str, Predicted] = {}
    rows: np.ndarray | None = None
    for name, of_model in of_split.groupby("model", sort=False):
        refits = [part for _, part in of_model.groupby("refit", sort=True, dropna=False)]
        for part in refits:
            rows = part["row"].to_numpy() if rows is None else rows
            if not np.array_equal(part["row"].to_numpy(), rows):
                raise DatasetError(
                    f"{name} was asked about other rows of {split} than the models before it; expected the "
                    "same rows for all: make the final evaluation again"
                )
        models[str(name)] = Predicted(
            model=str(name),
            kind=of_model["kind"].iloc[0],
            labels=refits[0]["label"].to_numpy(),
            probabilities=np.stack([part["probability"].to_numpy() for part in refits]),
        )
    return models
