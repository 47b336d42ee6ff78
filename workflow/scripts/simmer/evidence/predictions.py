"""The table of predictions and labels of all models, from which a final evaluation can be scored again.

One row per model, member, split and decision row:

| column | content |
|---|---|
| `split` | validation or test |
| `row`, `date` | decision row in the feature table, and its day |
| `label` | 0 or 1 |
| `model`, `kind` | a scale (transformer) or a baseline |
| `refit` | number of the member: a scale's refit or a baseline's fit; null for the only fit of a baseline |
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
# Training uses the same arithmetic; the tolerance covers the conversion to JSON and back.
SAME_LOSS = 1e-9


@dataclass(frozen=True)
class SplitLabels:
    """The decision rows of one split [n] with their days and labels, in the order of time."""

    rows: np.ndarray
    dates: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Prediction:
    """The predictions of one fitted model, made without test labels.

    Attributes:
        model: name of a scale or a baseline.
        refit: number of the member, None for the only fit of a baseline.
        validation_log_loss: computed when the model was fitted, nats.
        splits: for validation and test the `rows` and `probabilities`, each [n].
    """

    model: str
    kind: Kind
    refit: int | None
    validation_log_loss: float
    splits: Mapping[str, Mapping[str, Sequence[Any]]]

    @property
    def name(self) -> str:
        """The model and member, for messages."""
        if self.refit is None:
            return self.model
        return f"{'refit' if self.kind == 'transformer' else 'member'} {self.refit} of {self.model}"


def prediction_table(labels: Mapping[str, SplitLabels], predictions: Sequence[Prediction]) -> pd.DataFrame:
    """Join predictions and labels.

    Raises:
        DatasetError: when predictions and labels have different rows, or the validation log-loss differs from
            the one recorded when the model was fitted.
    """
    parts = []
    for prediction in predictions:
        for split in SPLITS:
            truth, given = labels[split], prediction.splits[split]
            if not np.array_equal(truth.rows, given["rows"]):
                raise DatasetError(
                    f"{prediction.name} has predictions for {len(given['rows'])} rows of {split}, expected "
                    f"exactly the {len(truth.rows)} rows with labels; delete its published result and run "
                    "the same command again"
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
                f"the predictions of {prediction.name} have a validation log-loss of {found:.9f}, expected "
                f"the recorded {prediction.validation_log_loss:.9f}; delete its published result and its "
                "folder in the ledger, and run the same command again"
            )
    return pd.concat(parts, ignore_index=True)


def predictions_sha256(table: pd.DataFrame) -> str:
    """Return a SHA-256 of the predictions that does not depend on the file format."""
    digest = hashlib.sha256()
    for name in ("split", "model", "refit", "row"):
        digest.update("\0".join(map(str, table[name])).encode())
    digest.update(table["probability"].to_numpy(dtype="<f8").tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Predicted:
    """The predictions of one model on one split: probabilities [members, n], labels [n]."""

    model: str
    kind: Kind
    labels: np.ndarray
    probabilities: np.ndarray


def read_predictions(table: pd.DataFrame, split: str) -> dict[str, Predicted]:
    """Return the predictions of every model on a split, in the order of the table.

    Raises:
        DatasetError: when models have predictions for different rows.
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
                    f"{name} has predictions for other rows of {split} than the models before it, expected "
                    "the same rows for all; run the final evaluation again"
                )
        models[str(name)] = Predicted(
            model=str(name),
            kind=of_model["kind"].iloc[0],
            labels=refits[0]["label"].to_numpy(),
            probabilities=np.stack([part["probability"].to_numpy() for part in refits]),
        )
    return models
