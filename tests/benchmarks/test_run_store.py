"""Stored runs: found again by their digest, and only by it."""

from dataclasses import dataclass

import pytest

from run_store import RunStore
from source_digest import source_digest


@dataclass(frozen=True)
class MadeUp:
    digest: str

    def facts(self):
        return {"set": "made up"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder/runs.jsonl"


def test_a_stored_line_is_reused(path):
    RunStore(path).keep(MadeUp("a"), {"seconds": 1.5})
    assert RunStore(path).result(MadeUp("a"))["seconds"] == 1.5


def test_a_line_with_another_digest_is_not_reused_and_stays(path):
    store = RunStore(path)
    store.keep(MadeUp("a"), {"seconds": 1.0})
    assert store.result(MadeUp("b")) is None
    store.keep(MadeUp("b"), {"seconds": 2.0})
    again = RunStore(path)
    assert [again.result(MadeUp(digest))["seconds"] for digest in "ab"] == [1.0, 2.0]


def test_a_line_that_was_cut_off_is_left_out(path):
    store = RunStore(path)
    store.keep(MadeUp("a"), {"seconds": 1.0})
    whole = path.read_bytes()
    store.keep(MadeUp("b"), {"seconds": 2.0})
    path.write_bytes(path.read_bytes()[: len(whole) + 20])
    again = RunStore(path)
    assert again.result(MadeUp("b")) is None
    again.keep(MadeUp("c"), {"seconds": 3.0})
    last = RunStore(path)
    assert [last.result(MadeUp(digest)) is not None for digest in "abc"] == [True, False, True]


def test_code_has_another_digest_but_not_for_a_comment(tmp_path):
    found = []
    for text in ("x = 1\n", "# one\nx  =  1\n", "x = 2\n"):
        (tmp_path / "code.py").write_text(text)
        found.append(source_digest([tmp_path / "code.py"]))
    assert found[0] == found[1] != found[2]
