"""Published models beside the ledger: which belong to a study, and what is removed with another one."""

import json

import pytest

from simmer.base.errors import DamagedError
from simmer.base.records import read_record, write_record
from simmer.ledger.address import RESULTS, ledger_in
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.publication import remove_others
from simmer.ledger.published_models import cards_in, read_model
from support.saved_models import SAVED, config_of


@pytest.fixture
def here(saved, monkeypatch):
    monkeypatch.chdir(saved)
    return saved


def study(here, *overlays) -> StudyLedger:
    features = read_record(SAVED / "card.json", advice="")["features_sha256"]
    return config_of(*overlays).study("debug", 1).ledger(ledger_in(RESULTS), features_sha256=features)


def model():
    (path,) = cards_in(RESULTS)
    return read_model(path, RESULTS)


def names():
    return sorted(path.name for path in SAVED.iterdir())


def test_a_model_knows_its_study_and_its_files(here):
    found = model()
    assert found.home == study(here).home
    assert sorted(path.name for path in found.files()) == names()
    assert found.files()[0].name == "card.json", "without its card, the rest is no model"
    assert found.problems() == {}
    for member in found.card.members:
        assert found.weights(member).problems(member.stored) == {}


def test_the_model_of_a_configured_study_stays(here):
    before = names()
    assert remove_others(RESULTS, [study(here)]) == []
    assert names() == before


def test_the_model_of_another_study_is_removed_and_the_ledger_keeps_its_weights(here):
    found, before = model(), names()
    removed = remove_others(RESULTS, [study(here, {"dataset": {"threshold": 0.02}})])
    assert sorted(path.name for path in removed if path.parent == SAVED) == before
    assert names() == []
    for member in found.card.members:
        weights = found.weights(member)
        assert set(weights.problems(member.stored)) == {weights.published}


def test_weights_that_only_the_model_has_are_kept_in_the_ledger_first(here):
    found = model()
    member = found.card.members[0]
    own = found.weights(member).path(member.stored)
    before = own.read_bytes()
    own.unlink()
    remove_others(RESULTS, [])
    assert names() == []
    assert own.read_bytes() == before


def test_a_model_whose_weights_are_lost_is_not_removed(here):
    found, before = model(), names()
    member = found.card.members[0]
    found.weights(member).path(member.stored).unlink()
    (SAVED / member.file).write_bytes(b"")
    remove_others(RESULTS, [])
    assert names() == before


def test_what_people_put_there_is_not_removed(here):
    (SAVED / "notes.txt").write_text("mine")
    remove_others(RESULTS, [])
    assert names() == ["notes.txt"]


@pytest.mark.parametrize("change", [{"format": "simmer-model-9"}, {"scale": "2M"}])
def test_cards_of_other_versions_and_folders_are_left_alone(here, change):
    write_record(SAVED / "card.json", read_record(SAVED / "card.json", advice="") | change)
    assert model() is None
    before = names()
    remove_others(RESULTS, [])
    assert names() == before


def test_a_damaged_card_is_left_to_its_job(here):
    (SAVED / "card.json").write_text(json.dumps({"format": "simmer-model-1"}))
    with pytest.raises(DamagedError):
        model()
    remove_others(RESULTS, [])
    assert "member_0.safetensors" in names()
