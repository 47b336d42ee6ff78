"""What the final evaluation of a horizon comes to, in sentences: what speaks against a model comes first."""

from collections.abc import Mapping
from typing import Any

from simmer.base.words import spoken
from simmer.evidence.power import SIGNIFICANCE

METHODS = ("regression", "boosting")  # without an article


def headlines(answer: Mapping[str, Any], *, comparisons: int) -> dict[str, list[str]]:
    """Return the sentences about one horizon: those `against` a scale, those `undecided`, those `in_favour`.

    A difference is claimed where its p-value, adjusted for all planned comparisons, is below 5 %.

    Args:
        answer: of the horizon, its planned differences with `p_adjusted`.
        comparisons: how many were planned in all horizons together.
    """
    told: dict[str, list[str]] = {"against": _collapsed(answer), "undecided": [], "in_favour": []}
    for difference in answer["differences"]:
        if not difference["planned"]:
            continue
        scale, opponent = difference["a"], spoken(difference["b"])
        if not opponent.endswith(METHODS):
            opponent = f"the {opponent}"
        figures = _figures(difference["difference"])
        if difference["p_adjusted"] >= SIGNIFICANCE:
            told["undecided"].append(
                f"{scale} and {opponent} are not told apart: {figures}, which {comparisons} comparisons "
                f"leave open (p {difference['p_adjusted']:.2f}); tested alone, one of "
                f"{difference['detectable']:.4f} would have been seen with 80 % power."
            )
        elif difference["difference"]["value"] > 0:
            told["against"].append(
                f"{scale} loses to {opponent}: {figures}. Look for the fault in inputs and training before "
                "blaming the market."
            )
        else:
            told["in_favour"].append(f"{scale} beats {opponent}: {figures}.")
    return told


def _collapsed(answer: Mapping[str, Any]) -> list[str]:
    return [
        f"{model['name']} collapsed in {model['collapsed_seeds']} of {model['seeds']} refits: it gives "
        "nearly the same answer for every window."
        for model in answer["models"]
        if model["kind"] == "transformer" and model["collapsed_seeds"]
    ]


def _figures(estimate: Mapping[str, float]) -> str:
    value, low, high = (f"{estimate[end]:+.4f}".replace("-", "−") for end in ("value", "low", "high"))
    return f"test log-loss {value} (95 % {low} to {high})"
