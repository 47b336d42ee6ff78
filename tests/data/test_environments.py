"""Tables have the same bytes for every locale, time zone and home folder."""

import hashlib
import os
import subprocess
import sys

import pytest

from support.chain import build_data
from support.configs import ROOT

BUILD = """
import sys
from pathlib import Path
from support.chain import build_data
build_data(Path(sys.argv[1]), "GSPC")
"""


def digests(data):
    return {
        path.relative_to(data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(data.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return digests(build_data(tmp_path_factory.mktemp("here"), "GSPC"))


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        pytest.param({"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}, marks=pytest.mark.long),
        pytest.param({"TZ": "America/Los_Angeles", "LC_ALL": "de_DE.UTF-8"}, marks=pytest.mark.long),
    ],
    ids=["C and ASCII", "Tokyo", "German in Los Angeles"],
)
def test_the_chain_writes_the_same_bytes_everywhere(here, environment, tmp_path):
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    path = os.pathsep.join([str(ROOT / "workflow/scripts"), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)],
        env=kept | environment | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert digests(tmp_path / "data") == here
    assert len(here) == 6
