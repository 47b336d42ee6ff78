"""The section of one horizon: headlines, scores, calibration and learning curves."""

from collections.abc import Iterator

from simmer.base.words import spoken
from simmer.evidence.answer import PLANNED_BASELINES
from simmer.evidence.results import Horizon
from simmer.ledger.address import horizon_name
from simmer.report.blocks import Block, Findings, Heading, Paragraph, Table
from simmer.report.figure_blocks import figure
from simmer.report.material import Material, days, interval, number, percent


def horizon_section(material: Material, one: Horizon) -> Iterator[Block]:
    """Yield headlines, scores and figures of one horizon."""
    yield Heading(days(one.days).capitalize())
    for kind in ("against", "undecided", "in_favour"):
        if sentences := getattr(one.headlines, kind):
            yield Findings(sentences, alarm=kind == "against")
    yield Table(
        (
            "model",
            "members",
            "averaged: skill",
            "averaged: test log-loss",
            "single: test log-loss (95 %)",
            "own rate",
            "AUC (95 %)",
            "PR-AUC",
            "Brier",
            "parameters",
        ),
        [
            (
                spoken(model.name),
                str(model.members),
                percent(model.averaged_skill.value),
                number(model.loss_of_average),
                interval(model.log_loss),
                percent(model.skill_own_rate),
                interval(model.auc, 3),
                number(model.average_precision, 3),
                number(model.brier),
                f"{model.parameters:,}" if model.parameters else "–",
            )
            for model in sorted(one.models, key=lambda model: model.loss_of_average)
        ],
        note="Members are the refits of a scale and the fits of a baseline. Averaged: scores of their "
        "averaged prediction. All other scores are means over single members. Skill is 1 - loss / loss of "
        "the base rate of train. Own rate: the skill of single members against the rate of positives in the "
        "test split itself, which is not known beforehand.",
    )
    yield _comparisons(one)
    yield Paragraph(
        f"The best baseline on validation is {spoken(one.best_baseline)}. Winners and baselines were chosen "
        "on validation, so their validation losses are too optimistic:"
    )
    yield Table(
        (
            "model",
            "trials or tries",
            "best of the search, validation",
            "single, validation",
            "averaged, validation",
            "single, test",
            "averaged, test",
        ),
        [
            (
                spoken(model.name),
                str(model.trials if model.transformer else model.tries),
                number(model.search_validation_log_loss),
                number(model.validation_log_loss),
                number(model.averaged_validation_log_loss),
                number(model.log_loss.value),
                number(model.loss_of_average),
            )
            for model in one.models
        ],
    )
    yield from figure(material, f"calibration_{horizon_name(one.days)}")
    yield Table(
        (
            "model",
            "calibration error",
            "slope",
            "threshold",
            "recall",
            "precision",
            "predictions",
            "collapsed",
        ),
        [
            (
                spoken(model.name),
                number(model.calibration_error, 3),
                number(model.calibration_slope, 2),
                number(model.threshold, 2),
                number(model.recall, 2),
                number(model.precision, 2),
                f"{model.prediction_min:.2f} to {model.prediction_max:.2f}, sd {model.prediction_std:.3f}",
                "–" if model.seeds is None else f"{model.collapsed_seeds} of {model.seeds}",
            )
            for model in one.models
        ],
        note="The threshold has the best F1 on validation. With a calibration slope below 1, predictions are "
        "too extreme.",
    )
    yield from figure(material, f"learning_curves_{horizon_name(one.days)}")


def _comparisons(one: Horizon) -> Table:
    return Table(
        ("scale minus baseline", "members", "averages (95 %)", "p", "p, adjusted", "single members (95 %)"),
        [
            (
                f"{pair.a} minus {spoken(pair.b)}",
                str(pair.members),
                interval(pair.difference),
                number(pair.p_value, 3),
                number(pair.p_adjusted, 3),
                interval(pair.single_difference),
            )
            for pair in one.differences
            if pair.b in (*PLANNED_BASELINES, one.best_baseline)
        ],
        note="Differences in test log-loss (nats), below 0 where the scale is better. Claims rest on the "
        "averages of as many members on both sides, by p-values that are adjusted for all planned "
        "comparisons. The mean losses of single members are a description.",
    )
