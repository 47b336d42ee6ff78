import errno
import os
import stat

import pytest

from simmer.base.errors import LedgerError
from simmer.base.files import (
    read_json,
    sha256_of_bytes,
    sha256_of_file,
    to_json,
    write_bytes,
    write_json,
    write_through,
)


def test_a_written_file_reads_back_and_no_temporary_file_is_left(tmp_path):
    path = tmp_path / "below" / "value.json"
    write_json(path, {"b": 1, "a": [None, 0.1]})
    assert read_json(path) == {"b": 1, "a": [None, 0.1]}
    assert list(path.parent.iterdir()) == [path]


def test_the_bytes_depend_on_the_content_only():
    assert to_json({"b": 1, "a": 2}) == to_json({"a": 2, "b": 1})


def test_nan_and_infinity_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "value.json", float("nan"))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_no_fragment(tmp_path):
    path = tmp_path / "kept"
    write_bytes(path, b"old")

    def fail(aside):
        aside.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(LedgerError, match=r"No space left.*free some"):
        write_through(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_place_of_a_folder_is_an_error_with_advice(tmp_path):
    (tmp_path / "results").write_bytes(b"")
    with pytest.raises(LedgerError, match=r"cannot write .*fix the cause"):
        write_bytes(tmp_path / "results" / "file", b"")


def failing_flush_of_folders(monkeypatch, number):
    flush = os.fsync

    def fail(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        flush(handle)

    monkeypatch.setattr(os, "fsync", fail)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_is_written_where_folders_cannot_be_flushed(tmp_path, monkeypatch, number):
    failing_flush_of_folders(monkeypatch, number)
    write_bytes(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_disk_that_fails_to_flush_a_folder_is_an_error(tmp_path, monkeypatch):
    failing_flush_of_folders(monkeypatch, errno.EIO)
    with pytest.raises(LedgerError, match=r"cannot write .*Input/output error"):
        write_bytes(tmp_path / "file", b"new")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_an_error_with_advice(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(LedgerError, match="give write permission"):
        write_bytes(tmp_path / "file", b"")


def test_the_hash_of_a_file_is_the_hash_of_its_bytes(tmp_path):
    write_bytes(tmp_path / "file", b"abc")
    assert sha256_of_file(tmp_path / "file") == sha256_of_bytes(b"abc")
    assert sha256_of_bytes(b"abc").startswith("ba7816bf")
