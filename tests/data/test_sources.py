import pandas as pd
import pytest

from simmer.data.bars import canonical_csv
from simmer.data.sources import SOURCES, acquire, require_bundled_range
from simmer.data.tickers import TickerSpec
from simmer.errors import ConfigError, DataError
from support.bars import bundled_bars, random_bars


@pytest.mark.parametrize("ticker", ["GSPC", "IXIC"])
def test_bundled_bars_are_twenty_years_of_real_sessions(ticker):
    acquired = acquire("bundled", TickerSpec(ticker, "index"))
    assert len(acquired.frame) == 5031
    assert acquired.source == "bundled"
    assert acquired.provenance.adjustment == "index level"
    assert acquired.provenance.tool.startswith("arch ")
    assert "://" not in str(acquired.provenance.sources)


def test_first_real_bar_is_the_published_one():
    first = bundled_bars("GSPC").iloc[0]
    assert first["Date"] == pd.Timestamp("1999-01-04")
    assert first[["Open", "High", "Low", "Close"]].tolist() == [
        1229.22998, 1248.810059, 1219.099976, 1228.099976,
    ]  # fmt: skip
    assert first["Volume"] == 877_000_000


def test_bundled_bars_with_shifted_dates_or_missing_rows_are_refused():
    bars = bundled_bars()
    require_bundled_range(bars, what="bars")
    shifted = bars.assign(Date=bars["Date"] - pd.Timedelta(days=10_000))
    for broken in (shifted, bars.drop(index=7), bars.iloc[1:], bars.iloc[:-1]):
        with pytest.raises(DataError, match="expected 5031 from 1999-01-04 to 2018-12-31"):
            require_bundled_range(broken, what="bars")


def test_an_unknown_bundled_ticker_lists_the_known_ones():
    with pytest.raises(DataError, match="no SPY; it has GSPC, IXIC"):
        acquire("bundled", TickerSpec("SPY", "etf"))


def test_bundled_indices_are_not_etfs_and_take_no_file():
    for spec in (TickerSpec("GSPC", "etf"), TickerSpec("GSPC", "index", "x.csv")):
        with pytest.raises(ConfigError, match="is an index and takes no file"):
            acquire("bundled", spec)


def test_an_unknown_source_lists_the_known_ones():
    with pytest.raises(ConfigError, match="'carrier pigeon'; expected one of bundled, csv"):
        acquire("carrier pigeon", TickerSpec("GSPC", "index"))
    assert set(SOURCES) == {"bundled", "csv"}


def test_own_csv_is_read_as_it_is(tmp_path):
    bars = random_bars(40)
    path = tmp_path / "mine.csv"
    path.write_bytes(canonical_csv(bars))
    acquired = acquire("csv", TickerSpec("MINE", "etf", str(path)))
    pd.testing.assert_frame_equal(acquired.frame, bars, check_exact=True)
    assert acquired.provenance.adjustment == "unknown"
    assert acquired.provenance.sources[0]["hash"].startswith("sha256:")
    assert str(tmp_path) not in str(acquired.provenance)


def test_own_csv_that_is_missing_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match="put a CSV file"):
        acquire("csv", TickerSpec("MINE", "etf", str(tmp_path / "none.csv")))
    with pytest.raises(DataError, match="cannot be read"):
        acquire("csv", TickerSpec("MINE", "etf", str(tmp_path)))
    with pytest.raises(ConfigError, match="needs a file for MINE"):
        acquire("csv", TickerSpec("MINE", "etf"))


def test_own_csv_with_problems_lists_them_all(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("Date,Open,High,Low,Close,Volume\nx,1,1,1,1,1\n2018-12-28,1,1,1,null,1\n")
    with pytest.raises(DataError) as raised:
        acquire("csv", TickerSpec("MINE", "etf", str(path)))
    assert "mine.csv, line 2: Date is 'x'" in str(raised.value)
    assert "mine.csv, line 3: Close is 'null'" in str(raised.value)


@pytest.mark.parametrize(
    "ticker", ["", "^DJI", "spy", "../X", "A/B", "A_B", ".A", "A.", "A" * 17, "Ä", None, 7]
)
def test_a_ticker_that_cannot_name_a_file_is_refused(ticker):
    with pytest.raises(ConfigError, match="ticker is"):
        TickerSpec(ticker, "index")


@pytest.mark.parametrize("ticker", ["A", "GSPC", "BRK.B", "BF-B", "X2"])
def test_ordinary_tickers_are_taken(ticker):
    assert TickerSpec(ticker, "etf").file is None


def test_kind_and_file_are_checked():
    with pytest.raises(ConfigError, match="kind of SPY is 'stock'"):
        TickerSpec("SPY", "stock")
    for file in ("", "  ", 3):
        with pytest.raises(ConfigError, match="file of SPY"):
            TickerSpec("SPY", "etf", file)
