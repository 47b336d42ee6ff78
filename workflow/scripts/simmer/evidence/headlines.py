"""What the final evaluation of a horizon comes to, in sentences: what speaks against a model comes first."""

from collections.abc import Mapping
from typing import Any

from simmer.evidence.power import SIGNIFICANCE

NAMES = {
    "base_rate": "the base rate",
    "volatility_logit": "a logit of volatility",
    "logistic_regression": "logistic regression",
    "gradient_boosting": "gradient boosting",
    "mlp": "a small perceptron",
}


def headlines(answer: Mapping[str, Any]) -> list[str]:
    """Return the sentences about one horizon, those that speak against the transformer first.

    A difference is claimed where its p-value, adjusted for all comparisons of the report, is below 5 %.

    Args:
        answer: of the horizon, its differences with `p_adjusted`.
    """
    against, open_questions, in_favour = [], [], []
    for difference in answer["differences"]:
        scale, opponent = difference["a"], NAMES.get(difference["b"], difference["b"])
        figure = _figure(difference["difference"])
        value, claimed = difference["difference"]["value"], difference["p_adjusted"] < SIGNIFICANCE
        if claimed and value > 0:
            against.append(
                f"{scale} loses to {opponent}: its test log-loss is higher by {figure}. Look for the fault "
                "in inputs and training before blaming the market."
            )
        elif claimed:
            in_favour.append(f"{scale} beats {opponent}: its test log-loss differs by {figure}.")
        elif difference["b"] in ("base_rate", answer["best_baseline"]):
            open_questions.append(
                f"{scale} is not told apart from {opponent}: difference {figure}; one of "
                f"{difference['detectable']:.4f} would have shown with 80 % power."
            )
    against += _collapsed(answer)
    return [*against, *open_questions, *in_favour]


def _collapsed(answer: Mapping[str, Any]) -> list[str]:
    return [
        f"{model['name']} collapsed in {model['collapsed_seeds']} of {model['seeds']} refits: it gives "
        "nearly the same answer for every window."
        for model in answer["models"]
        if model["kind"] == "transformer" and model["collapsed_seeds"]
    ]


def _figure(estimate: Mapping[str, float]) -> str:
    return f"{estimate['value']:+.4f} (95 % {estimate['low']:+.4f} to {estimate['high']:+.4f})"
