import json

import pytest

from simmer.base.errors import LedgerError
from simmer.base.records import parse_record, read_record, strict_json, with_digest, write_record

VALUES = {"loss": 0.1 + 0.2, "count": 2**64, "name": "ü\ud800", "none": None, "list": [1, 1.0, True, -0.0]}


def test_a_record_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "record.json"
    write_record(path, VALUES)
    assert read_record(path, advice="", digest=True) == VALUES
    assert with_digest(with_digest(VALUES)) == with_digest(VALUES)


def test_every_changed_byte_is_found(tmp_path):
    path = tmp_path / "record.json"
    write_record(path, {"loss": 0.51, "name": "a", "list": [1, None]})
    content = path.read_bytes()
    for place in range(len(content)):
        if content[place : place + 1].isspace():
            continue
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(LedgerError, match=r"record\.json damaged .*; fetch another"):
            read_record(path, advice="fetch another", digest=True)


def test_a_digest_may_be_absent_unless_it_is_asked_for():
    content = json.dumps({"loss": 1.0}).encode()
    assert parse_record(content, where="a", advice="") == {"loss": 1.0}
    with pytest.raises(LedgerError, match="found no key sha256"):
        parse_record(content, where="a", advice="", digest=True)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"{", b"[1]", b"null", b"3", b"[" * 100_000, b'{"loss": 1e999}']
)
def test_what_is_not_a_record_is_refused(content):
    with pytest.raises(LedgerError, match=r"found a record damaged \(.+\); do this"):
        parse_record(content, where="a record", advice="do this")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' twice"),
        ('{"x": {"a": 1, "a": 1}}', "the key 'a' twice"),
        ("[NaN]", "NaN"),
        ("-Infinity", "-Infinity"),
    ],
)
def test_json_is_read_strictly(text, problem):
    with pytest.raises(ValueError, match=problem):
        strict_json(text.encode())
