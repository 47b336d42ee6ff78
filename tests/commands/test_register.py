import os
import subprocess
import sys
from pathlib import Path

import pytest

from simmer.commands import register
from simmer.data.bars_csv import canonical_csv
from simmer.data.snapshots import SnapshotStore
from support.bars import session_bars
from support.configs import ROOT


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "SPY.csv").write_bytes(canonical_csv(session_bars(60)))
    return tmp_path


@pytest.fixture
def run(folder, capsys, monkeypatch):
    """Run the command in this process, and return it as a finished program."""
    monkeypatch.chdir(folder)

    def run(folder, *arguments):
        status, complaint = 0, ""
        try:
            register.main(arguments)
        except SystemExit as end:
            status, complaint = (end.code, "") if isinstance(end.code, int) else (1, end.code)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, said.out, said.err + complaint)

    return run


def test_a_file_is_kept_and_the_configuration_that_pins_it_is_printed(folder):
    done = subprocess.run(
        [sys.executable, "-m", "simmer.commands.register", "SPY.csv", "SPY"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (snapshot,) = SnapshotStore(folder / "data/snapshots").of("SPY")
    assert snapshot.read() == (folder / "SPY.csv").read_bytes()
    assert f"- {{ticker: SPY, kind: etf, snapshot: '{snapshot.id}'}}" in done.stdout
    assert "60 rows, 2003-01-06" in done.stdout
    assert "the first snapshot of this ticker" in done.stdout


def test_an_ambiguous_file_is_read_as_the_command_line_says(run, folder):
    days = session_bars(5).assign(Date=lambda frame: frame["Date"].dt.strftime("%d/%m/%Y"))
    (folder / "days.csv").write_text(days.to_csv(index=False))
    refused = run(folder, "days.csv", "SPY")
    assert "`date_format: '%m/%d/%Y'` or `date_format: '%d/%m/%Y'`" in refused.stderr
    done = run(folder, "days.csv", "SPY", "--read", "date_format: '%d/%m/%Y'")
    assert done.returncode == 0, done.stderr
    assert "5 rows, 2003-01-06 to 2003-01-10" in done.stdout
    (snapshot,) = SnapshotStore(folder / "data/snapshots").of("SPY")
    entry = f"{{ticker: SPY, kind: etf, date_format: '%d/%m/%Y', snapshot: '{snapshot.id}'}}"
    assert entry in done.stdout


@pytest.mark.parametrize("keys", ["colour: red", "columns: {Close", "kind: index"])
def test_other_keys_on_the_command_line_are_refused(run, folder, keys):
    assert "expected keys of a ticker's entry as YAML" in run(folder, "SPY.csv", "SPY", "--read", keys).stderr


def test_spaces_in_names_work(folder):
    (folder / "SPY.csv").rename(folder / "my bars.csv")
    binaries = f"BIN={Path(sys.executable).parent}"
    names = ("TICKER=SPY", f"FILE={folder}/my bars.csv", f"DATA={folder}/my data")
    subprocess.run(["make", "-o", ".venv/.ready", "register", *names, binaries], cwd=ROOT, check=True)
    assert len(SnapshotStore(folder / "my data/snapshots").of("SPY")) == 1


SHIPPED = ("--config", str(ROOT / "config/config.yaml"))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (100, ["features  WARN    100 bars", "1,161 bars are enough for another split"]),
        (300, ["labels h1  WARN", "no split of these 101 rows"]),
        (2516, ["labels h1  WARN", "write `split: {train_fraction: 0.65, validation_fraction: 0.2}`"]),
        (3300, ["labels h5  OK"]),
    ],
)
def test_a_kept_file_says_what_it_is_good_for(run, folder, rows, said):
    (folder / "SPY.csv").write_bytes(canonical_csv(session_bars(rows)))
    done = run(folder, "SPY.csv", "SPY", *SHIPPED)
    assert done.returncode == 0, done.stderr
    assert "good for, by the shipped config.yaml, threshold 0.01 (high), split: {train_fraction: 0.7," in (
        done.stdout
    )
    for text in said:
        assert text in done.stdout


def test_the_named_configuration_decides_what_a_file_is_good_for(run, folder):
    (folder / "mine.yaml").write_text("dataset: {horizons_days: [2], min_validation_decisions: 100}\n")
    (folder / "SPY.csv").write_bytes(canonical_csv(session_bars(1200)))
    done = run(folder, "SPY.csv", "SPY", *SHIPPED, "--overlay", "mine.yaml")
    assert "good for, by mine.yaml" in done.stdout
    assert "labels h2  OK" in done.stdout


def test_a_tilde_is_the_home_folder(run, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert run(folder, "~/SPY.csv", "SPY", "--snapshots", "~/kept").returncode == 0
    assert len(SnapshotStore(folder / "kept").of("SPY")) == 1


def test_a_newer_file_is_compared_with_the_last(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    register.main(["SPY.csv", "SPY"])
    newer = session_bars(70)
    newer.loc[:59] = session_bars(60)
    newer.loc[7, "Volume"] += 1
    newer.loc[60:, ["Open", "High", "Low", "Close"]] *= 1.0
    (folder / "SPY.csv").write_bytes(canonical_csv(newer))
    register.main(["SPY.csv", "SPY"])
    said = capsys.readouterr().out
    assert "10 rows added" in said
    assert "Volume: revised on 2003-01-15" in said


def test_a_bad_file_is_refused_with_its_lines_and_nothing_is_kept(folder, run):
    lines = (folder / "SPY.csv").read_text().splitlines()
    lines[7] = lines[6]
    (folder / "SPY.csv").write_text("\n".join(lines) + "\n")
    done = run(folder, "SPY.csv", "SPY")
    assert done.returncode == 1
    assert "SPY.csv, line 8: " in done.stderr
    assert "appears twice" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.csv", "SPY"], "none.csv: the file cannot be read"),
        (["SPY.csv", "spy"], "ticker: found 'spy', expected 1 to 16 capital letters"),
        (["SPY.csv", "SPY", "--calendar", "MOON"], "calendar 'MOON' is unknown"),
        (["data.csv/SPY.csv", "SPY"], "cannot be read"),
    ],
)
def test_mistakes_are_one_message(folder, run, arguments, message):
    done = run(folder, *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_default_kind_is_that_of_a_known_ticker_else_etf(folder, run):
    level = session_bars(60).assign(Volume=0)
    (folder / "VIX.csv").write_bytes(canonical_csv(level))
    assert run(folder, "VIX.csv", "VIX").returncode == 0
    done = run(folder, "VIX.csv", "FEAR")
    assert done.returncode == 1
    assert "the file has no volume" in done.stderr
    assert run(folder, "VIX.csv", "FEAR", "--kind", "no_volume_index").returncode == 1  # kept as VIX already
    (folder / "FEAR.csv").write_bytes(canonical_csv(session_bars(60, seed=2).assign(Volume=0)))
    assert run(folder, "FEAR.csv", "FEAR", "--kind", "no_volume_index").returncode == 0


def test_a_file_name_that_is_not_utf8_is_accepted(folder, run):
    for name in (b"b\xe9.csv", b"\x1b[31mred.csv"):
        (folder / os.fsdecode(name)).write_bytes(canonical_csv(session_bars(60)))
        assert run(folder, os.fsdecode(name), "SPY").returncode == 0
        (folder / os.fsdecode(name)).write_bytes(b"x")
        done = run(folder, os.fsdecode(name), "SPY")
        assert done.returncode == 1
        assert "\x1b" not in done.stderr
        assert "Traceback" not in done.stderr
