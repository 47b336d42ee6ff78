"""The scores of all models at all horizons, a row each, for other programs."""

import csv
import io
from dataclasses import astuple

from simmer.evidence.results import Evidence

ESTIMATES = ("log_loss", "skill", "auc")
SCORES = (
    *("average_precision", "brier", "brier_skill", "calibration_error", "calibration_slope"),
    *("threshold", "precision", "recall"),
    *("prediction_min", "prediction_max", "prediction_mean", "prediction_std"),
    *("collapsed_seeds", "averaged_log_loss"),
)


def scores_csv(evidence: Evidence) -> str:
    """Return horizon, verdict, model and its scores; an absent value is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    bounds = [f"{name}{end}" for name in ESTIMATES for end in ("", "_low", "_high")]
    head = ("horizon_days", "verdict", "model", "kind", "parameters", "seeds", "decisions")
    writer.writerow([*head, "search_validation_log_loss", "validation_log_loss", *bounds, *SCORES])
    for one in evidence.horizons:
        for model in one.models:
            estimates = (getattr(model, name) for name in ESTIMATES)
            values = [
                *(one.days, one.scaling.verdict, model.name, model.kind, model.parameters, model.seeds),
                *(one.decisions, model.search_validation_log_loss, model.validation_log_loss),
                *(end for found in estimates for end in (astuple(found) if found else (None,) * 3)),
                *(getattr(model, name) for name in SCORES),
            ]
            writer.writerow(["" if value is None else value for value in values])
    return text.getvalue()
