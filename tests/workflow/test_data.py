"""The data stage as a user runs it: own files, snapshots, pins, verification, manifests."""

import json
import os
import shutil
import subprocess
import sys

import frictionless
import pandas as pd
import pytest

from simmer.base.files import read_json, sha256_of_bytes
from simmer.data.bars_csv import COLUMNS, canonical_csv
from support.campaign import DONE, SMALL, Campaign, without_client
from support.configs import ROOT
from support.vendor_series import SIX, known_market

pytestmark = pytest.mark.long

# From 2005 to 2019: enough for 400 validation decisions.
FIRST, END = "2005-01-03", "2020-01-01"
TICKERS = [
    {"ticker": "SPY", "kind": "etf"},
    {"ticker": "DJI", "kind": "index", "file": "^DJI.csv"},
    {"ticker": "VIX", "kind": "no_volume_index"},
]
OWN = {
    "data": {"source": "csv", "folder": "own", "tickers": TICKERS},
    "features": {"vix": True},
    "dataset": {"ticker": "SPY"},
    "scales": {"debug": {"n_trials": 1, "epochs_max": 1}},
}
MANIFESTS = ("data/raw/datapackage.json", "data/processed/datapackage.json")
KINDS = {"SPY": "etf", "DIA": "etf", "QQQ": "etf", "DJI": "index", "IXIC": "index", "VIX": "no_volume_index"}


def own_bars(ticker, rows=None):
    (series,) = known_market(END, (ticker,), first=FIRST)
    return series.bars[list(COLUMNS)][:rows]


def write_own(folder):
    (folder / "own").mkdir(parents=True)
    for name in ("SPY", "DJI", "VIX"):
        stem = "^DJI" if name == "DJI" else name
        (folder / f"own/{stem}.csv").write_bytes(canonical_csv(own_bars(name)))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A campaign of three own files with the VIX and one trial, without the vendor's client."""
    folder = tmp_path_factory.mktemp("own")
    campaign = Campaign(folder / "campaign", SMALL, OWN)
    write_own(campaign.folder)
    try:
        campaign.run(DONE, prefix=without_client(folder)).succeeded()
    finally:
        campaign.kill_everything()
    return campaign


@pytest.fixture
def own(trained, campaign_from):
    return campaign_from(trained)


def command(module, campaign, *arguments):
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=campaign.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
    )


def verify(campaign):
    files = ("--project", str(ROOT / "pyproject.toml"), "--constraints", str(ROOT / "constraints.txt"))
    return command("simmer.commands.verify", campaign, "data", *files)


def bars_of(campaign, ticker="SPY"):
    return (campaign.folder / f"data/raw/{ticker}.csv").read_bytes()


# ---- own files ------------------------------------------------------------------------------


def test_a_trial_is_trained_on_41_columns_from_own_files(trained):
    table = pd.read_parquet(trained.folder / "data/processed/SPY_dataset_c41.parquet")
    assert table.shape[1] == 42
    assert not table.isna().any().any()
    study = json.loads(next((trained.folder / "results/ledger").glob("*/study.json")).read_text())
    assert study["geometry"]["channels"] == 41
    assert trained.result(0)["state"] == "complete"
    assert bars_of(trained, "DJI") == canonical_csv(own_bars("DJI"))


def test_without_the_vix_another_study_is_added(own):
    own.configure({"features": {"vix": False}})
    own.run(DONE).succeeded()
    assert len(own.trials) == 2
    studies = [read_json(path) for path in (own.folder / "results/ledger").glob("*/study.json")]
    assert sorted(study["geometry"]["channels"] for study in studies) == [33, 41]
    own.configure({"features": {"vix": True}})
    own.run(DONE).succeeded()
    assert list(own.starts().values()) == [1, 1]


def test_six_own_files_are_compared_with_each_other(new_campaign):
    tickers = [{"ticker": ticker, "kind": KINDS[ticker]} for ticker in SIX]
    campaign = new_campaign(SMALL, OWN, {"data": {"tickers": tickers}})
    (campaign.folder / "own").mkdir()
    for ticker in SIX:
        (campaign.folder / f"own/{ticker}.csv").write_bytes(canonical_csv(own_bars(ticker, 700)))
    campaign.run("results/data_validation.json").succeeded()
    assert len(read_json(campaign.folder / "data/raw/datapackage.json")["resources"]) == 6
    wrong = own_bars("IXIC", 700).assign(Volume=lambda bars: bars["Volume"] + 1)
    (campaign.folder / "own/wrong.csv").write_bytes(canonical_csv(wrong))
    for file, found in (
        ("IXIC.csv", "the same bars are already kept as IXIC"),
        ("wrong.csv", "DJI and IXIC move alike on all 699 common days"),
    ):
        campaign.configure({"data": {"tickers": [*tickers[:3], tickers[3] | {"file": file}, *tickers[4:]]}})
        run = campaign.run("results/data_validation.json").failed()
        assert found in run.text
    assert not (campaign.folder / "results/data_validation.json").exists()


def test_a_changed_own_file_is_used_only_once_it_is_registered_and_pinned(own):
    before = bars_of(own)
    newer = own_bars("SPY").assign(Volume=lambda bars: bars["Volume"] + 1)
    (own.folder / "own/SPY.csv").write_bytes(canonical_csv(newer))
    run = own.run("-F", "--", "data/raw/datapackage.json").succeeded()
    assert bars_of(own) == before
    assert "rows revised. pinned: the search keeps its snapshot" in run.text
    done = command("simmer.commands.register", own, "own/SPY.csv", "SPY")
    assert "Volume: revised on 2005-01-03" in done.stdout
    kept = done.stdout.split("SPY: snapshot ")[1][:16]
    own.run("data/raw/datapackage.json").succeeded()
    assert bars_of(own) == before
    own.configure({"data": {"tickers": [TICKERS[0] | {"snapshot": kept}, *TICKERS[1:]]}})
    own.run("data/raw/datapackage.json").succeeded()
    assert bars_of(own) == canonical_csv(newer)


def test_appended_bars_are_announced_and_only_the_latest_begin_a_new_study(own):
    def run():
        return own.run(DONE).succeeded().text

    for ticker in ("SPY", "VIX"):
        bars = own_bars(ticker)
        new = bars.iloc[-2:].assign(Date=pd.to_datetime(["2020-01-02", "2020-01-03"]))
        (own.folder / f"own/{ticker}.csv").write_bytes(canonical_csv(pd.concat([bars, new])))
    added = "SPY.csv: 2 rows added (2020-01-02 to 2020-01-03). "
    text = run()
    assert f"{added}pinned: the search keeps its snapshot of " in text
    assert "`data.snapshot: latest` would begin other studies" in text
    assert "Nothing to be done" in text
    own.configure({"data": {"snapshot": "latest"}})
    text = run()
    assert text.count(f"{added}latest: other studies") == 1
    assert "Train debug/h1 trial 000" in text
    text = run()
    assert "rows added" not in text
    assert "Nothing to be done" in text
    own.configure({"data": {"snapshot": "pinned"}})
    assert "Publish debug/h1 trial 000" in run()
    assert list(own.starts().values()) == [1, 1]
    assert bars_of(own) == canonical_csv(own_bars("SPY"))


def test_another_start_begins_a_new_study_and_another_reason_none(own):
    def run_with(**keys):
        own.configure({"data": {"tickers": [TICKERS[0] | keys, *TICKERS[1:]]}})
        return own.run(DONE).succeeded().text

    before = bars_of(own)
    for reason in ("a rumour", "another rumour"):
        assert "Train debug/h1" not in run_with(exceptions={"2010-01-04": reason})
        assert bars_of(own) == before
    (entry,) = (one for one in read_json(own.folder / MANIFESTS[0])["resources"] if one["ticker"] == "SPY")
    assert entry["choices"] == {"exceptions": {"2010-01-04": "another rumour"}}
    assert "Train debug/h1 trial 000" in run_with(start="2005-03-01")
    assert "left out" in (own.folder / "results/data_validation.txt").read_text()
    assert list(own.starts().values()) == [1, 1]


def test_a_bad_new_file_fails_on_every_run_until_it_is_fixed(own):
    before = bars_of(own)
    lines = before.decode().splitlines()
    bad, fixed = [*lines], [*lines]
    bad[70] = bad[69]
    fixed[70] = fixed[70].rsplit(",", 1)[0] + ",77"
    (own.folder / "own/bad.csv").write_text("\n".join(bad) + "\n")
    own.configure({"data": {"tickers": [TICKERS[0] | {"file": "bad.csv"}, *TICKERS[1:]]}})
    for _ in range(2):
        run = own.run(DONE).failed()
        assert "bad.csv, line 71: " in run.text
        assert "appears twice" in run.text
    (own.folder / "own/bad.csv").write_text("\n".join(fixed) + "\n")
    own.run(DONE).succeeded()
    assert bars_of(own) != before
    assert len(own.trials) == 2


def test_after_a_failure_the_old_configuration_continues_without_training(own):
    before, trials = bars_of(own), own.starts()
    pinned = [TICKERS[0] | {"snapshot": "0123456789abcdef"}, *TICKERS[1:]]
    own.configure({"data": {"tickers": pinned}})
    assert "found no snapshot 0123456789abcdef" in own.run(DONE).failed().text
    own.configure({"data": {"tickers": TICKERS}})
    own.run(DONE).succeeded()
    assert bars_of(own) == before
    assert own.starts() == trials


def test_another_folder_is_used_although_the_metadata_of_snakemake_is_deleted(own):
    newer = own_bars("SPY").assign(Volume=lambda bars: bars["Volume"] + 1)
    shutil.copytree(own.folder / "own", own.folder / "own2")
    (own.folder / "own2/SPY.csv").write_bytes(canonical_csv(newer))
    shutil.rmtree(own.folder / ".snakemake")
    own.configure({"data": {"folder": "own2"}})
    own.run("data/raw/datapackage.json").succeeded()
    assert bars_of(own) == canonical_csv(newer)


# ---- verification ---------------------------------------------------------------------------


def test_an_intact_campaign_passes_verification_by_command_and_by_rule(own):
    done = verify(own)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("all in order\n")
    for row in ("snapshots/VIX/", "raw/VIX.csv", "processed/VIX_features.parquet"):
        assert row in done.stdout
    own.run("results/verification.txt").succeeded()
    assert "all in order" in (own.folder / "results/verification.txt").read_text()
    (own.folder / "data/X.csv").write_text("Date\n")
    run = own.run("--forcerun", "verify", "--", "results/verification.txt").failed()
    assert "verification failed" in run.text
    assert "X.csv" in run.text
    assert not (own.folder / "results/verification.txt").exists()


def failed_rows(text, name):
    return [line for line in text.splitlines() if "FAIL" in line and name in line]


def change_snapshot(folder):
    (path,) = (folder / "data/snapshots/VIX").glob("*.csv")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"1\n")


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda folder: (folder / "data/X.csv").write_text("Date\n"), "X.csv"),
        (lambda folder: (folder / "data/raw/VIX.csv").unlink(), "raw/VIX.csv"),
        (lambda folder: (folder / "data/raw/VIX.csv").write_text("Date\n"), "raw/VIX.csv"),
        (change_snapshot, "snapshots/VIX/"),
    ],
    ids=["unlisted file", "missing file", "changed file", "changed snapshot"],
)  # fmt: skip
def test_a_damaged_campaign_fails_verification(own, damage, found):
    damage(own.folder)
    done = verify(own)
    assert done.returncode == 1
    assert failed_rows(done.stdout, found), done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_verification_passes_once_a_pending_file_is_registered(own):
    (own.folder / "data/own").mkdir()
    (own.folder / "data/own/QQQ.csv").write_bytes(canonical_csv(own_bars("DJI", 700)))
    assert "own/QQQ.csv" in verify(own).stdout
    done = command("simmer.commands.register", own, "data/own/QQQ.csv", "QQQ")
    assert done.returncode == 0, done.stderr
    assert verify(own).returncode == 0


# ---- manifests ------------------------------------------------------------------------------


def without_times(path):
    text = path.read_text()
    return "\n".join(line for line in text.splitlines() if '"retrieved_at"' not in line)


def test_manifests_do_not_depend_on_the_run(trained, tmp_path):
    again = Campaign(tmp_path / "again", SMALL, OWN)
    try:
        write_own(again.folder)
        again.run("--cores", "2", "--", *MANIFESTS).succeeded()
    finally:
        again.kill_everything()
    for manifest in (*MANIFESTS, "data/snapshots/datapackage.json"):
        assert without_times(again.folder / manifest) == without_times(trained.folder / manifest)


@pytest.mark.parametrize("part", ["raw", "snapshots"])
def test_frictionless_accepts_the_manifests(trained, part):
    report = frictionless.validate(str(trained.folder / f"data/{part}/datapackage.json"))
    assert report.valid, report.flatten(["type", "message"])
    assert report.stats["tasks"] == 3


def test_frictionless_finds_a_changed_file(own):
    path = own.folder / "data/raw/VIX.csv"
    path.write_bytes(path.read_bytes()[:-1] + b"1\n")
    report = frictionless.validate(str(own.folder / "data/raw/datapackage.json"))
    assert not report.valid


def test_frictionless_reads_the_description_of_the_processed_tables(trained):
    # Reading parquet takes an extra of frictionless that is not installed; description and hashes need none.
    path = trained.folder / "data/processed/datapackage.json"
    assert not list(frictionless.Package.metadata_validate(read_json(path)))
    for entry in read_json(path)["resources"]:
        content = (path.parent / entry["path"]).read_bytes()
        assert (entry["bytes"], entry["hash"]) == (len(content), f"sha256:{sha256_of_bytes(content)}")
    package = frictionless.Package(str(path))
    assert sorted(package.resource_names) == [
        "dji_dataset_a33",
        "spy_dataset_a33",
        "spy_dataset_c41",
        "vix_features",
    ]
    combined = package.get_resource("spy_dataset_c41")
    assert len(combined.schema.fields) == 42
    assert combined.schema.primary_key == ["Date"]


def test_processed_entries_name_the_hashes_of_the_raw_ones(trained):
    raw, processed = (read_json(trained.folder / path)["resources"] for path in MANIFESTS)
    hashes = {entry["path"]: entry["hash"] for entry in raw}
    for entry in processed:
        for source in entry["sources"]:
            assert hashes[source["path"]] == source["hash"]
