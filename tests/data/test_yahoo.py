"""Downloads with the real yfinance from a local server (`support.vendor_server`)."""

import os
import subprocess
import sys
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import ConfigError, DataError, LedgerError
from simmer.data import yahoo
from simmer.data.adjustment import compare_with_vendor
from simmer.data.vendor import VENDOR_COLUMNS, VENDOR_DTYPES
from support import vendor_server as vendor
from support.configs import ROOT
from support.vendor_series import Series, random_series
from support.vendor_server import VendorServer, changed, vendor_at, vendor_environment

END = date(2021, 1, 1)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    with VendorServer([random_series("SPY")]) as running, vendor_at(running.url):
        yield running


class Pauses(list):
    """A clock that records the requested waits."""

    __call__ = list.append


def fetch(tmp_path, symbol="SPY", *, end=END, pause=None, jitter=lambda: 0.0, **options):
    pause = Pauses() if pause is None else pause
    return yahoo.fetch_bars(
        symbol, end=end, cache_folder=tmp_path / "cache", pause=pause, jitter=jitter, **options
    )


def failure(tmp_path, *args, **options):
    with pytest.raises(DataError) as raised:
        fetch(tmp_path, *args, **options)
    return str(raised.value)


def test_the_whole_history_arrives_as_the_vendor_has_it(server, tmp_path):
    frame = fetch(tmp_path)
    expected = server.series["SPY"].bars
    assert tuple(frame.columns) == VENDOR_COLUMNS
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == VENDOR_DTYPES
    pd.testing.assert_frame_equal(frame, expected, check_exact=True)
    assert compare_with_vendor(frame).largest_relative_difference < 1e-6


def test_one_request_asks_for_99_years_up_to_the_end(server, tmp_path):
    fetch(tmp_path)
    (asked,) = server.price_requests()
    start, end = (pd.Timestamp(int(asked.query[name]), unit="s") for name in ("period1", "period2"))
    assert asked.query["interval"] == "1d"
    # Midnight in New York; the vendor refuses a span of 100 years.
    assert end == pd.Timestamp("2021-01-01 05:00")
    assert start.date() == date(2021, 1, 1) - yahoo.REACH == date(1922, 1, 2)


def test_an_end_before_1900_is_an_error_without_a_traceback(server, tmp_path):
    assert "no prices of SPY" in failure(tmp_path, end=date(99, 1, 1), attempts=1)


def test_an_index_has_no_dividends_and_the_vix_no_volume(tmp_path):
    with VendorServer([random_series("^VIX", kind="no_volume_index")]) as server, vendor_at(server.url):
        frame = fetch(tmp_path, "^VIX")
    assert (frame["Volume"] == 0).all() and (frame["Dividends"] == 0).all()
    assert compare_with_vendor(frame).largest_relative_difference == 0


def test_missing_volumes_become_zero(server, tmp_path):
    def forget_volume(result):
        result["indicators"]["quote"][0]["volume"][3] = None

    server.script.append(changed(forget_volume))
    assert fetch(tmp_path)["Volume"].iloc[3] == 0


@pytest.mark.parametrize(
    ("zone", "opens"),
    [
        ("America/New_York", "09:30:00"),  # 14:30 UTC in winter, 13:30 in summer
        ("America/New_York", "00:00:00"),
        ("Asia/Tokyo", "09:00:00"),  # midnight UTC
        ("Asia/Tokyo", "00:00:00"),  # the day before in UTC
        ("Pacific/Auckland", "10:00:00"),  # the day before in UTC, in winter and summer
    ],
)
def test_days_are_those_of_the_exchange(tmp_path, zone, opens):
    bars = random_series("7203.T").bars
    with VendorServer([Series("7203.T", bars, zone=zone, opens=opens)]) as server, vendor_at(server.url):
        frame = fetch(tmp_path, "7203.T")
    assert frame["Date"].tolist() == bars["Date"].tolist()
    assert {pd.Timestamp("2019-01-02"), pd.Timestamp("2019-07-01")} < set(frame["Date"])
    ex_dates = frame["Date"][frame["Dividends"] > 0].tolist()
    assert ex_dates == bars["Date"][bars["Dividends"] > 0].tolist() != []


def test_splits_are_kept_and_change_no_price(tmp_path):
    series = random_series("SPY")
    series.bars.loc[100, "Stock Splits"] = 4.0
    with VendorServer([series]) as server, vendor_at(server.url):
        pd.testing.assert_frame_equal(fetch(tmp_path), series.bars, check_exact=True)


def test_a_capital_gain_is_added_unless_the_dividend_holds_it_already(tmp_path, caplog):
    series = random_series("SPY")
    paid = series.bars["Dividends"].to_numpy()
    on = [f"{series.bars['Date'].iloc[row]:%Y-%m-%d}" for row in (30, 63, 126, 189)]
    gains = dict(zip(on, (0.5, paid[63] / 2, paid[126] * 2, paid[189]), strict=True))
    with VendorServer([Series("SPY", series.bars, gains=gains)]) as server, vendor_at(server.url):
        dividends = fetch(tmp_path)["Dividends"].to_numpy()
    np.testing.assert_allclose(dividends[[30, 63, 126, 189]], [0.5, paid[63], paid[126] * 3, paid[189]])
    assert np.count_nonzero(dividends) == np.count_nonzero(paid) + 1
    assert all(day in caplog.text for day in on)


# yfinance repeats a request once by itself after a bad status, so two bad answers are one bad attempt.
@pytest.mark.parametrize(
    ("answers", "pauses"),
    [
        ([vendor.limited] * 2, [30]),
        ([vendor.limited] * 6, [30, 120, 480]),
        ([vendor.broken] * 2, [5]),
        ([vendor.broken] * 6, [5, 10, 20]),
        ([vendor.broken, vendor.broken, vendor.limited, vendor.limited], [5, 120]),
        ([vendor.down] * 2, [5]),
        ([vendor.no_result], [5]),
        ([vendor.not_json_object], [5]),
        ([vendor.web_page], [5]),
        ([vendor.truncated], [5]),
        ([vendor.reset] * 2, [5]),
        ([vendor.limited], []),
    ],
)
def test_a_temporary_failure_is_retried(server, tmp_path, answers, pauses):
    server.script.extend(answers)
    waited = Pauses()
    frame = fetch(tmp_path, pause=waited)
    assert len(frame) == len(server.series["SPY"].bars)
    assert waited == pauses


@pytest.mark.parametrize(
    ("answers", "pauses"),
    [
        ([vendor.limited] * 2, [30]),
        ([vendor.broken] * 2, [5]),
        ([vendor.web_page], [5]),
        ([vendor.reset] * 2, [5]),
        ([vendor.not_json_object], [5]),
    ],
)
def test_a_temporary_failure_of_the_first_request_is_retried(server, tmp_path, answers, pauses):
    server.lookups.extend(answers)
    waited = Pauses()
    assert len(fetch(tmp_path, pause=waited)) == len(server.series["SPY"].bars)
    assert waited == pauses


def test_a_slow_answer_is_given_up(server, tmp_path):
    server.script.append(vendor.slow(30))
    waited = Pauses()
    assert len(fetch(tmp_path, pause=waited, timeout_s=0.3)) == len(server.series["SPY"].bars)
    assert waited == [5]


def test_a_pause_is_longer_by_half_of_the_jitter(server, tmp_path):
    server.script.extend([vendor.no_result] * 3)
    waited = Pauses()
    fetch(tmp_path, pause=waited, jitter=iter((0.0, 0.5, 1.0)).__next__)
    assert waited == [5, 12.5, 30]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (vendor.limited, r"refused SPY because of too many requests \(HTTP 429\); wait an hour"),
        (vendor.broken, r"the vendor's answer for SPY is not a chart of prices \('<html><body>upstream"),
        (vendor.web_page, r"not a chart of prices \('<!DOCTYPE html><title>Sign in t"),
        (vendor.no_result, r"sent no prices of SPY"),
        (vendor.truncated, r"cannot reach the vendor for SPY .*; check the network, or use the source csv"),
        (vendor.reset, r"cannot reach the vendor for SPY \(ConnectionError: 'curl: "),
    ],
)
def test_a_lasting_failure_is_an_error_after_all_attempts(server, tmp_path, answer, text):
    server.script.extend([answer] * 8)
    waited = Pauses()
    with pytest.raises(DataError, match=text):
        fetch(tmp_path, pause=waited)
    assert len(waited) == 3


def test_an_unknown_symbol_is_not_retried(server, tmp_path):
    waited = Pauses()
    text = failure(tmp_path, "NOSUCH", pause=waited)
    assert "the vendor has no prices of NOSUCH" in text and "correct the symbol" in text
    assert waited == []


def test_a_symbol_that_lost_its_prices_gives_the_vendors_reason(server, tmp_path):
    server.script.extend([vendor.unknown] * 2)
    waited = Pauses()
    assert "'No data found, symbol may be delisted'" in failure(tmp_path, pause=waited)
    assert waited == []


def test_without_a_network_the_error_says_so(tmp_path):
    with vendor_at("http://127.0.0.1:1"):
        text = failure(tmp_path, attempts=2)
    assert text.startswith("cannot reach the vendor for SPY (ConnectionError: 'curl: (7)")
    assert "check the network, or use the source csv with files of your own, or bundled" in text
    # A host name that does not resolve takes another path through the client.
    with vendor_at("http://vendor.invalid"):
        assert "cannot reach the vendor for SPY (DNSError" in failure(tmp_path, attempts=1)


def test_an_empty_table_is_an_error(server, tmp_path):
    def empty(result):
        result |= {"timestamp": [], "events": {}}
        for part in (result["indicators"]["quote"][0], result["indicators"]["adjclose"][0]):
            part |= {name: [] for name in part}

    server.script.extend([changed(empty)] * 2)
    assert "sent no bars of SPY" in failure(tmp_path, attempts=2)


def test_rows_without_prices_are_named_and_never_dropped(server, tmp_path):
    def blank(result):
        for values in result["indicators"]["quote"][0].values():
            values[5] = values[9] = None
        result["indicators"]["adjclose"][0]["adjclose"][9] = None

    server.script.append(changed(blank))
    text = failure(tmp_path)
    days = [f"{day:%Y-%m-%d}" for day in server.series["SPY"].bars["Date"].iloc[[5, 9]]]
    assert f"no finite Open on {', '.join(days)}; expected a number in every row" in text


def test_a_dividend_on_a_day_without_prices_is_an_error(server, tmp_path):
    def pay_later(result):
        at = result["timestamp"].pop()
        for part in (result["indicators"]["quote"][0], result["indicators"]["adjclose"][0]):
            for values in part.values():
                values.pop()
        result["events"]["dividends"][str(at)] = {"amount": 1.0, "date": at}

    server.script.append(changed(pay_later))
    assert "no finite Open on 2020-12-31" in failure(tmp_path)


def test_an_infinite_adjusted_close_is_an_error(server, tmp_path):
    def explode(result):
        result["indicators"]["adjclose"][0]["adjclose"][4] = float("inf")

    server.script.append(changed(explode))
    assert "no finite Adj Close on 2019-01-08" in failure(tmp_path)


def test_bars_at_or_after_the_end_are_an_error(server, tmp_path):
    def go_on(days):
        def change(result):
            for day in range(1, days + 1):
                result["timestamp"].append(result["timestamp"][-1] + 86_400 * (3 if day == 1 else 1))
                for part in (result["indicators"]["quote"][0], result["indicators"]["adjclose"][0]):
                    for values in part.values():
                        values.append(values[-1])

        return changed(change)

    # This vendor appends the newest price to a finished range; the client removes it.
    server.script.append(go_on(1))
    assert fetch(tmp_path)["Date"].iloc[-1] == pd.Timestamp("2020-12-31")
    server.script.append(go_on(2))
    assert "has bars on 2021-01-03; expected only days before 2021-01-01" in failure(tmp_path)


def test_a_column_that_is_missing_is_an_error(server, tmp_path):
    server.script.append(changed(lambda result: result["indicators"]["quote"][0].pop("low")))
    text = failure(tmp_path, attempts=1)
    assert "not a chart of prices" in text and "KeyError: 'low'" in text


def test_text_instead_of_a_number_is_an_error(server, tmp_path):
    def spoil(result):
        result["indicators"]["quote"][0]["high"][2] = "n/a"

    server.script.append(changed(spoil))
    assert "not a chart of prices" in failure(tmp_path, attempts=1)


def test_another_symbol_than_asked_for_is_an_error(server, tmp_path):
    server.script.append(changed(lambda result: result["meta"].update(symbol="DIA")))
    assert "holds 'DIA'; expected SPY" in failure(tmp_path)


def test_the_cache_folder_is_used_and_the_home_stays_empty(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import sys; from datetime import date; from pathlib import Path\n"
        "from simmer.data.yahoo import fetch_bars\n"
        "sys.stdout.write(str(len(fetch_bars('SPY', end=date(2021, 1, 1), cache_folder=Path(sys.argv[1])))))"
    )
    with VendorServer([random_series("SPY")]) as server:
        environment = vendor_environment(server.url)
        environment["PYTHONPATH"] += os.pathsep + str(ROOT / "workflow/scripts")
        environment |= {"HOME": str(home), "PATH": os.environ["PATH"], "TZ": "Asia/Tokyo"}
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "cache")],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.stdout == str(len(server.series["SPY"].bars)), done.stderr
        assert len(server.price_requests()) == 1
    assert (tmp_path / "cache" / "tkr-tz.db").exists()
    assert list(home.rglob("*")) == []


def test_a_cache_folder_that_cannot_be_made_says_so(server, tmp_path):
    (tmp_path / "cache").write_text("a file is in the way")
    with pytest.raises(LedgerError, match=r"cannot write .*cache"):
        fetch(tmp_path)


def test_without_yfinance_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yfinance", None)
    with pytest.raises(ConfigError, match=r"pip install -c constraints\.txt yfinance"):
        fetch(tmp_path)


def test_the_library_imports_yfinance_only_when_it_downloads():
    code = (
        "import importlib, pkgutil, sys, simmer.data\n"
        "for module in pkgutil.iter_modules(simmer.data.__path__, 'simmer.data.'):\n"
        "    importlib.import_module(module.name)\n"
        "sys.exit(any(name.split('.')[0] in ('yfinance', 'curl_cffi') for name in sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("today", "newest"),
    [
        (date(2026, 8, 26), "2026-08-25"),  # Wednesday: Monday's bar is the newest that is settled
        (date(2026, 8, 23), "2026-08-21"),  # Sunday: Thursday's
        (date(2026, 8, 24), "2026-08-21"),  # Monday: Thursday's
        (date(2026, 9, 8), "2026-09-04"),  # Tuesday after Labor Day
    ],
)
def test_a_too_recent_end_is_refused_with_the_latest_possible_one(today, newest):
    oldest_refused = date.fromisoformat(newest) + timedelta(1)
    yahoo.require_old_end(date.fromisoformat(newest), today=today, calendar="XNYS")
    yahoo.require_old_end(date(2019, 1, 1), today=today, calendar="XNYS")
    for end in (oldest_refused, today, date(2030, 1, 1)):
        with pytest.raises(ConfigError, match=f"data.end is {end}; .* write {newest} or an earlier day"):
            yahoo.require_old_end(end, today=today, calendar="XNYS")


def test_a_calendar_that_does_not_know_the_days_is_an_error():
    with pytest.raises(ConfigError, match="calendar 'NOWHERE' is unknown"):
        yahoo.require_old_end(END, today=date(2026, 8, 26), calendar="NOWHERE")
    with pytest.raises(
        ConfigError, match=r"calendar XKRX .* from 1956-01-01 .* covers 1949-12-02 to 1949-12-31"
    ):
        yahoo.require_old_end(date(1949, 1, 1), today=date(1950, 1, 1), calendar="XKRX")


def complete(frame, *, end=END, expected_first=date(2019, 1, 2)):
    yahoo.require_complete_history(
        frame, symbol="SPY", expected_first=expected_first, end=end, calendar="XNYS"
    )


def test_a_complete_history_passes():
    bars = random_series("SPY").bars
    complete(bars)
    complete(bars, expected_first=None)
    complete(bars, end=date(2021, 1, 4))  # a holiday and a weekend later


def test_a_history_may_end_on_a_day_without_a_session():
    bars = random_series("SPY").bars
    holiday = bars.iloc[-1:].assign(Date=pd.Timestamp("2021-01-01"))
    complete(pd.concat([bars, holiday], ignore_index=True), end=date(2021, 1, 2))


def test_a_history_that_begins_late_stops_early_or_is_short_is_refused():
    bars = random_series("SPY").bars
    with pytest.raises(DataError, match="begins on 2019-01-03; expected 2019-01-02"):
        complete(bars.iloc[1:])
    with pytest.raises(DataError, match="stops on 2020-12-30; expected 2020-12-31, the last session of XNYS"):
        complete(bars.iloc[:-1])
    with pytest.raises(DataError, match="has 249 bars of SPY; expected at least 250"):
        complete(bars.iloc[-249:])


def test_a_history_longer_than_99_years_may_begin_where_the_request_begins():
    bars = random_series("^GSPC", first="1950-01-03", end="1951-01-01", kind="index").bars
    oldest, edge = date(1900, 1, 1), date(1950, 1, 3) + yahoo.REACH
    # Only its last day is wrong, because with this end no older bars can be requested.
    with pytest.raises(DataError, match="stops on 1950-12-29"):
        complete(bars, end=edge, expected_first=oldest)
    with pytest.raises(DataError, match="begins on 1950-01-03; expected 1900-01-01"):
        complete(bars, end=edge - timedelta(60), expected_first=oldest)
