from dataclasses import replace

import pytest

from simmer.search.suggest import FinishedTrial, enqueued_trials, suggest
from support.configs import default_config

STUDY = default_config().study("2M", 1)


def ask(trial, history, seed=1):
    return suggest(
        space=STUDY.space,
        default=STUDY.default,
        settings=STUDY.search,
        history=history,
        seed_parts=(seed, STUDY.scale, 1),
        trial=trial,
    )


def loss(hyperparameters):
    return abs(hyperparameters.dropout - 0.3) + abs(hyperparameters.learning_rate - 1e-3) * 100


def search(trials, seed=1, parallel=1):
    history = []
    for trial in range(trials):
        suggestion = ask(trial, history[: max(0, trial - parallel + 1)], seed)
        history.append(FinishedTrial(hyperparameters=suggestion, value=loss(suggestion)))
    return history


def test_the_default_and_the_extremes_of_depth_come_first():
    first = [finished.hyperparameters for finished in search(3)]
    assert first == [STUDY.default, replace(STUDY.default, depth=2), replace(STUDY.default, depth=16)]
    assert enqueued_trials(STUDY.space, STUDY.default) == first


def test_a_suggestion_is_a_function_of_number_and_history():
    history = search(14)
    for trial in (5, 12, 14):
        assert ask(trial, history[:trial]) == ask(trial, history[:trial])


def test_all_suggestions_lie_in_the_space_and_none_repeats():
    suggestions = [finished.hyperparameters for finished in search(25)]
    for suggestion in suggestions:
        STUDY.space.check(suggestion, where="test")
    assert len(set(suggestions)) == 25


def test_another_seed_or_horizon_is_another_search():
    assert search(6, seed=1)[5] != search(6, seed=2)[5]


def test_the_history_matters_after_the_startup():
    history = search(14)
    worse = [replace(finished, value=1 - finished.value) for finished in history]
    assert ask(14, history) != ask(14, worse)
    assert ask(5, history[:5]) == ask(5, worse[:5])


def test_the_sampler_learns():
    history = search(40)
    early = sum(finished.value for finished in history[3:13]) / 10
    late = sum(finished.value for finished in history[30:]) / 10
    assert late < early


def test_failed_trials_are_accepted_as_history_and_count_as_bad():
    history = search(14)
    failed = [
        replace(finished, value=None) if index % 2 else finished for index, finished in enumerate(history)
    ]
    assert ask(14, failed) != ask(14, history)


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_search_with_k_trials_in_flight_is_as_repeatable_as_a_serial_one(parallel):
    assert search(15, parallel=parallel) == search(15, parallel=parallel)
