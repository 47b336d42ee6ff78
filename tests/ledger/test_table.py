import csv
import io

import pytest

from simmer.base.errors import LedgerError
from simmer.ledger.about import About
from simmer.ledger.race import Race, Standing
from simmer.ledger.table import (
    MACHINE_COLUMNS,
    best_json,
    refuse_mixture,
    result_columns,
    summary,
    trials_csv,
    winner_of,
)
from simmer.search.space import COLUMNS
from support.results import trial_result

ABOUT = About(campaign="other", ticker="SPY", threshold=0.01, basis="high")


def result(trial, loss, *, horizon=1, **changes):
    losses = () if loss is None else (loss,)
    guard = {"max_temperature_c": None, "max_temperature_source": None, "paused_s": 0.0}
    digests = {"code_digests": ["d1", "d2"]}
    return trial_result(trial, losses, horizon_days=horizon, guard=guard, **(digests | changes))


def test_a_row_per_trial_and_an_empty_cell_for_what_is_absent():
    rows = list(csv.DictReader(io.StringIO(trials_csv([result(0, 0.6), result(1, None)], COLUMNS))))
    assert list(rows[0]) == [*result_columns(COLUMNS), *MACHINE_COLUMNS, "ticker", "threshold", "basis"]
    assert rows[0]["validation_log_loss"] == "0.6"
    assert rows[0]["auc"] == "0.61"
    assert rows[0]["code_digests"] == "d1 d2"
    assert rows[1]["state"] == "diverged"
    assert rows[1]["validation_log_loss"] == rows[1]["auc"] == rows[0]["max_temperature_c"] == ""


def test_the_best_is_the_lowest_loss_of_each_horizon():
    results = [result(0, 0.6), result(1, 0.5), result(2, None), result(0, 0.4, horizon=3)]
    best = best_json(results, {})
    assert (best["1"]["trial"], best["3"]["trial"]) == (1, 0)
    assert best["1"]["hyperparameters"] == results[1].hyperparameters


def test_best_json_includes_the_settings_of_the_study():
    best = best_json([result(0, 0.6)], {1: {"study": {"seed": 1}, "features_sha256": "f"}})
    assert best == {"1": result(0, 0.6).as_json() | {"study": {"seed": 1}, "features_sha256": "f"}}


def test_a_horizon_whose_trials_all_failed_has_no_best_trial():
    results = [result(0, None)]
    assert best_json(results, {1: {"study": {}}}) == {"1": None}
    assert summary(results).startswith("debug h1: 1 trial (1 diverged), none with a loss, campaign main\n")


def test_the_summary_shows_the_loss_and_the_loss_of_the_base_rate():
    assert "best validation log-loss 0.5000 (base rate 0.6900), AUC 0.610 ± 0.030, 60,441" in summary(
        [result(0, 0.5)]
    )


def test_the_summary_counts_what_did_not_complete():
    ended = [result(0, 0.5), result(1, 0.6, state="pruned"), result(2, None), result(3, None)]
    assert summary(ended).startswith("debug h1: 4 trials (2 diverged, 1 pruned), best")


def test_the_summary_says_when_versions_of_the_code_are_mixed():
    assert "computed by 2 versions of the code" in summary([result(0, 0.5)])
    assert "versions" not in summary([result(0, 0.5, code_digests=["d1"])])


def test_tables_name_campaign_ticker_and_label():
    table = trials_csv([result(0, 0.5), result(1, 0.6)], COLUMNS, ABOUT)
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(row["ticker"], row["threshold"], row["basis"]) for row in rows] == [("SPY", "0.01", "high")] * 2
    # The campaign is the one that a result records.
    assert ", fingerprint abc, campaign main, ticker SPY, threshold 0.01, basis high\n" in summary(
        [result(0, 0.5)], ABOUT
    )


def test_what_is_not_known_stays_empty():
    (row,) = csv.DictReader(io.StringIO(trials_csv([result(0, 0.5)], COLUMNS)))
    assert (row["campaign"], row["ticker"], row["threshold"], row["basis"]) == ("main", "", "", "")
    assert ", fingerprint abc, campaign main\n" in summary([result(0, 0.5)])


def test_a_trial_of_another_study_is_refused_with_advice():
    results = [result(0, 0.5), result(1, 0.4, fingerprint="old")]
    with pytest.raises(LedgerError, match=r"trial_001 of debug/h1 .*study old, expected abc; delete"):
        refuse_mixture(results, {1: "abc"})
    refuse_mixture(results[:1], {1: "abc"})


def test_the_winner_is_the_trial_with_the_lowest_loss_the_first_of_equals():
    assert winner_of([result(3, 0.4), result(0, 0.5), result(1, None), result(2, 0.4)]).trial == 2


def race(*standings, fingerprint="abc"):
    return Race(
        campaign="main",
        fingerprint=fingerprint,
        scale="debug",
        horizon_days=1,
        standings=tuple(Standing(trial=trial, losses=losses) for trial, losses in standings),
    )


def test_with_a_race_its_winner_is_the_best():
    results = [result(0, 0.5), result(1, 0.4)]
    held = race((1, (0.4, 0.6)), (0, (0.5, 0.4)), fingerprint=results[0].fingerprint)
    assert winner_of(results, held).trial == 0
    best = best_json(results, {}, {1: held})["1"]
    assert best["trial"] == 0
    assert best["race"] == [{"trial": 1, "losses": [0.4, 0.6]}, {"trial": 0, "losses": [0.5, 0.4]}]
    text = summary(results, races={1: held})
    assert "debug/h1: trial_000 wins a race of 2 trials, mean validation log-loss of 2 seeds 0.4500" in text


def test_a_race_without_a_loss_leaves_the_tables_as_they_are():
    results, held = [result(0, None)], race(fingerprint="abc")
    assert best_json(results, {}, {1: held}) == {"1": None}
    assert "no race, because no trial has a loss" in summary(results, races={1: held})
    with pytest.raises(LedgerError, match="none of the 1 trials"):
        winner_of(results, held)


def test_a_race_of_another_study_is_refused():
    with pytest.raises(LedgerError, match="found a race of study other that trial 000 won"):
        winner_of([result(0, 0.5)], race((0, (0.5,)), fingerprint="other"))


def test_without_any_loss_there_is_no_winner():
    with pytest.raises(LedgerError, match="none of the 2 trials of debug has a validation loss"):
        winner_of([result(0, None), result(1, None)])


def test_an_older_result_without_a_hyperparameter_shows_its_default():
    table = trials_csv([result(0, 0.6)], COLUMNS | {"later": 0.25})
    (row,) = csv.DictReader(io.StringIO(table))
    assert row["later"] == "0.25"
    assert row["depth"] == "2"
