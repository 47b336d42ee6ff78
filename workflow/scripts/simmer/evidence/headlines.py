"""What the final evaluation of a horizon comes to, in sentences: what speaks against a model comes first."""

from simmer.base.words import spoken
from simmer.evidence.power import SIGNIFICANCE
from simmer.evidence.results import Headlines, Horizon
from simmer.evidence.scaling_verdict import Estimate

METHODS = ("regression", "boosting")  # without an article


def headlines(horizon: Horizon, *, comparisons: int) -> Headlines:
    """Return the sentences about one horizon: those against a scale, those undecided, those in favour.

    A difference is claimed where its p-value, adjusted for all planned comparisons, is below 5 %.

    Args:
        horizon: its planned differences with `p_adjusted`.
        comparisons: how many were planned in all horizons together.
    """
    against, undecided, in_favour = _collapsed(horizon), [], []
    for pair in horizon.differences:
        if not pair.planned:
            continue
        scale, opponent = pair.a, spoken(pair.b)
        if not opponent.endswith(METHODS):
            opponent = f"the {opponent}"
        figures = _figures(pair.difference)
        if pair.p_adjusted >= SIGNIFICANCE:
            undecided.append(
                f"{scale} and {opponent} are not told apart: {figures}, which {comparisons} comparisons "
                f"leave open (p {pair.p_adjusted:.2f}); tested alone, one of {pair.detectable:.4f} would "
                "have been seen with 80 % power."
            )
        elif pair.difference.value > 0:
            against.append(
                f"{scale} loses to {opponent}: {figures}. Look for the fault in inputs and training before "
                "blaming the market."
            )
        else:
            in_favour.append(f"{scale} beats {opponent}: {figures}.")
    return Headlines(against=tuple(against), undecided=tuple(undecided), in_favour=tuple(in_favour))


def _collapsed(horizon: Horizon) -> list[str]:
    return [
        f"{model.name} collapsed in {model.collapsed_seeds} of {model.seeds} refits: it gives nearly the "
        "same answer for every window."
        for model in horizon.models
        if model.transformer and model.collapsed_seeds
    ]


def _figures(estimate: Estimate) -> str:
    value, low, high = (
        f"{end:+.4f}".replace("-", "−") for end in (estimate.value, estimate.low, estimate.high)
    )
    return f"test log-loss {value} (95 % {low} to {high})"
