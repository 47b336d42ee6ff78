from pathlib import Path

import pytest

from simmer.base.errors import ConfigError
from simmer.status.configuration import read_config
from support.configs import ROOT, default_config

BASE = ROOT / "config/config.yaml"


@pytest.fixture
def overlay(tmp_path):
    def write(text, name="mine.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_without_an_overlay_it_is_the_campaign_itself():
    assert read_config(BASE, []) == default_config()


@pytest.mark.parametrize("name", ["demo.yaml", "smoke-2B.yaml", "yahoo.yaml", "mps.yaml", "config.yaml"])
def test_shipped_overlays_are_merged_as_the_campaign_merges_them(name):
    import yaml

    path = ROOT / "config" / name
    assert read_config(BASE, [path]) == default_config(yaml.safe_load(path.read_text()))


def test_the_later_overlay_wins_and_lists_are_replaced(overlay):
    first = overlay("run_scales: [2M]\nscales: {2M: {n_trials: 7, epochs_max: 3}}\n", "first.yaml")
    second = overlay("scales: {2M: {n_trials: 8}}\n", "second.yaml")
    config = read_config(BASE, [first, second])
    assert (config.run_scales, config.scales["2M"].n_trials, config.scales["2M"].epochs_max) == (
        ("2M",),
        8,
        3,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("campaing: x", "did you mean `campaign`"),
        ("[1]", "to be list, expected keys"),
        ("a: [", "damaged .* expected YAML"),
    ],
)
def test_a_wrong_file_is_explained(overlay, text, message):
    with pytest.raises(ConfigError, match=message):
        read_config(BASE, [overlay(text)])


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"cannot read gone\.yaml: .*CONFIG="):
        read_config(BASE, [Path("gone.yaml")])


def test_an_empty_overlay_changes_nothing(overlay):
    assert read_config(BASE, [overlay("# nothing\n")]) == default_config()
