import numpy as np
import pandas as pd
import pytest

from simmer.features.columns import A25_COLUMNS
from simmer.features.indicators import build_a25
from simmer.features.input_forms import price_relative
from support.bars import bundled_bars


@pytest.fixture(scope="module")
def table():
    return build_a25(bundled_bars()).frame


def column(frame, name):
    return price_relative(frame, A25_COLUMNS)[:, A25_COLUMNS.index(name)]


def test_features_of_the_first_rows_are_bit_identical_to_the_first_features(table):
    whole = price_relative(table, A25_COLUMNS)
    for rows in (1, 5, 20, 21, 300):
        assert price_relative(table[:rows], A25_COLUMNS).tobytes() == whole[:rows].tobytes()


def test_prices_in_another_unit_change_nothing(table):
    """Ten times the prices, or a fraction of the volume, give the same values."""
    prices = [name for name in A25_COLUMNS if name.startswith(("dema", "sma", "vwap"))]
    prices += ["Open", "High", "Low", "Close", "macd_line", "atr_14"]
    other = table.copy()
    other[prices] *= 10.0
    other[["Volume", "obv", "adosc"]] /= 128.0
    np.testing.assert_allclose(
        price_relative(other, A25_COLUMNS), price_relative(table, A25_COLUMNS), rtol=1e-9, atol=1e-12
    )


def test_every_channel_stays_in_its_early_range(table):
    """Each channel's median in the last third is within the range of its first third; raw prices are not."""
    relative = price_relative(table, A25_COLUMNS)
    third = len(table) // 3

    def strays(values):
        first, last = values[:third], values[-third:]
        middle = np.median(last, axis=0)
        return (middle < first.min(axis=0)) | (middle > first.max(axis=0))

    assert not strays(relative).any()
    assert strays(table[list(A25_COLUMNS)].to_numpy()).sum() >= 10


def test_definitions_by_hand(table):
    row = table.iloc[500]
    assert column(table, "High")[500] == pytest.approx(row["High"] / row["Close"] - 1)
    assert column(table, "sma_200")[500] == pytest.approx(row["sma_200"] / row["Close"] - 1)
    assert column(table, "atr_14")[500] == pytest.approx(row["atr_14"] / row["Close"])
    assert column(table, "Close")[500] == pytest.approx(row["Close"] / table["Close"].iloc[499] - 1)
    assert column(table, "Volume")[500] == pytest.approx(row["Volume"] / table["Volume"].iloc[481:501].mean())
    flow = (row["obv"] - table["obv"].iloc[480]) / table["Volume"].iloc[481:501].sum()
    assert column(table, "obv")[500] == pytest.approx(flow)
    assert column(table, "rsi_daily")[500] == row["rsi_daily"]
    assert column(table, "Close")[0] == 0.0


def test_an_unknown_column_stays_as_it_is():
    frame = pd.DataFrame({"Close": [1.0, 2.0], "Volume": [0.0, 0.0], "vix_regime": [1.0, 2.0]})
    assert price_relative(frame, ["vix_regime"])[:, 0].tolist() == [1.0, 2.0]


def test_days_without_volume_have_no_flow():
    frame = pd.DataFrame({"Close": [1.0] * 3, "Volume": [0.0] * 3, "adosc": [0.0] * 3, "obv": [5.0] * 3})
    assert price_relative(frame, ["Volume", "adosc", "obv"]).tolist() == [[0.0] * 3] * 3
