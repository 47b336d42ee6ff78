"""Files of every layout are read as the same bars, said in one line, and read again from the snapshot."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import ConfigError, DataError
from simmer.base.files import read_json
from simmer.data.bars_csv import COLUMNS, canonical_csv
from simmer.data.layouts.record import reading_in
from simmer.data.registration import check_file, keep, origin_of_file, provenance_of_file, read_snapshot
from simmer.data.snapshots import SnapshotStore
from simmer.data.sources import acquire
from simmer.data.sources.acquired import from_snapshot
from simmer.data.tickers import TickerSpec
from simmer.data.validation import validate_manifest
from simmer.data.vendor import VENDOR_COLUMNS
from support.configs import data_settings
from support.layouts import BARS, LAYOUTS, OHLCV, days_of_london, epoch, in_utc, midnight, text_of

SPY = TickerSpec("SPY", "etf")
HEADER = "Date,Open,High,Low,Close,Volume"


def checked(content, spec=SPY, calendar="XNYS"):
    return check_file(content, spec=spec, file_name="X.csv", calendar=calendar)


def errors(found):
    return [problem for problem in found.problems if problem.severity == "error"]


def kept(content, folder, spec=SPY, calendar="XNYS"):
    store = SnapshotStore(folder / "snapshots")
    snapshot = keep(
        content,
        spec=spec,
        file_name="X.csv",
        calendar=calendar,
        origin=origin_of_file(folder / "X.csv"),
        provenance=provenance_of_file("X.csv", content, spec=spec, calendar=calendar),
        store=store,
    )
    return snapshot, store


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_read_as_the_bars_that_are_in_it(name, tmp_path):
    content, words = LAYOUTS[name]
    found = checked(content)
    assert errors(found) == []
    pd.testing.assert_frame_equal(found.frame[list(COLUMNS)], BARS, check_exact=True)
    for word in words:
        assert word in str(found.reading)
    assert "\n" not in str(found.reading)
    snapshot, store = kept(content, tmp_path)
    assert snapshot.path.read_bytes() == content
    pd.testing.assert_frame_equal(read_snapshot(snapshot)[list(COLUMNS)], BARS, check_exact=True)
    assert reading_in(read_json(snapshot.path.with_suffix(".resource.json"))) == found.reading
    validation = validate_manifest(store.root / "datapackage.json", kinds={"SPY": "etf"}, calendars=None)
    assert [str(problem) for problem in validation.problems if problem.severity == "error"] == []


def test_the_workflows_own_layout_is_read_as_before_and_has_no_record():
    found = checked(canonical_csv(BARS))
    assert found.reading is None
    pd.testing.assert_frame_equal(found.frame, BARS, check_exact=True)


def test_acquired_bars_carry_how_their_source_was_read(tmp_path):
    (tmp_path / "SPY.csv").write_bytes(LAYOUTS["Nasdaq"][0])
    settings = data_settings(SPY, source="csv", folder=str(tmp_path))
    acquired = acquire(settings, "SPY", SnapshotStore(tmp_path / "snapshots"))
    pd.testing.assert_frame_equal(acquired.frame, BARS, check_exact=True)
    reading = acquired.provenance.sources[0]["reading"]
    assert reading["layout"] == "Nasdaq"
    assert reading["order"] == "newest_first"
    assert reading["columns"]["Close"] == "Close/Last"
    assert acquired.lines.tolist() == list(range(41, 1, -1))


# ---- what is ambiguous, and the key that decides ---------------------------------------------------------

FEW = BARS.iloc[:5]  # 6 to 10 January 2003
THREE = text_of(HEADER, OHLCV, date="%m/%d/%Y", bars=FEW)
COMMAS = text_of(
    HEADER.replace(",", ";"),
    OHLCV,
    separator=";",
    price=lambda value: f"{value:.2f}0".replace(".", ","),
    bars=FEW,
)
ADJUSTED = text_of(
    "Date,Open,High,Low,Close,Adj Close,Volume",
    [*OHLCV[:-1], "Adj", "Volume"],
    bars=BARS.assign(Adj=BARS["Close"] * np.where(np.arange(40) < 20, 0.99, 1.0)),
)


@pytest.mark.parametrize(
    ("content", "rule", "advice"),
    [
        (THREE, "date_format", "`date_format: '%m/%d/%Y'` or `date_format: '%d/%m/%Y'`"),
        (COMMAS, "decimal", "`decimal: .` or `decimal: ','`"),
        (ADJUSTED, "adjustment", "`columns: {Close: Close}`; to multiply"),
        (ADJUSTED, "adjustment", "`columns: {Adj Close: Adj Close}`"),
        (text_of("Date,Close", ["Date", "Close"]), "header", "closing prices only"),
        (
            text_of("Date,Adj Close", ["Date", "Close"]),
            "header",
            "`columns: {Date: Date, Open: Adj Close, High: Adj Close, Low: Adj Close, Close: Adj Close}`",
        ),
        (text_of("observation_date,VIXCLS", ["Date", "Close"]), "header", "Open: VIXCLS"),
        (
            text_of("Date,Open,High,Low,Adj Close,Volume", OHLCV),
            "header",
            "`columns: {Close: Adj Close}`",
        ),
        (
            text_of(f"{HEADER},Signal", [*OHLCV, "1"]),
            "header",
            "`columns: {Date: Date, Open: Open, High: High, Low: Low, Close: Close, Volume: Volume}`",
        ),
        (text_of("Date,Open,High,Low,Last,Volume", OHLCV), "header", "`columns: {Close: Last}`"),
        (text_of("Date,Open,High,Low,Close,Price,Volume", [*OHLCV[:5], "1", "Volume"]), "header", "may each"),
        (text_of("Date;Open,High;Low;Close;Volume", OHLCV, separator=";"), "header", "`separator: ;`"),
        (text_of(HEADER, OHLCV, date=in_utc("UTC")), "timezone", "`timezone: UTC` or `timezone: America/New"),
        (
            text_of("Date,Open,High,Low,Close,Volume,Dividend", [*OHLCV, "0.5"]),
            "adjustment",
            "`columns: {Close: Close}`",
        ),
        (text_of(f"{HEADER},Ticker", [*OHLCV, "DIA"]), "ticker", "`symbol: DIA`"),
        (
            text_of(f"{HEADER},Name", [*OHLCV, "A"]) + text_of("", [*OHLCV, "B"]),
            "ticker",
            "holds 2 tickers ('A', 'B') and none is SPY",
        ),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused_with_the_keys_to_write(content, rule, advice):
    found = checked(content)
    assert found.frame is None
    (problem,) = errors(found)
    assert problem.rule == rule
    assert advice in problem.message


FIRST = pd.Timestamp("2003-01-06")


@pytest.mark.parametrize(
    ("content", "keys", "first"),
    [
        (THREE, {"date_format": "%m/%d/%Y"}, FIRST),
        (text_of(HEADER, OHLCV, date="%d/%m/%Y", bars=FEW), {"date_format": "%d/%m/%Y"}, FIRST),
        (text_of(HEADER, OHLCV, date=in_utc("UTC")), {"timezone": "UTC"}, FIRST),
        (text_of("T,A,B,C,D,E", OHLCV), {"columns": dict(zip(OHLCV, list("TABCDE"), strict=True))}, FIRST),
        (text_of("Date,Open,High,Low,Last,Volume", OHLCV), {"columns": {"Close": "Last"}}, FIRST),
        (text_of(f"{HEADER},Ticker", [*OHLCV, "DIA"]), {"symbol": "DIA"}, FIRST),
        (text_of(HEADER.replace(",", ";"), OHLCV, separator=";"), {"separator": ";", "decimal": "."}, FIRST),
        (text_of(HEADER, OHLCV, newest_first=True), {"order": "newest_first"}, FIRST),
        (text_of(HEADER, OHLCV, date=epoch("s")), {"date_format": "epoch_s"}, FIRST),
    ],
)  # fmt: skip
def test_the_keys_of_an_entry_decide(content, keys, first, tmp_path):
    spec = replace(SPY, **keys)
    found = checked(content, spec)
    assert errors(found) == []
    assert found.frame["Date"].iloc[0] == first
    assert found.reading.declared == {key: value for key, value in keys.items() if key != "symbol"}
    snapshot, _ = kept(content, tmp_path, spec)
    pd.testing.assert_frame_equal(read_snapshot(snapshot), found.frame, check_exact=True)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"date_format": "%m/%d"}, "date_format: found '%m/%d', expected day, month and year"),
        ({"date_format": "%Y-%m-%d %Q"}, "date_format: found"),
        ({"date_format": "dd.mm.yyyy"}, "date_format: found"),
        ({"timezone": "Mars/Olympus"}, "timezone: found 'Mars/Olympus', expected the name of a time zone"),
        ({"timezone": "../etc/passwd"}, "timezone: found"),
        ({"decimal": ";"}, "decimal: found ';'"),
        ({"separator": "|"}, "separator: found"),
        ({"order": "up"}, "order: found 'up'"),
        ({"columns": {"Opening": "x"}}, "columns"),
        ({"columns": {"Open": 1}}, "columns.Open"),
    ],
)
def test_a_key_with_another_value_is_refused(keys, message):
    with pytest.raises(ConfigError, match=message):
        TickerSpec("SPY", "etf", **keys)


def test_an_order_other_than_the_declared_one_is_refused():
    (problem,) = errors(checked(text_of(HEADER, OHLCV), replace(SPY, order="newest_first")))
    assert problem.message == "the file is oldest first; the entry says order: newest_first"


def test_keys_written_later_are_used_for_a_snapshot_that_was_kept_without_them(tmp_path):
    snapshot, _ = kept(LAYOUTS["yfinance equal Adj Close"][0], tmp_path)
    settings = data_settings(SPY, source="csv")
    spec = replace(SPY, columns={"Open": "Close"})
    assert from_snapshot(snapshot, SPY, settings).frame["Open"].equals(BARS["Open"])
    read_otherwise = from_snapshot(snapshot, spec, settings)
    assert read_otherwise.frame["Open"].equals(BARS["Close"])
    assert read_otherwise.provenance.sources[0]["reading"]["declared"] == {"columns": {"Open": "Close"}}


def test_a_file_of_several_tickers_is_kept_for_each_of_them(tmp_path):
    other = BARS.assign(Volume=7)
    content = text_of(f"{HEADER},Name", [*OHLCV, "SPY"]) + text_of("", [*OHLCV, "DIA"], bars=other)
    (spy, _), (dia, store) = (kept(content, tmp_path, TickerSpec(name, "etf")) for name in ("SPY", "DIA"))
    assert spy.id == dia.id
    pd.testing.assert_frame_equal(read_snapshot(dia), other, check_exact=True)
    kinds = {"SPY": "etf", "DIA": "etf"}
    validation = validate_manifest(store.root / "datapackage.json", kinds=kinds, calendars=None)
    assert [str(problem) for problem in validation.problems if problem.severity == "error"] == []
    with pytest.raises(DataError, match="already kept as DIA; expected those of QQQ"):
        kept(content, tmp_path, TickerSpec("QQQ", "etf", symbol="DIA"))
    named = replace(SPY, symbol="DIA")
    assert from_snapshot(spy, named, data_settings(named, source="csv")).frame.equals(other)


# ---- days of the exchange ----------------------------------------------------------------------------

VOD = TickerSpec("VOD", "etf")


@pytest.mark.parametrize(
    ("date", "zone"),
    [
        (in_utc("Europe/London"), "Europe/London"),
        (midnight("Europe/London"), "Europe/London"),
        (epoch("ms", "Europe/London"), "Europe/London"),
        ("%Y-%m-%d 00:00:00", None),
    ],
)
def test_a_day_is_that_of_the_exchange_and_not_of_utc(date, zone):
    bars = days_of_london()
    found = checked(text_of(HEADER, OHLCV, date=date, bars=bars), VOD, "XLON")
    assert errors(found) == []
    assert found.frame["Date"].equals(bars["Date"])
    assert found.reading.timezone == zone


def test_midnight_of_another_exchange_is_the_day_there():
    bars = days_of_london()
    text = text_of(HEADER, OHLCV, date=midnight("Europe/London"), bars=bars)
    found = check_file(text, spec=VOD, file_name="X", calendar="XNYS")
    assert found.reading.timezone == "as written"


def test_times_without_a_zone_are_refused_where_the_day_depends_on_it():
    text = text_of(HEADER, OHLCV, date="%Y-%m-%d 03:00:00")
    (problem,) = errors(checked(text))
    assert "2003-01-06 or 2003-01-05 in 40 rows" in problem.message
    assert "`timezone: America/New_York`" in problem.message
    assert errors(checked(text, replace(SPY, timezone="America/New_York"))) == []


@pytest.mark.parametrize(
    ("step", "interval"),
    [("1h", "hourly"), ("4h", "4-hour"), ("5min", "5-minute"), ("7D", "weekly"), ("MS", "monthly")],
)
def test_bars_of_another_interval_are_refused_by_its_name(step, interval):
    days = pd.date_range("2003-01-06 09:30", periods=40, freq=step)
    form = "%Y-%m-%d %H:%M:%S" if step[-1] in "hn" else "%Y-%m-%d"
    found = checked(text_of(HEADER, OHLCV, date=form, bars=BARS.assign(Date=days)))
    (problem,) = errors(found)
    assert problem.message == f"the bars are {interval}; expected one bar a day: get daily bars"


def test_a_period_other_than_a_day_is_named():
    content = LAYOUTS["Stooq bulk"][0].replace(b",D,", b",60,")
    (problem,) = errors(checked(content))
    assert problem.message == "the period of the bars is '60'; expected daily bars, D"


# ---- adjusted close, dividends, splits -------------------------------------------------------------------

VENDOR = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits"


def with_actions(*, as_traded):
    """Return a file with a dividend in row 10 and a split of 2 in row 25, and its table."""
    close, dividend = BARS["Close"].to_numpy(), 1.5
    table = BARS.assign(Dividends=0.0, Splits=0.0)
    table.loc[10, "Dividends"] = dividend
    table.loc[25, "Splits"] = 2.0
    factor = np.where(np.arange(40) < 10, 1 - dividend / close[9], 1.0)
    table["Adj"] = np.round(close * factor, 6)
    written = table.copy()
    if as_traded:
        before = np.arange(40) < 25
        for name in ("Open", "High", "Low", "Close"):
            written[name] = np.where(before, table[name] * 2, table[name]).round(2)
        written["Volume"] = np.where(before, table["Volume"] // 2, table["Volume"])
        written["Dividends"] = np.where(before, table["Dividends"] * 2, 0.0)
        written["Splits"] = written["Splits"].replace(0.0, 1.0)
    columns = ["Date", "Open", "High", "Low", "Close", "Adj", "Volume", "Dividends", "Splits"]
    return text_of(VENDOR, columns, bars=written), table


@pytest.mark.parametrize("as_traded", [False, True])
def test_dividends_and_splits_are_used_as_of_the_source_yahoo(as_traded, tmp_path):
    content, table = with_actions(as_traded=as_traded)
    found = checked(content)
    assert errors(found) == []
    assert tuple(found.frame.columns) == VENDOR_COLUMNS
    pd.testing.assert_frame_equal(found.frame[list(COLUMNS)], BARS)
    assert found.reading.adjustment == ("for splits by us" if as_traded else "for splits by the vendor")
    snapshot, _ = kept(content, tmp_path)
    by_setting = {
        adjustment: from_snapshot(snapshot, SPY, data_settings(SPY, source="csv", adjustment=adjustment))
        for adjustment in ("dividends", "none")
    }
    np.testing.assert_allclose(by_setting["dividends"].frame["Close"], table["Adj"], rtol=1e-6)
    np.testing.assert_allclose(by_setting["none"].frame["Close"], table["Close"])
    assert by_setting["dividends"].provenance.adjustment.endswith(", for dividends by us")


def test_splits_that_the_adjusted_close_does_not_explain_are_refused():
    content, _ = with_actions(as_traded=True)
    wrong = content.replace(b",2.0\n", b",3.0\n")
    (problem,) = [one for one in errors(checked(wrong)) if one.rule == "adjustment"]
    assert "tells not whether the prices are already adjusted" in problem.message


def test_an_adjusted_close_without_dividends_is_used_as_the_entry_says():
    as_they_are = checked(ADJUSTED, replace(SPY, columns={"Close": "Close"}))
    pd.testing.assert_frame_equal(as_they_are.frame, BARS, check_exact=True)
    scaled = checked(ADJUSTED, replace(SPY, columns={"Adj Close": "Adj Close"}))
    assert errors(scaled) == []
    np.testing.assert_allclose(scaled.frame["High"][:20], BARS["High"][:20] * 0.99)
    np.testing.assert_array_equal(scaled.frame["High"][20:], BARS["High"][20:])
    assert scaled.reading.adjustment == "by the file's adjusted close"


# ---- volume ----------------------------------------------------------------------------------------------

NO_VOLUME = text_of("Date,Open,High,Low,Close", OHLCV[:-1])


@pytest.mark.parametrize("content", [NO_VOLUME, text_of(HEADER, OHLCV, volume=lambda _: "")])
def test_a_file_without_volume_is_read_as_a_level_and_refused_for_a_fund_in_one_line(content):
    level = checked(content, TickerSpec("VIX", "no_volume_index"))
    assert errors(level) == []
    assert level.reading is None or level.reading.volume == "none"
    assert not level.frame["Volume"].any()
    (problem,) = errors(checked(content))
    assert "the file has no volume, which the kind etf must have" in problem.message


def test_a_volume_with_decimals_is_that_of_a_crypto_pair_alone():
    content = text_of("date,open,high,low,close,volume", OHLCV, volume=lambda one: f"{one}.25")
    pair = checked(content, TickerSpec("BTC-USD", "crypto"))
    assert errors(pair) == []
    assert (pair.frame["Volume"] == BARS["Volume"] + 0.25).all()
    assert {one.rule for one in errors(checked(content))} == {"decimals"}


def test_a_damaged_record_is_a_data_error(tmp_path):
    snapshot, _ = kept(LAYOUTS["Nasdaq"][0], tmp_path)
    changes = ({"date_format": "%Q"}, {"order": 3}, {"columns": []}, {"timezone": "/etc"}, {"x": 1})
    for change in changes:
        entry = dict(snapshot.entry) | {"reading": snapshot.entry["reading"] | change}
        with pytest.raises(DataError, match="expected how the file was read"):
            read_snapshot(replace(snapshot, entry=entry))
