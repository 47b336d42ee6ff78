"""What the final evaluation of one horizon comes to: scores, differences, the verdict."""

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
from simmer.evidence.noise import row_widening, seed_noise
from simmer.evidence.power import SIGNIFICANCE
from simmer.evidence.predictions import Predicted, read_predictions
from simmer.evidence.resampled import N_RESAMPLES, ResampledLosses
from simmer.evidence.results import PRIOR, Comparison, FittedCurve, Horizon, Model, Scaling, Split
from simmer.evidence.scaling import Assessment, assess
from simmer.evidence.scaling_verdict import FEWEST_SCALES, FEWEST_SEEDS, Estimate, Verdict, count

# Beside the best baseline; claims are made about these comparisons only, chosen before any result was seen.
PLANNED_OPPONENTS = (PRIOR, "logistic_regression")
# Of a study, before its winner may stand for its scale: with fewer the sampler has learned from no result.
FEWEST_TRIALS = 10
# Of the final scores, those that are averaged over refits as they are.
AVERAGED = (
    *("average_precision", "brier", "brier_skill", "calibration_error", "calibration_slope"),
    *("threshold", "precision", "recall"),
    *("prediction_min", "prediction_max", "prediction_mean", "prediction_std"),
)


def answer(table: pd.DataFrame, facts: Mapping[str, Any], *, horizon_days: int, comparisons: int) -> Horizon:
    """Return the answer of one horizon, without its headlines and before p-values are adjusted.

    Args:
        table: from `prediction_table`.
        facts: `splits` as a dataset describes them, for each of `models` what it is, from `model_facts`, and
            `looks` and `reading` from the register of looks.
        horizon_days: of the labels.
        comparisons: horizons that share the chance of a wrong claim.

    Raises:
        DatasetError: when the models were asked about different rows, or the test split is too short.
    """
    validation, test = read_predictions(table, "validation"), read_predictions(table, "test")
    losses = ResampledLosses(test, prior=PRIOR, horizon_days=horizon_days)
    scales = [name for name, model in test.items() if model.kind == "transformer"]
    parameters = {name: facts["models"][name]["parameters"] for name in scales}
    models = [_model(validation[name], test[name], losses, facts, horizon_days=horizon_days) for name in test]
    opponents = [name for name in test if name not in scales]
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
                # One or two refits do not show how much another one would differ.
                planned=b in (*PLANNED_OPPONENTS, best) and len(losses.seed_losses(a)) >= FEWEST_SEEDS,
                **vars(losses.difference(a, b)),
            )
            for a, b in product(scales, opponents)
        ),
        scaling=_scaling(losses, parameters, comparisons=comparisons, facts=facts["models"]),
        looks=facts["looks"],
        reading=facts["reading"],
    )


def adjust_for_all(answers: Sequence[Horizon], *, horizons: int) -> tuple[list[Horizon], int]:
    """Return the answers with `p_adjusted` in planned differences, and for how many comparisons it allows.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979) 65-70, over the comparisons of all answers together.

    Args:
        answers: of the horizons that are configured.
        horizons: that were ever scored on these test days, the configured ones included.
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
    refits = [
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
        seeds=len(refits) if transformer else None,
        log_loss=losses.loss(name),
        skill=losses.skill(name),
        skill_own_rate=1 - losses.mean(name) / _own_rate_loss(test.labels),
        seed_log_losses=tuple(losses.seed_losses(name).tolist()) if transformer else None,
        validation_log_loss=float(
            np.mean([log_loss(validation.labels, refit) for refit in validation.probabilities])
        ),
        auc=_auc(test, horizon_days, losses.mean_block),
        collapsed_seeds=sum(refit.collapsed for refit in refits),
        reliability=tuple(reliability_curve(test.labels, averaged)),
        averaged_log_loss=log_loss(test.labels, averaged) if len(refits) > 1 else None,
        **{score: _mean([getattr(refit, score) for refit in refits]) for score in AVERAGED},
        **known | ({"refits": tuple(known["refits"])} if "refits" in known else {}),
    )


def after_search(verdict: Verdict, facts: Mapping[str, Any]) -> Verdict:
    """Return the verdict, "undetermined" where some scale was searched too little, or is not there to judge.

    A law of winners is a law of how well each scale was searched, until the search has had its chance; and
    one of those that survived training is none of all.

    Args:
        verdict: from the refits that there are.
        facts: of all models that were configured; scales have `trials` and the states of their `refits`.
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
            f"{fewest} was searched with {scales[fewest]['trials']} trials that came to a loss, and its "
            f"winner takes at least {FEWEST_TRIALS}"
        )
    elif lost:
        why = f"refits were lost ({', '.join(lost)}), and those that are left may be the lucky ones"
    if verdict.name == "undetermined" or why is None:
        return verdict
    return Verdict("undetermined", f"undetermined: {why}; as they are, {found}")


def _auc(test: Predicted, horizon_days: int, mean_block: float) -> Estimate | None:
    refits = [auc_of_rows(test.labels, refit) for refit in test.probabilities]

    def of_rows(rows: np.ndarray) -> float | None:
        return _mean([refit(rows) for refit in refits])

    if np.ptp(test.probabilities) == 0:
        return None  # a constant answer ranks nothing
    rows = len(test.labels)
    try:
        found = interval(of_rows, rows, horizon=horizon_days, seed=derive_seed("evidence", "AUC"))
    except DatasetError:
        return None  # too few of one class for an interval
    # The noise between refits is independent of that between rows, so their widths add as squares do.
    wide = row_widening(rows, mean_block, horizon_days, SIGNIFICANCE)
    of_refits = [refit(np.arange(rows)) for refit in refits]
    noise = seed_noise([np.array(of_refits)], N_RESAMPLES)[:, 0]
    between = float(np.quantile(np.abs(noise), 1 - SIGNIFICANCE))
    below = np.hypot(wide * (found.estimate - found.low), between)
    above = np.hypot(wide * (found.high - found.estimate), between)
    low, high = max(0.0, found.estimate - below), min(1.0, found.estimate + above)
    return Estimate(found.estimate, float(low), float(high))


def _best_baseline(models: Sequence[Model]) -> str:
    # By validation, for the best of several on test would be flattered.
    baselines = [model for model in models if not model.transformer]
    return min(baselines, key=lambda model: model.validation_log_loss).name


def _scaling(
    losses: ResampledLosses, parameters: Mapping[str, int], *, comparisons: int, facts: Mapping[str, Any]
) -> Scaling:
    if len(parameters) < 2 or len(set(parameters.values())) < len(parameters):
        found = "no scale could be evaluated, as every refit diverged"
        for name, size in parameters.items():
            found = f"one scale was evaluated ({name} with {count(size)} parameters)"
        if len(parameters) > 1:
            found = f"scales have the same counted parameters ({', '.join(parameters)})"
        return Scaling(
            verdict="undetermined",
            reason=f"undetermined: {found}, and a law takes at least {FEWEST_SCALES}",
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
    # Of a constant that knew the rate of these very rows, which nobody could.
    return log_loss(labels, np.full(len(labels), labels.mean()))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
