"""The section of one horizon: headlines, scores, calibration and learning curves."""

from collections.abc import Iterator

from simmer.base.words import spoken
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
        ("model", "skill", "own rate", "test log-loss (95 %)", "AUC (95 %)", "PR-AUC", "Brier", "parameters"),
        [
            (
                spoken(model.name),
                percent(model.skill.value),
                percent(model.skill_own_rate),
                interval(model.log_loss),
                interval(model.auc, 3),
                number(model.average_precision, 3),
                number(model.brier),
                f"{model.parameters:,}" if model.parameters else "–",
            )
            for model in sorted(one.models, key=lambda model: model.log_loss.value)
        ],
        note="Skill is 1 - loss / loss of the base rate of train. Own rate: the same against the rate of "
        "positives in the test split itself, which is not known beforehand; the two differ by the drift of "
        "the rate. A scale's scores are means over its refits.",
    )
    yield Paragraph(
        f"The best baseline on validation is {spoken(one.best_baseline)}. Winners were chosen on validation, "
        "so their validation losses are too optimistic:"
    )
    yield Table(
        (
            "model",
            "best of the search, validation",
            "refits, validation",
            "refits, test",
            "refits averaged, test",
        ),
        [
            (
                spoken(model.name),
                number(model.search_validation_log_loss),
                number(model.validation_log_loss),
                number(model.log_loss.value),
                number(model.averaged_log_loss),
            )
            for model in one.models
            if model.transformer
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
