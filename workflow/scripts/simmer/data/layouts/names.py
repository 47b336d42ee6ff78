"""What the name of a column means, and the layouts that are known by their whole header."""

import re
from collections.abc import Sequence

# Meanings beside the columns of bars. A column that is LEFT_OUT is known and of no use here.
TIME, PERIOD, TICKER, TICKS, GAINS, LEFT_OUT = (
    "Time",
    "Period",
    "Ticker",
    "Ticks",
    "Capital Gains",
    "left out",
)

# By meaning, the names that have it, without capitals, blanks and signs.
_NAMES = {
    "Date": "date datetime timestamp day tradedate tradingday observationdate windowstart t",
    "Open": "open o openprice",
    "High": "high h highprice",
    "Low": "low l lowprice",
    "Close": "close c closelast price closeprice",
    "Volume": "volume vol v",
    "Adj Close": "adjclose adjustedclose adjcloseprice closeadjusted",
    "Dividends": "dividends dividend dividendamount divcash",
    "Stock Splits": "stocksplits splitcoefficient splitfactor splits",
    GAINS: "capitalgains",
    TIME: "time",
    PERIOD: "per period",
    TICKER: "ticker symbol name",
    TICKS: "tickvol tickvolume",
    LEFT_OUT: "change chg changepercent openint openinterest spread transactions n vwap vw "
    "adjopen adjhigh adjlow adjvolume index",
}
_MEANING = {name: meaning for meaning, names in _NAMES.items() for name in names.split()}

# By layout, whole headers in any order.
_LAYOUTS = {
    "yfinance": (
        "Date,Open,High,Low,Close,Adj Close,Volume",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits,Capital Gains",
        "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits",
        "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits,Capital Gains",
        "Datetime,Open,High,Low,Close,Volume",
        "Datetime,Open,High,Low,Close,Volume,Dividends,Stock Splits",
    ),
    "Stooq bulk": ("<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",),
    "Nasdaq": ("Date,Close/Last,Volume,Open,High,Low", "Date,Close/Last,Open,High,Low"),
    "Investing.com": ("Date,Price,Open,High,Low,Vol.,Change %", "Date,Price,Open,High,Low,Change %"),
    "Alpha Vantage": (
        "timestamp,open,high,low,close,volume",
        "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
    ),
    "Tiingo": (
        "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor",
        "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor,ticker",
    ),
    "Polygon": ("ticker,volume,open,close,high,low,window_start,transactions", "v,vw,o,c,h,l,t,n"),
    "MetaTrader 5": (
        "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>,<VOL>,<SPREAD>",
        "<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>,<VOL>,<SPREAD>",
    ),
    "Kaggle's five years": ("date,open,high,low,close,volume,Name",),
}


def key_of(name: str) -> str:
    """Return a name without capitals, blanks, signs and a leading number, as `4. close` has it."""
    plain = re.sub(r"^\s*[0-9]+\.\s*", "", name).casefold()
    # Also pandas' name of a column without one.
    return (
        "" if re.fullmatch(r"\s*unnamed: [0-9]+(_level_[0-9]+)?\s*", plain) else re.sub(r"[\W_]", "", plain)
    )


def meaning_of(name: str) -> str | None:
    """Return what a column of this name holds; None if the name is not known."""
    return _MEANING.get(key_of(name))


def layout_of(names: Sequence[str]) -> str:
    """Return the name of the layout with these columns in any order; "plain columns" for any other."""
    keys = sorted(filter(None, map(key_of, names)))
    return next((layout for layout, headers in _KEYS.items() if keys in headers), "plain columns")


_KEYS = {
    layout: [sorted(map(key_of, header.split(","))) for header in headers]
    for layout, headers in _LAYOUTS.items()
}
