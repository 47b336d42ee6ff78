"""Columns of the feature tables: name, definition, unit and stationary form.

The `a25` table has 25 feature columns from the ticker's own bars: 5 of bars (OHLCV) and 20 indicators. The
`a33` table adds 8 of volatility. The tables `c` (33 columns) and `c41` add 8 of the VIX to these two. Without
the 4 columns of volume they are called `a21`, `a29`, `c29` and `c37`. To add an indicator, declare a `Column`
here and compute it in `simmer.features.indicators.compute_indicators`.
"""

from dataclasses import dataclass
from typing import Literal, get_args

Form = Literal["as_is", "beyond_close", "over_close", "daily_return", "over_mean_volume", "flow"]

_PRICE = "currency or index points"
_PERCENT = "percent"
_LOG = "natural logarithm of a fraction (-4.6: one per cent)"
_POINTS = "points of the VIX"
_HUNDRED = "0 to 100"


@dataclass(frozen=True)
class Column:
    """Column of a feature table; `form` is its transform in the input form `price_relative`."""

    name: str
    definition: str
    unit: str
    form: Form = "as_is"


def _dema(days: int) -> Column:
    return Column(
        f"dema_{days}",
        f"double EMA of Close: 2 EMA({days}) - EMA({days}) of EMA({days}); each EMA starts from the mean of "
        f"its first {days} values",
        _PRICE,
        "beyond_close",
    )


def _sma(days: int) -> Column:
    return Column(f"sma_{days}", f"mean of the last {days} closes", _PRICE, "beyond_close")


_STOCHRSI = (
    "position of {0} in its range over the last 5 {1}, 0 without a range: the first output (fastk) of "
    "STOCHRSI(14, 5, 3), not smoothed and nearly binary: about half of all values are exactly 0 or 100"
)

DATE = Column("Date", "day of the session; all values of the row are known when the session ends", "day")

OHLCV_COLUMNS = (
    Column("Open", "first price of the session", _PRICE, "beyond_close"),
    Column("High", "highest price of the session", _PRICE, "beyond_close"),
    Column("Low", "lowest price of the session", _PRICE, "beyond_close"),
    Column("Close", "last price of the session", _PRICE, "daily_return"),
    Column("Volume", "shares traded in the session", "shares", "over_mean_volume"),
)

# In the order the model sees them.
INDICATOR_COLUMNS = (
    _dema(9),
    _dema(10),
    _sma(12),
    _dema(20),
    _dema(25),
    _sma(50),
    _dema(90),
    _sma(100),
    _sma(200),
    Column(
        "rsi_daily",
        "RSI(14) of Close with Wilder's averages, which start from the mean of the first 14 changes; 0 "
        "when there was no change at all",
        _HUNDRED,
    ),
    Column(
        "rsi_weekly",
        "RSI(14) of the last closes of each week, Monday to Sunday, as of the last completed week",
        _HUNDRED,
    ),
    Column("stochrsi_daily", _STOCHRSI.format("rsi_daily", "days"), _HUNDRED),
    Column(
        "stochrsi_weekly",
        _STOCHRSI.format("rsi_weekly", "weeks") + "; as of the last completed week",
        _HUNDRED,
    ),
    Column(
        "macd_line",
        "EMA(12) - EMA(26) of Close, started from means that end on the 26th bar; no signal line",
        _PRICE,
        "over_close",
    ),
    Column(
        "obv",
        "on-balance volume: the first day's volume, then plus the volume of each day that closed higher "
        "and minus that of each day that closed lower; its level depends on where the bars start",
        "shares",
        "flow",
    ),
    Column(
        "adosc",
        "Chaikin oscillator: EMA(3) - EMA(10) of the accumulation/distribution line, whose daily step is "
        "Volume ((Close - Low) - (High - Close)) / (High - Low), 0 when High equals Low",
        "shares",
        "over_mean_volume",
    ),
    Column("atr_14", "average true range, Wilder's average over 14 days", _PRICE, "over_close"),
    Column("adx_14", "average directional index, Wilder's sums over 14 days", _HUNDRED),
    Column(
        "bb_percent_b",
        "(Close - lower) / (upper - lower) of Bollinger bands: the mean of 20 closes, minus and plus 2 "
        "standard deviations (divisor 20)",
        "1 (0 at the lower band, 1 at the upper)",
    ),
    Column(
        "vwap_20",
        "sum of Close times Volume over the sum of Volume, last 20 days; Close, not the typical price",
        _PRICE,
        "beyond_close",
    ),
)


def _log_volatility(days: int) -> Column:
    return Column(
        f"log_volatility_{days}d",
        f"logarithm of the root mean square of the last {days} log returns, close to close",
        _LOG,
    )


def _log_range(days: int) -> Column:
    return Column(
        f"log_range_{days}d", f"logarithm of the mean of log(High / Low) over the last {days} days", _LOG
    )


# Computed by `simmer.features.volatility`; a logarithm is at least that of 0.000001, -13.8.
VOLATILITY_COLUMNS = (
    Column("abs_return_1d", "absolute log return of the day, close to close", "fraction"),
    Column("log_range_1d", "logarithm of log(High / Low) of the day", _LOG),
    *map(_log_volatility, (5, 20, 60)),
    *map(_log_range, (5, 20, 60)),
)

VIX_COLUMNS = (
    Column("vix_close", "close of the VIX", _POINTS),
    Column("vix_sma_10", "mean of the last 10 VIX closes", _POINTS),
    Column("vix_sma_20", "mean of the last 20 VIX closes", _POINTS),
    Column(
        "vix_percentile_60d",
        "share of the 59 VIX closes before today's that are strictly below it",
        _PERCENT,
    ),
    Column(
        "vix_zscore_20d",
        "today's VIX close less the mean of the last 20, today's among them, over their sample standard "
        "deviation (divisor 19); 0 when that is 0",
        "standard deviations",
    ),
    Column("vix_regime", "0 when the VIX closes below 15, 1 from 15 to below 25, 2 from 25 on", "class"),
    Column("vix_change_1d", "change of the VIX close over 1 session", _PERCENT),
    Column("vix_change_5d", "change of the VIX close over 5 sessions", _PERCENT),
)


def _names(columns: tuple[Column, ...]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


OHLCV, INDICATORS = _names(OHLCV_COLUMNS), _names(INDICATOR_COLUMNS)
VOLATILITY_FEATURES, VIX_FEATURES = _names(VOLATILITY_COLUMNS), _names(VIX_COLUMNS)
A25_COLUMNS = (*OHLCV, *INDICATORS)
VOLUME_FEATURES = ("Volume", "obv", "adosc", "vwap_20")
A21_COLUMNS = tuple(name for name in A25_COLUMNS if name not in VOLUME_FEATURES)

# Name of the table by whether it has features of volume, of volatility and of the VIX.
TABLES = {
    (True, False, False): "a25",
    (True, True, False): "a33",
    (True, False, True): "c",
    (True, True, True): "c41",
    (False, False, False): "a21",
    (False, True, False): "a29",
    (False, False, True): "c29",
    (False, True, True): "c37",
}


def own_columns(*, volume: bool) -> tuple[str, ...]:
    """Return the columns of bars and indicators, in the order in which the model sees them."""
    return A25_COLUMNS if volume else A21_COLUMNS


def table_columns(*, volume: bool, volatility: bool, vix: bool) -> tuple[str, ...]:
    """Return the feature columns of a table, in the order in which the model sees them."""
    more = (*(VOLATILITY_FEATURES if volatility else ()), *(VIX_FEATURES if vix else ()))
    return (*own_columns(volume=volume), *more)


# Transforms of the features before the model, see `simmer.features.input_forms`.
InputForm = Literal["train_scaled", "window_norm", "price_relative"]
INPUT_FORMS = get_args(InputForm)
