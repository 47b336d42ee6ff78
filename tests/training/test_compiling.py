"""Compiling the kernels: once, into a folder that is the user's own, by whatever compiler there is."""

import re
import shutil

import pytest

from simmer.base.errors import SimmerError
from simmer.training.kernels import compiled

# Writes its own arguments as the output, and a line per call into a file beside itself.
COMPILER = """#!/bin/sh
echo called >> "$0.calls"
while [ "$1" != -o ]; do shift; done
echo made > "$2"
"""
FAILING = """#!/bin/sh
echo called >> "$0.calls"
echo "kernels.cpp:1:1: error: unknown flag" >&2
exit 1
"""


CALLS = "c++.calls"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder, and a PATH with the shell's tools alone."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "echo"):
        (tools / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tools))
    return tmp_path


def install(home, text):
    path = home / "bin" / "c++"
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_kernels_are_compiled_once(home):
    compiler = install(home, COMPILER)
    first = compiled({"HOME": str(home)})
    assert first.read_text() == "made\n"
    assert first.parent == home / ".cache/simmer/compiled/kernels"
    assert compiled({"HOME": str(home)}) == first
    assert (home / "bin" / CALLS).read_text() == "called\n"
    compiler.unlink()
    assert compiled({"HOME": str(home)}) == first, "what is compiled needs no compiler"


def test_what_a_killed_process_left_is_removed(home):
    install(home, COMPILER)
    left = home / ".cache/simmer/compiled/kernels/compiling"
    for folder in (left.parents[2], left.parents[1], left.parent, left):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    (left / "half.so").write_text("half")
    assert compiled({"HOME": str(home)}).exists()
    assert not left.exists()


def test_the_error_of_a_compiler_is_in_the_message(home):
    install(home, FAILING)
    with pytest.raises(SimmerError, match=r"failed: kernels\.cpp:1:1: error: unknown flag"):
        compiled({"HOME": str(home)})


def test_a_compiler_that_failed_is_not_called_again(home):
    install(home, FAILING)
    for _ in range(2):
        with pytest.raises(SimmerError, match="unknown flag"):
            compiled({"HOME": str(home)})
    assert (home / "bin" / CALLS).read_text() == "called\n"


def test_a_compiler_of_the_user_is_tried_first(home):
    install(home, FAILING)
    own = home / "own"
    own.write_text(COMPILER)
    own.chmod(0o755)
    assert compiled({"HOME": str(home), "CXX": f"{own} -pipe"}).exists()


def test_without_a_compiler_the_message_says_what_to_install(home):
    with pytest.raises(SimmerError, match=re.escape("found no C++ compiler; expected one of c++, g++")):
        compiled({"HOME": str(home)})


def test_a_folder_that_others_may_write_to_is_not_used(home):
    install(home, COMPILER)
    folder = home / ".cache/simmer"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    with pytest.raises(SimmerError, match="that no other user may write to"):
        compiled({"HOME": str(home)})
