"""Input forms: how features are transformed before the model.

`train_scaled`: each channel is standardised with its mean and standard deviation over train. Later prices
drift far out of the range of train.
`window_norm`: as before, then the model standardises each window with its own mean and standard deviation,
which removes level and volatility.
`price_relative`: prices and averages relative to the day's close, ranges divided by the close, volume divided
by its own mean, then standardised over train. Stationary, and keeps volatility, which predicts the label.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from simmer.features.columns import INDICATOR_COLUMNS, OHLCV_COLUMNS, Form

VOLUME_DAYS = 20  # as vwap_20 and the Bollinger bands


def in_form(frame: pd.DataFrame, names: Sequence[str], form: str) -> np.ndarray:
    """Return columns of a feature table in an input form, not yet standardised, [rows, names] float64.

    Args: as of `price_relative`.
    """
    if form == "price_relative":
        return price_relative(frame, names)
    # A fixed memory order: the order of summation, and so the last bit of mean and std, depends on it.
    return np.ascontiguousarray(frame[list(names)].to_numpy(dtype=np.float64))


def standardised(values: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Return what a model gets of columns in an input form, [rows, names] float32."""
    return ((values - mean) / std).astype(np.float32)


def price_relative(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return columns of a feature table in their stationary form, [rows, names] float64.

    A value uses only its own and earlier rows. Columns with the form `as_is` are already stationary
    (oscillators, logarithms of volatility, the VIX).

    Args:
        frame: Close, the named columns and, if one of them depends on it, Volume; ascending dates, finite.
        names: the channels, in order.
    """
    return np.column_stack([_FORMS[_FORM_OF.get(name, "as_is")](frame, name) for name in names])


def _beyond_close(frame: pd.DataFrame, name: str) -> np.ndarray:
    return _values(frame, name) / _values(frame, "Close") - 1


def _over_close(frame: pd.DataFrame, name: str) -> np.ndarray:
    return _values(frame, name) / _values(frame, "Close")


def _daily_return(frame: pd.DataFrame, name: str) -> np.ndarray:
    close = _values(frame, name)
    return np.concatenate([[0.0], close[1:] / close[:-1] - 1])


def _over_mean_volume(frame: pd.DataFrame, name: str) -> np.ndarray:
    total, days = _trailing_volume(frame)
    return _ratio(_values(frame, name) * days, total)


def _flow(frame: pd.DataFrame, name: str) -> np.ndarray:
    balance, (total, _) = _values(frame, name), _trailing_volume(frame)
    before = np.concatenate([np.full(min(VOLUME_DAYS, len(balance)), balance[0]), balance[:-VOLUME_DAYS]])
    return _ratio(balance - before[: len(balance)], total)


def _trailing_volume(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    # Added in a fixed order per row: a running sum would carry rounding errors from the start of the table.
    volume = _values(frame, "Volume")
    total = np.zeros(len(volume))
    for lag in range(min(VOLUME_DAYS, len(volume))):
        total[lag:] += volume[: len(volume) - lag]
    return total, np.minimum(np.arange(1, len(volume) + 1), VOLUME_DAYS)


def _ratio(values: np.ndarray, total: np.ndarray) -> np.ndarray:
    # 0 while there is no volume.
    return np.divide(values, total, out=np.zeros(len(values)), where=total > 0)


def _values(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].to_numpy(dtype=np.float64)


_FORMS: dict[Form, Callable[[pd.DataFrame, str], np.ndarray]] = {
    "as_is": _values,
    "beyond_close": _beyond_close,
    "over_close": _over_close,
    "daily_return": _daily_return,
    "over_mean_volume": _over_mean_volume,
    "flow": _flow,
}
_FORM_OF: dict[str, Form] = {column.name: column.form for column in (*OHLCV_COLUMNS, *INDICATOR_COLUMNS)}
