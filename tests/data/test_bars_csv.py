import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import DataError
from simmer.data.bars_csv import COLUMNS, EXTRA_COLUMNS, canonical_csv, parse_bars, read_bars
from simmer.data.problems import MAX_SHOWN_PER_RULE
from simmer.data.vendor import VENDOR_COLUMNS
from support.bars import bundled_bars, random_bars, rules

HEADER = "Date,Open,High,Low,Close,Volume"
GOOD = "2018-12-27,10.0,11.0,9.0,10.5,100"
NEXT = "2018-12-28,10.5,11.5,10.0,11.0,200"


def csv(*lines, end="\n"):
    return (end.join((HEADER, *lines)) + end).encode()


def test_reads_values_exactly_with_pinned_dtypes():
    frame, problems = parse_bars(csv(GOOD, "2018-12-28,0.1,1e1,0.30000000000000004,7,9007199254740993"), "X")
    assert problems == []
    assert [str(dtype) for dtype in frame.dtypes] == ["datetime64[us]", *["float64"] * 4, "int64"]
    assert frame.iloc[1].tolist() == [
        pd.Timestamp("2018-12-28"), 0.1, 10.0, 0.30000000000000004, 7.0, 9007199254740993,
    ]  # fmt: skip


@pytest.mark.parametrize("ticker", ["GSPC", "IXIC"])
def test_canonical_bytes_read_back_to_the_same_table_and_the_same_bytes(ticker):
    bars = bundled_bars(ticker)
    content = canonical_csv(bars)
    frame, problems = parse_bars(content, "X")
    assert problems == []
    pd.testing.assert_frame_equal(frame, bars, check_exact=True)
    assert canonical_csv(frame) == content


def test_byte_order_mark_and_crlf_give_the_same_table():
    plain, _ = parse_bars(csv(GOOD, NEXT), "X")
    windows, problems = parse_bars(b"\xef\xbb\xbf" + csv(GOOD, NEXT, end="\r\n"), "X")
    assert problems == []
    pd.testing.assert_frame_equal(plain, windows, check_exact=True)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (GOOD + ",5", "fields"),
        ("2018-12-27,10.0,11.0,9.0,10.5", "fields"),
        ('2018-12-27,"1,000.0",11.0,9.0,10.5,100', "fields"),
        ("2018-12-27,1,000.0,11.0,9.0,10.5,100", "fields"),
        ("", "fields"),
        ("27/12/2018,10.0,11.0,9.0,10.5,100", "date_format"),
        ("03/04/2018,10.0,11.0,9.0,10.5,100", "date_format"),
        ("20181227,10.0,11.0,9.0,10.5,100", "date_format"),
        ("2018-W52-4,10.0,11.0,9.0,10.5,100", "date_format"),
        ("2018-02-30,10.0,11.0,9.0,10.5,100", "date_format"),
        ("2018-12-27 05:00:00,10.0,11.0,9.0,10.5,100", "date_format"),
        ("=cmd|' /C calc'!A0,10.0,11.0,9.0,10.5,100", "date_format"),
        ("2018-12-27,null,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,nan,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,inf,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,1e999,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,1_0,11.0,9.0,10.5,100", "number"),
        ("2018-12-27, 10.0,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,١٠,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,10.0,11.0,9.0,10.5,1O", "number"),
        ("2018-12-27,10.0,11.0,9.0,10.5,99999999999999999999", "number"),
        ("2018-12-27,10.0,11.0,9.0,10.5,1O", "number"),
        ("2018-12-27,10.0,11.0,9.0,10\x00.5,100", "encoding"),
    ],
)
def test_a_bad_line_is_refused_and_named(line, rule):
    frame, problems = parse_bars(csv(NEXT, line), "X.csv")
    assert frame is None
    assert rules(problems) == [(rule, 3)]
    assert problems[0].file == "X.csv"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (csv(), "empty"),
        (csv(GOOD) + b"\xff\xfe", "encoding"),
        (b"<!DOCTYPE html><html>Too many requests</html>", "header"),
        (b'{"error": 429}', "header"),
        (b"Date;Open;High;Low;Close;Volume\n2018-12-27;1,0;2;1;1;5\n", "header"),
        (b"Price,Close,High,Low,Open,Volume\nTicker,SPY,SPY,SPY,SPY,SPY\n", "header"),
        (b"date,open,high,low,close,volume\n", "header"),
        (b"PAR1\x00\x01", "encoding"),
    ],
)
def test_a_file_of_another_format_is_refused_with_one_problem(content, rule):
    frame, problems = parse_bars(content, "X.csv")
    assert frame is None
    assert [problem.rule for problem in problems] == [rule]


@pytest.mark.parametrize("byte", [b"\xff", b"\x00"])
def test_the_line_of_a_wrong_byte_is_counted(byte):
    _, problems = parse_bars(csv(GOOD, NEXT) + byte, "X")
    assert rules(problems) == [("encoding", 4)]


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("=cmd|' /C calc'!A0,10.0,11.0,9.0,10.5,100", "(this is a formula, save its value)"),
        ("2018-12-27,10.0,11.0,9.0,=B2+1,100", "(this is a formula, save its value)"),
        ('2018-12-27,10.0,11.0,9.0,"10.5",100', "(save the file without quotes)"),
        ("43461,10.0,11.0,9.0,10.5,100", "(this is a spreadsheet's number of a day, format it as a date)"),
        ("43461.5,10.0,11.0,9.0,10.5,100", "(this is a spreadsheet's number of a day, format it as a date)"),
        ("03/04/2018,10.0,11.0,9.0,10.5,100", "(the order of day and month is ambiguous)"),
        ("3.4.18,10.0,11.0,9.0,10.5,100", "(the order of day and month is ambiguous)"),
        ("2018-12-27 00:00:00-05:00,10.0,11.0,9.0,10.5,100", "(drop the time of day)"),
        ("2018-12-27,10,0,11,0,9,0,10,5,100", "no decimal commas"),
        ('2018-12-27,"1,000.0",11.0,9.0,10.5,100', "no thousands separators"),
    ],
)
def test_fields_that_spreadsheets_write_get_advice(line, advice):
    frame, (problem,) = parse_bars(csv(line), "X")
    assert frame is None
    assert advice in problem.message


def test_a_field_with_an_unknown_error_gets_no_advice():
    _, problems = parse_bars(csv("20181227,x,11.0,9.0,10.5,y"), "X")
    assert [problem.message for problem in problems] == [
        "Date is '20181227'; expected a date like 2018-12-31",
        "Open is 'x'; expected a finite decimal number",
        "Volume is 'y'; expected a whole number of shares",
    ]


@pytest.mark.parametrize("line", ["x" * 1_000_000, "1," * 1_000_000])
def test_an_endless_line_has_a_short_message(line):
    for content in (csv(line), line.encode() + b"\n"):
        frame, (problem,) = parse_bars(content, "X")
        assert frame is None
        assert len(str(problem)) < 200


def test_every_bad_line_is_reported_and_many_are_counted():
    _, problems = parse_bars(csv("x", GOOD, "2018-12-27,a,b,9.0,10.5,c"), "X")
    assert rules(problems) == [("fields", 2), ("number", 4), ("number", 4), ("number", 4)]
    _, problems = parse_bars(csv(*["x"] * 1000), "X")
    assert len(problems) == MAX_SHOWN_PER_RULE + 1
    assert problems[-1].message == "990 more of the same kind, 1000 in all"


def test_a_last_line_without_its_end_is_a_warning():
    frame, problems = parse_bars(csv(GOOD, NEXT)[:-1], "X")
    assert len(frame) == 2
    assert rules(problems, "warning") == [("line_end", 3)]
    assert rules(problems) == []


def test_a_missing_price_is_never_written():
    for value in (np.nan, np.inf):
        with pytest.raises(DataError, match="a number is missing or infinite"):
            canonical_csv(random_bars(5).assign(Open=value))


def test_a_missing_date_or_a_time_of_day_is_never_written():
    for date in (pd.NaT, pd.Timestamp("2003-01-06 05:00")):
        bars = random_bars(5)
        bars.loc[2, "Date"] = date
        with pytest.raises(DataError, match="a date is missing or has a time of day"):
            canonical_csv(bars)


@pytest.mark.parametrize(
    "frame",
    [
        random_bars(5).assign(Foo=1.0),
        random_bars(5).assign(**{"a,b": 1.0}),
        random_bars(5).assign(**{"Adj Close": 1}),
        pd.concat([random_bars(5), random_bars(5)[["Close"]]], axis=1),
        random_bars(5).drop(columns="Open").assign(Dividends=0.0),
    ],
)
def test_other_columns_are_never_written(frame):
    with pytest.raises(DataError, match="and besides only Adj Close, Dividends, Stock Splits"):
        canonical_csv(frame)


def test_a_part_of_the_extra_columns_is_written_and_read():
    bars = random_bars(5).assign(Dividends=0.25)
    frame, problems = parse_bars(canonical_csv(bars), "X", columns=(*COLUMNS, "Dividends"))
    assert problems == []
    pd.testing.assert_frame_equal(frame, bars, check_exact=True)


def test_the_columns_of_a_vendor_are_read_and_written_exactly():
    assert {*COLUMNS, *EXTRA_COLUMNS} == {*VENDOR_COLUMNS}
    bars = random_bars(40)
    extra = {"Adj Close": bars["Close"] * 0.99, "Dividends": 0.0, "Stock Splits": 0.0}
    vendor = bars.assign(**extra)[list(VENDOR_COLUMNS)]
    content = canonical_csv(vendor)
    frame, problems = parse_bars(content, "X.csv", columns=VENDOR_COLUMNS)
    assert problems == []
    pd.testing.assert_frame_equal(frame, vendor, check_exact=True)
    assert canonical_csv(frame) == content
    frame, problems = parse_bars(content, "X.csv")
    assert frame is None
    assert "has the extra columns 'Adj Close,Dividends,Stock Splits'" in problems[0].message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x1f\x8b\x08\x00" + b"0" * 40, "gzip file, which is never unpacked"),
        (b"PK\x03\x04" + b"0" * 40, "a zip file or an Excel workbook"),
        (b"PAR1" + b"0" * 40, "a parquet file"),
        (HEADER.encode("utf-16"), "UTF-16"),
        (HEADER.encode("utf-16-be"), "byte 0 is NUL"),
        (csv(GOOD) + b"\x00" * 200, f"byte {len(csv(GOOD))} is NUL, as in UTF-16 or in a damaged file"),
        (b"\x00\x00\xfe\xff", "UTF-32"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b'{"chart": null}', "JSON"),
        (b"Ticker,SPY,SPY\n", "several header lines"),
        (b"Price,Close,High\n", "several header lines"),
        (HEADER.encode() + b"\r2018-12-27,1,1,1,1,1\r", "carriage return alone"),
        (b"Date,Open,High,Low,Close,Volume,Name\n", "has the extra columns 'Name'"),
        (b"Date,Open,High,Low,Close,Adj Close,Volume\n", "has the extra columns 'Adj Close'; expected"),
        (b"Date,Open,High,Low,Close\n", "lacks 'Volume'; expected"),
        (b"Date,Open,High,Low,Adj Close,Volume\n", "has the extra columns 'Adj Close' and lacks 'Close'"),
        (b"Date,Close,Open,High,Low,Volume\n", "has another order"),
        (b"Date,Date,Open,High,Low,Close,Volume\n", "header is 'Date,Date"),
        (b"SPY\n", "header is 'SPY'"),
        (b'"Date","Open","High","Low","Close","Volume"\n', "header is quoted; save the file without quotes"),
        (HEADER.lower().encode() + b"\n", "differs in capitals or blanks"),
        (HEADER.replace(",", ", ").encode() + b"\n", "differs in capitals or blanks"),
    ],
)
def test_the_message_names_another_format(content, message):
    frame, (problem,) = parse_bars(content, "X.csv")
    assert frame is None
    assert message in problem.message


def test_bars_of_the_workflow_are_read_or_refused_with_the_file_name(tmp_path):
    path = tmp_path / "SPY.csv"
    path.write_bytes(canonical_csv(random_bars(5)))
    assert tuple(read_bars(path).columns) == COLUMNS
    path.write_bytes(csv(GOOD, "x"))
    with pytest.raises(DataError, match=r"SPY\.csv, line 3"):
        read_bars(path)


def test_too_many_lines_are_one_problem():
    frame, (problem,) = parse_bars(HEADER.encode() + b"\n" * 1_000_000, "X.csv")
    assert frame is None
    assert "the file has 1000000 lines; at most 200000 are read" in problem.message


def test_a_volume_with_decimals_is_a_column_of_decimals_and_survives_writing():
    frame, problems = parse_bars(csv(GOOD, "2018-12-28,10.0,11.0,9.0,10.5,0.25"), "X")
    assert problems == []
    assert frame["Volume"].dtype == "float64"
    assert frame["Volume"].iloc[-1] == 0.25
    again, _ = parse_bars(canonical_csv(frame), "X")
    pd.testing.assert_frame_equal(again, frame)
    whole = frame.assign(Volume=[5.0] * len(frame))
    with pytest.raises(DataError, match="bars cannot be written"):
        canonical_csv(whole)


def test_a_volume_that_is_empty_on_all_rows_is_zero_and_on_some_is_an_error():
    frame, problems = parse_bars(csv("2018-12-27,10.0,11.0,9.0,10.5,", "2018-12-28,10.0,11.0,9.0,10.5,"), "X")
    assert problems == []
    assert frame["Volume"].dtype == "int64"
    assert frame["Volume"].tolist() == [0, 0]
    frame, problems = parse_bars(
        csv("2018-12-26,10.0,11.0,9.0,10.5,1", "2018-12-27,10.0,11.0,9.0,10.5,"), "X"
    )
    assert frame is None
    assert rules(problems) == [("number", 3)]
    assert "Volume is ''" in problems[0].message
