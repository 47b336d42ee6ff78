import inspect

import numpy as np
import pytest

from simmer.base.errors import DatasetError
from simmer.evidence import baseline_models
from simmer.evidence.baseline_inputs import Inputs, Rows
from simmer.evidence.baselines import BASELINES, fit_baseline, fit_baselines
from simmer.evidence.metrics import log_loss
from support.bars import bits
from support.baseline_grids import ONE_SETTING, SMALL, use_grids
from support.slow_market import CONTEXT, inputs_of, slow_market

SPLITS = {"train": (CONTEXT - 1, 1400), "validation": (1400, 1900), "test": (1900, 2600)}


@pytest.fixture(scope="module", autouse=True)
def small_grids():
    with pytest.MonkeyPatch.context() as patch:
        use_grids(patch, SMALL)
        yield


@pytest.fixture
def one_setting(monkeypatch):
    use_grids(monkeypatch, ONE_SETTING)


@pytest.fixture(scope="module")
def market():
    return slow_market(SPLITS["test"][1])


def labelled(market, logits, seed=1):
    """Return the rows of each split, their labels drawn with log-odds [rows]."""
    drawn = np.random.default_rng(seed).random(len(logits)) < 1 / (1 + np.exp(-logits))
    return {
        name: Rows(inputs_of(market, np.arange(*ends)), drawn[slice(*ends)]) for name, ends in SPLITS.items()
    }


def skill_of(splits, probabilities):
    labels = splits["test"].labels
    base_rate = np.full(len(labels), splits["train"].labels.mean())
    return 1 - log_loss(labels, probabilities) / log_loss(labels, base_rate)


def skill(name, splits):
    fitted = fit_baseline(name, splits["train"], splits["validation"], seed=0)
    return skill_of(splits, fitted.predict(splits["test"].inputs))


def ceiling(splits, logits):
    """Return the skill of the probabilities from which the labels were drawn."""
    return skill_of(splits, 1 / (1 + np.exp(-logits[slice(*SPLITS["test"])])))


@pytest.fixture(scope="module")
def recent_mean(market):
    values = market["features"][:, 1].astype(float)
    return np.array([values[max(0, row - 4) : row + 1].mean() for row in range(len(values))])


@pytest.fixture(scope="module")
def planted(market, recent_mean):
    return labelled(market, 4 * recent_mean)


@pytest.fixture(scope="module")
def fitted(planted):
    return fit_baselines(planted["train"], planted["validation"], seed=3)


# --- signals they find -----------------------------------------------------------------------------


@pytest.mark.long
def test_the_recent_mean_of_a_channel_is_found(planted, recent_mean):
    best = ceiling(planted, 4 * recent_mean)
    assert best > 0.5
    for name in ("logistic_regression", "gradient_boosting", "mlp"):
        assert skill(name, planted) > 0.85 * best, name
    assert abs(skill("volatility_logit", planted)) < 0.02
    assert skill("base_rate", planted) == 0


@pytest.mark.long
def test_noise_gives_no_skill(market):
    splits = labelled(market, np.full(len(market["close"]), -1.0))
    for name in BASELINES:
        assert abs(skill(name, splits)) < 0.02, name


def test_volatility_is_found(market):
    size = np.log(market["volatility"])
    logits = 3 * (size - size.mean()) / size.std()
    splits = labelled(market, logits)
    # Prices show only an estimate of the volatility behind them.
    for name in ("volatility_logit", "logistic_regression"):
        assert skill(name, splits) > 0.45 * ceiling(splits, logits), name


@pytest.mark.long
def test_only_trees_and_perceptrons_find_an_interaction(market):
    logits = 3.0 * np.sign(market["features"][:, 0]) * np.sign(market["features"][:, 1])
    splits = labelled(market, logits)
    for name in ("volatility_logit", "logistic_regression"):
        assert abs(skill(name, splits)) < 0.02, name
    for name in ("gradient_boosting", "mlp"):
        assert skill(name, splits) > 0.5 * ceiling(splits, logits), name


# --- choice on validation --------------------------------------------------------------------------


def test_the_best_setting_on_validation_is_chosen(planted, fitted):
    validation = planted["validation"]
    assert tuple(fitted) == BASELINES
    for name, baseline in fitted.items():
        losses = [loss for _, loss in baseline.tried]
        assert baseline.validation_log_loss == min(losses)
        assert baseline.settings == baseline.tried[losses.index(min(losses))][0]
        probabilities = baseline.predict(validation.inputs)
        assert probabilities.dtype == np.float64
        assert probabilities.shape == validation.labels.shape
        assert log_loss(validation.labels, probabilities) == pytest.approx(baseline.validation_log_loss)
        assert (baseline.name, baseline.seconds >= 0) == (name, True)
    assert len(fitted["logistic_regression"].tried) == len(baseline_models.INVERSE_PENALTIES)
    assert set(fitted["gradient_boosting"].settings) == {"learning_rate", "max_depth", "iterations"}
    assert fitted["gradient_boosting"].settings["iterations"] < 120
    assert all(1 <= epoch <= 100 for epoch in fitted["mlp"].settings["epochs"])


def test_the_same_seed_gives_the_same_bits(planted, fitted):
    again = fit_baselines(planted["train"], planted["validation"], seed=3)
    assert again == fitted
    for name in BASELINES:
        answers = [fits[name].predict(planted["test"].inputs) for fits in (again, fitted)]
        assert bits(answers[0]) == bits(answers[1]), name


def test_another_seed_gives_another_perceptron(planted, one_setting):
    answers = [
        fit_baseline("mlp", planted["train"], planted["validation"], seed=seed).predict(
            planted["test"].inputs
        )
        for seed in (3, 4)
    ]
    assert bits(answers[0]) != bits(answers[1])


@pytest.mark.parametrize(
    ("name", "limit", "chosen"),
    [
        ("gradient_boosting", "MAX_BOOSTING_ITERATIONS", lambda settings: settings["iterations"]),
        ("mlp", "MAX_MLP_EPOCHS", lambda settings: settings["epochs"][0]),
    ],
)
def test_iterations_after_the_best_one_have_no_effect(planted, one_setting, monkeypatch, name, limit, chosen):
    train, validation, test = planted.values()
    longer = fit_baseline(name, train, validation, seed=0)
    best = chosen(longer.settings)
    assert best < getattr(baseline_models, limit)
    monkeypatch.setattr(baseline_models, limit, best)
    shorter = fit_baseline(name, train, validation, seed=0)
    assert shorter == longer
    assert bits(shorter.predict(test.inputs)) == bits(longer.predict(test.inputs))


def test_nothing_of_the_test_split_can_be_given_to_a_fit():
    given = ["train", "validation", "seed", "pooled"]
    assert list(inspect.signature(fit_baseline).parameters) == ["name", *given]
    assert list(inspect.signature(fit_baselines).parameters) == given


@pytest.mark.parametrize("name", BASELINES)
def test_all_but_the_base_rate_are_fitted_on_pooled_windows_too(planted, one_setting, name):
    train, validation, test = (planted[split] for split in SPLITS)

    def part(rows):
        inputs = Inputs(train.inputs.summaries[rows], train.inputs.volatility[rows])
        return Rows(inputs, train.labels[rows])

    own, *pooled = part(slice(500)), part(slice(500, 900)), part(slice(900, None))
    found = fit_baseline(name, own, validation, seed=0, pooled=pooled).predict(test.inputs)
    expected = fit_baseline(name, own if name == "base_rate" else train, validation, seed=0)
    assert bits(found) == bits(expected.predict(test.inputs))


def test_a_prediction_depends_on_its_own_window_only(planted, fitted):
    inputs = planted["test"].inputs
    some = Inputs(inputs.summaries[10:20], inputs.volatility[10:20])
    for baseline in fitted.values():
        np.testing.assert_allclose(
            baseline.predict(some), baseline.predict(inputs)[10:20], rtol=1e-12, err_msg=baseline.name
        )


@pytest.mark.parametrize("name", BASELINES)
def test_validation_chooses_but_does_not_train(planted, one_setting, monkeypatch, name):
    # With one candidate, validation must not change the fit at all.
    monkeypatch.setattr(baseline_models, "MAX_BOOSTING_ITERATIONS", 1)
    monkeypatch.setattr(baseline_models, "MAX_MLP_EPOCHS", 1)
    train, validation, test = (planted[split] for split in SPLITS)
    other = Inputs(validation.inputs.summaries * -5 + 1, validation.inputs.volatility * 2)
    changed = Rows(other, 1 - validation.labels)
    answers = [fit_baseline(name, train, rows, seed=0).predict(test.inputs) for rows in (validation, changed)]
    assert bits(answers[0]) == bits(answers[1])


def test_other_validation_labels_change_the_choice(planted, fitted):
    validation = planted["validation"]
    contrary = Rows(validation.inputs, 1 - validation.labels)
    chosen = fit_baseline("logistic_regression", planted["train"], contrary, seed=0)
    assert chosen.settings["C"] == min(baseline_models.INVERSE_PENALTIES)
    assert chosen.settings != fitted["logistic_regression"].settings


def test_a_column_that_is_constant_in_train_does_no_harm(planted):
    train, validation, test = (
        Rows(
            Inputs(
                np.column_stack([rows.inputs.summaries, np.full(len(rows.labels), 0.5)]),
                rows.inputs.volatility,
            ),
            rows.labels,
        )
        for rows in planted.values()
    )
    found = fit_baseline("logistic_regression", train, validation, seed=0)
    expected = fit_baseline("logistic_regression", planted["train"], planted["validation"], seed=0)
    np.testing.assert_allclose(found.predict(test.inputs), expected.predict(planted["test"].inputs))


# --- refusals --------------------------------------------------------------------------------------


def test_invalid_inputs_and_labels_are_refused(planted):
    train, validation = planted["train"], planted["validation"]
    inputs = train.inputs
    for label in (0, 1):
        with pytest.raises(DatasetError, match="expected both classes"):
            fit_baseline("base_rate", Rows(inputs, np.full(len(inputs), label)), validation, seed=0)
    narrow = Inputs(validation.inputs.summaries[:, :-1], validation.inputs.volatility)
    with pytest.raises(DatasetError, match="21 columns of summaries and validation 20"):
        fit_baseline("base_rate", train, Rows(narrow, validation.labels), seed=0)
    with pytest.raises(DatasetError, match="found inputs of 26 columns, expected 27"):
        fit_baseline("logistic_regression", train, validation, seed=0).predict(narrow)
    with pytest.raises(DatasetError, match="no baseline 'oracle'; expected one of base_rate"):
        fit_baseline("oracle", train, validation, seed=0)
