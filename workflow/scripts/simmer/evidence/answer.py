"""Evaluate one horizon: scores, differences between models and the verdict on scaling."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from simmer.base.errors import DatasetError
from simmer.base.seeds import derive_seed
from simmer.base.typed_json import from_values
from simmer.evidence.bootstrap import interval
from simmer.evidence.calibration import reliability_curve
from simmer.evidence.final_scores import choose_threshold, final_scores
from simmer.evidence.metrics import auc_of_rows, log_loss
from simmer.evidence.noise import refit_noise, row_widening
from simmer.evidence.power import SIGNIFICANCE
from simmer.evidence.predictions import Predicted, read_predictions
from simmer.evidence.resampled import N_RESAMPLES, ResampledLosses
from simmer.evidence.results import BASE_RATE, Comparison, FittedCurve, Horizon, Model, Scaling, Split
from simmer.evidence.scaling import Assessment, assess
from simmer.evidence.scaling_verdict import FEWEST_REFITS, FEWEST_SCALES, Estimate, Verdict, count

# Every scale is also compared with the best baseline. Only these comparisons support claims, and they were
# chosen before any result was seen.
PLANNED_BASELINES = (BASE_RATE, "logistic_regression")
# Per study, before its winner may represent its scale: with fewer, the sampler has not learned from results.
FEWEST_TRIALS = 10
# Final scores whose mean over members is reported.
SINGLE = (
    *("average_precision", "brier", "brier_skill", "calibration_error", "calibration_slope"),
    *("threshold", "precision", "recall"),
    *("prediction_min", "prediction_max", "prediction_mean", "prediction_std"),
)


def answer(table: pd.DataFrame, facts: Mapping[str, Any], *, horizon_days: int, comparisons: int) -> Horizon:
    """Return the results of one horizon, without headlines and with unadjusted p-values.

    Args:
        table: from `prediction_table`.
        facts: `splits` as described by the dataset, `models` from `model_facts`, and `looks` (their number)
            and `reading` (this look) from the log of looks.
        horizon_days: of the labels.
        comparisons: number of horizons that share the 5 % chance of a wrong claim.

    Raises:
        DatasetError: when models have predictions for different rows, the test split is too short, or the
            baselines were fitted by an older version.
    """
    validation, test = read_predictions(table, "validation"), read_predictions(table, "test")
    losses = ResampledLosses(test, base_rate=BASE_RATE, horizon_days=horizon_days)
    scales = [name for name, model in test.items() if model.kind == "transformer"]
    parameters = {name: facts["models"][name]["parameters"] for name in scales}
    models = [_model(validation[name], test[name], losses, facts, horizon_days=horizon_days) for name in test]
    baselines = [name for name in test if name not in scales]
    _require_tries(facts["models"], baselines)
    best = _best_baseline(models)
    return Horizon(
        days=horizon_days,
        splits={
            name: from_values(
                Split, split, where=f"the facts of {name}", advice="evaluate the test split again"
            )
            for name, split in facts["splits"].items()
        },
        decisions=losses.decisions,
        mean_block=losses.mean_block,
        models=tuple(models),
        best_baseline=best,
        differences=tuple(
            Comparison(
                a=a,
                b=b,
                # One or two refits do not show how much refits differ.
                planned=b in (*PLANNED_BASELINES, best) and len(losses.refit_losses(a)) >= FEWEST_REFITS,
                **vars(losses.difference(a, b)),
            )
            for a, b in product(scales, baselines)
        ),
        scaling=_scaling(losses, parameters, comparisons=comparisons, facts=facts["models"]),
        looks=facts["looks"],
        reading=facts["reading"],
    )


def adjust_for_all(answers: Sequence[Horizon], *, horizons: int) -> tuple[list[Horizon], int]:
    """Adjust the p-values of all planned differences together; also return the number of comparisons.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979) 65-70. Horizons that were scored earlier on these test days and are no longer configured count too.

    Args:
        answers: of the configured horizons.
        horizons: number of horizons ever scored on these test days, the configured ones included.
    """
    planned = [difference for one in answers for difference in one.differences if difference.planned]
    comparisons = ceil(len(planned) * horizons / len(answers))
    largest, adjusted = 0.0, {}
    for rank, difference in enumerate(sorted(planned, key=lambda one: one.p_value)):
        largest = max(largest, min(1.0, (comparisons - rank) * difference.p_value))
        adjusted[id(difference)] = replace(difference, p_adjusted=largest)
    return [
        replace(one, differences=tuple(adjusted.get(id(pair), pair) for pair in one.differences))
        for one in answers
    ], comparisons


def _require_tries(models: Mapping[str, Any], baselines: Sequence[str]) -> None:
    for name in baselines:
        if "tries" not in models[name]:
            raise DatasetError(
                f"found no number of tries of {name} in the final evaluation, expected one: an older version "
                "fitted the baselines; delete results/baselines and run the same command again"
            )


def _model(
    validation: Predicted,
    test: Predicted,
    losses: ResampledLosses,
    facts: Mapping[str, Any],
    *,
    horizon_days: int,
) -> Model:
    name, train_rate = test.model, facts["splits"]["train"]["base_rate"]
    known = facts["models"][name]
    members = [
        final_scores(
            test.labels,
            on_test,
            train_rate=train_rate,
            threshold=choose_threshold(validation.labels, on_validation),
        )
        for on_validation, on_test in zip(validation.probabilities, test.probabilities, strict=True)
    ]
    averaged = test.probabilities.mean(axis=0)
    transformer = test.kind == "transformer"
    return Model(
        name=name,
        kind=test.kind,
        seeds=len(members) if transformer else None,
        members=len(members),
        log_loss=losses.loss(name),
        skill=losses.skill(name),
        skill_own_rate=1 - losses.mean(name) / _own_rate_loss(test.labels),
        seed_log_losses=tuple(losses.refit_losses(name).tolist()) if transformer else None,
        validation_log_loss=float(
            np.mean([log_loss(validation.labels, member) for member in validation.probabilities])
        ),
        auc=_auc(test, horizon_days, losses.mean_block),
        collapsed_seeds=sum(member.collapsed for member in members),
        reliability=tuple(reliability_curve(test.labels, averaged)),
        averaged_log_loss=log_loss(test.labels, averaged) if len(members) > 1 else None,
        averaged_skill=losses.skill(name, averaged=True),
        averaged_validation_log_loss=log_loss(validation.labels, validation.probabilities.mean(axis=0)),
        **{score: _mean([getattr(member, score) for member in members]) for score in SINGLE},
        **known | ({"refits": tuple(known["refits"])} if "refits" in known else {}),
    )


def after_search(verdict: Verdict, facts: Mapping[str, Any]) -> Verdict:
    """Return the verdict, or "undetermined" if a scale was searched too little or lost a refit.

    After a short search, differences between winners show search effort as much as scale. Refits that are
    left after others diverged may be a lucky selection.

    Args:
        verdict: from the refits that completed.
        facts: of all configured models; scales have `trials` and the states of their `refits`.
    """
    scales = {name: fact for name, fact in facts.items() if "refits" in fact}
    lost = [
        f"{count} of {len(fact['refits'])} at {name}"
        for name, fact in scales.items()
        if (count := sum(refit["best_epoch"] is None for refit in fact["refits"]))
    ]
    fewest = min(scales, key=lambda name: scales[name]["trials"])
    found = verdict.reason.removeprefix(f"{verdict.name}: ")
    why = None
    if scales[fewest]["trials"] < FEWEST_TRIALS:
        why = (
            f"{fewest} was searched with {scales[fewest]['trials']} trials that reached a loss, and a winner "
            f"needs at least {FEWEST_TRIALS}"
        )
    elif lost:
        why = f"refits failed ({', '.join(lost)}), and those that are left may be a lucky selection"
    if verdict.name == "undetermined" or why is None:
        return verdict
    return Verdict("undetermined", f"undetermined: {why}; on the refits at hand, {found}")


def _auc(test: Predicted, horizon_days: int, mean_block: float) -> Estimate | None:
    refits = [auc_of_rows(test.labels, refit) for refit in test.probabilities]

    def of_rows(rows: np.ndarray) -> float | None:
        return _mean([refit(rows) for refit in refits])

    if np.ptp(test.probabilities) == 0:
        return None  # constant predictions have no ranking
    rows = len(test.labels)
    try:
        found = interval(of_rows, rows, horizon=horizon_days, seed=derive_seed("evidence", "AUC"))
    except DatasetError:
        return None  # too few rows of one class for an interval
    # The noise between refits is independent of that between rows, so the squares of their widths add.
    wide = row_widening(rows, mean_block, horizon_days, SIGNIFICANCE)
    of_refits = [refit(np.arange(rows)) for refit in refits]
    noise = refit_noise([np.array(of_refits)], N_RESAMPLES)[:, 0]
    between = float(np.quantile(np.abs(noise), 1 - SIGNIFICANCE))
    below = np.hypot(wide * (found.estimate - found.low), between)
    above = np.hypot(wide * (found.high - found.estimate), between)
    low, high = max(0.0, found.estimate - below), min(1.0, found.estimate + above)
    return Estimate(found.estimate, float(low), float(high))


def _best_baseline(models: Sequence[Model]) -> str:
    # Chosen on validation: the best of several on test would be biased upwards.
    baselines = [model for model in models if not model.transformer]
    return min(baselines, key=lambda model: model.averaged_validation_log_loss).name


def _scaling(
    losses: ResampledLosses, parameters: Mapping[str, int], *, comparisons: int, facts: Mapping[str, Any]
) -> Scaling:
    if len(parameters) < 2 or len(set(parameters.values())) < len(parameters):
        found = "no scale could be evaluated because every refit diverged"
        for name, size in parameters.items():
            found = f"one scale was evaluated ({name} with {count(size)} parameters)"
        if len(parameters) > 1:
            found = f"scales have equal counted parameters ({', '.join(parameters)})"
        return Scaling(
            verdict="undetermined",
            reason=f"undetermined: {found}, and a law needs at least {FEWEST_SCALES} different scales",
            **dict.fromkeys(("level", "exponent", "change", "practical", "detectable")),
            curves=(),
            differences=(),
        )
    assessment: Assessment = assess(losses.of_scales(parameters), comparisons=comparisons)
    found, verdict = assessment.findings, after_search(assessment.verdict, facts)
    return Scaling(
        verdict=verdict.name,
        reason=verdict.reason,
        level=found.level,
        exponent=found.exponent,
        change=found.change.change,
        practical=found.practical,
        detectable=found.detectable,
        curves=tuple(
            FittedCurve(model=fit.model, held_out=fit.held_out, **asdict(fit.curve))
            for fit in assessment.curves.fits
        ),
        floor_refused=assessment.curves.floor_refused,
        differences=found.differences,
    )


def _own_rate_loss(labels: np.ndarray) -> float:
    # Log-loss of the constant prediction that is best in hindsight: the rate of positives in these rows.
    return log_loss(labels, np.full(len(labels), labels.mean()))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
