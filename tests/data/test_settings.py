from datetime import date

import pytest

from simmer.base.errors import ConfigError
from simmer.base.settings import meaning
from simmer.data.kinds import KINDS
from simmer.data.tickers import KNOWN_TICKERS, TickerSpec
from support.configs import data_settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "pigeon"}, "source: found 'pigeon', expected one of `bundled`, `csv`, `yahoo`"),
        ({"adjustment": "some"}, "adjustment: found 'some', expected one of `dividends`, `none`"),
        ({"source": "yahoo"}, "data.end is not set"),
        ({"source": "yahoo", "end": "01.02.2024"}, "data.end is '01.02.2024'"),
        ({"tickers": (TickerSpec("SPY", "etf"), TickerSpec("SPY", "etf"))}, "each ticker once"),
    ],
)
def test_contradicting_settings_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        data_settings(**changes)


def test_the_last_day_and_the_tickers_are_found():
    settings = data_settings("SPY", source="yahoo", end="2026-01-01")
    assert settings.last_day() == date(2026, 1, 1)
    assert settings.ticker("SPY").kind == "etf"
    assert settings.kinds() == {"SPY": "etf"}
    with pytest.raises(ConfigError, match=r"found no ticker 'DIA' in data\.tickers; expected one of SPY"):
        settings.ticker("DIA")


@pytest.mark.parametrize(
    "ticker",
    [
        "",
        "^",
        "D^JI",
        "=X",
        "X=",
        "&A",
        "A B",
        "spy",
        "../X",
        "A/B",
        "A_B",
        ".A",
        "A.",
        "A" * 17,
        "Ä",
        None,
        7,
    ],
)
def test_a_ticker_that_cannot_name_a_file_is_refused(ticker):
    with pytest.raises(ConfigError, match=r"ticker: found .* expected"):
        TickerSpec(ticker, "index")


@pytest.mark.parametrize(
    "ticker", ["A", "GSPC", "BRK.B", "BRK-B", "X2", "7203.T", "M&M.NS", "EURUSD=X", "BTC-USD", "^GSPC", "ON"]
)
def test_ordinary_tickers_are_accepted(ticker):
    assert TickerSpec(ticker, "etf").file is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "bond"}, "kind: found 'bond', expected one of `etf`"),
        ({"file": ""}, "file: found .* expected"),
        ({"file": "  "}, "file: found .* expected"),
        ({"file": 3}, "file: found .* expected"),
        ({"symbol": "a b"}, "symbol: found .* expected"),
        ({"symbol": "../x"}, "symbol: found .* expected"),
        ({"snapshot": "abc"}, "snapshot: found .* expected"),
        ({"snapshot": "0" * 17}, "snapshot: found .* expected"),
        ({"snapshot": 1234567890123456}, "snapshot: found .* expected"),
    ],
)
def test_the_rest_of_an_entry_is_checked(values, message):
    with pytest.raises(ConfigError, match=message):
        TickerSpec(**({"ticker": "SPY", "kind": "etf"} | values))


def test_the_vendor_symbol_of_an_index_has_a_caret():
    assert TickerSpec("DJI", "index").vendor_symbol == "^DJI"
    assert TickerSpec("DJI", "index", symbol="DJI").vendor_symbol == "DJI"
    assert TickerSpec("TLT", "etf").vendor_symbol == "TLT"


def test_known_tickers_are_consistent():
    for name, known in KNOWN_TICKERS.items():
        assert known.kind in KINDS
        assert date.fromisoformat(known.first_date).year >= 1927
        assert TickerSpec(name, known.kind).vendor_symbol == known.symbol


def test_the_calendar_of_a_ticker_wins_over_that_of_the_campaign():
    tokyo, other = TickerSpec("7203.T", "stock", calendar="XTKS"), TickerSpec("SPY", "etf")
    settings = data_settings(tickers=(tokyo, other))
    assert settings.calendars() == {"7203.T": "XTKS", "SPY": "XNYS"}
    assert meaning(other) == {"ticker": "SPY", "kind": "etf", "file": None, "symbol": None, "snapshot": None}
    assert meaning(tokyo)["calendar"] == "XTKS"
