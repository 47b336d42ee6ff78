"""Days that are used, days vouched for, and findings accepted: keys of a ticker's entry."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import ConfigError, DataError
from simmer.commands.register import register
from simmer.data.bars import judge_bars
from simmer.data.bars_csv import canonical_csv
from simmer.data.choices import Choices, choices_in, choices_of
from simmer.data.consent import ConsentNeededError
from simmer.data.layouts.declared import reading_keys
from simmer.data.problems import BrokenRules
from simmer.data.registration import read_snapshot
from simmer.data.requests import request_of
from simmer.data.snapshots import SnapshotStore
from simmer.data.sources import acquire
from simmer.data.tickers import TickerSpec
from simmer.data.validation import validate_manifest
from simmer.status.last_run import as_plain_json
from support.bars import session_bars
from support.configs import data_settings

BARS = session_bars(400)
DAY = f"{BARS['Date'][200]:%Y-%m-%d}"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
WHY = "the vendor has no bar"


def judge(frame, *, kind="etf", calendar="XNYS", **choices):
    return judge_bars(
        frame, file_name="X.csv", kind=kind, calendar=calendar, now=NOW, choices=Choices(**choices)
    )


def errors(judgement):
    return [problem.rule for problem in judgement.problems if problem.severity == "error"]


def without_bar(frame):
    return frame.drop(index=200).reset_index(drop=True)


def without_volume(frame):
    return frame.assign(Volume=frame["Volume"].where(frame.index != 200, 0))


def without_range(frame):
    flat = frame.copy()
    flat.loc[200, ["Open", "High", "Low"]] = flat.loc[200, "Close"]
    return flat


def halved(frame):
    """Return bars whose prices are halved from the day on, as by a split."""
    prices = frame.copy()
    prices.loc[200:, ["Open", "High", "Low", "Close"]] /= 2
    return prices


def multiplied(frame):
    prices = frame.copy()
    prices.loc[200:, ["Open", "High", "Low", "Close"]] *= 7.3
    return prices


def frozen(frame):
    stuck = frame.copy()
    stuck.iloc[201:206, 1:] = stuck.iloc[200, 1:].to_numpy()
    return stuck.astype({"Volume": "int64"})


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [(without_bar, "missing_session"), (without_volume, "no_volume"), (without_range, "flat")],
)
def test_a_day_vouched_for_is_recorded_instead_of_refused(spoil, rule):
    bars = spoil(BARS)
    assert errors(judge(bars)) == [rule]
    found = judge(bars, exceptions={DAY: WHY})
    assert errors(found) == []
    assert found.vouched == {DAY: WHY}
    (problem,) = found.problems
    assert (problem.rule, problem.severity) == ("vouched", "warning")
    assert problem.message.startswith(f"{DAY}: ")
    assert problem.message.endswith(f"; vouched for: {WHY}")
    assert len(bars) in (399, 400)


def test_a_bar_on_a_closed_day_can_be_vouched_for():
    saturday = BARS.iloc[[5]].assign(Date=pd.Timestamp("2003-02-01").as_unit("us"))
    bars = pd.concat([BARS, saturday]).sort_values("Date").reset_index(drop=True)
    assert errors(judge(bars, calendar=None)) == ["weekend"]
    for calendar in ("XNYS", None):
        found = judge(bars, calendar=calendar, exceptions={"2003-02-01": "budget"})
        assert (errors(found), found.vouched) == ([], {"2003-02-01": "budget"})


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("High", 1.0, "containment"),
        ("Low", -1.0, "positive"),
        ("Open", np.nan, "finite"),
        ("Volume", -5, "volume"),
        ("Date", BARS["Date"][199], "duplicate"),
    ],
)
def test_nobody_can_vouch_for_values_that_cannot_be_right(column, value, rule):
    bars = BARS.copy()
    bars.loc[200, column] = value
    assert rule in errors(judge(bars, exceptions={DAY: WHY}))


def test_an_exception_without_a_finding_is_one_line():
    days = {f"{day:%Y-%m-%d}": WHY for day in pd.date_range("1950-01-01", periods=10_000)}
    found = judge(BARS, exceptions=days)
    (problem,) = found.problems
    assert (problem.rule, problem.severity) == ("exceptions", "warning")
    assert "1950-01-01, " in problem.message
    assert "and 9,995 more" in problem.message
    assert len(problem.message) < 300


@pytest.mark.parametrize(("lacking", "refused"), [(4, False), (5, True)])
def test_more_than_one_bar_in_a_hundred_cannot_be_vouched_for(lacking, refused):
    rows = [20 + 40 * number for number in range(lacking)]
    bars = session_bars(404 + lacking - 4).drop(index=rows).reset_index(drop=True)
    days = {f"{day:%Y-%m-%d}": WHY for day in session_bars(410)["Date"][rows]}
    found = judge(bars, exceptions=days)
    assert errors(found) == (["vouched"] if refused else [])
    assert len(found.vouched) == lacking


def test_days_vouched_for_count_towards_no_share():
    bars = session_bars(500, calendar="24/5").assign(Volume=0)
    rows = list(range(50, 270, 20))
    lacking = bars.drop(index=rows).reset_index(drop=True)
    assert "missing_session" in errors(judge(lacking, kind="currency", calendar="24/5"))
    days = {f"{bars['Date'][row]:%Y-%m-%d}": WHY for row in rows[:2]}
    assert errors(judge(lacking, kind="currency", calendar="24/5", exceptions=days)) == []


# ---- files ---------------------------------------------------------------------------------------


def spec_with(**keys):
    return TickerSpec("SPY", "etf", **keys)


class Folder:
    """A folder with SPY.csv, its snapshots and its acquired bars."""

    def __init__(self, folder, bars):
        self.folder, self.store = folder, SnapshotStore(folder / "snapshots")
        self.write(bars)

    def write(self, bars):
        (self.folder / "SPY.csv").write_bytes(bars if isinstance(bars, bytes) else canonical_csv(bars))

    def register(self, **keys):
        return register(self.folder / "SPY.csv", spec_with(**keys), calendar="XNYS", store=self.store)

    def acquire(self, **keys):
        settings = data_settings(spec_with(**keys), source="csv", folder=str(self.folder))
        return acquire(settings, "SPY", self.store)


@pytest.fixture
def own(tmp_path):
    return Folder(tmp_path, BARS)


def test_bars_outside_the_span_are_left_out_before_the_checks(own):
    bars = BARS.copy()
    bars.loc[3, "Low"] = -1.0
    own.write(bars)
    with pytest.raises(BrokenRules, match="line 5"):
        own.acquire()
    start, end = BARS["Date"][10], BARS["Date"][349]
    keys = {"start": start.date(), "end": f"{end:%Y-%m-%d}"}
    acquired = own.acquire(**keys)
    assert acquired.frame.equals(BARS[10:350].reset_index(drop=True))
    assert acquired.lines.tolist() == list(range(12, 352))
    assert acquired.choices.bars_left_out == 60
    (snapshot,) = own.store.of("SPY")
    assert snapshot.read() == (own.folder / "SPY.csv").read_bytes()
    assert snapshot.entry["choices"] == {**{k: str(v) for k, v in keys.items()}, "bars_left_out": 60}
    assert validate_manifest(own.store.root / "datapackage.json", kinds={}, calendars=None).ok


def test_the_span_of_the_entry_counts_and_not_that_of_the_snapshot(own):
    start = f"{BARS['Date'][10]:%Y-%m-%d}"
    own.acquire(start=start)
    assert len(own.acquire().frame) == 400
    assert len(read_snapshot(own.store.of("SPY")[0])) == 390
    assert len(own.store.of("SPY")) == 1


@pytest.mark.parametrize("layout", [str, lambda text: text.replace(",", ";").replace("Date", "date")])
def test_a_span_without_bars_is_refused(own, layout):
    own.write(layout(canonical_csv(BARS).decode()).encode())
    with pytest.raises(DataError, match="no bar is left: all 400 are before 2030-01-01, the file has 2003-"):
        own.acquire(start="2030-01-01")


def test_rows_without_numbers_outside_the_span_are_not_read(own):
    lines = canonical_csv(BARS).decode().splitlines()
    lines[5] = f"{lines[5][:10]},null,x,?,1,1"
    own.write("\n".join([*lines, ""]).encode())
    with pytest.raises(DataError):
        own.acquire()
    acquired = own.acquire(start=f"{BARS['Date'][10]:%Y-%m-%d}")
    assert acquired.frame.equals(BARS[10:].reset_index(drop=True))


@pytest.mark.parametrize("row", [200, 399])
def test_a_row_without_prices_is_left_out_on_a_day_vouched_for(own, row):
    lines = canonical_csv(BARS).decode().splitlines()
    day = lines[row + 1][:10]
    lines[row + 1] = f"{day},,,,,"
    own.write("\n".join([*lines, ""]).encode())
    with pytest.raises(DataError, match=f"exceptions: {{{day}: the vendor has no bar}}"):
        own.acquire()
    acquired = own.acquire(exceptions={day: WHY})
    assert acquired.frame.equals(BARS.drop(index=row).reset_index(drop=True))
    assert acquired.choices.days_without_prices == (day,)
    problems = acquired.problems(spec_with(), data_settings(spec_with()), file_name="SPY.csv")
    assert [problem.rule for problem in problems] == ["vouched"]


def test_the_validation_says_what_was_chosen(own):
    own.write(without_bar(BARS))
    own.acquire(start=f"{BARS['Date'][10]:%Y-%m-%d}", exceptions={DAY: "<b>no bar</b>"})
    found = validate_manifest(own.store.root / "datapackage.json", kinds={}, calendars=None)
    said = f"10 bars before {BARS['Date'][10]:%Y-%m-%d} left out; 1 day vouched for: {DAY} (<b>no bar</b>)"
    assert found.checked[0].choices == said
    assert said in found.table().as_text()
    assert found.as_json()["checked"][0]["choices"] == said


# ---- consent -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spoil", "code"), [(halved, "split"), (multiplied, "jump"), (frozen, "frozen")])
def test_a_file_that_is_probably_wrong_needs_consent_to_become_the_first_snapshot(own, spoil, code):
    own.write(spoil(BARS))
    for keep in (own.acquire, own.register):
        with pytest.raises(ConsentNeededError) as refusal:
            keep()
        assert f"`accept: [{code}]`" in str(refusal.value)
        assert f"[{code}]\n" in str(refusal.value)
    assert own.store.of("SPY") == ()
    own.acquire(accept=[code])
    (snapshot,) = own.store.of("SPY")
    assert snapshot.entry["choices"] == {"accept": [code]}
    own.acquire()  # what was kept before needs no consent
    own.register()


def test_a_single_move_can_be_vouched_for_instead(own):
    own.write(halved(BARS))
    own.acquire(exceptions={DAY: "spun off"})


def test_a_second_file_needs_no_consent(own):
    own.register()
    own.write(halved(BARS))
    assert "snapshot" in own.register()


def test_many_bars_on_closed_days_need_consent(own):
    holidays = ["2003-01-20", "2003-02-17", "2003-04-18", "2003-05-26", "2003-07-04"]
    extra = [BARS.iloc[[5]].assign(Date=pd.Timestamp(day).as_unit("us")) for day in holidays]
    own.write(pd.concat([BARS, *extra]).sort_values("Date").reset_index(drop=True))
    with pytest.raises(ConsentNeededError, match="accept: \\[closed_days\\]"):
        own.acquire()


def test_a_needless_consent_is_a_line():
    (problem,) = judge(BARS, accept=("split", "unfinished")).problems
    assert (problem.rule, problem.severity) == ("accept", "warning")
    assert "found no split;" in problem.message


# ---- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [
        {"start": "2005"},
        {"start": "20050101"},
        {"start": "2005-02-30"},
        {"start": datetime(2005, 1, 1, tzinfo=UTC)},
        {"end": 20241231},
        {"end": "2005-01-01\n"},
        {"start": "2005-01-02", "end": "2005-01-01"},
        {"exceptions": {"2005-02-30": WHY}},
        {"exceptions": {"1": WHY}},
        {"exceptions": {2005: WHY}},
        {"exceptions": {"2005-01-03": ""}},
        {"exceptions": {"2005-01-03": "  "}},
        {"exceptions": {"2005-01-03": None}},
        {"exceptions": {"2005-01-03": "a\x1b[31mb"}},
        {"exceptions": {"2005-01-03": "a\nb"}},
        {"exceptions": {"2005-01-03": "a\u202eb"}},
        {"exceptions": {"2005-01-03": "x" * 201}},
        {"exceptions": ["2005-01-03"]},
        {"accept": ["everything"]},
        {"accept": ["split", "split"]},
        {"accept": "split"},
    ],
)
def test_keys_of_another_form_are_refused_on_one_line(keys):
    with pytest.raises(ConfigError) as refusal:
        spec_with(**keys)
    assert str(refusal.value).isprintable()


def test_dates_without_quotes_are_dates_in_yaml_and_on_the_command_line():
    keys = reading_keys("start: 2005-01-01, exceptions: {2020-10-01: no bar}, accept: [split]")
    spec = spec_with(**keys)
    assert (spec.start, dict(spec.exceptions)) == ("2005-01-01", {"2020-10-01": "no bar"})
    assert as_plain_json({"a": [{date(2020, 10, 1): "no bar"}]}) == {"a": [{"2020-10-01": "no bar"}]}
    with pytest.raises(ConfigError):
        reading_keys("start: 2005-13-01")


def test_absent_keys_leave_the_request_as_it_was(tmp_path):
    def request(**keys):
        return request_of(data_settings(spec_with(**keys), source="csv"), "SPY", tmp_path)

    assert not any(word in request() for word in ("start", "exceptions", "accept"))
    assert len({request(), request(start="2005-01-01"), request(exceptions={DAY: WHY})}) == 3


@pytest.mark.parametrize(
    "record",
    [
        [],
        {"start": 5},
        {"start": "../x"},
        {"exceptions": {DAY: "a\nb"}},
        {"exceptions": []},
        {"accept": ["all"]},
        {"bars_left_out": -1},
        {"bars_left_out": True},
        {"days_without_prices": [DAY]},
        {"unknown": 1},
    ],
)
def test_a_damaged_record_is_a_data_error(record):
    with pytest.raises(DataError, match="the manifest entry has the choices"):
        choices_in({"choices": record})


def test_a_record_is_read_as_it_was_written():
    choices = replace(
        choices_of(spec_with(start="2005-01-01", exceptions={DAY: WHY}, accept=["split"])),
        bars_left_out=3,
        days_without_prices=(DAY,),
    )
    assert choices_in({"choices": choices.as_json()}) == choices
    assert choices_in({}) == Choices()
