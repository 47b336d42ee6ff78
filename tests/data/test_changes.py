import numpy as np
import pytest

from simmer.data.changes import compare_vintages
from support.bars import random_bars


@pytest.fixture
def bars():
    return random_bars(400)


def described(changes):
    return [(c.column, c.first, c.last, c.rows, c.factor and round(c.factor, 6)) for c in changes.changed]


def test_equal_versions_have_no_changes(bars):
    changes = compare_vintages(bars, bars.copy())
    assert not changes
    assert changes.as_text() == "nothing changed\n"


def test_a_difference_in_the_last_digit_is_not_a_change(bars):
    noisy = bars.assign(Close=bars["Close"] * (1 + 1e-8))
    assert not compare_vintages(bars, noisy)


def test_added_and_removed_rows_are_named(bars):
    changes = compare_vintages(bars[:390], bars[3:])
    days = [f"{day:%Y-%m-%d}" for day in bars["Date"]]
    assert changes.added == tuple(days[390:])
    assert changes.removed == tuple(days[:3])
    assert changes.changed == ()
    assert f"10 rows added: {days[390]} to {days[-1]}" in changes.as_text()
    assert f"3 rows removed: {days[0]} to {days[2]}" in changes.as_text()


def test_a_dividend_is_one_factor_over_all_earlier_rows(bars):
    newer = bars.copy()
    newer.loc[:299, "Close"] *= 0.99743
    (change,) = compare_vintages(bars, newer).changed
    assert (change.rows, round(change.factor, 8)) == (300, 0.99743)
    assert change.first == f"{bars['Date'][0]:%Y-%m-%d}"
    assert change.last == f"{bars['Date'][299]:%Y-%m-%d}"
    assert "300 rows" in str(change)
    assert "times 0.997430 (a dividend or a split)" in str(change)


def test_two_dividends_are_two_stretches(bars):
    newer = bars.copy()
    newer.loc[:99, "Close"] *= 0.99 * 0.995
    newer.loc[100:199, "Close"] *= 0.995
    assert [(c.rows, round(c.factor, 6)) for c in compare_vintages(bars, newer).changed] == [
        (100, 0.98505),
        (100, 0.995),
    ]


def test_a_single_row_is_a_revision_with_both_values(bars):
    newer = bars.copy()
    newer.loc[398, "Volume"] += 7
    (change,) = compare_vintages(bars, newer).changed
    day = f"{bars['Date'][398]:%Y-%m-%d}"
    assert (change.column, change.first, change.factor) == ("Volume", day, None)
    assert change.new == change.old + 7
    assert f"revised on {day}" in str(change)


def test_a_row_with_several_changed_values_is_one_revised_row(bars):
    newer = bars.copy()
    newer.loc[[7, 9], "Volume"] += 1
    newer.loc[9, "Close"] *= 1.01
    changes = compare_vintages(bars, newer[:390])
    assert (changes.revised, len(changes.changed)) == (2, 3)


def test_one_more_share_on_every_day_is_not_a_factor(bars):
    changes = compare_vintages(bars, bars.assign(Volume=bars["Volume"] + 1)).changed
    assert [change.factor for change in changes] == [None] * 400


def test_four_rows_with_one_factor_are_revisions_and_five_a_factor(bars):
    for rows, expected in ((4, [None] * 4), (5, [1.01])):
        newer = bars.copy()
        newer.loc[50 : 49 + rows, "Close"] *= 1.01
        changed = compare_vintages(bars, newer).changed
        assert [c.factor and round(c.factor, 6) for c in changed] == expected


def test_drifting_factors_are_single_revisions(bars):
    newer = bars.copy()
    newer.loc[:19, "Close"] *= np.linspace(0.95, 0.96, 20)
    changes = compare_vintages(bars, newer)
    assert [change.factor for change in changes.changed] == [None] * 20
    assert "10 more revisions, 20 in all" in changes.as_text()


def test_a_value_that_was_zero_is_a_revision_and_stays_json(bars):
    older = bars.copy()
    older.loc[5:30, "Volume"] = 0
    changes = compare_vintages(older, bars)
    assert {change.factor for change in changes.changed} == {None}
    assert len(changes.changed) == 26
    assert changes.as_json()["changed"][0]["old"] == 0
