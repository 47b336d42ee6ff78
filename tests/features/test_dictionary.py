"""The data dictionary is complete, matches the tables, and is valid Markdown and CSV."""

import csv
import io
import re

import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import DataError
from simmer.features.columns import A25_COLUMNS, VIX_FEATURES, table_columns
from simmer.features.dictionary import DEFINITIONS, as_csv, as_markdown, describe_columns
from simmer.features.indicators import build_a25
from simmer.features.vix import add_vix
from support.bars import random_bars

COLUMNS = table_columns(volume=True, volatility=True, vix=True)


def small_table():
    return pd.DataFrame(
        {
            "Date": np.array(["2003-01-06", "2003-01-07", "2003-01-09"], dtype="datetime64[us]"),
            "Close": [1.0, 2.0, 4.0],
            "obv": [-12345678.9, 0.0, 12345678.9],
            "vix_regime": np.array([0, 2, 2], dtype=np.int64),
        }
    )


STARTS = {"Close": 0, "obv": 3, "vix_regime": 7}


def test_it_defines_exactly_the_columns_of_the_combined_table():
    assert list(DEFINITIONS) == ["Date", *COLUMNS]
    texts = [known.definition for known in DEFINITIONS.values()]
    assert all(texts) and all(known.unit for known in DEFINITIONS.values())
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    "name",
    [name for name in COLUMNS if re.search(r"_(9|1\d|2\d|50|90|100|200)$|^log_.*_(5|20|60)d$", name)],
)
def test_a_definition_contains_the_days_in_the_name_of_its_column(name):
    assert re.search(rf"\b{name.rsplit('_', 1)[1].rstrip('d')}\b", DEFINITIONS[name].definition)


def test_definitions_state_details_that_are_easily_mistaken():
    assert "not smoothed" in DEFINITIONS["stochrsi_daily"].definition
    assert "nearly binary" in DEFINITIONS["stochrsi_daily"].definition
    assert "last completed week" in DEFINITIONS["rsi_weekly"].definition
    assert "strictly below" in DEFINITIONS["vix_percentile_60d"].definition
    assert "not the typical price" in DEFINITIONS["vwap_20"].definition
    assert "divisor 20" in DEFINITIONS["bb_percent_b"].definition
    assert "divisor 19" in DEFINITIONS["vix_zscore_20d"].definition


def test_descriptions_hold_the_facts_of_the_table():
    date, close, obv, regime = describe_columns(small_table(), first_valid_rows=STARTS)
    assert (date.column, date.minimum, date.maximum, date.mean) == ("Date", "2003-01-06", "2003-01-09", None)
    assert (date.first_valid_row, date.missing) == (0, 0)
    assert (close.minimum, close.maximum, close.mean) == (1.0, 4.0, pytest.approx(7 / 3))
    assert (close.definition, close.unit) == (DEFINITIONS["Close"].definition, DEFINITIONS["Close"].unit)
    assert (obv.first_valid_row, obv.mean) == (3, 0.0)
    assert (regime.minimum, regime.maximum, regime.first_valid_row) == (0, 2, 7)
    assert isinstance(regime.minimum, int)


def test_it_describes_the_tables_that_are_built():
    prices = random_bars(400)
    vix = prices.assign(Close=prices["Close"] / 5)
    a25 = build_a25(prices)
    joined = add_vix(a25, prices, vix)
    for table, columns in ((a25, A25_COLUMNS), (joined, (*A25_COLUMNS, *VIX_FEATURES))):
        found = describe_columns(table.frame, first_valid_rows=table.starts)
        assert [each.column for each in found] == ["Date", *columns]
        assert [each.first_valid_row for each in found] == [0, *(table.starts[name] for name in columns)]
        for each in found[1:]:
            values = table.frame[each.column]
            assert (each.minimum, each.maximum) == (values.min(), values.max())
            assert each.mean == pytest.approx(values.mean())


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("mystery", [1.0, 2.0, 3.0], "column 'mystery' has no definition"),
        ("sma_12", [1.0, 2.0, 3.0], "column 'sma_12' has no first valid row"),
        ("Close", [1.0, np.nan, 3.0], "Close has 1 of 3 rows without a finite value"),
        ("Close", [np.inf, 2.0, -np.inf], "Close has 2 of 3 rows without a finite value"),
        ("vix_regime", ["low", "normal", "high"], "expected float64 or int64"),
        (
            "Date",
            np.array(["2003-01-06", "NaT", "2003-01-09"], dtype="datetime64[us]"),
            "Date has 1 of 3 rows",
        ),
    ],
)
def test_columns_that_cannot_be_described_are_refused(column, values, message):
    table = small_table()
    table[column] = values
    with pytest.raises(DataError, match=message):
        describe_columns(table, first_valid_rows=STARTS)


def test_an_empty_table_is_refused():
    with pytest.raises(DataError, match="no rows"):
        describe_columns(small_table().iloc[:0], first_valid_rows=STARTS)


def test_the_page_has_a_section_with_a_table_for_each():
    described = describe_columns(small_table(), first_valid_rows=STARTS)
    page = as_markdown({"SPY_a25": described, "VIX": described[:2]})
    assert page.endswith("|\n") and not page.endswith("\n\n")
    assert re.findall(r"^## (.*)$", page, re.M) == ["SPY_a25", "VIX"]
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len(rows) == (2 + 4) + (2 + 2)
    assert {line.count("|") for line in rows} == {9}
    assert rows[0].startswith("| column | definition | unit | first valid row |")
    close, obv = rows[3], rows[4]
    assert close.endswith("| 0 | 1 | 4 | 2.33333 | 0 |")
    assert obv.endswith("| 3 | -1.23457e+07 | 1.23457e+07 | 0 | 0 |")
    assert rows[2].endswith("| day | 0 | 2003-01-06 | 2003-01-09 |  | 0 |")


def test_the_csv_reads_back_with_the_table_first():
    described = describe_columns(small_table(), first_valid_rows=STARTS)
    text = as_csv({"SPY_a25": described, "VIX": described[:2]})
    assert text.endswith("\n") and "\r" not in text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert next(iter(rows[0])) == "table"
    assert [(row["table"], row["column"]) for row in rows] == [
        *(("SPY_a25", name) for name in ("Date", "Close", "obv", "vix_regime")),
        *(("VIX", name) for name in ("Date", "Close")),
    ]
    assert (rows[0]["minimum"], rows[0]["mean"]) == ("2003-01-06", "")
    assert (rows[1]["mean"], rows[2]["maximum"], rows[3]["maximum"]) == ("2.33333", "1.23457e+07", "2")
    assert rows[2]["definition"] == DEFINITIONS["obv"].definition


def test_columns_that_a_table_lacks_are_named():
    found = describe_columns(small_table(), first_valid_rows=STARTS)
    page = as_markdown({"A_dataset_a21": found, "B_dataset_a25": found}, {"A_dataset_a21": ["Volume", "obv"]})
    assert page.count("has no volume: Volume, obv.") == 1
    assert page.index("A_dataset_a21") < page.index("Left out") < page.index("B_dataset_a25")
