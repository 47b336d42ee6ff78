import pytest

from simmer.base.errors import ConfigError
from simmer.search.space import Choice, Range, Space
from support.configs import default_config, raw_config

SPACE = raw_config()["search"]["space"]


def test_every_scale_of_the_shipped_config_has_its_default_inside_its_space():
    config = default_config()
    for settings in config.scales.values():
        settings.space.check(settings.default, where="test")


def test_ranges_and_choices_are_read_with_their_types():
    space = Space.from_config(SPACE, where="search.space")
    assert space.dimensions["depth"] == Range(low=2, high=16, log=True, integer=True)
    assert space.dimensions["dropout"] == Range(low=0.0, high=0.6, log=False, integer=False)
    assert space.dimensions["input_form"] == Choice(("train_scaled", "window_norm", "price_relative"))


@pytest.mark.parametrize(
    ("key", "spec", "message"),
    [
        ("dropout", {"low": 0.5, "high": 0.1}, "`low` < `high`"),
        ("learning_rate", {"low": 0.0, "high": 0.1, "log": True}, "`low` > 0"),
        ("dropout", {"low": 0.5}, "`low` < `high`"),
        ("dropout", {"values": [], "low": 1}, "alone"),
        ("depth", {"low": 1.5, "high": 4}, "whole numbers"),
        ("depth", {"values": [2, 2.5]}, "whole numbers"),
        ("dropout", {"values": ["much"]}, "0 to less than 1"),
        ("input_form", {"values": [0.1]}, "out of train_scaled, window_norm, price_relative"),
    ],
)
def test_a_senseless_dimension_is_refused(key, spec, message):
    with pytest.raises(ConfigError, match=message):
        Space.from_config(SPACE | {key: spec}, where="search.space")


def test_a_missing_or_unknown_key_is_refused():
    with pytest.raises(ConfigError, match="expected exactly"):
        Space.from_config({"depth": SPACE["depth"]}, where="search.space")
    with pytest.raises(ConfigError, match="momentum"):
        Space.from_config(SPACE | {"momentum": {"values": [0.9]}}, where="search.space")


def test_a_default_outside_the_space_is_refused():
    overlay = {"scales": {"2M": {"default": {"depth": 99}}}}
    with pytest.raises(ConfigError, match=r"scales\.2M\.default.*depth"):
        default_config(overlay)


@pytest.mark.parametrize(
    ("key", "spec"),
    [
        ("batch_size", {"values": [0, 32]}),
        ("dropout", {"low": 0.0, "high": 1.5}),
        ("learning_rate", {"low": -1.0, "high": 1.0}),
        ("depth", {"low": 0, "high": 4}),
        ("label_smoothing", {"values": [1.0]}),
        ("focal_gamma", {"low": -1.0, "high": 2.0}),
        ("input_form", {"values": ["train_scaled", "raw"]}),
        ("input_form", {"low": 0.0, "high": 1.0}),
    ],
)
def test_values_that_cannot_mean_anything_are_refused(key, spec):
    with pytest.raises(ConfigError, match=rf"search\.space\.{key}: found values \["):
        Space.from_config(SPACE | {key: spec}, where="search.space")


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
