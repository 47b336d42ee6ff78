"""Compiled kernels come from a folder that only the user can write to, never from a results folder."""

import os
import stat
from pathlib import Path

import pytest

from simmer.base.errors import SimmerError
from simmer.training.compiled_code import cache_home, compiled_code_environment, private_folder

INDUCTOR, TRITON = "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"


def mode_of(folder):
    return stat.S_IMODE(folder.stat().st_mode)


@pytest.mark.parametrize(
    ("environment", "system", "expected"),
    [
        ({"HOME": "/home/a"}, "linux", "/home/a/.cache"),
        ({"HOME": "/Users/a"}, "darwin", "/Users/a/Library/Caches"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "/scratch/a"}, "linux", "/scratch/a"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "here"}, "linux", "/home/a/.cache"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": ""}, "linux", "/home/a/.cache"),
    ],
)
def test_the_cache_folder_is_the_one_of_the_system(environment, system, expected):
    assert cache_home(environment, system=system) == Path(expected)


def test_the_folder_is_made_for_its_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        found = compiled_code_environment({"XDG_CACHE_HOME": str(tmp_path / "caches")})
    finally:
        os.umask(before)
    folder = tmp_path / "caches/simmer/compiled"
    assert found == {INDUCTOR: str(folder / "inductor"), TRITON: str(folder / "triton")}
    assert (mode_of(folder), mode_of(folder.parent)) == (0o700, 0o700)
    assert compiled_code_environment({"XDG_CACHE_HOME": str(tmp_path / "caches")}) == found


def test_variables_set_by_the_user_are_kept(tmp_path):
    both = {INDUCTOR: "/mine", TRITON: "/mine"}
    home = {"XDG_CACHE_HOME": str(tmp_path)}
    assert compiled_code_environment(home | both) == {}
    assert list(tmp_path.iterdir()) == []
    assert list(compiled_code_environment(home | {INDUCTOR: "/mine"})) == [TRITON]


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
@pytest.mark.parametrize("which", ["simmer", "simmer/compiled"])
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path, caplog, mode, which):
    planted = tmp_path / which
    planted.mkdir(parents=True)
    planted.chmod(mode)
    with pytest.raises(SimmerError, match=f"with mode {mode:04o}; expected .*chmod 700"):
        private_folder(planted)
    found = compiled_code_environment({"XDG_CACHE_HOME": str(tmp_path)})
    folder = Path(found[INDUCTOR]).parent
    assert tmp_path not in folder.parents
    assert mode_of(folder) == 0o700
    assert f"{planted} of user" in caplog.text
    assert str(folder) in caplog.text
    assert mode_of(planted) == mode, "what is not used is left as it was"


def test_a_folder_of_another_user_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(SimmerError, match=r"of user .* expected a folder of user"):
        private_folder(tmp_path / "simmer")


def test_a_cache_that_cannot_be_made_is_replaced(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    found = compiled_code_environment({"XDG_CACHE_HOME": str(tmp_path / "file")})
    assert tmp_path not in Path(found[TRITON]).parents
    assert "until this run ends" in caplog.text
