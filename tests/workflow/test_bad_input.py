"""User mistakes and machine failures end with a message of what to do, and without a traceback."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from simmer.config.layers import read_config
from simmer.features.splits import SplitSpec
from support.campaign import DONE, SMALL, without_machine
from support.configs import ROOT
from support.dry_runs import dry_run

# ---- the configuration ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ({"dataset": {"treshold": 0.02}}, ["unknown key `treshold`", "did you mean `threshold`?"]),
        (
            {"thermal": {"warning_c": "1e-4"}},
            ["thermal.warning_c: found '1e-4'", "expected a number", "write 1.0e-4"],
        ),
        ({"dataset": {"horizons_days": [0]}}, ["dataset.horizons_days", "found 0", "expected at least 1"]),
        ({"run_scales": ["3B"]}, ["run_scales", "found [3B]", "expected", "2B"]),
    ],
    ids=["unknown key", "number as text", "horizon 0", "unknown scale"],
)
def test_a_wrong_configuration_is_refused_before_any_job(new_campaign, overlay, expected):
    campaign = new_campaign(SMALL, overlay)
    run = campaign.dry_run(DONE).refused()
    for part in expected:
        assert part in run.text
    assert not (campaign.folder / "data").exists()
    assert not (campaign.folder / "results").exists()


def test_all_problems_of_a_configuration_are_listed_at_once(new_campaign):
    overlay = {"seed": -1, "dataset": {"basis": "low"}, "model": {"patches": 3}}
    run = new_campaign(SMALL, overlay).dry_run().refused()
    assert "3 problems" in run.text
    for part in ("seed: found -1", "dataset.basis: found 'low'", "unknown key `patches`"):
        assert part in run.text


@pytest.mark.parametrize("target", ["results/hpo_3B.done", "results/hpo_3B", "hpo_3B.done", "hpo_3B"])
def test_an_unknown_target_scale_is_named(new_campaign, target):
    run = new_campaign(SMALL).dry_run(target).refused()
    assert "found no scale 3B; expected one of debug, 20k, 200k, 2M, 20M, 200M, 2B" in run.text


@pytest.mark.parametrize("target", ["results/hpo_debug", "hpo_debug.done", "hpo_debug"])
def test_a_target_without_folder_or_ending_is_answered_with_the_right_one(new_campaign, target):
    run = new_campaign(SMALL).dry_run(target).refused()
    assert "found no such target; expected results/hpo_debug.done" in run.text
    assert "wildcards" not in run.text


def test_a_rule_of_trials_can_still_be_forced(finished, campaign_from):
    assert campaign_from(finished).plan("--forcerun", "hpo_debug", "--", DONE)["hpo_debug"] == 3


# ---- configuration files --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed: 2\nseed: 3\n", "mine.yaml, line 2: found the key `seed` twice"),
        ("thermal: {critical_c: 203}\n", "critical_c: found 203, expected °C, at most 110"),
        ("search: {space: {dropout: {high: .inf}}}\n", "search.space.dropout"),
        ("- seed\n", "Config file must be given as JSON or YAML with keys at top level"),
        ("seed: [\n", "Config file is not valid JSON or YAML"),
    ],
)
def test_a_wrong_configuration_file_is_refused(tmp_path, text, expected):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    run = dry_run(tmp_path, DONE, configfile=path).refused()
    assert expected in run.text
    assert not (tmp_path / "results").exists()


DATES = {"dataset": {"split": {"train_end": "2012-12-31", "validation_end": "2015-12-31"}}}


@pytest.mark.parametrize(
    ("fractions", "said"), [({}, 0), ({"train_fraction": 0.7, "validation_fraction": 0.15}, 1)]
)
def test_dates_count_and_that_is_said_once_where_one_file_has_fractions_too(new_campaign, fractions, said):
    run = new_campaign(SMALL, DATES, {"dataset": {"split": fractions}}).dry_run(DONE)
    assert run.status == 0, run.text
    assert run.text.count("dataset.split: the dates count; train_fraction and validation_fraction do") == said


@pytest.mark.long
def test_a_run_with_dates_trains_the_study_that_the_status_shows(prepared, campaign_from):
    campaign = campaign_from(prepared, DATES)
    campaign.run("results/hpo/debug/h1/trial_000.json").succeeded()
    config = read_config([ROOT / "config/config.yaml", campaign.folder / "campaign.yaml"])
    resource = campaign.folder / "data/processed/GSPC_dataset_a33.resource.json"
    features = json.loads(resource.read_text())["content_sha256"]
    ledger = config.study("debug", 1).ledger(campaign.folder / "results/ledger", features_sha256=features)
    assert ledger.home in campaign.trial(0).parents
    assert config.dataset.split == SplitSpec(train_end="2012-12-31", validation_end="2015-12-31")


def test_a_file_where_the_results_should_be_is_named(new_campaign):
    campaign = new_campaign(SMALL)
    (campaign.folder / "results").write_text("")
    assert "found a file named results; expected a folder" in campaign.dry_run().refused().text


def test_a_preflight_for_an_unknown_scale_names_the_known_ones(prepared, campaign_from):
    run = campaign_from(prepared).run("results/preflight/3B.json").failed()
    assert "found no study 3B" in run.text
    assert "'debug'" in run.text


# ---- the data -------------------------------------------------------------------------------


def change_own_file(campaign, change):
    """Change the lines of the user's own file of bars."""
    lines = (campaign.folder / "bars.csv").read_text().splitlines()
    (campaign.folder / "bars.csv").write_text("\n".join(change(lines)) + "\n")


CSV = {
    "data": {"source": "csv", "tickers": [{"ticker": "GSPC", "kind": "index", "file": "bars.csv"}]},
}


@pytest.fixture
def csv_campaign(prepared, new_campaign):
    campaign = new_campaign(SMALL, CSV)
    shutil.copy(prepared.folder / "data/raw/GSPC.csv", campaign.folder / "bars.csv")
    return campaign


@pytest.mark.long
def test_own_bars_are_kept_unchanged_and_validated(csv_campaign, prepared):
    csv_campaign.run("results/data_validation.json").succeeded()
    bars = "data/raw/GSPC.csv"
    assert (csv_campaign.folder / bars).read_bytes() == (prepared.folder / bars).read_bytes()


def test_a_missing_file_of_bars_is_named(new_campaign):
    campaign = new_campaign(SMALL, CSV)
    run = campaign.run(DONE).failed()
    assert f"(`data.folder` is null) {campaign.folder} has no bars.csv; put it there" in run.text
    assert not (campaign.folder / "data/raw/GSPC.csv").exists()


def test_unreadable_bars_are_listed_by_file_and_line(csv_campaign):
    def garble(lines):
        for line in (11, 41):
            lines[line - 1] = lines[line - 1].replace(",", ",nan", 1)
        return lines

    change_own_file(csv_campaign, garble)
    run = csv_campaign.run(DONE).failed()
    for line in (11, 41):
        assert f"bars.csv, line {line}: " in run.text
    assert "expected a finite decimal number" in run.text
    assert "fix the file and run again" in run.text
    assert not (csv_campaign.folder / "data/raw/GSPC.csv").exists()


@pytest.mark.long
def test_impossible_bars_are_listed_by_file_and_line_and_no_table_is_built(csv_campaign):
    def break_rules(lines):
        lines[20] = lines[19]
        date, opened, high, low, close, volume = lines[30].split(",")
        lines[30] = ",".join((date, opened, low, high, close, volume))
        return lines

    good = (csv_campaign.folder / "bars.csv").read_bytes()
    change_own_file(csv_campaign, break_rules)
    run = csv_campaign.run(DONE).failed()
    for line in (21, 31):
        assert f"bars.csv, line {line}: " in run.text
    assert not (csv_campaign.folder / "data/raw/GSPC.csv").exists()
    assert not (csv_campaign.folder / "data/processed").exists()
    (csv_campaign.folder / "bars.csv").write_bytes(good)
    csv_campaign.run("results/data_validation.json").succeeded()
    assert not csv_campaign.trials


def test_raw_bars_changed_after_they_were_listed_stop_the_chain(prepared, campaign_from):
    campaign = campaign_from(prepared)
    bars = campaign.folder / "data/raw/GSPC.csv"
    lines = bars.read_text().splitlines()
    date, opened, high, low, close, volume = lines[100].split(",")
    lines[100] = ",".join((date, opened, high, low, opened, volume))
    assert close != opened
    bars.write_text("\n".join(lines) + "\n")
    run = campaign.run(DONE).failed()
    assert "GSPC.csv" in run.text
    assert "sha256" in run.text
    assert "expected" in run.text
    assert not campaign.trials
    assert "Building the features" not in run.text


@pytest.mark.long
def test_a_feature_table_that_was_changed_is_built_again_before_training(prepared, campaign_from):
    import pandas as pd

    campaign = campaign_from(prepared)
    table = campaign.folder / "data/processed/GSPC_dataset_a33.parquet"
    content = table.read_bytes()
    frame = pd.read_parquet(table)
    frame.loc[200, "Close"] *= 1.01
    before = table.stat()
    frame.to_parquet(table)
    os.utime(table, ns=(before.st_atime_ns, before.st_mtime_ns))
    campaign.run("results/preflight/debug.json").succeeded()
    assert table.read_bytes() == content
    planned = campaign.plan(DONE)
    assert planned["build_features"] == 0
    assert planned["hpo_debug"] == 3


# ---- the machine ----------------------------------------------------------------------------


@pytest.mark.long
def test_a_results_folder_without_write_permission_is_reported(first_trial_done):
    campaign = first_trial_done()
    closed = campaign.trial(0).parent
    closed.chmod(0o555)
    try:
        run = campaign.run(DONE, prefix=without_superuser_rights()).failed()
    finally:
        closed.chmod(0o755)
    assert "cannot write" in run.text
    assert "give write permission to the folder and run the same command again" in run.text
    assert "Finished results are kept" in run.text
    assert campaign.result(0)["state"] == "complete"


@pytest.mark.long
def test_a_full_disk_loses_nothing_and_the_same_command_resumes(first_trial_done, finished):
    campaign = first_trial_done()
    require_own_mounts()
    results, saved = campaign.folder / "results", campaign.folder / "saved"
    results.rename(saved)
    results.mkdir()
    done_before = {path.name: path.read_bytes() for path in (saved / "ledger").rglob("trial_000/*")}
    # Mounts a small disk on results/, in a namespace that ends with this shell; fills it, then frees it.
    script = """
        mount -t tmpfs -o size=4m simmer results || exit 90
        cp -a saved/. results/
        dd if=/dev/zero of=results/filler bs=1k 2>/dev/null
        truncate -s -60K results/filler
        "$@"; echo "first status $?"
        cp -a results/ledger ledger_when_full
        rm results/filler
        "$@"; echo "second status $?"
        cp -a results/. saved/
        sync; exit 0
    """
    target = "results/hpo/debug/h1/trial_001.json"
    run = campaign.start(target, prefix=["unshare", "--mount", "bash", "-c", script, "bash"])
    run.wait()
    results.rmdir()
    saved.rename(results)
    first, second = run.text.split("first status ")
    assert "no space is left on this disk: free some and run the same command again" in first, run.text
    assert "Traceback" not in run.text, run.text
    assert not second.startswith("0")
    assert "second status 0" in second, run.text
    when_full = (campaign.folder / "ledger_when_full").rglob("trial_000/*")
    assert {path.name: path.read_bytes() for path in when_full} == done_before
    assert len(campaign.events(0, "start")) == 1
    assert without_machine(campaign.result(1)) == without_machine(finished.result(1))


def without_superuser_rights():
    """Return the start of a command line under which file permissions apply to root too."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("tests run as root, and there is no setpriv to drop its rights")
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]


def require_own_mounts():
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip("only Linux can mount a small disk for one test")
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "simmer", "/mnt"], capture_output=True, text=True
    )
    if tried.returncode != 0:
        pytest.skip(f"no right to mount a small disk here: {tried.stderr.strip()}")
