"""Collect the fitted models of a final evaluation: refits and baselines, their predictions and facts."""

from collections.abc import Mapping, Sequence
from typing import Any

from simmer.base.errors import LedgerError
from simmer.base.typed_json import as_json
from simmer.evidence.predictions import Prediction
from simmer.ledger.address import published_folder
from simmer.ledger.results import RefitResult, TrialResult


def refuse_mixed_refits(results: Sequence[RefitResult], fingerprints: Mapping[str, str]) -> None:
    """Refuse refits of other studies than the configured ones, or of several winners of one study.

    Args:
        results: of all refits at one horizon.
        fingerprints: of the study of each scale.

    Raises:
        LedgerError: when a scale has such refits.
    """
    for scale, fingerprint in fingerprints.items():
        of_scale = [result for result in results if result.scale == scale]
        found = {(result.fingerprint, result.winner) for result in of_scale}
        numbers = [result.refit for result in of_scale]
        if {of for of, _ in found} != {fingerprint} or len(found) > 1 or len(set(numbers)) < len(numbers):
            raise LedgerError(
                f"found refits {numbers} of {scale} published from {sorted(found)} (study, trial), expected "
                f"different ones of one trial of study {fingerprint}; delete "
                f"{published_folder(scale, 'refit')} and run the same command again: it publishes the refits "
                "in the ledger and trains missing ones"
            )


def refuse_foreign(fitted: Mapping[str, Any], **expected: str | int) -> None:
    """Refuse baselines that were fitted on other features, with other settings or by an older version.

    Args:
        fitted: all baselines.
        expected: `features_sha256`, `seed`, `tries` and `members`, as published with them.

    Raises:
        LedgerError: when one of them differs.
    """
    found = {key: fitted.get(key) for key in expected}
    if found != expected:
        raise LedgerError(
            f"found baselines with {_listed(found)}, expected {_listed(expected)}; delete results/baselines "
            "and run the same command again"
        )


def of_refits(results: Sequence[RefitResult]) -> list[Prediction]:
    """Return the predictions of refits; diverged refits have none, and `model_facts` reports their state."""
    return [
        Prediction(
            model=result.scale,
            kind="transformer",
            refit=result.refit,
            validation_log_loss=result.loss,
            splits=as_json(result.predictions),
        )
        for result in results
        if result.predictions is not None
    ]


def of_baselines(fitted: Mapping[str, Any]) -> list[Prediction]:
    """Return the predictions of all members of the baselines."""
    return [
        Prediction(
            model=name,
            kind="baseline",
            refit=number if len(model["members"]) > 1 else None,
            validation_log_loss=member["validation_log_loss"],
            splits=member["predictions"],
        )
        for name, model in fitted["models"].items()
        for number, member in enumerate(model["members"])
    ]


def model_facts(
    results: Sequence[RefitResult],
    fitted: Mapping[str, Any],
    *,
    trials: Sequence[TrialResult],
    epochs_max: Mapping[str, int],
) -> dict[str, Any]:
    """Return the facts of each scale and baseline by name: size, winner, search effort, refits, settings.

    Args:
        results: of all refits.
        fitted: all baselines.
        trials: of all scales; trials with a loss that do not repeat another one are counted.
        epochs_max: of each scale.
    """
    models: dict[str, Any] = {}
    for result in results:
        scale = result.scale
        searched = sum(
            trial.scale == scale and trial.loss is not None and trial.repeats is None for trial in trials
        )
        model = models.setdefault(
            scale,
            {key: getattr(result, key) for key in ("parameters", "winner", "fingerprint", "hyperparameters")}
            | {"search_validation_log_loss": result.winner_validation_log_loss}
            | {"trials": searched, "epochs_max": epochs_max[scale], "refits": []},
        )
        model["refits"].append(
            {key: getattr(result, key) for key in ("refit", "seed", "state", "best_epoch")}
        )
    for name, model in fitted["models"].items():
        models[name] = {
            "parameters": None,
            "search_validation_log_loss": min(one["validation_log_loss"] for one in model["tried"]),
            "tries": len(model["tried"]),
            **{key: model[key] for key in ("settings", "sklearn_version")},
        }
    return models


def _listed(facts: Mapping[str, str | int | None]) -> str:
    return ", ".join(f"{key} {str(value)[:12]}" for key, value in facts.items())
