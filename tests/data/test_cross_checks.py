import numpy as np
import pytest

from simmer.data.cross_checks import check_across
from support.bars import bundled_bars, random_bars


def mixed(common, *, share, seed):
    """Return bars whose returns have a correlation of about `share` with `common`."""
    own = random_bars(len(common), seed=seed)
    steps = share * np.log(common["Close"]).diff().fillna(0)
    steps += np.sqrt(1 - share**2) * np.log(own["Close"]).diff().fillna(0)
    return own.assign(Close=100 * np.exp(np.cumsum(steps)))


@pytest.fixture
def market():
    return random_bars(600, seed=1)


def test_real_indices_pass():
    assert check_across({"GSPC": bundled_bars("GSPC"), "IXIC": bundled_bars("IXIC")}) == []


def test_a_low_correlation_with_the_market_is_an_error(market):
    assert check_across({"SPY": market, "DIA": mixed(market, share=0.9, seed=2)}) == []
    found = check_across({"SPY": market, "DIA": random_bars(600, seed=2)})
    assert {problem.rule for problem in found} == {"correlation"}
    assert found[0].severity == "error"
    assert found[0].file == "DIA.csv, SPY.csv"
    assert "in 2003; expected above 0.4" in found[0].message


def test_a_single_wrong_year_is_found(market):
    other = mixed(market, share=0.9, seed=2)
    first = market["Date"].dt.year == 2003
    other.loc[first, "Close"] = random_bars(600, seed=3).loc[first, "Close"]
    found = check_across({"SPY": market, "QQQ": other})
    assert len(found) == 1
    assert "in 2003" in found[0].message


def test_a_year_with_few_common_days_is_skipped(market):
    other = mixed(market, share=0.9, seed=2)
    last = market["Date"].dt.year == 2005
    assert 0 < last.sum() < 100
    other.loc[last, "Close"] = random_bars(600, seed=3).loc[last, "Close"]
    assert check_across({"SPY": market, "QQQ": other}) == []


def test_the_vix_must_move_against_the_market(market):
    assert check_across({"SPY": market, "VIX": mixed(market, share=-0.8, seed=2)}) == []
    found = check_across({"SPY": market, "VIX": mixed(market, share=0.8, seed=2)})
    assert [(p.rule, p.severity, p.file) for p in found] == [
        ("correlation", "error", "SPY.csv, VIX.csv")
    ] * 2  # 2003 and 2004
    assert "expected below -0.1" in found[0].message
    assert check_across({"SPY": market, "VIX": random_bars(600, seed=2)}) != []


def test_unknown_tickers_may_have_any_correlation(market):
    assert check_across({"SPY": market, "TLT": random_bars(600, seed=2)}) == []
    assert check_across({"ABC": market, "XYZ": random_bars(600, seed=2)}) == []


@pytest.mark.parametrize("factor", [1.0, 0.1])
def test_one_series_under_two_names_is_found_at_any_level(market, factor):
    scaled = market.assign(**{name: market[name] * factor for name in ("Open", "High", "Low", "Close")})
    (problem,) = check_across({"ABC": market, "XYZ": scaled})
    assert (problem.rule, problem.severity, problem.file) == ("same_series", "error", "ABC.csv, XYZ.csv")
    assert "599 common days" in problem.message


def test_two_series_that_differ_a_little_are_two(market):
    other = market.copy()
    other.loc[300, "Close"] *= 1 + 1e-8
    assert check_across({"ABC": market, "XYZ": other}) == []


def test_one_series_with_other_dates_is_still_found(market):
    (problem,) = check_across({"ABC": market[:400], "XYZ": market[250:].reset_index(drop=True)})
    assert problem.rule == "same_series"
    assert check_across({"ABC": market[:350], "XYZ": market[251:].reset_index(drop=True)}) == []


def test_too_few_common_days_and_broken_tables_are_skipped(market):
    assert check_across({"SPY": market[:90], "DIA": random_bars(600, seed=2)}) == []
    assert check_across({"SPY": market, "DIA": random_bars(600, seed=2)[::-1]}) == []
    assert check_across({"SPY": market.assign(Close=100.0), "DIA": random_bars(600, seed=2)}) == []
    assert check_across({}) == []


def test_series_of_two_exchanges_are_compared_on_their_common_days(market):
    other = market.drop(index=range(3, 600, 7)).reset_index(drop=True)  # the same ticker with other holidays
    (problem,) = check_across({"A": market, "B": other})
    assert problem.rule == "same_series"
    assert f"on all {len(other) - 1} common days" in problem.message


def test_hundreds_of_tickers_are_compared_by_their_last_return_first():
    tables = {f"T{number:03d}": random_bars(300, seed=number) for number in range(60)}
    assert check_across(tables) == []
    tables["TWIN"] = tables["T017"].assign(Close=tables["T017"]["Close"] * 3)
    [found] = check_across(tables)
    assert (found.rule, found.file) == ("same_series", "T017.csv, TWIN.csv")


def test_equal_last_returns_alone_are_no_same_series():
    left, right = random_bars(300, seed=1), random_bars(300, seed=2)
    right.loc[298:, "Close"] = left.loc[298:, "Close"]
    assert check_across({"A": left, "B": right}) == []
