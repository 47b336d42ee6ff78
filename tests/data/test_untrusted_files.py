import os

import pytest

from simmer.base.errors import DataError
from simmer.data.untrusted_files import is_manifest_path, is_own_path, locate, read_at_most, read_own_file


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "bars"
    (folder / "sub").mkdir(parents=True)
    (folder / "^DJI.csv").write_text("dji")
    (folder / "sub/S P Y.csv").write_text("spy")
    (tmp_path / "outside.csv").write_text("outside")
    return folder


def test_ordinary_files_with_any_printable_name_are_read(folder):
    assert read_own_file(folder, "^DJI.csv") == b"dji"
    assert read_own_file(folder, "sub/S P Y.csv") == b"spy"


@pytest.mark.parametrize(
    "path", ["../outside.csv", "sub/../../outside.csv", "/etc/passwd", "", "  ", "a\nb", "a\0b", None, 7]
)
def test_a_path_that_leaves_the_folder_is_refused_before_anything_is_opened(folder, path):
    assert not is_own_path(path)
    with pytest.raises(DataError, match="no path inside the data folder"):
        read_own_file(folder, path)


def test_an_absolute_path_to_the_file_itself_is_refused_too(folder):
    with pytest.raises(DataError, match="no path inside the data folder"):
        read_own_file(folder, str(folder / "^DJI.csv"))


def test_links_that_leave_the_folder_are_refused_and_others_followed(folder):
    (folder / "out.csv").symlink_to(folder.parent / "outside.csv")
    (folder / "in.csv").symlink_to("sub/S P Y.csv")
    with pytest.raises(DataError, match="leads out of its folder"):
        read_own_file(folder, "out.csv")
    assert read_own_file(folder, "in.csv") == b"spy"


def test_missing_files_folders_and_devices_are_named(folder):
    os.mkfifo(folder / "pipe.csv")
    (folder / "zero.csv").symlink_to("/dev/zero")
    for path, message in (
        ("none.csv", "cannot be found"),
        ("sub", "not a regular file"),
        ("pipe.csv", "not a regular file"),
        ("zero.csv", "leads out"),
    ):
        with pytest.raises(DataError, match=message):
            read_own_file(folder, path)


def test_a_fifo_in_place_of_a_file_is_refused_without_waiting(folder):
    os.mkfifo(folder / "pipe.csv")
    with pytest.raises(DataError, match=r"pipe\.csv is not a regular file"):
        read_at_most(folder / "pipe.csv")


def test_a_large_file_is_refused_by_its_size_before_it_is_read(folder):
    file = folder / "huge.csv"
    with file.open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(DataError, match="1099511627776 bytes; at most 67108864"):
        read_at_most(file)
    assert read_at_most(folder / "^DJI.csv", 3) == b"dji"
    with pytest.raises(DataError, match="3 bytes; at most 2"):
        read_at_most(folder / "^DJI.csv", 2)


def test_an_unreadable_file_is_named(folder):
    with pytest.raises(DataError, match="cannot be read"):
        read_at_most(folder / "none.csv")


@pytest.mark.parametrize("path", ["SPY.csv", "SPY/0123456789abcdef.csv", "a_b-c.parquet"])
def test_paths_that_a_manifest_may_hold(path):
    assert is_manifest_path(path)


@pytest.mark.parametrize(
    "path", ["D^JI.csv", "=a.csv", "S P.csv", "./a.csv", "a//b.csv", "/a.csv", "É.csv", None]
)
def test_paths_that_a_manifest_may_not_hold(path):
    assert not is_manifest_path(path)


def test_the_folder_itself_may_be_a_link(folder):
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert locate(link, "^DJI.csv") == folder / "^DJI.csv"
