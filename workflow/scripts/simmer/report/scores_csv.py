"""Write the scores as CSV, one row per model and horizon."""

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from simmer.base.text import csv_text
from simmer.evidence.results import Evidence

ESTIMATES = ("log_loss", "skill", "auc", "averaged_skill")
SCORES = (
    *("average_precision", "brier", "brier_skill", "calibration_error", "calibration_slope"),
    *("threshold", "precision", "recall"),
    *("prediction_min", "prediction_max", "prediction_mean", "prediction_std"),
    *("collapsed_seeds", "averaged_log_loss", "averaged_validation_log_loss", "members", "tries"),
)
_HEAD = (
    *("horizon_days", "verdict", "model", "kind", "parameters", "seeds", "decisions"),
    *("search_validation_log_loss", "validation_log_loss"),
    *(f"{name}{end}" for name in ESTIMATES for end in ("", "_low", "_high")),
    *SCORES,
)


def scores_csv(evidence: Evidence) -> str:
    """Return a row of horizon, verdict and scores per model; missing values are empty cells."""
    return csv_text(_rows(evidence))


def scores_csv_of_tickers(evidence: Mapping[str, Evidence]) -> str:
    """Return the same rows of several tickers, with the ticker as first column."""
    rows = [["ticker", *_HEAD]]
    for ticker, of_ticker in evidence.items():
        rows += [[ticker, *row] for row in _rows(of_ticker)[1:]]
    return csv_text(rows)


def _rows(evidence: Evidence) -> list[list[Any]]:
    rows: list[list[Any]] = [[*_HEAD]]
    for one in evidence.horizons:
        for model in one.models:
            row = [one.days, one.scaling.verdict, model.name, model.kind, model.parameters, model.seeds]
            row += [one.decisions, model.search_validation_log_loss, model.validation_log_loss]
            for name in ESTIMATES:
                row += [None] * 3 if (found := getattr(model, name)) is None else astuple(found)
            rows.append([*row, *(getattr(model, name) for name in SCORES)])
    return rows
