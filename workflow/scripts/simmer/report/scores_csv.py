"""Write the scores as CSV, one row per model and horizon."""

from dataclasses import astuple

from simmer.base.text import csv_text
from simmer.evidence.results import Evidence

ESTIMATES = ("log_loss", "skill", "auc", "averaged_skill")
SCORES = (
    *("average_precision", "brier", "brier_skill", "calibration_error", "calibration_slope"),
    *("threshold", "precision", "recall"),
    *("prediction_min", "prediction_max", "prediction_mean", "prediction_std"),
    *("collapsed_seeds", "averaged_log_loss", "averaged_validation_log_loss", "members", "tries"),
)


def scores_csv(evidence: Evidence) -> str:
    """Return a row of horizon, verdict and scores per model; missing values are empty cells."""
    bounds = [f"{name}{end}" for name in ESTIMATES for end in ("", "_low", "_high")]
    head = ("horizon_days", "verdict", "model", "kind", "parameters", "seeds", "decisions")
    rows = [[*head, "search_validation_log_loss", "validation_log_loss", *bounds, *SCORES]]
    for one in evidence.horizons:
        for model in one.models:
            row = [one.days, one.scaling.verdict, model.name, model.kind, model.parameters, model.seeds]
            row += [one.decisions, model.search_validation_log_loss, model.validation_log_loss]
            for name in ESTIMATES:
                row += [None] * 3 if (found := getattr(model, name)) is None else astuple(found)
            rows.append([*row, *(getattr(model, name) for name in SCORES)])
    return csv_text(rows)
