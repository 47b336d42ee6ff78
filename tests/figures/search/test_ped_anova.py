"""Importances in synthetic studies with known important hyperparameters."""

import math
import random

import pytest

from simmer.figures.search import ped_anova
from simmer.figures.search.importances import rests_on
from simmer.figures.search.ped_anova import importances_of, ranked


@pytest.fixture
def planted(study_book):
    """Return a function that makes random trials whose loss depends on learning rate and input form."""

    def study(trials, *, ended=lambda loss: {}, seed=7, **dimensions):
        book, draw = study_book(**dimensions), random.Random(seed)
        for _ in range(trials):
            values = {
                "learning_rate": 10 ** draw.uniform(-5, -3),
                "dropout": draw.uniform(0.0, 0.6),
                "weight_decay": 10 ** draw.uniform(-3, 0),
                "input_form": draw.choice(["train_scaled", "window_norm", "price_relative"]),
                "batch_size": draw.choice([32, 64, 128]),
                "depth": draw.randint(2, 16),
                "head_width": draw.choice([16, 32, 64]),
                "warmup_fraction": draw.uniform(0.0, 0.3),
            }
            loss = 0.5 + 0.1 * abs(math.log10(values["learning_rate"] / 1e-3))
            loss += 0.1 * (values["input_form"] != "price_relative") + draw.gauss(0.0, 0.005)
            book.add(**({"loss": loss} | ended(loss)), **values)
        return book.searched

    return study


def test_what_was_planted_is_found_and_passes_its_mark(planted):
    found = importances_of(planted(50))
    assert {one.hyperparameter for one in found.importances[:2]} == {"learning_rate", "input_form"}
    passed = {one.hyperparameter for one in found.importances if one.importance > one.chance}
    assert {"learning_rate", "input_form"} <= passed
    assert sum(one.importance for one in found.importances) == pytest.approx(1.0)
    ordered = [one.importance for one in found.importances]
    assert ordered == sorted(ordered, reverse=True)


@pytest.mark.long
def test_where_nothing_matters_rarely_any_of_the_bars_passes_its_mark(planted, monkeypatch):
    """With a 95 % mark for each of the eight bars alone, one passes in about every third of such studies."""
    monkeypatch.setattr(ped_anova, "SHUFFLES", 60)
    noise, passed = random.Random(1), 0
    for seed in range(20):
        found = importances_of(planted(20, seed=seed, ended=lambda _: {"loss": noise.random()}))
        passed += any(one.importance > one.chance for one in found.importances)
    assert passed <= 3


def test_the_same_study_gives_the_same_numbers(planted):
    assert importances_of(planted(20)) == importances_of(planted(20))


def test_what_never_varied_is_left_out_whether_it_could_or_not(planted):
    found = importances_of(planted(15))
    assert found.unvaried == ("ff_ratio", "focal_gamma", "label_smoothing")
    assert not set(found.unvaried) & {one.hyperparameter for one in found.importances}


def test_pruned_and_diverged_trials_rank_below_the_completed_ones(planted):
    """A pruned trial counts as worse than any completed one even where its loss is lower."""

    def ended(loss):
        if loss > 0.75:
            return {"state": "diverged", "loss": None, "epochs": 1}
        return {"state": "pruned", "loss": loss - 0.3, "epochs": 4} if loss > 0.65 else {}

    study = planted(60, ended=ended)
    found = importances_of(study)
    assert min(found.completed, found.pruned, found.diverged) >= 3
    assert found.completed + found.pruned + found.diverged == 60
    assert found.best == math.ceil(found.with_loss / 4)
    first, second = found.importances[:2]
    assert {first.hyperparameter, second.hyperparameter} == {"learning_rate", "input_form"}
    assert first.importance > first.chance


def test_the_order_is_completed_then_pruned_by_epochs_then_diverged(study_book):
    book = study_book()
    book.add(0.4, state="pruned", epochs=2).add(0.6).add(0.5, state="pruned", epochs=8)
    book.add(None, state="diverged", epochs=1).add(0.55).add(0.3, state="pruned", epochs=2)
    book.add(0.2, state="out_of_time").add(0.1, repeats=1).add(None, state="out_of_memory")
    assert [trial.number for trial in ranked(book.searched)] == [4, 1, 2, 5, 0, 3]


def test_repetitions_and_trials_out_of_time_or_memory_stay_out(eventful):
    found = importances_of(eventful.searched)
    assert (found.completed, found.pruned, found.diverged) == (4, 1, 1)


@pytest.mark.parametrize("trials", [1, 9])
def test_few_trials_give_a_sentence_and_no_numbers(planted, trials):
    found = importances_of(planted(trials))
    assert found.importances is None
    assert rests_on(found) == (
        f"Too few trials to estimate which hyperparameters matter: {trials} reached a loss without repeating "
        "another trial, at least 10 are needed."
    )


def test_ten_trials_are_enough_but_rough(planted):
    found = importances_of(planted(10))
    assert found.importances
    assert rests_on(found) == ("Based on 10 trials (10 completed). Importances from 3 best trials are rough.")


def test_diverged_trials_alone_are_never_enough(study_book):
    book = study_book()
    for _ in range(30):
        book.add(None, state="diverged", epochs=1)
    found = importances_of(book.add(0.6).searched)
    assert (found.importances, found.with_loss, found.diverged) == (None, 1, 30)


def test_trials_without_a_difference_give_a_sentence(study_book):
    book = study_book()
    for _ in range(12):
        book.add(0.6)
    assert importances_of(book.searched).importances is None


def test_with_equal_losses_no_hyperparameter_is_important(study_book):
    book = study_book()
    for number in range(40):
        book.add(0.6, dropout=0.3 * (number % 3), batch_size=(32, 64, 128)[number % 3])
    found = importances_of(book.searched)
    assert {one.hyperparameter for one in found.importances} == {"dropout", "batch_size"}
    assert all(one.importance <= one.chance for one in found.importances)


def test_the_table_lists_the_most_important_first(planted):
    table = importances_of(planted(20)).as_json()
    assert table["importances"][0].keys() == {"hyperparameter", "importance", "chance"}
    assert (table["completed"], table["pruned"], table["best"], table["method"]) == (20, 0, 5, "PED-ANOVA")
    assert (table["shuffles"], table["family_wise_quantile"]) == (200, 0.95)
    assert importances_of(planted(3)).as_json()["importances"] is None
