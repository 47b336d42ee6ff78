import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from simmer.base.checks import CheckStatus
from simmer.commands import check as command
from simmer.commands.check_labels import check_labels
from simmer.commands.check_scales import check_scales
from simmer.config.layers import merged
from simmer.data.bars_csv import canonical_csv
from simmer.data.snapshots import SnapshotStore
from simmer.data.sources import acquire
from support.bars import bundled_bars, session_bars
from support.configs import ROOT, data_settings, default_config, merge, raw_config
from support.machines import GIB, HEALTHY

BASE = raw_config()
OWN = {"budget_parameters": 500_000, "n_trials": 10, "epochs_max": 10}
SPY = {"ticker": "SPY", "kind": "etf"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder of a campaign, with bars of SPY in `own bars`."""
    (tmp_path / "own bars").mkdir()
    (tmp_path / "own bars/SPY.csv").write_bytes(canonical_csv(session_bars(1200)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def overlay(*changes):
    """Return a configuration of bars of SPY that has problems, so that no machine is inspected."""
    found = {
        "seed": -1,
        "data": {"source": "csv", "folder": "own bars", "tickers": [SPY]},
        "dataset": {"ticker": "SPY", "horizons_days": [2]},
    }
    for change in changes:
        merge(found, change)
    return found


def rows(*changes):
    found = command.check([BASE, overlay(*changes)], title="check")
    return {row.id: row for row in found.checks}


def files_below(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


# ---- the whole check ------------------------------------------------------------------------


@pytest.mark.long
def test_a_good_configuration_is_in_order_and_nothing_is_written(folder, capsys, monkeypatch):
    (folder / "my conf.yaml").write_text("campaign: mine\nrun_scales: [2M]\n")
    before = files_below(folder)
    with pytest.raises(SystemExit) as ended:
        command.main(
            ["--config", str(ROOT / "config/config.yaml"), "--overlay", "my conf.yaml", "--begin", "run"]
        )
    said = capsys.readouterr().out
    assert ended.value.code == 0, said
    assert files_below(folder) == before
    for name in ("configuration", "GSPC", "labels h1", "labels h5", "2M memory", "2M disk"):
        assert f"\n{name} " in said
    assert ": all in order\n" in said
    assert said.endswith("\nNext: run --configfile 'my conf.yaml'\n")


def test_several_tickers_are_checked_together_each_with_its_labels(folder):
    (folder / "own bars/DIA.csv").write_bytes(canonical_csv(session_bars(1100, seed=5)))
    (folder / "own bars/QQQ.csv").write_bytes(b"Date,Open\n2018-01-02,1\n")
    entries = [{"ticker": name, "kind": "etf"} for name in ("SPY", "DIA", "QQQ")]
    found = rows({"data": {"tickers": entries}, "dataset": {"ticker": ["SPY", "DIA", "QQQ"]}})
    assert [found[name].status.name for name in ("DIA", "QQQ")] == ["OK", "FAIL"]
    assert found["SPY: labels h2"].measured.startswith("train ")
    assert found["DIA: labels h2"].measured != found["SPY: labels h2"].measured
    assert found["QQQ: labels"].measured == "no usable bars of QQQ"
    assert "seed" in found["configuration"].fix
    assert found["configuration"].measured == "1 problem"


def test_names_with_spaces_stay_whole_in_the_makefile():
    names = ["CONFIG=my conf.yaml", "FOLDER=run 1", "TO=my conf.yaml", "FILE=my bars/SPY.csv", "TICKER=SPY"]
    make = ["make", "--no-print-directory", "-n", "-o", ".venv/.ready", "check", "new-config", *names]
    said = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert '--overlay "my conf.yaml" --folder "run 1"' in said
    assert 'new_config "my conf.yaml" --ticker "SPY" --file "my bars/SPY.csv"' in said


def test_all_problems_are_listed_at_once(folder):
    found = rows(
        {"campaign": "my campaign", "dataset": {"horizons_days": 2}},
        {"scales": {"500k": {"budget_parameters": 500_000}}},
        {"data": {"tickers": [SPY | {"file": "SPI.csv"}, {"ticker": "DIA", "kind": "etf"}]}},
    )
    assert {name for name, row in found.items() if row.status is CheckStatus.FAIL} == {
        "configuration",
        "SPY",
        "DIA",
    }
    assert found["configuration"].fix.split("\n") == [
        "campaign: found 'my campaign', expected letters, digits, dots, hyphens and underscores, beginning "
        "with a letter or a digit, such as my-campaign",
        "dataset.horizons_days: found 2; write a list: [2]",
        "scales.500k: missing key `epochs_max`; write it, such as `epochs_max: 10`",
        "scales.500k: missing key `n_trials`; write it, such as `n_trials: 10`",
        "seed: found -1, expected at least 0",
    ]
    assert "has no SPI.csv; did you mean `file: SPY.csv`?" in found["SPY"].fix
    assert "has no DIA.csv; did you mean" not in found["DIA"].fix
    assert found["labels"].status is found["scales"].status is CheckStatus.SKIP


def test_data_with_a_wrong_block_are_skipped(folder):
    found = rows({"data": {"calendar": 5}})
    assert found["data"].status is CheckStatus.SKIP
    assert found["configuration"].fix.startswith("data.calendar: found 5, expected text")


@pytest.mark.parametrize("arguments", [["--overlay", "none.yaml"], ["--folder", "none"]])
def test_mistakes_on_the_command_line_are_one_message(folder, arguments):
    with pytest.raises(SystemExit, match=r"none(\.yaml)?[;:] .*expected"):
        command.main(["--config", str(ROOT / "config/config.yaml"), *arguments])


def test_a_folder_that_cannot_hold_results_fails(folder):
    assert rows()["folder"].status is CheckStatus.OK
    (folder / "results").write_text("")
    assert rows()["folder"].fix == "found a file named results; expected a folder: move the file away"


def test_both_ways_to_give_the_split_in_one_file_are_a_warning(folder):
    dates = {"train_end": "2005-12-31", "validation_end": "2006-12-31"}
    split = {"train_fraction": 0.6, "validation_fraction": 0.2} | dates
    layers = [BASE, overlay({"seed": 1, "dataset": {"split": split}})]
    row = command._check_configuration([command.parse(merged(layers))], layers)
    assert (row.status, row.fix) == (
        CheckStatus.WARN,
        "dataset.split: the dates count; train_fraction and validation_fraction do not: delete them",
    )


# ---- the data -------------------------------------------------------------------------------


def test_broken_rules_are_listed_with_the_line_to_write(folder):
    bars = session_bars(1200)
    bars.loc[7, "Volume"] = 0
    bars = bars.drop(index=20)
    (folder / "own bars/SPY.csv").write_bytes(canonical_csv(bars))
    fix = rows()["SPY"].fix
    assert "SPY.csv, line 9: Volume is 0" in fix
    assert "no bar for the XNYS session" in fix
    assert "or `kind: index`" in fix
    assert "`calendar: XETR`" in fix
    index = rows({"data": {"tickers": [{"ticker": "SPY", "kind": "index"}], "calendar": "MOON"}})
    assert index["SPY"].fix.startswith("calendar 'MOON' is unknown")


def test_bars_without_features_fail(folder):
    (folder / "own bars/SPY.csv").write_bytes(canonical_csv(session_bars(100)))
    found = rows()
    assert found["SPY"].status is CheckStatus.FAIL
    assert "100 bars give no complete row" in found["SPY"].fix
    assert "bars are enough" in found["SPY"].fix
    assert found["SPY"].measured.startswith("100 days, 2003-01-06 to ")
    assert found["labels"].measured == "no usable bars of SPY"


def test_one_series_under_two_names_fails(folder):
    (folder / "own bars/DIA.csv").write_bytes((folder / "own bars/SPY.csv").read_bytes())
    found = rows({"data": {"tickers": [SPY, {"ticker": "DIA", "kind": "etf"}]}})
    assert "DIA and SPY move alike" in found["tickers"].fix


def test_a_kept_snapshot_is_checked_in_place_of_a_file_that_has_changed(folder):
    settings = data_settings("SPY", source="csv", folder="own bars")
    acquire(settings, "SPY", SnapshotStore(Path("data/snapshots")))
    (folder / "own bars/SPY.csv").write_bytes(canonical_csv(session_bars(1300)))
    before = files_below(folder)
    row = rows()["SPY"]
    assert files_below(folder) == before
    assert row.source.startswith("snapshot ")
    assert row.measured.startswith("1,200 days")
    assert "SPY.csv: 100 rows added" in row.fix
    assert "pinned: the search keeps its snapshot of" in row.fix


def test_the_home_folder_may_be_a_tilde(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert rows({"data": {"folder": "~/own bars"}})["SPY"].source == str(folder / "own bars/SPY.csv")


def test_a_file_below_the_home_folder_names_its_folder_and_no_link_leads_out(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    at_home = {"data": {"folder": None, "tickers": [SPY | {"file": "~/own bars/SPY.csv"}]}}
    assert rows(at_home)["SPY"].source == str(folder / "own bars/SPY.csv")
    (folder / "secret.csv").write_bytes(canonical_csv(session_bars(1200)))
    (folder / "own bars/SPY.csv").unlink()
    (folder / "own bars/SPY.csv").symlink_to(folder / "secret.csv")
    assert "a link that leads out of its folder" in rows(at_home)["SPY"].fix
    absolute = {"data": {"tickers": [SPY | {"file": str(folder / "secret.csv")}]}}
    assert "is no path inside the data folder" in rows(absolute)["SPY"].fix


# ---- labels ---------------------------------------------------------------------------------


def written(row):
    """Return the configuration line that a row says to write."""
    return row.fix.split("\n")[-1].partition("write `")[2].partition("`")[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"split": {"train_fraction": 0.9, "validation_fraction": 0.05}}, "split: {train_fraction: 0.7,"),
        (
            {
                "split": dict.fromkeys(("train_fraction", "validation_fraction"))
                | {"train_end": "2030-01-01", "validation_end": "2031-01-01"}
            },
            "split: {train_end: '2013-",
        ),
        ({"threshold": 0.9}, "threshold: 0.0"),
        ({"min_validation_decisions": 1000}, "split: {train_fraction: 0.6, validation_fraction: 0.25}"),
    ],
)
def test_the_line_to_write_makes_the_labels_usable(change, said):
    settings = default_config({"dataset": change}).dataset
    bars = {"GSPC": bundled_bars()}
    found = list(check_labels(settings, bars))
    assert [row.status for row in found] == [CheckStatus.FAIL] * 3
    lines = {written(row) for row in found}
    assert len(lines) == 1
    line = lines.pop()
    assert line.startswith(said)
    repaired = default_config(merged([raw_config({"dataset": change}), {"dataset": yaml.safe_load(line)}]))
    assert [row.status for row in check_labels(repaired.dataset, bars)] == [CheckStatus.OK] * 3


def test_labels_are_counted_for_each_horizon():
    found = list(check_labels(default_config().dataset, {"GSPC": bundled_bars()}))
    assert [row.id for row in found] == ["labels h1", "labels h3", "labels h5"]
    assert found[0].measured == "train 3,340 (24.5 % positive), validation 715 (17.1 % positive), test 715"
    assert found[0].needed == "400 in validation, 40 in test"


def test_pooled_windows_are_counted_and_a_ticker_without_any_is_named():
    settings = default_config({"dataset": {"pool": ["IXIC"], "horizons_days": [1]}}).dataset
    bars = {ticker: bundled_bars(ticker) for ticker in ("GSPC", "IXIC")}
    [row] = check_labels(settings, bars)
    assert row.measured.endswith(", test 715, pooled IXIC 3,340 (34.8 % positive)")
    [row] = check_labels(settings, bars | {"IXIC": bars["IXIC"][3500:].reset_index(drop=True)})
    assert row.status is CheckStatus.FAIL
    assert "dataset.pool: IXIC has no train window before 2013-04-25" in row.fix
    [row] = check_labels(settings, {"GSPC": bars["GSPC"]})
    assert (row.status, row.measured) == (CheckStatus.SKIP, "no usable bars of IXIC")


def test_a_series_that_is_too_short_for_any_split_says_so():
    settings = default_config({"dataset": {"horizons_days": [2]}}).dataset
    [row] = check_labels(settings, {"GSPC": session_bars(700)})
    assert "no split of these 501 rows leaves enough to each part: use a longer series" in row.fix
    assert row.measured.startswith("train 307 (")
    enough, more, own = (
        int(text.replace(",", "")) for text in re.findall(r"([\d,]+) (?:bars|more)", row.fix)
    )
    assert more == enough - 700
    [row] = check_labels(settings, {"GSPC": session_bars(enough - 1)})
    assert "no split of these" in row.fix
    [row] = check_labels(settings, {"GSPC": session_bars(enough)})
    assert row.fix.split("\n")[-1].startswith("write `split: ")
    [row] = check_labels(settings, {"GSPC": session_bars(own)})
    assert row.status is CheckStatus.OK


def test_one_validation_row_less_than_needed_is_refused():
    bars = {"GSPC": bundled_bars()}
    least = {"horizons_days": [1], "min_validation_decisions": 724}
    [row] = check_labels(default_config({"dataset": least}).dataset, bars)
    rows = int(re.search(r"validation ([\d,]+)", row.measured)[1].replace(",", ""))
    for needed, status in ((rows, CheckStatus.OK), (rows + 1, CheckStatus.FAIL)):
        settings = default_config({"dataset": least | {"min_validation_decisions": needed}}).dataset
        [row] = check_labels(settings, bars)
        assert row.status is status
        assert f"validation {rows:,} (" in row.measured


def test_one_class_in_validation_is_refused_and_its_base_rate_is_shown():
    settings = default_config({"dataset": {"horizons_days": [1]}}).dataset
    bars = bundled_bars()
    prices, quiet = ["Open", "High", "Low", "Close"], int(len(bars) * 0.68)
    level = bars["Close"].iloc[quiet]
    bars.loc[quiet:, prices] = level * (bars.loc[quiet:, prices] / level) ** 0.01
    [row] = check_labels(settings, {"GSPC": bars})
    assert row.status is CheckStatus.FAIL
    assert "(0.0 % positive)" in row.measured
    assert "validation has" in row.fix
    assert "expected both classes" in row.fix


# ---- scales ---------------------------------------------------------------------------------


def on(machine, *overlays):
    return {row.id: row for row in check_scales(default_config(*overlays), machine)}


def test_a_scale_that_does_not_fit_fails_with_the_scales_that_do():
    small = replace(HEALTHY, accelerator=None, memory_available_bytes=GIB, memory_total_bytes=2 * GIB)
    found = on(small, {"run_scales": ["debug", "2M", "200M"], "training": {"device": "cpu"}})
    assert found["2M memory"].status is CheckStatus.OK
    assert found["200M memory"].status is CheckStatus.FAIL
    assert "\nwrite `run_scales: [debug, 2M]`" in found["200M memory"].fix
    nothing = on(replace(small, memory_available_bytes=1), {"run_scales": ["debug"]})
    assert "write" not in nothing["debug memory"].fix


def test_a_space_too_deep_for_the_budget_fails_with_one_that_is_not():
    tiny = {"run_scales": ["15k"], "scales": {"15k": OWN | {"budget_parameters": 15_000}}}
    row = on(HEALTHY, tiny)["15k parameters"]
    assert row.status is CheckStatus.FAIL
    _, space, _, default, *_ = row.fix.split("\n")[1].split("`")
    written = yaml.safe_load(space) | yaml.safe_load(default)
    assert written == {"space": {"depth": {"low": 2, "high": 5, "log": True}}, "default": {"depth": 4}}
    assert on(HEALTHY, tiny, {"scales": {"15k": written}})["15k memory"].status is CheckStatus.OK
    none = on(HEALTHY, {"run_scales": ["1k"], "scales": {"1k": OWN | {"budget_parameters": 1000}}})
    assert "write larger `budget_parameters`" in none["1k parameters"].fix
