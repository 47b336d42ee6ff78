"""The command line, in a separate process if needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simmer.status.command import begin_command, main
from support.configs import ROOT
from support.ledger_book import START_S

FILES = (
    "--config",
    str(ROOT / "config/config.yaml"),
)
BEGIN = ".venv/bin/runner --cores 1"

IMPORTED = """
import sys
from simmer.status.command import main
main(sys.argv[1:])
heavy = {"torch", "optuna", "pandas", "matplotlib", "pyarrow", "simmer.base.locks"} & set(sys.modules)
assert not heavy, heavy
"""


def run(capsys, *arguments, begin=BEGIN):
    main([*map(str, arguments), *FILES, "--begin", begin], clock=lambda: START_S + 3600.0)
    return capsys.readouterr().out


def tree(folder):
    """Return names, contents and times of everything below a folder."""
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in (folder, *folder.rglob("*"))
    }


@pytest.fixture
def busy(book):
    """A running campaign."""
    book.write_features("f" * 64)
    book.trial(0)
    files = book.trial(1, state=None)
    with (files.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "ep')
    book.trial(0, kind="refit", state=None)
    book.run_lock(at_s=1e9)
    book.trial_lock(1, at_s=1e9)
    return book


def test_no_file_of_the_campaign_is_changed(busy, capsys):
    for path in (busy.folder, *busy.folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = tree(busy.folder)
    try:
        assert "now      2M/h1 trial_001" in run(capsys, busy.results)
        assert tree(busy.folder) == before
    finally:
        for path in (busy.folder, *busy.folder.rglob("*")):
            path.chmod(0o755)


def test_neither_torch_nor_anything_else_slow_is_imported(busy):
    command = [sys.executable, "-c", IMPORTED, str(busy.results), *FILES]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(command, check=True, env=environment, capture_output=True)


def test_without_a_campaign_it_shows_the_command_to_begin(tmp_path, capsys):
    shown = run(capsys, tmp_path / "demo" / "results", "--overlay", ROOT / "config/demo.yaml")
    assert shown.startswith(f"found no folder {tmp_path}/demo/results: no campaign was begun there.")
    assert f"    {BEGIN} --directory {tmp_path}/demo --configfile {ROOT}/config/demo.yaml\n" in shown
    assert not (tmp_path / "demo").exists()


def test_an_empty_folder_is_a_campaign_that_was_not_begun(tmp_path, capsys):
    shown = run(capsys, tmp_path)
    assert "NOT BEGUN\nto begin:\n    .venv/bin/runner --cores 1\n" in shown
    assert "\n2B        0/150 " in shown


def test_the_configuration_itself_is_no_overlay(tmp_path, capsys):
    assert "--configfile" not in run(capsys, tmp_path, "--overlay", FILES[1])


def test_a_wrong_configuration_ends_it_with_a_message(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        run(capsys, tmp_path, "--overlay", tmp_path / "gone.yaml")
    assert str(ended.value).startswith(f"cannot read {tmp_path}/gone.yaml: ")


def test_watch_without_a_terminal_shows_the_screen_once(busy, capsys):
    assert run(capsys, busy.results, "--watch", "5").count("campaign ") == 1


@pytest.mark.parametrize(
    ("results", "overlays", "command"),
    [
        ("results", (), BEGIN),
        ("demo/results", ("config/demo.yaml",), f"{BEGIN} --directory demo --configfile config/demo.yaml"),
        ("somewhere", (), BEGIN),
        ("my data/results", (), f"{BEGIN} --directory 'my data'"),
    ],
)
def test_the_command_that_begins_a_campaign(results, overlays, command):
    assert begin_command(BEGIN, Path(results), [Path(each) for each in overlays]) == command


@pytest.mark.parametrize("target", ["status", "watch"])
def test_the_targets_of_the_makefile(busy, target):
    binaries = f"BIN={Path(sys.executable).parent}"
    run = subprocess.run(
        ["make", "-o", ".venv/.ready", target, f"RESULTS={busy.results}", binaries],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "now      2M/h1 trial_001" in run.stdout
