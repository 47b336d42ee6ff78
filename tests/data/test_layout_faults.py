"""Every fault of a file in one round, in the order in which one mends it, each with its true reason."""

import numpy as np
import pytest

from simmer.data.bars_csv import canonical_csv
from simmer.data.layouts.form import MAX_COLUMNS
from simmer.data.registration import check_file
from simmer.data.tickers import TickerSpec
from support.bars import rules
from support.layouts import BARS, LAYOUTS, OHLCV, text_of

SPY = TickerSpec("SPY", "etf")
HEADER = "Date,Open,High,Low,Close,Volume"
GOOD = text_of(HEADER, OHLCV)


def problems_of(content, spec=SPY):
    found = check_file(content, spec=spec, file_name="X.csv", calendar="XNYS")
    assert (found.frame is None) == any(problem.severity == "error" for problem in found.problems)
    return found.problems


def edited(content, **lines):
    """Return a file with other lines, such as `l5="x,y"`."""
    split = content.split(b"\n")
    for name, text in lines.items():
        split[int(name[1:]) - 1] = text.encode()
    return b"\n".join(split)


def test_faults_of_the_header_and_of_rows_are_found_in_one_round():
    content = edited(
        text_of("Date;Open;High;Low;Close;Volume;Signal", [*OHLCV, "1"], separator=";"),
        l4="2003-01-08;x;2;1;1;5;1",
        l6="2003-01-10;1;2",
        l9="2003-01-15;100;99;90;95;5;1",
        l12="2003-02-30;100;101;90;95;5;1",
    )
    found = problems_of(content)
    assert rules(found) == [
        ("header", 1),
        ("fields", 6),
        ("number", 4),
        ("date_format", 12),
        ("containment", 9),
    ]


def test_a_missing_session_is_not_reported_for_a_row_with_another_fault():
    broken = edited(GOOD, l9="2003-01-15,x,101,90,95,5")
    assert rules(problems_of(broken)) == [("number", 9)]
    without = b"\n".join(line for line in broken.split(b"\n") if not line.startswith(b"2003-01-17"))
    assert rules(problems_of(without)) == [("number", 9), ("missing_session", 11)]


def test_rows_are_named_by_their_lines_also_newest_first_and_below_three_header_lines():
    newest = edited(text_of(HEADER, OHLCV, newest_first=True), l3="2003-03-03,100,99,90,95,5")
    assert rules(problems_of(newest)) == [("containment", 3)]
    download = edited(LAYOUTS["yfinance download"][0], l7="2003-01-09,95,99,90,100,5")
    assert rules(problems_of(download)) == [("containment", 7)]


@pytest.mark.parametrize("row", ["2003-01-08,,,,,", "2003-01-08,nan,NaN,null,,12", "2003-01-08,.,.,.,.,."])
def test_a_day_without_prices_is_one_problem(row):
    (problem,) = problems_of(edited(GOOD, l4=row))
    assert (problem.row, problem.rule) == (4, "no_prices")
    assert problem.message.startswith("2003-01-08 has no prices, as vendors write a day")


def test_rows_without_values_on_closed_days_are_left_out_and_counted():
    lines = GOOD.split(b"\n")
    # A Saturday, and the birthday of Martin Luther King.
    content = b"\n".join([*lines[:6], b"2003-01-11,,,,,", *lines[6:11], b"2003-01-20,,,,,", *lines[11:]])
    found = check_file(content, spec=SPY, file_name="X.csv", calendar="XNYS")
    assert found.problems == []
    assert found.reading.left_out == {"empty_rows": 2}
    assert "2 rows without values on closed days left out" in str(found.reading)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><html>", "this is a web page"),
        (b"  <html><body>429</body></html>\n", "this is a web page"),
        (b"<TICKER>,<PER>\nSPY.US,D\n", "the header lacks Date, Open, High, Low and Close"),
        (b'{"error": 429}', "this is JSON"),
        (b"SPY\n1\n", "the header 'SPY' has 1 columns by commas"),
        (b",".join([b"x"] * (MAX_COLUMNS + 1)) + b"\n1\n", f"has {MAX_COLUMNS + 1} columns"),
        (b"2003-01-06,1,2,1,2,5\n2003-01-07,1,2,1,2,5\n", "holds values and no names; put a line above it"),
        (HEADER.encode() + b"\r2003-01-06,1,1,1,1,1\r", "carriage return alone"),
        (b'"' + b"x" * 300_000 + b'",y\n1,2\n', "the header has 300004 characters"),
        (b"Date,Date,Open,High,Low,Close,Volume\n1,2,3,4,5,6,7\n", "may each be Date"),
    ],
)
def test_the_reason_for_another_format_is_the_true_one(content, message):
    found = problems_of(content)
    said = next(problem for problem in found if problem.rule in ("header", "fields"))
    assert message in said.message
    assert len(str(said)) < 400


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('2003-01-08,"1"2,101,90,95,5', "a quote that does not enclose a whole field"),
        ('2003-01-08,"100,101,90,95,5', "a quote that does not enclose a whole field"),
        ('2003-01-08,100,101,90,95,"5', "a quote that does not enclose a whole field"),
        ("", "an empty line; expected 6 fields"),
        ("2003-01-08,100,5,101,90,95,5", "7 fields in"),
        ("2003-01-08,100,101", "3 fields in"),
        ("2003-01-08,100\r,101,90,95,5", "a carriage return in"),
    ],
)
def test_a_broken_line_is_named_and_the_others_are_read(line, words):
    (problem,) = [one for one in problems_of(edited(GOOD, l4=line)) if one.rule == "fields"]
    assert problem.row == 4
    assert words in problem.message


@pytest.mark.parametrize(
    "text",
    ["1_0", "0x10", "١٠", "1e999", "inf", "+-1", "1,00,000", "1.2.3", "$", "--", "1%", "100 000", "=B2+1"],
)
def test_a_text_that_is_no_number_is_refused(text):
    quoted = f'2003-01-08,"{text}",101,90,95,5'
    assert ("number", 4) in rules(problems_of(edited(GOOD, l4=quoted)))


@pytest.mark.parametrize("text", ["1.5", "9" * 20, "1.23Q", "5.0M5", "-", "1e30"])
def test_a_volume_that_is_no_whole_number_is_refused(text):
    found = problems_of(edited(GOOD, l4=f"2003-01-08,100,101,90,95,{text}"))
    assert {("number", 4), ("decimals", 4)} & {*rules(found)}


def test_decimal_signs_that_are_mixed_are_refused():
    content = edited(
        text_of("Date;Open;High;Low;Close;Volume", OHLCV, separator=";"),
        l4="2003-01-08;99,66;101;90;95;5",
    )
    assert rules(problems_of(content)) == [("decimal", None), ("number", 4)]


@pytest.mark.parametrize(
    ("number", "value"), [("2.023.133,5", 2023133.5), ("1.234", 1234.0), ("99,5", 99.5), ("12", 12.0)]
)
def test_a_point_separates_thousands_where_a_comma_is_the_decimal_sign(number, value):
    content = edited(
        text_of("Date;Open;High;Low;Close;Volume", OHLCV, separator=";", price=lambda _: "99,66"),
        l4=f"2003-01-08;{number};9.999.999;1;95;5",
    )
    found = check_file(content, spec=TickerSpec("X", "index"), file_name="X", calendar="XNYS")
    assert [problem for problem in found.problems if problem.severity == "error"] == []
    assert found.frame["Open"][2] == value
    assert found.frame["High"][2] == 9_999_999.0


def test_a_column_without_a_name_must_be_empty_or_count_the_rows():
    content = text_of(f"{HEADER},", [*OHLCV, "7"])
    (problem,) = problems_of(content)
    assert (
        problem.message == "column 7 has no name and holds values, '7'; name it in the header, or delete it"
    )


def test_two_rows_of_a_day_are_refused_and_a_date_that_is_out_of_order_too():
    lines = GOOD.split(b"\n")
    twice = b"\n".join([*lines[:-1], lines[-2], b""])
    assert rules(problems_of(twice)) == [("duplicate", 42)]
    swapped = b"\n".join([*lines[:5], lines[6], lines[5], *lines[7:]])
    assert ("order", 7) in rules(problems_of(swapped))


def test_the_limit_of_lines_holds_for_every_layout():
    content = b"date,open,high,low,close,volume,Name\n" + b"\n" * 300_000
    (problem,) = problems_of(content)
    assert "the file has 300001 lines; at most 200000 are read" in problem.message


def test_whole_numbers_of_volume_are_exact():
    large = BARS.assign(Volume=np.arange(40) + 2**53 + 1)
    content = canonical_csv(large).replace(b"Date,Open", b"date,Open")
    found = check_file(content, spec=SPY, file_name="X.csv", calendar="XNYS")
    assert found.frame["Volume"].tolist() == large["Volume"].tolist()
