"""The race: who takes part, who wins, and what is not known yet."""

import math

import pytest

from simmer.base.errors import LedgerError
from simmer.base.records import write_record
from simmer.ledger.race import Race, RaceSettings, Standing, race_runs, racers, standings, winner_among
from support.results import trial_result

RACE = RaceSettings(trials=2, runs=2)


def trial(number, loss, **values):
    return trial_result(number, () if loss is None else (loss,), **values)


def numbers(trials, race=RACE):
    return [one.number for one in racers(trials, race)]


def test_the_best_trials_take_part_the_first_of_equals():
    trials = [trial(0, 0.5), trial(1, 0.3), trial(2, 0.5), trial(3, 0.4), trial(4, None)]
    assert numbers(trials) == [1, 3]
    assert numbers(trials, RaceSettings(trials=9, runs=1)) == [1, 3, 0, 2]
    assert numbers(trials, None) == [1]


def test_trials_that_ended_early_or_repeat_another_do_not_take_part():
    trials = [trial(0, 0.5), trial(1, 0.3, state="pruned"), trial(2, 0.4), trial(3, 0.4, repeats=2)]
    trials += [trial(4, 0.1, state="out_of_memory"), trial(5, 0.6, state="out_of_time")]
    assert numbers(trials, RaceSettings(trials=9, runs=1)) == [2, 0, 5]
    assert numbers(trials[1:2]) == [1]


def test_without_a_loss_nobody_takes_part():
    assert numbers([trial(0, None)]) == numbers([]) == numbers([trial(0, None)], None) == []


def test_a_trial_alone_has_won_without_a_run():
    assert race_runs(racers([trial(0, 0.5)], RACE), RACE) == []
    assert standings([trial(0, 0.5)], {}, RACE) == (Standing(trial=0, losses=(0.5,)),)


def test_the_standings_are_known_when_all_runs_are():
    racing = racers([trial(0, 0.5), trial(1, 0.3)], RACE)
    assert race_runs(racing, RACE) == [(1, 0), (1, 1), (0, 0), (0, 1)]
    losses = {(1, 0): 0.6, (1, 1): 0.6, (0, 0): 0.4, (0, 1): 0.3}
    found = standings(racing, losses, RACE)
    assert found == (Standing(trial=1, losses=(0.3, 0.6, 0.6)), Standing(trial=0, losses=(0.5, 0.4, 0.3)))
    assert winner_among(found).trial == 0
    assert winner_among(found).expected_loss == pytest.approx(0.4)
    for run in losses:
        assert standings(racing, {key: loss for key, loss in losses.items() if key != run}, RACE) is None


def test_a_trial_that_failed_with_another_seed_loses():
    failed = Standing(trial=0, losses=(0.3, None))
    assert failed.expected_loss == math.inf
    assert winner_among([failed, Standing(trial=1, losses=(0.9, 0.9))]).trial == 1
    assert winner_among([failed, Standing(trial=1, losses=(0.2, None))]).trial == 0


def test_of_equal_trials_the_one_that_was_better_before_wins():
    equal = [Standing(trial=7, losses=(0.25, 0.5)), Standing(trial=1, losses=(0.375, 0.375))]
    assert winner_among(equal).trial == 7


def test_an_outcome_is_read_back_unchanged(tmp_path):
    found = Race(
        campaign="main",
        fingerprint="f",
        scale="2M",
        horizon_days=1,
        standings=(Standing(trial=3, losses=(0.4, None)),),
    )
    path = tmp_path / "race.json"
    with pytest.raises(LedgerError, match="expected the outcome of a race"):
        Race.read(path)
    write_record(path, found.as_json())
    assert Race.read(path) == found
    assert found.sentence == "2M/h1: trial_003 wins without a race"


def test_a_race_without_any_loss_has_no_winner():
    found = Race(campaign="main", fingerprint="f", scale="2M", horizon_days=1, standings=())
    assert found.winner is None
    assert found.sentence == "2M/h1: no race, because no trial has a loss"
