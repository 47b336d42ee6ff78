from dataclasses import asdict, replace

import optuna
import pytest
from optuna.samplers._tpe.sampler import _split_trials

from simmer.model.budgets import expected_parameters
from simmer.search.space import Choice, Space
from simmer.search.suggest import Enqueued, FinishedTrial, distributions, enqueued_trials, frozen, suggest
from support.configs import default_config

STUDY = default_config().study("2M", 1)


def ask(trial, history, seed=1, settings=STUDY.search, space=STUDY.space, enqueued=None):
    return suggest(
        space=space,
        enqueued=enqueued_trials(space, STUDY.default) if enqueued is None else enqueued,
        settings=settings,
        history=history,
        seed_parts=(seed, STUDY.scale, 1),
        trial=trial,
    )


def loss(hyperparameters):
    return abs(hyperparameters.dropout - 0.3) + abs(hyperparameters.learning_rate - 1e-3) * 100


def search(trials, seed=1, parallel=1, **options):
    history = []
    for trial in range(trials):
        used = ask(trial, history[: max(0, trial - parallel + 1)], seed, **options).hyperparameters
        history.append(FinishedTrial(hyperparameters=used, value=loss(used)))
    return history


def used(history):
    return [finished.hyperparameters for finished in history]


def test_the_default_and_the_extremes_of_depth_come_first():
    assert used(search(3)) == [
        STUDY.default,
        replace(STUDY.default, depth=2),
        replace(STUDY.default, depth=16),
    ]
    assert [ask(trial, []).origin for trial in range(3)] == ["default", "depth extreme", "depth extreme"]


def test_transferred_trials_come_after_the_default_without_duplicates():
    transferred = [
        Enqueued(hyperparameters=replace(STUDY.default, dropout=0.4), origin="200k trial_007"),
        Enqueued(hyperparameters=STUDY.default, origin="200k trial_000"),
    ]
    first = enqueued_trials(STUDY.space, STUDY.default, transferred)
    assert [one.origin for one in first] == ["default", "200k trial_007", "depth extreme", "depth extreme"]


def test_a_suggestion_is_a_function_of_number_and_history():
    history = search(14)
    for trial in (5, 12, 14):
        assert ask(trial, history[:trial]) == ask(trial, history[:trial])


@pytest.mark.parametrize("sampler", ["tpe", "gp", "random"])
def test_all_suggestions_lie_in_the_space_and_none_repeats(sampler):
    suggestions = used(search(8, settings=replace(STUDY.search, sampler=sampler, startup_trials=5)))
    for suggestion in suggestions:
        STUDY.space.check(suggestion, where="test")
    assert len(set(suggestions)) == 8


@pytest.mark.parametrize("sampler", ["tpe", "gp", "random"])
def test_the_origin_of_a_suggestion_is_recorded(sampler):
    history = search(12)
    settings = replace(STUDY.search, sampler=sampler)
    assert ask(9, history[:9], settings=settings).origin == "startup"
    assert ask(12, history, settings=settings).origin == sampler


def test_the_samplers_differ():
    history = search(14)
    drawn = {
        ask(14, history, settings=replace(STUDY.search, sampler=name)) for name in ("tpe", "gp", "random")
    }
    assert len(drawn) == 3


def test_another_seed_or_horizon_is_another_search():
    assert search(6, seed=1)[5] != search(6, seed=2)[5]


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_the_history_matters_after_the_startup(sampler):
    settings = replace(STUDY.search, sampler=sampler)
    history = search(14)
    worse = [replace(finished, value=1 - finished.value) for finished in history]
    assert ask(14, history, settings=settings) != ask(14, worse, settings=settings)
    assert ask(5, history[:5], settings=settings) == ask(5, worse[:5], settings=settings)


def test_the_sampler_learns():
    history = search(34)
    early = sum(finished.value for finished in history[3:13]) / 10
    late = sum(finished.value for finished in history[24:]) / 10
    assert late < early


def test_the_gaussian_process_uses_losses_of_pruned_trials_and_the_worst_loss_for_failures():
    settings = replace(STUDY.search, sampler="gp")
    history = search(14)
    worst = max(finished.value for finished in history[::2])

    def changed(**change):
        odd = [
            replace(finished, **change) if index % 2 else finished for index, finished in enumerate(history)
        ]
        return ask(14, odd, settings=settings).hyperparameters

    assert changed(ended_at=3) == ask(14, history, settings=settings).hyperparameters
    assert changed(value=None) == changed(value=worst) != changed(ended_at=3)


def test_failed_trials_are_accepted_as_history_and_count_as_bad():
    history = search(14)
    best = min(history, key=lambda finished: finished.value)
    failed = [replace(finished, value=None) if finished == best else finished for finished in history]
    assert ask(14, failed) != ask(14, history)


def test_a_history_of_failures_alone_is_accepted_by_every_sampler():
    history = [replace(finished, value=None) for finished in search(12)]
    for sampler in ("tpe", "gp", "random"):
        drawn = ask(12, history, settings=replace(STUDY.search, sampler=sampler)).hyperparameters
        STUDY.space.check(drawn, where="test")


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_search_with_k_trials_in_flight_is_as_repeatable_as_a_serial_one(parallel):
    assert search(15, parallel=parallel) == search(15, parallel=parallel)


def test_if_nothing_new_is_left_the_repeated_trial_is_named():
    values = {key: Choice((value,)) for key, value in asdict(STUDY.default).items()}
    space = Space(values | {"dropout": Choice((0.1, STUDY.default.dropout))})
    history = search(1, space=space)
    second = ask(1, history, space=space)
    assert (second.hyperparameters.dropout, second.repeats) == (0.1, None)
    history.append(FinishedTrial(hyperparameters=second.hyperparameters, value=0.5))
    third = ask(2, history, space=space)
    assert third.hyperparameters == history[third.repeats].hyperparameters


@pytest.mark.parametrize("parallel", [1, 4])
def test_in_a_small_space_everything_is_tried_before_anything_is_tried_twice(parallel):
    values = {key: Choice((value,)) for key, value in asdict(STUDY.default).items()}
    dropouts, rates = (0.1, 0.2, 0.3), (3e-4, 1e-3)
    space = Space(values | {"dropout": Choice(dropouts), "learning_rate": Choice(rates)})
    first = [Enqueued(hyperparameters=STUDY.default, origin="default")]
    settings = replace(STUDY.search, parallel_trials=parallel)
    history = search(5, parallel=parallel, space=space, settings=settings, enqueued=first)
    assert len(set(used(history))) == 5


@pytest.mark.parametrize("trials", [100, pytest.param(1000, marks=pytest.mark.long)])
@pytest.mark.parametrize("scale", ["debug", "2M", "20M", "200M", "2B"])
def test_suggestions_of_a_scale_lie_in_its_space_and_meet_its_budget(scale, trials):
    study = default_config().study(scale, 1)
    settings = replace(study.search, sampler="random")
    for trial in range(trials):
        drawn = suggest(
            space=study.space,
            enqueued=enqueued_trials(study.space, study.default),
            settings=settings,
            history=[],
            seed_parts=(1, scale, 1),
            trial=trial,
        ).hyperparameters
        study.space.check(drawn, where="test")
        counted = expected_parameters(study.shape(drawn))
        assert abs(counted - study.budget_parameters) <= 0.02 * study.budget_parameters


def test_the_sampler_ranks_completed_above_pruned_above_failed_trials():
    """Check the pinned sampler: it ranks pruned trials by their epochs, then by their loss."""
    ranked = [(0.9, None), (0.5, 6), (0.6, 6), (0.4, 3), (None, None)]
    history = [
        FinishedTrial(hyperparameters=STUDY.default, value=value, ended_at=ended_at)
        for value, ended_at in ranked
    ]
    study = optuna.create_study()
    study.add_trials([frozen(finished, distributions(STUDY.space)) for finished in history])
    for count in range(1, len(ranked)):
        better, _ = _split_trials(study, study.get_trials(), count)
        assert sorted(trial.number for trial in better) == list(range(count))
