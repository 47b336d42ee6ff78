import json
from pathlib import Path

import pytest

from simmer.base.errors import ConfigError
from simmer.config.layers import given_twice, read_config, replaced, without
from support.configs import ROOT, default_config, merge, raw_config

BASE = ROOT / "config/config.yaml"
DATES = {"train_end": "2012-12-31", "validation_end": "2015-12-31"}
FRACTIONS = {"train_fraction": 0.6, "validation_fraction": 0.2}
NO_FRACTIONS = dict.fromkeys(FRACTIONS)
UNQUOTED = "dataset: {split: {train_end: 2012-12-31, validation_end: 2015-12-31}}"


def split(values):
    return {"dataset": {"split": values}}


@pytest.fixture
def overlay(tmp_path):
    def write(text, name="mine.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_without_an_overlay_it_is_the_campaign_itself():
    assert read_config([BASE]) == default_config()


@pytest.mark.parametrize("name", ["demo.yaml", "smoke-2B.yaml", "yahoo.yaml", "mps.yaml", "config.yaml"])
def test_shipped_overlays_are_merged_as_the_campaign_merges_them(name):
    import yaml

    path = ROOT / "config" / name
    assert read_config([BASE, path]) == default_config(yaml.safe_load(path.read_text()))


def test_the_later_overlay_wins_and_lists_are_replaced(overlay):
    first = overlay("run_scales: [2M]\nscales: {2M: {n_trials: 7, epochs_max: 3}}\n", "first.yaml")
    second = overlay("scales: {2M: {n_trials: 8}}\n", "second.yaml")
    config = read_config([BASE, first, second])
    assert (config.run_scales, config.scales["2M"].n_trials, config.scales["2M"].epochs_max) == (
        ("2M",),
        8,
        3,
    )


def test_an_empty_overlay_changes_nothing(overlay):
    assert read_config([BASE, overlay("# nothing\n")]) == default_config()


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"cannot read gone\.yaml: .*CONFIG="):
        read_config([Path("gone.yaml")])


# ---- dates or fractions ----------------------------------------------------------------------


@pytest.mark.parametrize("text", [json.dumps(split(DATES)), UNQUOTED], ids=["quoted", "unquoted"])
def test_dates_replace_inherited_fractions_and_mean_the_same_as_dates_alone(overlay, text):
    found = read_config([BASE, overlay(text)])
    alone = default_config(split(DATES | NO_FRACTIONS))
    assert found == alone
    assert found.study("2M", 1).settings_digest() == alone.study("2M", 1).settings_digest()
    assert found.study("2M", 1).settings_digest() != default_config().study("2M", 1).settings_digest()


def test_fractions_replace_inherited_dates(overlay):
    first, second = overlay(json.dumps(split(DATES)), "first.yaml"), overlay(json.dumps(split(FRACTIONS)))
    assert read_config([BASE, first, second]) == default_config(split(FRACTIONS))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([FRACTIONS], ()),
        ([FRACTIONS, {}], ()),
        ([FRACTIONS, DATES], tuple(FRACTIONS)),
        ([FRACTIONS, DATES, {}], tuple(FRACTIONS)),
        ([FRACTIONS, DATES | NO_FRACTIONS], tuple(FRACTIONS)),
        ([FRACTIONS, DATES, FRACTIONS], tuple(DATES)),
        ([DATES, {"train_fraction": 0.6}], tuple(DATES)),
        ([FRACTIONS, {"train_end": "2012-12-31"}, {"validation_end": "2015-12-31"}], tuple(FRACTIONS)),
        ([FRACTIONS, DATES | FRACTIONS], tuple(FRACTIONS)),
        ([DATES | FRACTIONS], tuple(FRACTIONS)),
        ([DATES | FRACTIONS, FRACTIONS], tuple(DATES)),
        ([FRACTIONS, DATES, DATES | FRACTIONS], tuple(FRACTIONS)),
    ],
)
def test_the_later_way_to_give_the_split_counts(layers, expected):
    assert replaced([split(layer) for layer in layers]) == expected


def test_of_both_ways_in_one_file_the_dates_count(overlay):
    found = read_config([BASE, overlay(json.dumps(split(DATES | FRACTIONS)))])
    assert found == default_config(split(DATES | NO_FRACTIONS))
    (line,) = given_twice([split(FRACTIONS), split(DATES | FRACTIONS)])
    assert line.endswith("the dates count; train_fraction and validation_fraction do not: delete them")


def test_nothing_is_said_of_a_file_that_replaces_the_other_way():
    assert given_twice([split(FRACTIONS), split(DATES)]) == []


def test_half_a_pair_is_a_mistake(overlay):
    with pytest.raises(ConfigError, match=r"the split has train_end; expected either .* complete one"):
        read_config([BASE, overlay(json.dumps(split({"train_end": "2012-12-31"})))])


@pytest.mark.parametrize("wrong", [{"dataset": 5}, {"dataset": {"split": [1]}}, {"dataset": None}])
def test_a_block_that_is_no_block_is_left_for_the_check(wrong):
    layers = [split(FRACTIONS), split(DATES), wrong]
    merged = {}
    for layer in layers:
        merge(merged, layer)
    assert without(merged, replaced(layers)) == merged


def test_the_merged_configuration_itself_is_not_changed():
    raw = raw_config(split(DATES))
    assert without(raw, tuple(FRACTIONS))["dataset"]["split"] == DATES | NO_FRACTIONS
    assert raw["dataset"]["split"]["train_fraction"] == 0.7


def test_a_date_with_a_time_is_refused(overlay):
    path = overlay(UNQUOTED.replace("2012-12-31", "2012-12-31 12:00:00"))
    with pytest.raises(
        ConfigError, match=r"split\.train_end: found 2012-12-31 12:00:00, expected a date such as"
    ):
        read_config([BASE, path])
