"""Controls trained with the real feature builders and training loop, on fewer rows than a market has."""

import json
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest

from simmer.audit.control_checks import (
    FEWEST_DECISIONS,
    FEWEST_TRAIN_DECISIONS,
    check_control,
    check_planted,
    check_shuffled,
    controls_as_json,
    controls_from_json,
)
from simmer.audit.control_set import planted_control, shuffled_control
from simmer.audit.control_training import LEARNING, MEMORISING
from simmer.audit.controls import ControlResult, Score, shuffled
from simmer.audit.planted_bars import planted_bars
from simmer.audit.raw import RawSeries
from simmer.audit.raw import model_features as builder_of
from simmer.base.checks import CheckStatus
from simmer.base.errors import AuditError, Interrupted
from support.audited import CONFIG, SETTING, SETTINGS, model_features, vix_bars
from support.bars import session_bars
from support.runs import FakeGuard

OK, FAIL = CheckStatus.OK, CheckStatus.FAIL
ROWS = 2_600
SHORT = replace(MEMORISING, epochs=5)


@pytest.fixture(scope="module")
def market():
    return RawSeries(session_bars(ROWS, seed=8))


@pytest.fixture(scope="module")
def signal(market):
    """Return the features of planted bars, whose true labels can be learned."""
    return model_features(RawSeries(planted_bars(market.days, threshold=0.01, seed=5).bars))


@pytest.fixture
def planted(market, tmp_path):
    common = {"features": model_features, "build": SETTINGS.build, "setting": SETTING, "seed": 1}
    return partial(planted_control, [market], 0.01, folder=tmp_path, **common)


@pytest.fixture
def control(tmp_path):
    common = {"setting": SETTING, "seed": 1, "folder": tmp_path, "build": SETTINGS.build, "recipe": SHORT}
    return partial(shuffled_control, **common, guard=FakeGuard())


def statuses(checks):
    """Return the statuses of AUC and skill."""
    return [check.status for check in checks]


def test_a_planted_signal_is_learned_to_most_of_the_attainable_skill(planted):
    guard = FakeGuard()
    result = planted(guard=guard)
    assert statuses(check_planted(result)) == [OK, OK]
    assert result.auc.estimate > 0.7
    assert result.skill.estimate > 0.6 * result.attainable_skill
    assert (result.ended, result.epochs) == ("last_epoch", LEARNING.epochs)
    assert guard.steps > 4 * 1_000 / 64, "the guard is called between steps"


def test_a_model_that_cannot_learn_fails(planted):
    frozen = replace(LEARNING.hyperparameters, learning_rate=1e-12)
    checks = check_planted(planted(guard=FakeGuard(), recipe=replace(LEARNING, hyperparameters=frozen)))
    assert statuses(checks) == [FAIL, FAIL]
    assert all("does not learn" in check.fix for check in checks)


def test_windows_that_end_a_day_early_fail_the_planted_control(planted):
    def build(frame, days, pooled):
        dataset = SETTINGS.build(frame, days, pooled=pooled)
        return replace(dataset, price_relative=np.roll(dataset.price_relative, 1, axis=0))

    assert statuses(check_planted(planted(guard=FakeGuard(), build=build))) == [FAIL, FAIL]


def test_a_planted_signal_is_learned_with_vix_features(tmp_path):
    raw = RawSeries(session_bars(ROWS, seed=8), vix_bars(ROWS))
    settings = replace(SETTINGS, vix=True, volatility=False)  # 41 channels would need more rows
    setting = replace(SETTING, geometry=replace(CONFIG.geometry, channels=len(settings.feature_columns)))
    common = {"features": builder_of(settings), "build": settings.build, "setting": setting}
    result = planted_control([raw], 0.01, guard=FakeGuard(), folder=tmp_path, seed=1, **common)
    assert statuses(check_planted(result)) == [OK, OK]


def test_planted_bars_of_pooled_tickers_add_to_what_is_learned(market, tmp_path):
    """The 700 own train windows alone would not suffice."""
    short = RawSeries(market.bars[-1_300:].reset_index(drop=True))
    common = {"features": model_features, "setting": SETTING, "seed": 1, "guard": FakeGuard()}
    settings = replace(SETTINGS, pool=("IXIC",))
    found = planted_control([short, market], 0.01, build=settings.build, folder=tmp_path, **common)
    assert found.train_decisions > FEWEST_TRAIN_DECISIONS
    assert found.skill.estimate > 0.6 * found.attainable_skill


def test_labels_of_pooled_tickers_are_shuffled_too(signal):
    dataset = replace(SETTINGS, pool=("IXIC",)).build(signal, 1, pooled=[signal])
    (before,), (after,) = dataset.pooled, shuffled(dataset, seed=1).pooled
    assert after.labels.sum() == before.labels.sum()
    assert 0.45 < (after.labels == before.labels).mean() < 0.75
    assert not np.array_equal(after.labels, shuffled(dataset, seed=1).labels_of("train"))


def test_shuffled_labels_are_the_same_labels_in_another_order(signal):
    dataset = SETTINGS.build(signal, 3)
    mixed = shuffled(dataset, seed=1)
    for split in ("train", "validation"):
        assert mixed.labels_of(split).sum() == dataset.labels_of(split).sum()
        agree = (mixed.labels_of(split) == dataset.labels_of(split)).mean()
        assert 0.45 < agree < 0.75
    assert np.array_equal(mixed.labels, shuffled(dataset, seed=1).labels)
    assert not np.array_equal(mixed.labels, shuffled(dataset, seed=2).labels)


def test_shuffled_labels_give_no_skill_even_with_a_signal_in_the_bars(control, signal):
    result = control([signal], 1)
    assert statuses(check_shuffled(result)) == [OK, OK]
    assert result.attainable_skill is None


def test_labels_that_were_not_shuffled_fail(control, signal):
    checks = check_shuffled(control([signal], 1, permute=lambda labels, seed: labels, recipe=LEARNING))
    assert statuses(checks) == [FAIL, FAIL]
    assert all("labels of validation reach it" in check.fix for check in checks)


def test_a_label_among_the_inputs_fails(signal, control, monkeypatch):
    def leaking(dataset, *, seed, permute):
        mixed = shuffled(dataset, seed=seed, permute=permute)
        inputs = mixed.price_relative.copy()
        inputs[: len(mixed.labels), 0] = mixed.labels[: len(inputs)]
        return replace(mixed, price_relative=inputs)

    monkeypatch.setattr("simmer.audit.control_set.shuffled", leaking)
    assert statuses(check_shuffled(control([signal], 1))) == [FAIL, FAIL]


def test_validation_windows_among_those_of_train_fail(signal, control, monkeypatch):
    def overlapping(dataset, *, seed, permute):
        mixed = shuffled(dataset, seed=seed, permute=permute)
        return replace(mixed, train=np.append(mixed.train, mixed.validation))

    monkeypatch.setattr("simmer.audit.control_set.shuffled", overlapping)
    assert FAIL in statuses(check_shuffled(control([signal], 1, recipe=replace(MEMORISING, epochs=12))))


def test_a_control_that_diverges_fails(control, signal):
    wild = replace(SHORT, hyperparameters=replace(SHORT.hyperparameters, learning_rate=1e3))
    result = control([signal], 1, recipe=wild)
    checks = check_shuffled(result)
    assert (result.ended, result.auc) == ("diverged", None)
    assert statuses(checks) == [FAIL, FAIL]
    assert all("diverged" in check.fix for check in checks)


def test_an_auc_below_one_half_fails_and_a_negative_skill_alone_does_not(control, signal):
    result = replace(control([signal], 1, recipe=replace(SHORT, epochs=1)), skill=Score(-0.5, -0.7, -0.3))
    assert statuses(check_shuffled(replace(result, auc=Score(0.2, 0.1, 0.4)))) == [FAIL, OK]
    assert statuses(check_shuffled(replace(result, auc=Score(0.5, 0.4, 0.6)))) == [OK, OK]


def test_a_stop_of_the_guard_interrupts_the_control(tmp_path, signal):
    with pytest.raises(Interrupted):
        shuffled_control(
            [signal],
            1,
            build=SETTINGS.build,
            setting=SETTING,
            seed=1,
            guard=FakeGuard(stop_after=3),
            folder=tmp_path,
        )


def test_controls_are_read_back_unchanged(control, planted, signal):
    results = [planted(guard=FakeGuard(), recipe=replace(LEARNING, epochs=1))]
    results += [replace(results[0], control="shuffled", attainable_auc=None, attainable_skill=None)]
    text = json.dumps(controls_as_json(results, features_sha256="f"))
    assert controls_from_json(json.loads(text), features_sha256="f", horizons_days=(1,)) == results
    for changes in ({"features_sha256": "g"}, {"horizons_days": (1, 3)}):
        with pytest.raises(AuditError, match="run the command again"):
            controls_from_json(
                json.loads(text), **({"features_sha256": "f", "horizons_days": (1,)} | changes)
            )
    with pytest.raises(AuditError, match="cannot be read"):
        controls_from_json({"schema": "x"}, features_sha256="f", horizons_days=(1,))
    with pytest.raises(AuditError, match="attainable"):
        check_control(replace(results[1], control="planted"))
    assert asdict(results[0])["control"] == "planted"


UNLEARNED = Score(0.5, 0.4, 0.6), Score(0.0, -0.1, 0.1)
# More than a third of what is attainable; not so the low end of the interval.
UNCERTAIN = Score(0.7, 0.55, 0.8), Score(0.2, 0.1, 0.3)


@pytest.mark.parametrize(
    ("train", "decisions", "scores", "status"),
    [
        (FEWEST_TRAIN_DECISIONS - 1, 700, UNLEARNED, CheckStatus.WARN),
        (FEWEST_TRAIN_DECISIONS, 700, UNLEARNED, FAIL),
        (FEWEST_TRAIN_DECISIONS, FEWEST_DECISIONS - 1, UNLEARNED, FAIL),
        (FEWEST_TRAIN_DECISIONS, FEWEST_DECISIONS - 1, UNCERTAIN, CheckStatus.WARN),
        (FEWEST_TRAIN_DECISIONS, FEWEST_DECISIONS, UNCERTAIN, FAIL),
    ],
)
def test_a_planted_control_with_too_few_rows_is_a_warning(train, decisions, scores, status):
    result = ControlResult(
        control="planted",
        horizon_days=1,
        seed=1,
        train_decisions=train,
        decisions=decisions,
        base_rate=0.2,
        ended="last_epoch",
        epochs=4,
        auc=scores[0],
        skill=scores[1],
        attainable_auc=0.84,
        attainable_skill=0.36,
        train_s=1.0,
    )
    assert {check.status for check in check_planted(result)} == {status}
