"""Write the results of one horizon as sentences, grouped as against a scale, undecided and in favour."""

from dataclasses import astuple

from simmer.base.words import count, spoken
from simmer.evidence.power import SIGNIFICANCE
from simmer.evidence.results import Comparison, Headlines, Horizon

METHODS = ("regression", "boosting")  # without an article


def headlines(horizon: Horizon, *, comparisons: int) -> Headlines:
    """Return the sentences about the planned differences of one horizon, and about collapsed refits.

    A difference is claimed if its p-value, adjusted for all planned comparisons, is below 5 %.

    Args:
        horizon: with `p_adjusted` in its planned differences.
        comparisons: number of planned comparisons in all horizons together.
    """
    against, undecided, in_favour = _collapsed(horizon), [], []
    for pair in horizon.differences:
        if not pair.planned:
            continue
        scale, opponent = pair.a, spoken(pair.b)
        if not opponent.endswith(METHODS):
            opponent = f"the {opponent}"
        figures = _figures(pair)
        if pair.p_adjusted >= SIGNIFICANCE:
            side = "lower" if pair.difference.value < 0 else "higher"
            undecided.append(
                f"{scale}'s loss is {abs(pair.difference.value):.4f} {side} than that of {opponent}, but "
                f"this may be chance (p = {pair.p_adjusted:.2f} after correcting for {comparisons} "
                f"comparisons; {figures}). Only a difference of {pair.detectable:.4f} or more would reliably "
                "show."
            )
        elif pair.difference.value > 0:
            against.append(
                f"{scale} is worse than {opponent}: {figures}. Check inputs and training for errors before "
                "you conclude anything about the market."
            )
        else:
            in_favour.append(f"{scale} is better than {opponent}: {figures}.")
    return Headlines(against=tuple(against), undecided=tuple(undecided), in_favour=tuple(in_favour))


def _collapsed(horizon: Horizon) -> list[str]:
    return [
        f"{model.name} collapsed in {model.collapsed_seeds} of {model.seeds} refits: its predictions are "
        "nearly the same for every window."
        for model in horizon.models
        if model.transformer and model.collapsed_seeds
    ]


def _figures(pair: Comparison) -> str:
    value, low, high = (f"{end:+.4f}".replace("-", "−") for end in astuple(pair.difference))
    return f"test log-loss {value} (95 % {low} to {high}), averages of {count(pair.members, 'member')}"
