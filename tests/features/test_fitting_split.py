import numpy as np
import pytest

from simmer.features.fitting_split import by_dates, fitting_split
from simmer.features.splits import SplitSpec, decision_rows, find_borders

CONTEXT = 60
FRACTIONS = SplitSpec(0.7, 0.15)


def days(rows):
    return np.busday_offset("2003-01-06", np.arange(rows), roll="forward")


def fitting(rows, split=FRACTIONS, **needs):
    needs = {"horizons_days": (1, 5), "validation_rows": 400, "test_rows": 50} | needs
    return fitting_split(days(rows), split, context_days=CONTEXT, **needs)


def test_a_split_that_suffices_is_kept():
    assert fitting(4000) is FRACTIONS
    dates = by_dates(days(4000), FRACTIONS, context_days=CONTEXT)
    assert fitting(4000, dates) is dates


@pytest.mark.parametrize("rows", [1300, 1501, 1777, 2048, 2700])
@pytest.mark.parametrize("needs", [{}, {"horizons_days": (20,), "test_rows": 200}])
def test_a_suggested_split_leaves_enough_rows_to_each_part(rows, needs):
    for split in (FRACTIONS, SplitSpec(train_end="2030-01-01", validation_end="2031-01-01")):
        found = fitting(rows, split, **needs)
        assert (found.train_end is None) == (split.train_end is None)
        borders = find_borders(days(rows), found, context_days=CONTEXT)
        horizon = max(needs.get("horizons_days", (5,)))
        parts = decision_rows(rows, borders, context_days=CONTEXT, horizon_days=horizon)
        assert len(parts["validation"]) >= 400
        assert len(parts["test"]) >= needs.get("test_rows", 50)
        assert len(parts["train"]) >= 0.35 * rows


def test_suggested_fractions_are_round():
    assert fitting(1777) == SplitSpec(0.6, 0.25)


@pytest.mark.parametrize("rows", [1, 59, 60, 61, 800])
def test_too_few_rows_have_no_split(rows):
    assert fitting(rows) is None


def test_dates_are_the_last_of_train_and_validation():
    found = by_dates(days(1060), FRACTIONS, context_days=CONTEXT)
    borders = find_borders(days(1060), FRACTIONS, context_days=CONTEXT)
    assert find_borders(days(1060), found, context_days=CONTEXT) == borders
    ends = [str(days(1060)[border - 1]) for border in borders]
    assert found.given() == dict(zip(("train_end", "validation_end"), ends, strict=True))
