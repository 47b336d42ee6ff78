from dataclasses import replace

import pytest

from simmer.base.errors import ConfigError
from simmer.config.campaign import parse_config
from simmer.search.space import BEFORE, KEYS, Choice, Range, Space, meaningful, unit_of
from support.configs import default_config, raw_config


def space_with(**dimensions):
    """Return the dimensions of 2M, with these in `search.space`."""
    raw = raw_config()
    raw["search"]["space"] |= dimensions
    return parse_config(raw).scales["2M"].space.dimensions


def test_every_scale_of_the_shipped_config_has_its_default_inside_its_space():
    config = default_config()
    for settings in config.scales.values():
        settings.space.check(settings.default, where="test")


def test_ranges_and_choices_are_read_with_their_types():
    space = space_with()
    assert space["depth"] == Range(low=2, high=16, log=True, integer=True)
    assert space["dropout"] == Range(low=0.0, high=0.6, log=False, integer=False)
    assert space["batch_size"] == Choice((32, 64, 128, 256))


def test_dimensions_keep_the_order_in_which_they_are_written():
    raw = raw_config()
    raw["search"]["space"] = dict(reversed(raw["search"]["space"].items()))
    assert list(parse_config(raw).scales["2M"].space.dimensions) == list(reversed(KEYS))


@pytest.mark.parametrize(
    ("key", "spec", "message"),
    [
        ("dropout", {"low": 0.5, "high": 0.1}, "`low` < `high`"),
        ("learning_rate", {"low": 0.0, "high": 0.1, "log": True}, "low: found 0.0, expected more than 0"),
        ("weight_decay", {"low": 0.0, "high": 0.1, "log": True}, "`low` > 0"),
        ("dropout", {"low": 0.5}, "`low` < `high`"),
        ("dropout", {"values": [0.1], "low": 0.1}, "alone"),
        ("dropout", {"values": []}, "at least one entry"),
        ("dropout", {}, "`low` < `high`"),
        ("depth", {"low": 1.5, "high": 4}, r"low: found 1\.5, expected a whole number"),
        ("depth", {"values": [2, 2.5]}, r"values\.1: found 2\.5, expected a whole number"),
        ("depth", {"values": [True]}, r"values\.0: found true, expected a whole number"),
        ("dropout", {"values": ["much"]}, r"values\.0: found 'much', expected a number"),
        ("input_form", {"values": [0.1]}, "one of `train_scaled`, `window_norm`, `price_relative`"),
        ("batch_size", {"values": [0, 32]}, r"values\.0: found 0, expected at least 1"),
        ("dropout", {"low": 0.0, "high": 1.5}, r"high: found 1\.5, expected less than 1"),
        ("learning_rate", {"low": -1.0, "high": 1.0}, r"low: found -1\.0, expected more than 0"),
        ("depth", {"low": 0, "high": 4}, "low: found 0, expected at least 1"),
        ("label_smoothing", {"values": [1.0]}, r"values\.0: found 1\.0, expected less than 1"),
        ("focal_gamma", {"low": -1.0, "high": 2.0}, r"low: found -1\.0, expected at least 0"),
        ("input_form", {"values": ["train_scaled", "raw"]}, r"values\.1: found 'raw', expected one of"),
        ("input_form", {"low": 0.0, "high": 1.0}, r"low: found 0\.0, expected one of"),
        ("input_form", {"low": "train_scaled", "high": "window_norm"}, "a name has no range"),
    ],
)
def test_a_senseless_dimension_is_refused(key, spec, message):
    with pytest.raises(ConfigError, match=rf"search\.space\.{key}.*{message}"):
        space_with(**{key: spec})


def test_a_missing_or_unknown_key_is_refused():
    raw = raw_config()
    del raw["search"]["space"]["dropout"]
    with pytest.raises(ConfigError, match=r"search\.space: missing key `dropout`.*choice of one value"):
        parse_config(raw)
    with pytest.raises(ConfigError, match=r"search\.space: unknown key `momentum`"):
        space_with(momentum={"values": [0.9]})


def test_a_key_that_every_scale_has_may_be_absent_from_the_common_space():
    raw = raw_config()
    del raw["search"]["space"]["depth"], raw["search"]["default"]["depth"]
    assert parse_config(raw) == default_config()
    del raw["scales"]["2B"]["default"]["depth"]
    with pytest.raises(ConfigError, match=r"search\.default: missing key `depth`"):
        parse_config(raw)


def test_each_hyperparameter_has_a_unit_and_bounds():
    assert all(unit_of(key) for key in KEYS)
    assert meaningful("dropout", 0.0)
    assert not meaningful("dropout", 1.0)
    assert not meaningful("depth", 0)
    assert meaningful("input_form", "window_norm")
    assert not meaningful("input_form", "raw")


def test_a_default_outside_the_space_is_refused():
    overlay = {"scales": {"2M": {"default": {"depth": 99}}}}
    with pytest.raises(ConfigError, match=r"scales\.2M\.default.*depth"):
        default_config(overlay)


def test_an_overlay_turns_a_range_into_a_choice_by_setting_its_keys_to_null():
    fixed = {"low": None, "high": None, "log": None, "values": [0.2]}
    config = default_config({"search": {"space": {"dropout": fixed}}})
    assert config.scales["2M"].space.dimensions["dropout"] == Choice((0.2,))


def test_a_whole_number_and_its_float_are_the_same_study():
    def digest(low, ratio):
        space = {"dropout": {"low": low}, "ff_ratio": {"values": [ratio]}}
        overlay = {"search": {"space": space, "default": {"ff_ratio": ratio}}}
        return default_config(overlay).study("2M", 1).settings_digest()

    assert digest(0, 4) == digest(0.0, 4.0)


@pytest.fixture
def focal_gamma_came_later(monkeypatch):
    monkeypatch.setitem(BEFORE, "focal_gamma", 0.0)


def without(mapping, key):
    return {name: value for name, value in mapping.items() if name != key}


@pytest.mark.usefixtures("focal_gamma_came_later")
def test_a_newer_hyperparameter_is_not_part_of_a_study_that_does_not_use_it():
    study = default_config().study("2M", 1)
    assert "focal_gamma" not in study.meaning()["space"] | study.meaning()["default"]
    absent = replace(study, space=Space.of(without(study.space.dimensions, "focal_gamma")))
    assert absent.space == study.space
    assert absent.settings_digest() == study.settings_digest()
    assert Space.from_json(study.space.as_json()) == study.space


@pytest.mark.usefixtures("focal_gamma_came_later")
def test_a_newer_hyperparameter_is_part_of_a_study_that_uses_it():
    unused = default_config().study("2M", 1).settings_digest()
    fixed, searched = {"values": [1.0]}, {"values": None, "low": 0.0, "high": 2.0}
    for space, default in ((fixed, 1.0), (searched, 0.0)):
        overlay = {"search": {"space": {"focal_gamma": space}, "default": {"focal_gamma": default}}}
        study = default_config(overlay).study("2M", 1)
        assert study.settings_digest() != unused
        assert study.meaning()["default"]["focal_gamma"] == default


@pytest.mark.usefixtures("focal_gamma_came_later")
def test_the_space_of_a_configuration_may_omit_newer_keys():
    raw = raw_config()
    del raw["search"]["space"]["focal_gamma"]
    assert (
        parse_config(raw).study("2M", 1).settings_digest()
        == default_config().study("2M", 1).settings_digest()
    )
