"""The columns of the feature tables, in the order the model sees them."""

from typing import Literal, get_args

OHLCV = ("Open", "High", "Low", "Close", "Volume")
INDICATORS = (
    "dema_9",
    "dema_10",
    "sma_12",
    "dema_20",
    "dema_25",
    "sma_50",
    "dema_90",
    "sma_100",
    "sma_200",
    "rsi_daily",
    "rsi_weekly",
    "stochrsi_daily",
    "stochrsi_weekly",
    "macd_line",
    "obv",
    "adosc",
    "atr_14",
    "adx_14",
    "bb_percent_b",
    "vwap_20",
)
A25_COLUMNS = (*OHLCV, *INDICATORS)

VIX_FEATURES = (
    "vix_close",
    "vix_sma_10",
    "vix_sma_20",
    "vix_percentile_60d",
    "vix_zscore_20d",
    "vix_regime",
    "vix_change_1d",
    "vix_change_5d",
)
C_COLUMNS = (*A25_COLUMNS, *VIX_FEATURES)

# How a window reaches the model, see `simmer.features.input_forms`.
InputForm = Literal["train_scaled", "window_norm", "price_relative"]
INPUT_FORMS = get_args(InputForm)
