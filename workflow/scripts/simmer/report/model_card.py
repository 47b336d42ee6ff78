"""Write the card of a saved model from its refits and what the report says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from simmer.evidence.headlines import headlines
from simmer.evidence.results import Evidence, Horizon, Model
from simmer.evidence.scaling_verdict import FEWEST_REFITS, Estimate
from simmer.ledger.about import About
from simmer.ledger.model_card import (
    FORMAT,
    Card,
    CardBars,
    CardBin,
    CardEstimate,
    CardExecution,
    CardLabel,
    CardScores,
    Member,
    ModelInputs,
)
from simmer.ledger.results import RefitResult

_NO_CLAIM = f"The report claims nothing about it: claims need at least {FEWEST_REFITS} refits."


def of_scale(horizon: Horizon, scale: str) -> Horizon:
    """Return the part of a horizon's results that is about one scale alone."""
    return replace(
        horizon,
        models=tuple(model for model in horizon.models if model.name == scale and model.transformer),
        differences=tuple(pair for pair in horizon.differences if pair.a == scale),
    )


def model_card(
    refits: Sequence[RefitResult],
    kept: Sequence[RefitResult],
    *,
    evidence: Evidence,
    inputs: ModelInputs,
    about: About,
    features: Mapping[str, Any],
    features_sha256: str,
) -> Card:
    """Return the card of the model that the refits of a study are.

    Args:
        refits: all refits of the study.
        kept: those whose weights are published.
        evidence: of the campaign.
        inputs: of the study.
        about: label of the study.
        features: manifest entry of the ticker's feature table.
        features_sha256: digest of the values of all feature tables.
    """
    first = refits[0]
    horizon = next(one for one in evidence.horizons if one.days == first.horizon_days)
    alone = of_scale(horizon, first.scale)
    said = vars(headlines(alone, comparisons=evidence.comparisons))
    return Card(
        format=FORMAT,
        campaign=first.campaign,
        scale=first.scale,
        fingerprint=first.fingerprint,
        winner=first.winner,
        shape=first.shape,
        parameters=first.parameters,
        recipe=first.hyperparameters,
        inputs=inputs,
        inputs_sha256=inputs.sha256,
        label=CardLabel(threshold=about.threshold, basis=about.basis, horizon_days=first.horizon_days),
        base_rate=first.dataset.train.base_rate,
        pooled=first.dataset.pooled,
        bars=CardBars(
            **{name: features[name] for name in ("ticker", "kind", "adjustment", "calendar")},
            sources=tuple(features["sources"]),
        ),
        features_sha256=features_sha256,
        members=tuple(map(_member, kept)),
        test=next((_scores(horizon, model) for model in alone.models), None),
        findings=tuple(chain.from_iterable(said.values())) or (_NO_CLAIM,),
        versions=first.versions,
        code_digests=tuple(sorted({digest for refit in refits for digest in refit.code_digests})),
    )


def _member(refit: RefitResult) -> Member:
    machine, stored = refit.machine, refit.kept_weights
    names = ("device", "precision", "threads", "memory", "activation_checkpointing", "compiled", "kernels")
    return Member(
        file=refit.address.member.name,
        sha256=stored.sha256,
        bytes=stored.bytes,
        refit=refit.refit,
        seed=refit.seed,
        best_epoch=refit.best_epoch,
        validation_log_loss=refit.validation_log_loss,
        execution=CardExecution(**{name: getattr(machine, name) for name in names}),
    )


def _scores(horizon: Horizon, model: Model) -> CardScores:
    test = horizon.splits["test"]
    return CardScores(
        decisions=horizon.decisions,
        first_date=test.first_date,
        last_date=test.last_date,
        refits=model.seeds,
        base_rate_log_loss=horizon.base_rate_log_loss,
        log_loss=_estimate(model.log_loss),
        averaged_log_loss=model.averaged_log_loss,
        skill=_estimate(model.skill),
        auc=None if model.auc is None else _estimate(model.auc),
        brier=model.brier,
        calibration_error=model.calibration_error,
        calibration_slope=model.calibration_slope,
        calibration=tuple(CardBin(**vars(one)) for one in model.reliability),
    )


def _estimate(estimate: Estimate) -> CardEstimate:
    return CardEstimate(value=estimate.value, low=estimate.low, high=estimate.high)
