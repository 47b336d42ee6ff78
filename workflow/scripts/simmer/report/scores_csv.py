"""The scores of all models at all horizons, a row each, for other programs."""

from collections.abc import Mapping
from typing import Any

from simmer.base.text import csv_text

ESTIMATES = ("log_loss", "skill", "auc")
SCORES = (
    *("average_precision", "brier", "brier_skill", "calibration_error", "calibration_slope"),
    *("threshold", "precision", "recall"),
    *("prediction_min", "prediction_max", "prediction_mean", "prediction_std"),
    *("collapsed_seeds", "averaged_log_loss"),
)


def scores_csv(evidence: Mapping[str, Any]) -> str:
    """Return horizon, verdict, model and its scores; an absent value is an empty cell."""
    bounds = [f"{name}{end}" for name in ESTIMATES for end in ("", "_low", "_high")]
    head = ("horizon_days", "verdict", "model", "kind", "parameters", "seeds", "decisions")
    rows = [[*head, "search_validation_log_loss", "validation_log_loss", *bounds, *SCORES]]
    for horizon in sorted(evidence["horizons"], key=int):
        one = evidence["horizons"][horizon]
        for model in one["models"]:
            row = [horizon, one["scaling"]["verdict"]]
            row += [model[key] for key in ("name", "kind", "parameters", "seeds")]
            row += [one["decisions"], model.get("search_validation_log_loss"), model["validation_log_loss"]]
            row += [(model[name] or {}).get(end) for name in ESTIMATES for end in ("value", "low", "high")]
            rows.append([*row, *(model[name] for name in SCORES)])
    return csv_text(rows)
