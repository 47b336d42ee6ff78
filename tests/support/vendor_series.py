"""Made-up histories of the simulated vendor, and the JSON charts in which its API delivers them."""

import zlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from simmer.data.sessions import sessions
from simmer.data.tickers import KNOWN_TICKERS
from simmer.data.vendor import VENDOR_COLUMNS

SIX = ("SPY", "DIA", "QQQ", "DJI", "IXIC", "VIX")
VALID_RANGES = ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"]


@dataclass(frozen=True)
class Series:
    """One symbol: `bars` are VENDOR_COLUMNS with dates of the exchange, `gains` are capital gains by date."""

    symbol: str
    bars: pd.DataFrame
    instrument: str = "ETF"
    zone: str = "America/New_York"
    opens: str = "09:30:00"
    gains: dict[str, float] = field(default_factory=dict)

    def stamps(self, days: pd.Series) -> np.ndarray:
        """Return when the exchange opened on these days, in seconds since 1970, as the vendor marks days."""
        opened = pd.DatetimeIndex(days + pd.Timedelta(self.opens)).tz_localize(self.zone)
        return opened.tz_convert(None).to_numpy().astype("datetime64[s]").astype(np.int64)


def random_series(
    symbol, *, first="2019-01-02", end="2021-01-01", kind="etf", calendar="XNYS", zone=None, follows=0.0
):
    """A random walk on the sessions of a calendar; a fund pays a dividend every 63 sessions.

    `follows` is its correlation with a market that all series of a calendar share.
    """
    days = sessions(calendar, np.datetime64(first, "D"), np.datetime64(end, "D") - 1)
    rng = np.random.default_rng(zlib.crc32(symbol.encode()))
    rows = len(days)
    own = np.sqrt(1 - follows**2) * rng.normal(0.0003, 0.011, rows)
    close = 50 * np.exp(np.cumsum(own + follows * _market_steps(days)))
    open_ = close * np.exp(rng.normal(0, 0.004, rows))
    dividends = np.zeros(rows)
    if kind == "etf":
        dividends[63::63] = np.round(close[63::63] * 0.004, 3)
    bars = pd.DataFrame(
        {
            "Date": days.astype("datetime64[us]"),
            "Open": open_,
            "High": np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.005, rows)) + 1e-4),
            "Low": np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.005, rows)) - 1e-4),
            "Close": close,
            "Volume": rng.integers(1_000_000, 9_000_000, rows) * (kind != "no_volume_index"),
            "Dividends": dividends,
            "Stock Splits": 0.0,
        }
    )
    prices = ["Open", "High", "Low", "Close"]
    bars[prices] = bars[prices].round(6)
    bars["Adj Close"] = vendor_adjusted(bars["Close"].tolist(), dividends.tolist())
    instrument = "ETF" if kind == "etf" else "INDEX"
    return Series(symbol, bars[list(VENDOR_COLUMNS)], instrument, zone or "America/New_York")


def known_market(end: str, tickers=SIX, *, first: str | None = None) -> list[Series]:
    """The histories of known tickers up to `end`, each from its real first day, or from `first`."""
    known = [KNOWN_TICKERS[ticker] for ticker in tickers]
    return [
        random_series(
            k.symbol,
            first=first or k.first_date,
            end=end,
            kind=k.kind,
            follows=-0.8 if k.kind == "no_volume_index" else 0.9,
        )
        for k in known
    ]


def _market_steps(days: np.ndarray) -> np.ndarray:
    """The market's step of each day, independent of the other days requested."""
    since_1970 = days.astype("datetime64[D]").astype(int)
    return np.random.default_rng(7).normal(0.0003, 0.011, 40_000)[since_1970]


def vendor_adjusted(close: list[float], dividends: list[float]) -> list[float]:
    """The vendor's own adjusted closes: one row after the other from the newest back, six decimals."""
    adjusted, factor = [], 1.0
    for row in reversed(range(len(close))):
        adjusted.append(round(close[row] * factor, 6))
        if dividends[row]:
            factor *= 1 - dividends[row] / close[row - 1]
    return adjusted[::-1]


def chart_of(series: Series, period1: int | None = None, period2: int | None = None) -> dict:
    """The vendor's JSON for the bars that opened from `period1` on and before `period2`."""
    stamps = series.stamps(series.bars["Date"])
    inside = (stamps >= (period1 if period1 is not None else stamps[-1])) & (stamps < (period2 or np.inf))
    bars, stamps = series.bars[inside], stamps[inside].tolist()
    meta = {
        "currency": "USD",
        "symbol": series.symbol,
        "instrumentType": series.instrument,
        "firstTradeDate": int(series.stamps(series.bars["Date"].iloc[:1])[0]),
        "exchangeTimezoneName": series.zone,
        "priceHint": 2,
        "dataGranularity": "1d",
        "validRanges": VALID_RANGES,
    }
    if bars.empty:
        result = {"meta": meta, "indicators": {"quote": [{}], "adjclose": [{}]}}
        return {"chart": {"result": [result], "error": None}}
    names = ("Open", "High", "Low", "Close", "Volume")
    result = {
        "meta": meta,
        "timestamp": stamps,
        "events": _events(series, bars, stamps),
        "indicators": {
            "quote": [{name.lower(): bars[name].tolist() for name in names}],
            "adjclose": [{"adjclose": bars["Adj Close"].tolist()}],
        },
    }
    return {"chart": {"result": [result], "error": None}}


def _events(series: Series, bars: pd.DataFrame, stamps: list[int]) -> dict:
    gains = [series.gains.get(f"{day:%Y-%m-%d}", 0) for day in bars["Date"]]
    paid = {"dividends": bars["Dividends"].tolist(), "capitalGains": gains}
    events = {
        name: {
            str(at): {"amount": amount, "date": at}
            for at, amount in zip(stamps, amounts, strict=True)
            if amount
        }
        for name, amounts in paid.items()
    }
    splits = {
        str(at): {"date": at, "numerator": ratio, "denominator": 1, "splitRatio": f"{ratio:g}:1"}
        for at, ratio in zip(stamps, bars["Stock Splits"].tolist(), strict=True)
        if ratio
    }
    return {name: found for name, found in (events | {"splits": splits}).items() if found}
