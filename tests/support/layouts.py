"""The same bars in the layouts in which people have them."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from simmer.data.bars_csv import PRICES
from simmer.data.sessions import sessions
from support.bars import session_bars

# Volumes of five digits, so that 12.35K says them to three.
BARS = (
    session_bars(40).round(dict.fromkeys(PRICES, 2)).assign(Volume=lambda frame: 10_000 + np.arange(40) * 100)
)
ISO = "%Y-%m-%d"


def text_of(
    header: str,
    columns: list[str],
    *,
    date: str | Callable[[pd.Timestamp], object] = ISO,
    separator: str = ",",
    newest_first: bool = False,
    price: Callable[[float], str] = repr,
    volume: Callable[[int], str] = str,
    bars: pd.DataFrame = BARS,
    end: str = "\n",
) -> bytes:
    """Return bars as CSV; a column is one of ours or a constant text."""
    write = {"Date": date if callable(date) else lambda day: day.strftime(date), "Volume": volume}
    rows = bars.iloc[::-1] if newest_first else bars
    lines = [
        separator.join(str(write.get(name, price)(row[name])) if name in bars else name for name in columns)
        for row in rows.to_dict("records")
    ]
    return (end.join([*header.split("\n"), *lines] if header else lines) + end).encode()


def midnight(zone: str, form: str = "%Y-%m-%d %H:%M:%S%z") -> Callable[[pd.Timestamp], str]:
    """Return a writer of the moment at which a day begins in a time zone, as yfinance writes it."""

    def write(day: pd.Timestamp) -> str:
        text = day.tz_localize(zone).strftime(form)
        return f"{text[:-2]}:{text[-2:]}"

    return write


def in_utc(zone: str) -> Callable[[pd.Timestamp], str]:
    """Return a writer of the moment at which a day begins in a time zone, in UTC."""
    return lambda day: day.tz_localize(zone).tz_convert("UTC").strftime("%Y-%m-%d %H:%M:%S+00:00")


def epoch(unit: str, zone: str = "America/New_York") -> Callable[[pd.Timestamp], int]:
    """Return a writer of the number of units since 1970 at which a day begins in a time zone."""
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    return lambda day: int(day.tz_localize(zone).timestamp()) * per_second


def days_of_london(rows: int = 200) -> pd.DataFrame:
    """Return bars of London over the change to summer time and back."""
    days = sessions("XLON", np.datetime64("2018-01-02"), np.datetime64("2019-01-31"))[:rows]
    bars = pd.concat([BARS] * (rows // len(BARS) + 1), ignore_index=True)[:rows]
    return bars.assign(Date=days.astype("datetime64[us]"))


OHLCV = ["Date", "Open", "High", "Low", "Close", "Volume"]
_TIINGO = "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor"
_BULK = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"
_MT5 = "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
_ALPHA = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"
_DOWNLOADED = ["Date", "Close", "High", "Low", "Open", "Volume"]
_UNADJUSTED = ["Date", "Open", "High", "Low", "Close", "Close", "Volume"]

# By name: the file, and words of the line that says how it is read.
LAYOUTS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "yfinance download": (
        text_of("Price,Close,High,Low,Open,Volume\nTicker,SPY,SPY,SPY,SPY,SPY\nDate,,,,,", _DOWNLOADED),
        ("yfinance.download", "rows of 'SPY'"),
    ),
    "yfinance download, older": (
        text_of(",Close,High,Low,Open,Volume\n,SPY,SPY,SPY,SPY,SPY\nDate,,,,,", _DOWNLOADED),
        ("yfinance.download",),
    ),
    "yfinance download by ticker": (
        text_of("Ticker,SPY,SPY,SPY,SPY,SPY\nPrice,Close,High,Low,Open,Volume\nDate,,,,,", _DOWNLOADED),
        ("yfinance.download",),
    ),
    "yfinance download of two": (
        text_of(
            "Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\n"
            "Ticker,DIA,SPY,DIA,SPY,DIA,SPY,DIA,SPY,DIA,SPY\nDate,,,,,,,,,,",
            ["Date", "1", "Close", "1", "High", "1", "Low", "1", "Open", "1", "Volume"],
        ),
        ("columns of 1 other ticker left out",),
    ),
    "yfinance flat": (text_of("Date,Close,High,Low,Open,Volume", _DOWNLOADED), ("plain columns",)),
    "yfinance equal Adj Close": (
        text_of("Date,Open,High,Low,Close,Adj Close,Volume", _UNADJUSTED),
        ("yfinance", "left out 'Adj Close'"),
    ),
    "yfinance history": (
        text_of(
            "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits",
            [*OHLCV, "0.25", "0.0"],
            date=midnight("America/New_York"),
        ),
        ("days of America/New_York", "as the vendor adjusted them"),
    ),
    "Stooq": (text_of("Date,Open,High,Low,Close,Volume", OHLCV, end="\r\n", newest_first=True), ("newest",)),
    "Stooq bulk": (
        text_of(_BULK, ["SPY.US", "D", "Date", "000000", *OHLCV[1:], "0"], date="%Y%m%d"),
        ("Stooq bulk", "rows of 'SPY.US'", "left out '<OPENINT>'"),
    ),
    "Nasdaq": (
        text_of(
            "Date,Close/Last,Volume,Open,High,Low",
            ["Date", "Close", "Volume", "Open", "High", "Low"],
            date="%m/%d/%Y",
            newest_first=True,
            price="${:,.2f}".format,
        ),
        ("Nasdaq", "dates like 12/31/2018", "newest first"),
    ),
    "Investing.com": (
        text_of(
            '"Date","Price","Open","High","Low","Vol.","Change %"',
            ["Date", "Close", "Open", "High", "Low", "Volume", '"0.50%"'],
            date='"%m/%d/%Y"',
            newest_first=True,
            price='"{:,.2f}"'.format,
            volume=lambda shares: f'"{shares / 1000:.2f}K"',
        ),
        ("Investing.com", "volume rounded"),
    ),
    "Alpha Vantage": (
        text_of("timestamp,open,high,low,close,volume", OHLCV, newest_first=True),
        ("Alpha Vantage",),
    ),
    "Alpha Vantage from JSON": (
        text_of("date,1. open,2. high,3. low,4. close,5. volume", OHLCV),
        ("plain columns",),
    ),
    "Alpha Vantage adjusted": (
        text_of(_ALPHA, [*_UNADJUSTED, "0.0000", "1.0"], newest_first=True),
        ("Alpha Vantage", "newest first"),
    ),
    "Tiingo": (
        text_of(
            _TIINGO,
            ["Date", "Close", "High", "Low", "Open", "Volume", "Close", "1", "1", "1", "1", "0.0", "1.0"],
        ),
        ("Tiingo", "'adjHigh'"),
    ),
    "Polygon": (
        text_of(
            "ticker,volume,open,close,high,low,window_start,transactions",
            ["SPY", "Volume", "Open", "Close", "High", "Low", "Date", "100"],
            date=epoch("ns"),
        ),
        ("Polygon", "days of America/New_York"),
    ),
    "WSJ": (
        text_of(
            "Date, Open, High, Low, Close, Volume", OHLCV, date="%m/%d/%y", separator=", ", newest_first=True
        ),
        ("dates like 12/31/18",),
    ),
    "MetaTrader 4": (
        text_of("", ["Date", "00:00", *OHLCV[1:]], date="%Y.%m.%d"),
        ("MetaTrader 4", "dates like 2018.12.31"),
    ),
    "MetaTrader 5": (
        text_of(_MT5, [*OHLCV, "0", "1"], date="%Y.%m.%d", separator="\t"),
        ("MetaTrader 5", "volume in ticks"),
    ),
    "MetaTrader 5 with shares": (
        text_of(_MT5, [*OHLCV[:-1], "7", "Volume", "1"], date="%Y.%m.%d", separator="\t"),
        ("Volume from '<VOL>'", "left out '<TICKVOL>'"),
    ),
    "Kaggle": (
        text_of("date,open,high,low,close,volume,Name", [*OHLCV, "AAL"])
        + text_of("", [*OHLCV, "SPY"])
        + text_of("", [*OHLCV[:-1], "", "ZTS"]),
        ("Kaggle", "rows of 'SPY'", "80 rows of other tickers left out"),
    ),
    "Google Finance": (
        text_of("Date,Open,High,Low,Close,Volume", OHLCV, date="%-m/%-d/%Y 16:00:00"),
        ("dates like 12/31/2018",),
    ),
    "semicolons": (
        text_of(
            "Date;Open;High;Low;Close;Volume",
            OHLCV,
            separator=";",
            date="%d.%m.%Y",
            price=lambda value: f"{value:.2f}".replace(".", ","),
            volume=lambda shares: f"{shares:,}".replace(",", "."),
        ),
        ("decimal commas", "dates like 31.12.2018"),
    ),
    "pandas index": (
        b"\n".join(
            line.replace(b"N,", b"%d," % number)
            for number, line in enumerate(
                text_of(",Date,Open,High,Low,Close,Volume", ["N", *OHLCV]).split(b"\n")
            )
        ),
        (),
    ),
    "pandas dates as index": (text_of(",Open,High,Low,Close,Volume", OHLCV), ("Date from ''",)),
    "trailing commas": (text_of("Date,Open,High,Low,Close,Volume,", [*OHLCV, ""]), ()),
    "quoted thousands": (
        text_of("Date,Open,High,Low,Close,Volume", OHLCV, volume='"{:,}"'.format),
        ("plain columns",),
    ),
    "trailing empty lines": (text_of("Date,Open,High,Low,Close,Volume", OHLCV) + b"\n,,,,,\n\n", ()),
    "compact dates": (
        text_of("Date,Open,High,Low,Close,Volume", OHLCV, date="%Y%m%d"),
        ("dates like 20181231",),
    ),
    "names of months": (
        text_of("Date,Open,High,Low,Close,Volume", OHLCV, date="%d-%b-%Y"),
        ("dates like 31-Dec-2018",),
    ),
    "names of months in full": (
        text_of("Date;Open;High;Low;Close;Volume", OHLCV, date="%B %d, %Y", separator=";"),
        ("dates like Dec 31, 2018",),
    ),
    "ticker column": (
        text_of("Date,Open,High,Low,Close,Volume,Ticker", [*OHLCV, "SPY"]),
        ("rows of 'SPY'",),
    ),
    "seconds since 1970": (
        text_of("t,o,h,l,c,v", OHLCV, date=epoch("s")),
        ("Date from 't'", "days of America/New_York"),
    ),
    "milliseconds since 1970": (text_of("t,o,h,l,c,v", OHLCV, date=epoch("ms")), ("1546214400000",)),
}
