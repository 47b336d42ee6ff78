"""Compute the feature table that a search learns from."""

import pandas as pd

from simmer.features.indicators import A25, build_a25
from simmer.features.vix import VixTable, add_vix, refuse_early_end


def features_of_bars(prices: pd.DataFrame, vix: pd.DataFrame | None = None) -> A25 | VixTable:
    """Return the features of a ticker, with those of the VIX if its bars are given.

    Args:
        prices: bars of the ticker, ascending, validated.
        vix: bars of the VIX, ascending, validated.

    Raises:
        DataError: when a feature cannot be computed, or the VIX has a gap among the days of the prices or
            ends before them.
    """
    table = build_a25(prices)
    if vix is None:
        return table
    combined = add_vix(table, prices, vix)
    refuse_early_end(combined, prices)
    return combined
