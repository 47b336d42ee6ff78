import pytest

from simmer.errors import ConfigError
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
    assert space.dimensions["window_norm"] == Choice((False, True))


@pytest.mark.parametrize(
    ("key", "spec", "message"),
    [
        ("dropout", {"low": 0.5, "high": 0.1}, "`low` < `high`"),
        ("learning_rate", {"low": 0.0, "high": 0.1, "log": True}, "`low` > 0"),
        ("dropout", {"low": 0.5}, "`low` < `high`"),
        ("dropout", {"values": [], "low": 1}, "alone"),
        ("depth", {"low": 1.5, "high": 4}, "whole numbers"),
        ("depth", {"values": [2, 2.5]}, "whole numbers"),
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
