"""A machine or a folder that cannot work is refused with a remedy, before anything else can fail."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from support.campaign import DONE
from support.configs import ROOT
from support.dry_runs import dry_run

SMALLEST = ["-n", "--cores", "1", "results/data_validation.json"]


@pytest.fixture
def other_python(tmp_path):
    """A Python without two packages, of which one is needed to read the workflow."""
    site = tmp_path / "site"
    site.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.lower().startswith(("numpy", "optuna", "__pycache__")):
            (site / path.name).symlink_to(path)
    start = f"import sys; sys.path.insert(0, {str(site)!r}); from snakemake.cli import main; main()"
    return [sys.executable, "-S", "-c", start]


def snakemake(folder, *command, **environment):
    run = subprocess.run(
        [*command, "-s", str(ROOT / "Snakefile"), *SMALLEST],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    return run.returncode, run.stdout + run.stderr


def test_a_missing_package_is_named_with_the_snakemake_to_start(tmp_path, other_python):
    status, text = snakemake(tmp_path, *other_python)
    assert status == 1
    assert "Traceback" not in text
    assert "found no numpy, optuna, expected all packages of pyproject.toml: run `make setup`" in text
    assert str(ROOT / ".venv/bin/snakemake") in text


def test_the_oldest_python_is_the_one_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    rules = (ROOT / "workflow/rules/surroundings.smk").read_text()
    assert project["requires-python"] == ">=3.11"
    assert "OLDEST_PYTHON = (3, 11)" in rules


@pytest.mark.parametrize("name", ["with {x}", "with {", "}"])
def test_braces_in_the_working_folder_are_refused(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    text = dry_run(folder, DONE).refused().text
    assert "found braces in the path of the working folder" in text
    assert "rename the folder" in text


def test_braces_in_the_path_of_a_configuration_file_are_refused(tmp_path):
    path = tmp_path / "mine{1}.yaml"
    path.write_text("seed: 2\n")
    text = dry_run(tmp_path, DONE, configfile=path).refused().text
    assert "found braces in the path of the configuration file mine{1}.yaml" in text


def test_braces_in_the_path_of_the_repository_are_refused(tmp_path):
    clone = tmp_path / "clone {x}"
    names = ("Snakefile", "pyproject.toml", "config", "workflow")
    for name in names:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        clone.mkdir(exist_ok=True)
        copy(ROOT / name, clone / name)
    text = dry_run(tmp_path, DONE, snakefile=clone / "Snakefile").refused().text
    assert "found braces in the path of the repository" in text


def test_a_home_folder_that_cannot_be_used_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    environment = {"HOME": str(tmp_path / "file" / "home"), "XDG_CACHE_HOME": ""}
    status, text = snakemake(tmp_path, sys.executable, "-m", "snakemake", **environment)
    assert status == 0, text
    assert "Traceback" not in text


# ---- a disk without file locks, and folders that cannot be flushed ----------------------------

OTHER_DISK = """
import errno, fcntl, os, stat
flush = os.fsync
def no_lock(*_):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
def fsync(handle):
    if stat.S_ISDIR(os.fstat(handle).st_mode):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    flush(handle)
fcntl.flock, os.fsync = no_lock, fsync
"""


@pytest.fixture
def other_disk(tmp_path):
    """The start of a command line under which each Python finds a disk without flock and folder flushes."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(OTHER_DISK)
    return ["env", f"PYTHONPATH={os.pathsep.join([str(site), os.environ.get('PYTHONPATH', '')])}"]


def test_without_file_locks_a_run_works_and_says_so_once(prepared, campaign_from, other_disk):
    campaign = campaign_from(prepared)
    target = "results/hpo/debug/h1/trial_000.json"
    run = campaign.run(target, prefix=other_disk).succeeded()
    assert run.text.count("found no file locks on this disk") == 1
    assert campaign.result(0)["state"] == "complete"


@pytest.mark.long
def test_without_file_locks_one_run_excludes_another_until_it_dies(prepared, campaign_from, other_disk):
    campaign = campaign_from(prepared)
    first = campaign.start(DONE, prefix=other_disk)
    first.until(lambda: campaign.in_epoch(0, 1), "the first epoch")
    second = campaign.run(DONE, prefix=other_disk).failed()
    assert f"in use by process {first.pid} on" in second.text
    first.signal_group(9)
    first.wait()
    campaign.run(DONE, prefix=other_disk).succeeded()
