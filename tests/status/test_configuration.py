"""Which configuration is shown: the one that is named, else that of the last run."""

import json

import pytest

from simmer.base.errors import ConfigError
from simmer.status.command import files_named
from simmer.status.configuration import find_configuration
from simmer.status.last_run import LastRun, remember_run
from support.configs import ROOT, raw_config

BASE = ROOT / "config/config.yaml"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A configuration file whose name has a blank, used by the last run."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my own.yaml"
    path.write_text(json.dumps({"seed": 3}))
    run = LastRun(
        overlays=(str(path),), given={"campaign": "x"}, configuration=raw_config({"seed": 3, "campaign": "x"})
    )
    remember_run(tmp_path, run)
    return path


def found(folder, *overlays):
    return find_configuration(folder, base=BASE, overlays=overlays)


def test_without_a_run_the_shipped_configuration_is_shown(tmp_path):
    shown = found(tmp_path)
    assert (shown.name, shown.note, shown.last, shown.earlier) == ("config.yaml", None, None, None)


def test_without_a_name_the_files_of_the_last_run_are_read_again(mine, tmp_path):
    mine.write_text(json.dumps({"seed": 4}))
    shown = found(tmp_path)
    assert shown.note == "the last run used my own.yaml --config campaign=x; showing that"
    assert shown.options == ("--config", "campaign=x")
    assert (shown.config.seed, shown.config.campaign, shown.earlier.seed) == (4, "x", 3)
    assert [str(path) for path in shown.overlays] == ["my own.yaml"]


def test_a_file_that_is_gone_is_replaced_by_what_the_run_used(mine, tmp_path):
    mine.unlink()
    shown = found(tmp_path)
    assert shown.config.seed == 3
    assert "showing the settings of the last run, because its files cannot be used now" in shown.note
    assert "cannot read" in shown.lost


def test_another_file_than_that_of_the_last_run_is_pointed_out(mine, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("seed: 5\n")
    shown = found(tmp_path, other)
    assert (shown.config.seed, shown.note) == (
        5,
        "the last run used my own.yaml --config campaign=x; without CONFIG that is shown",
    )


def test_the_file_of_the_last_run_needs_no_words(mine, tmp_path):
    remember_run(tmp_path, LastRun(overlays=(str(mine),), given={}, configuration=raw_config({"seed": 3})))
    assert found(tmp_path, mine).note is None


def test_a_file_that_replaced_the_shipped_one_is_read_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "whole.yaml"
    path.write_text(json.dumps(raw_config({"seed": 6})))
    run = LastRun(overlays=(str(path),), replaces_shipped=True, given={}, configuration={})
    remember_run(tmp_path, run)
    shown = found(tmp_path)
    assert (shown.config.seed, shown.options) == (6, ("--replace-workflow-config",))


def test_the_shipped_configuration_can_be_named(mine, tmp_path):
    shown = found(tmp_path, BASE)
    assert (shown.config.seed, shown.overlays) == (1, ())


def test_a_file_that_was_named_must_be_readable(mine, tmp_path):
    with pytest.raises(ConfigError, match="cannot read"):
        found(tmp_path, tmp_path / "gone.yaml")


def test_settings_of_another_version_are_not_shown_as_earlier_ones(tmp_path):
    remember_run(tmp_path, LastRun(overlays=(), given={}, configuration={"old key": 1}))
    assert found(tmp_path).earlier is None


def test_files_are_named_with_blanks_in_or_between_their_names(mine, tmp_path):
    assert [path.name for path in files_named("my own.yaml")] == ["my own.yaml"]
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("")
    assert [path.name for path in files_named("a.yaml b.yaml")] == ["a.yaml", "b.yaml"]
    assert [path.name for path in files_named("a.yaml c.yaml")] == ["a.yaml c.yaml"]
    assert files_named("") == ()
