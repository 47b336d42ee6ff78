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


def headlines(answer: Mapping[str, Any], *, comparisons: int) -> list[str]:
    """Return the sentences about one horizon, those that speak against the transformer first.

    A difference is claimed where its p-value, adjusted for all planned comparisons, is below 5 %.

    Args:
        answer: of the horizon, its planned differences with `p_adjusted`.
        comparisons: how many were planned in all horizons together.
    """
    against, undecided, in_favour = _collapsed(answer), [], []
    for difference in answer["differences"]:
        if not difference["planned"]:
            continue
        scale, opponent = difference["a"], NAMES.get(difference["b"], difference["b"])
        worse = difference["difference"]["value"] > 0
        figures = _figures(difference["difference"])
        if difference["p_adjusted"] < SIGNIFICANCE and worse:
            against.append(
                f"{scale} loses to {opponent}: {figures}. Look for the fault in inputs and training before "
                "blaming the market."
            )
        elif difference["p_adjusted"] < SIGNIFICANCE:
            in_favour.append(f"{scale} beats {opponent}: {figures}.")
        else:
            undecided.append(
                f"{scale} and {opponent} are not told apart: {figures}, which {comparisons} comparisons "
                f"leave open (p {difference['p_adjusted']:.2f}); tested alone, one of "
                f"{difference['detectable']:.4f} would have been seen with 80 % power."
            )
    return [*against, *undecided, *in_favour]


def _collapsed(answer: Mapping[str, Any]) -> list[str]:
    return [
        f"{model['name']} collapsed in {model['collapsed_seeds']} of {model['seeds']} refits: it gives "
        "nearly the same answer for every window."
        for model in answer["models"]
        if model["kind"] == "transformer" and model["collapsed_seeds"]
    ]


def _figures(estimate: Mapping[str, float]) -> str:
    return f"test log-loss {estimate['value']:+.4f} (95 % {estimate['low']:+.4f} to {estimate['high']:+.4f})"
