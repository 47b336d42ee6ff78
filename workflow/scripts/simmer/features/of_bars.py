"""Compute the feature table that a search learns from."""

import pandas as pd

from simmer.features.indicators import FeatureTable, build_a25
from simmer.features.vix import add_vix, refuse_early_end
from simmer.features.volatility import add_volatility


def features_of_bars(
    prices: pd.DataFrame, vix: pd.DataFrame | None = None, *, volatility: bool, volume: bool = True
) -> FeatureTable:
    """Return the features of a ticker; a `VixTable` if the bars of the VIX are given.

    Args:
        prices: bars of the ticker, ascending, validated.
        vix: bars of the VIX, ascending, validated.
        volatility: True to add the columns of volatility.
        volume: False to leave out the columns of volume.

    Raises:
        DataError: when a feature cannot be computed, or the VIX has a gap among the days of the prices or
            ends before them.
    """
    table = build_a25(prices, volume=volume)
    if volatility:
        table = add_volatility(table, prices)
    if vix is None:
        return table
    combined = add_vix(table, prices, vix)
    refuse_early_end(combined, prices)
    return combined
