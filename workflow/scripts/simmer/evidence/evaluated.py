"""What was fitted for a final evaluation, from its results as plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

from simmer.evidence.predictions import Prediction


def of_refits(results: Sequence[Mapping[str, Any]]) -> list[Prediction]:
    """Return the predictions of refits; what diverged predicts nothing, and its state stands in the facts."""
    return [
        Prediction(
            model=result["scale"],
            kind="transformer",
            refit=result["refit"],
            validation_log_loss=result["validation_log_loss"],
            splits=result["predictions"],
        )
        for result in results
        if result["predictions"] is not None and result["validation_log_loss"] is not None
    ]


def of_baselines(fitted: Mapping[str, Any]) -> list[Prediction]:
    """Return the predictions of baselines."""
    return [
        Prediction(
            model=name,
            kind="baseline",
            refit=None,
            validation_log_loss=model["validation_log_loss"],
            splits=model["predictions"],
        )
        for name, model in fitted.items()
    ]


def model_facts(
    results: Sequence[Mapping[str, Any]],
    fitted: Mapping[str, Any],
    *,
    effort: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """Return what each scale and each baseline is, by its name.

    Args:
        results: of all refits.
        fitted: all baselines.
        effort: for each scale its `trials`, and `epochs_max` of each.
    """
    models: dict[str, Any] = {}
    for result in results:
        model = models.setdefault(
            result["scale"],
            {key: result[key] for key in ("parameters", "winner", "fingerprint", "hyperparameters")}
            | {"search_validation_log_loss": result["winner_validation_log_loss"]}
            | {**effort[result["scale"]], "refits": []},
        )
        model["refits"].append({key: result[key] for key in ("refit", "seed", "state", "best_epoch")})
    for name, model in fitted.items():
        models[name] = {"parameters": None} | {key: model[key] for key in ("settings", "sklearn_version")}
    return models
