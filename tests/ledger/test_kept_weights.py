"""Weights in the ledger and their published copy: each is restored from the other."""

import shutil

import pytest

from simmer.base.errors import LedgerError
from simmer.base.files import sha256_of_bytes
from simmer.ledger.kept_weights import KeptWeights

CONTENT = b"weights of the best epoch"


@pytest.fixture
def weights(tmp_path):
    return KeptWeights(tmp_path / "refit_0_of_trial_007", tmp_path / "models" / "member_0.safetensors")


@pytest.fixture
def stored(weights):
    return weights.store(lambda path: path.write_bytes(CONTENT))


def names(weights):
    return sorted(path.name for path in weights.folder.iterdir())


def test_a_file_is_named_by_its_content(weights, stored):
    assert (stored.sha256, stored.bytes) == (sha256_of_bytes(CONTENT), len(CONTENT))
    assert names(weights) == [f"weights_{stored.sha256}.safetensors"]
    assert weights.path(stored).read_bytes() == CONTENT


def test_newer_weights_leave_older_ones_until_these_are_removed(weights, stored):
    newer = weights.store(lambda path: path.write_bytes(b"newer"))
    assert weights.path(stored).read_bytes() == CONTENT
    weights.remove_others(newer)
    assert names(weights) == [weights.path(newer).name]
    weights.remove_others(None)
    assert names(weights) == []


def test_a_write_that_fails_leaves_what_was_there(weights, stored):
    def fails(path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(LedgerError, match="no space is left"):
        weights.store(fails)
    assert names(weights) == [weights.path(stored).name]


def test_publishing_copies_and_replaces_what_differs(weights, stored):
    assert weights.publish(stored)
    assert weights.published.read_bytes() == CONTENT
    weights.published.write_bytes(b"of another winner")
    assert weights.publish(stored)
    assert weights.published.read_bytes() == CONTENT
    assert list(weights.published.parent.iterdir()) == [weights.published]


def test_a_whole_copy_is_not_written_again(weights, stored):
    weights.publish(stored)
    before = weights.published.stat().st_ino
    assert weights.publish(stored)
    assert weights.published.stat().st_ino == before


@pytest.mark.parametrize("harm", ["missing", "damaged", "cut"])
def test_a_file_of_the_ledger_is_restored_from_its_copy(weights, stored, harm, caplog):
    weights.publish(stored)
    own = weights.path(stored)
    own.unlink() if harm == "missing" else own.write_bytes({"damaged": b"x" * 25, "cut": b"we"}[harm])
    assert set(weights.problems(stored)) == {own}
    assert weights.restore(stored)
    assert own.read_bytes() == CONTENT
    assert "written again from its copy" in caplog.text
    assert (own.with_name(f"{own.name}.damaged_1").exists()) == (harm != "missing")
    assert weights.problems(stored) == {}


def test_weights_without_a_whole_file_are_lost(weights, stored):
    weights.publish(stored)
    weights.published.write_bytes(b"x" * stored.bytes)
    weights.path(stored).unlink()
    assert not weights.restore(stored)
    assert not weights.publish(stored)
    assert weights.problems(stored) == {weights.path(stored): "missing", weights.published: "damaged"}


def test_a_folder_in_the_place_of_a_file_is_a_problem(weights, stored):
    weights.publish(stored)
    weights.published.unlink()
    weights.published.mkdir()
    assert weights.problems(stored)[weights.published] == "damaged"
    shutil.rmtree(weights.published)
    assert weights.publish(stored)
