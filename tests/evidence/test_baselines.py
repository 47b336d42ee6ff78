import inspect
from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from simmer.base.errors import DatasetError
from simmer.evidence import baseline_models, baseline_space, baselines
from simmer.evidence.baseline_inputs import Inputs, Rows
from simmer.evidence.baseline_models import Member
from simmer.evidence.baselines import BASELINES, fit_baseline, fit_baselines
from simmer.evidence.metrics import log_loss
from support.bars import bits
from support.slow_market import CONTEXT, inputs_of, slow_market

SPLITS = {"train": (CONTEXT - 1, 1400), "validation": (1400, 1900), "test": (1900, 2600)}
FEW = {"tries": 3, "members": 2, "seed": 3}
ONE = {"tries": 1, "members": 1, "seed": 0}
RANDOM = ("gradient_boosting", "mlp")


@pytest.fixture(scope="module", autouse=True)
def few_fits():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baseline_models, "MAX_BOOSTING_ITERATIONS", 120)
        patch.setattr(baseline_models, "MLP_PATIENCE_EPOCHS", 5)
        patch.setattr(baselines, "RACED", 2)
        for name in ("FIRST_TREES", "FIRST_NETWORKS"):
            patch.setattr(baseline_space, name, getattr(baseline_space, name)[1:3])
        yield


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
    fitted = fit_baseline(name, splits["train"], splits["validation"], **FEW)
    return skill_of(splits, fitted.predict(splits["test"].inputs).mean(axis=0))


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
    return fit_baselines(planted["train"], planted["validation"], **FEW)


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
def test_only_trees_and_perceptrons_find_an_interaction(market, monkeypatch):
    monkeypatch.setattr(baseline_models, "MAX_BOOSTING_ITERATIONS", 400)
    logits = 3.0 * np.sign(market["features"][:, 0]) * np.sign(market["features"][:, 1])
    splits = labelled(market, logits)
    for name in ("volatility_logit", "logistic_regression"):
        assert abs(skill(name, splits)) < 0.02, name
    for name in ("gradient_boosting", "mlp"):
        assert skill(name, splits) > 0.5 * ceiling(splits, logits), name


# --- choice on validation --------------------------------------------------------------------------


def test_the_settings_whose_members_are_best_together_are_chosen(planted, fitted):
    validation = planted["validation"]
    assert tuple(fitted) == BASELINES
    for name, baseline in fitted.items():
        assert len(baseline.tried) == (1 if name == "base_rate" else FEW["tries"])
        assert len(baseline.members) == (FEW["members"] if name in RANDOM else 1)
        best_first = sorted(baseline.tried, key=lambda one: one[1])
        finalists = best_first[: 2 if name in RANDOM else 1]
        assert [settings for settings, _ in baseline.raced] == [settings for settings, _ in finalists]
        assert (baseline.settings, baseline.validation_log_loss) == min(
            baseline.raced, key=lambda one: one[1]
        )
        assert (baseline.settings, baseline.members[0].validation_log_loss) in finalists
        probabilities = baseline.predict(validation.inputs)
        assert probabilities.dtype == np.float64
        assert probabilities.shape == (len(baseline.members), len(validation.labels))
        for member, predicted in zip(baseline.members, probabilities, strict=True):
            assert log_loss(validation.labels, predicted) == pytest.approx(member.validation_log_loss)
        averaged = log_loss(validation.labels, probabilities.mean(axis=0))
        assert averaged == pytest.approx(baseline.validation_log_loss)
        assert (baseline.name, baseline.seconds >= 0) == (name, True)
    assert all(1 <= member.iterations <= 120 for name in RANDOM for member in fitted[name].members)


def test_a_lucky_first_fit_does_not_win(planted, monkeypatch):
    fits = []

    def fit(material, settings, _seed):
        fits.append(settings["rate"])
        rate = material.validation_labels.mean() if fits == [0.9] else settings["rate"]
        validation = np.full(len(material.validation), rate)
        return Member(None, material.loss(validation), validation, lambda inputs: np.full(len(inputs), rate))

    def settings(_tries, _seed):
        return [{"rate": 0.9}, {"rate": planted["validation"].labels.mean() + 0.02}]

    recipe = replace(baselines._RECIPES["mlp"], settings=settings, fit=fit)
    monkeypatch.setitem(baselines._RECIPES, "mlp", recipe)
    found = fit_baseline("mlp", planted["train"], planted["validation"], tries=2, members=4, seed=0)
    assert found.tried[0][1] < found.tried[1][1]
    assert found.settings == found.tried[1][0]


@pytest.mark.parametrize("name", RANDOM)
def test_members_differ_by_their_seed_and_more_members_keep_the_first(planted, name):
    train, validation, test = planted.values()
    two, three = (fit_baseline(name, train, validation, **ONE | {"members": size}) for size in (2, 3))
    assert three.settings == two.settings and three.members[:2] == two.members
    first, second, third = map(bits, three.predict(test.inputs))
    assert len({first, second, third}) == 3
    assert [first, second] == list(map(bits, two.predict(test.inputs)))


def test_trees_are_added_while_validation_improves(planted, monkeypatch):
    monkeypatch.setattr(baseline_models, "MAX_BOOSTING_ITERATIONS", 800)
    rows = {name: one.inputs.everything for name, one in planted.items()}
    train, validation = planted["train"].labels, planted["validation"].labels
    material = baseline_models.Material(rows["train"], train, rows["validation"], validation)
    settings = {"learning_rate": 0.02, "max_depth": 2}
    found = baseline_models.boosted_trees(material, settings, 5)
    assert baseline_models.BOOSTING_PATIENCE < found.iterations < 800
    at_once = HistGradientBoostingClassifier(
        **settings, max_leaf_nodes=None, max_iter=800, early_stopping=False, random_state=5
    ).fit(rows["train"], train)
    losses = [log_loss(validation, one[:, 1]) for one in at_once.staged_predict_proba(rows["validation"])]
    assert found.validation_log_loss == min(losses) == losses[found.iterations - 1]


def test_the_same_seed_gives_the_same_bits(planted, fitted):
    again = fit_baselines(planted["train"], planted["validation"], **FEW)
    assert again == fitted
    for name in BASELINES:
        answers = [fits[name].predict(planted["test"].inputs) for fits in (again, fitted)]
        assert bits(answers[0]) == bits(answers[1]), name


def test_another_seed_gives_another_perceptron(planted):
    train, validation, test = planted.values()
    answers = [
        fit_baseline("mlp", train, validation, **ONE | {"seed": seed}).predict(test.inputs) for seed in (3, 4)
    ]
    assert bits(answers[0]) != bits(answers[1])


@pytest.mark.parametrize(
    ("name", "limit"), [("gradient_boosting", "MAX_BOOSTING_ITERATIONS"), ("mlp", "MAX_MLP_EPOCHS")]
)
def test_iterations_after_the_best_one_have_no_effect(planted, monkeypatch, name, limit):
    train, validation, test = planted.values()
    monkeypatch.setattr(baseline_models, "MAX_BOOSTING_ITERATIONS", 800)
    longer = fit_baseline(name, train, validation, **ONE)
    best = longer.members[0].iterations
    assert best < getattr(baseline_models, limit)
    monkeypatch.setattr(baseline_models, limit, best)
    shorter = fit_baseline(name, train, validation, **ONE)
    assert shorter == longer
    assert bits(shorter.predict(test.inputs)) == bits(longer.predict(test.inputs))


def test_nothing_of_the_test_split_can_be_given_to_a_fit():
    given = ["train", "validation", "tries", "members", "seed", "pooled"]
    assert list(inspect.signature(fit_baseline).parameters) == ["name", *given]
    assert list(inspect.signature(fit_baselines).parameters) == given


@pytest.mark.parametrize("name", BASELINES)
def test_all_but_the_base_rate_are_fitted_on_pooled_windows_too(planted, name):
    train, validation, test = (planted[split] for split in SPLITS)

    def part(rows):
        inputs = Inputs(train.inputs.summaries[rows], train.inputs.volatility[rows])
        return Rows(inputs, train.labels[rows])

    own, *pooled = part(slice(500)), part(slice(500, 900)), part(slice(900, None))
    found = fit_baseline(name, own, validation, **ONE, pooled=pooled).predict(test.inputs)
    expected = fit_baseline(name, own if name == "base_rate" else train, validation, **ONE)
    assert bits(found) == bits(expected.predict(test.inputs))


def test_a_prediction_depends_on_its_own_window_only(planted, fitted):
    inputs = planted["test"].inputs
    some = Inputs(inputs.summaries[10:20], inputs.volatility[10:20])
    for baseline in fitted.values():
        np.testing.assert_allclose(
            baseline.predict(some), baseline.predict(inputs)[:, 10:20], rtol=1e-12, err_msg=baseline.name
        )


@pytest.mark.parametrize("name", BASELINES)
def test_validation_chooses_but_does_not_train(planted, monkeypatch, name):
    # With one try, validation must not change the fit at all.
    monkeypatch.setattr(baseline_models, "MAX_BOOSTING_ITERATIONS", 1)
    monkeypatch.setattr(baseline_models, "MAX_MLP_EPOCHS", 1)
    train, validation, test = (planted[split] for split in SPLITS)
    other = Inputs(validation.inputs.summaries * -5 + 1, validation.inputs.volatility * 2)
    changed = Rows(other, 1 - validation.labels)
    answers = [fit_baseline(name, train, rows, **ONE).predict(test.inputs) for rows in (validation, changed)]
    assert bits(answers[0]) == bits(answers[1])


def test_other_validation_labels_change_the_choice(planted, fitted):
    validation = planted["validation"]
    contrary = Rows(validation.inputs, 1 - validation.labels)
    chosen = fit_baseline("logistic_regression", planted["train"], contrary, **FEW)
    assert chosen.settings == chosen.tried[0][0]
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
    found = fit_baseline("logistic_regression", train, validation, **ONE)
    expected = fit_baseline("logistic_regression", planted["train"], planted["validation"], **ONE)
    np.testing.assert_allclose(found.predict(test.inputs), expected.predict(planted["test"].inputs))


# --- refusals --------------------------------------------------------------------------------------


def test_invalid_inputs_and_labels_are_refused(planted):
    train, validation = planted["train"], planted["validation"]
    inputs = train.inputs
    for label in (0, 1):
        with pytest.raises(DatasetError, match="expected both classes"):
            fit_baseline("base_rate", Rows(inputs, np.full(len(inputs), label)), validation, **ONE)
    narrow = Inputs(validation.inputs.summaries[:, :-1], validation.inputs.volatility)
    with pytest.raises(DatasetError, match="21 columns of summaries and validation 20"):
        fit_baseline("base_rate", train, Rows(narrow, validation.labels), **ONE)
    with pytest.raises(DatasetError, match="found inputs of 26 columns, expected 27"):
        fit_baseline("logistic_regression", train, validation, **ONE).predict(narrow)
    with pytest.raises(DatasetError, match="no baseline 'oracle'; expected one of base_rate"):
        fit_baseline("oracle", train, validation, **ONE)
