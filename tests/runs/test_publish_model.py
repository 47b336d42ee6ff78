"""What is published of a study's refits, and what is said of those without weights."""

from dataclasses import replace

import pytest

from simmer.base.files import read_json, write_json
from simmer.ledger.results import RefitResult
from simmer.runs.publish_model import publish_members
from simmer.runs.saved_model import SavedModel
from support.saved_models import SAVED, config_of, publish

REFITS = [f"results/refits/debug/h1/refit_{number}.json" for number in range(2)]


def published(folder, *overlays):
    """Publish again; return the names of the weights and the page."""
    files = publish(folder, config_of(*overlays), [folder / name for name in REFITS])
    members = sorted(path.name for path in (folder / SAVED).glob("member*"))
    assert sorted(path.name for path in files) == members
    assert [one["file"] for one in read_json(folder / SAVED / "card.json")["members"]] == members
    return members, (folder / SAVED / "README.md").read_text()


def weights(folder, number):
    (found,) = (folder / "results/ledger").glob(f"*/debug/h1/refit_{number}_*/weights_*.safetensors")
    return found


def change_refit(folder, number, **changes):
    """Change a published refit; a value of ... removes a key. Its digest is left out."""
    path = folder / REFITS[number]
    known = read_json(path) | changes | {"sha256": ...}
    write_json(path, {key: value for key, value in known.items() if value is not ...})


def test_the_first_refits_are_published_and_more_are_removed(saved):
    assert published(saved)[0] == ["member_0.safetensors", "member_1.safetensors"]
    assert published(saved, {"evidence": {"keep_models": 1}})[0] == ["member_0.safetensors"]
    assert weights(saved, 1).exists(), "the ledger keeps what it has"
    assert len(published(saved, {"evidence": {"keep_models": "all"}})[0]) == 2


def test_deleted_and_damaged_files_are_published_again(saved):
    before = {path.name: path.read_bytes() for path in (saved / SAVED).iterdir()}
    for path in (saved / SAVED).iterdir():
        path.unlink()
    published(saved)
    assert {path.name: path.read_bytes() for path in (saved / SAVED).iterdir()} == before
    (saved / SAVED / "member_0.safetensors").write_bytes(b"x" * len(before["member_0.safetensors"]))
    published(saved)
    assert (saved / SAVED / "member_0.safetensors").read_bytes() == before["member_0.safetensors"]


def test_refits_of_an_older_version_are_named_with_what_to_do(saved):
    change_refit(saved, 0, kept_weights=...)
    members, page = published(saved)
    assert members == ["member_1.safetensors"]
    assert "Refit 0 is not here: it was trained without keeping its weights. To get them, move" in page
    assert "/debug/h1/refit_0_of_trial_007 and refits/debug/h1/refit_0.json away" in page


def test_a_study_without_any_weights_has_a_card_that_says_so(saved):
    for number in range(2):
        change_refit(saved, number, kept_weights=...)
    members, page = published(saved)
    assert members == []
    assert page.count("To get them") == 2


def test_lost_weights_are_named(saved):
    weights(saved, 1).unlink()
    (saved / SAVED / "member_1.safetensors").unlink()
    members, page = published(saved)
    assert members == ["member_0.safetensors"]
    assert "Refit 1 is not here: its weights are lost" in page


def test_the_ledger_is_restored_from_what_is_published(saved):
    before = weights(saved, 1).read_bytes()
    weights(saved, 1).write_bytes(b"")
    published(saved)
    assert weights(saved, 1).read_bytes() == before


def test_a_diverged_refit_is_no_member(saved):
    absent = dict.fromkeys(("validation_log_loss", "best_epoch", "best", "predictions"))
    change_refit(saved, 0, state="diverged", kept_weights=..., **absent)
    members, page = published(saved)
    assert members == ["member_1.safetensors"]
    assert "Refit 0 is not here: it ended as diverged and predicts nothing." in page


def test_weights_that_were_scaled_otherwise_are_left_out(saved):
    config, card = config_of(), SavedModel.load(saved / SAVED).card
    ledger = config.study("debug", 1).ledger(saved / "results/ledger", features_sha256=card.features_sha256)
    refits = [RefitResult.read(saved / name) for name in REFITS]
    other = replace(card.inputs, mean=(0.0, *card.inputs.mean[1:]))
    found = publish_members(refits, ledger, inputs=other, settings=config.evidence)
    assert (found.refits, found.files) == ((), ())
    assert "Refit 1 is not here: its inputs were standardised by other numbers" in found.absent[1]
    assert not list((saved / SAVED).glob("member*"))


@pytest.mark.parametrize("kind", ["card.json", "README.md", "calibration.svg"])
def test_publishing_twice_gives_the_same_bytes(saved, kind):
    before = (saved / SAVED / kind).read_bytes()
    published(saved)
    assert (saved / SAVED / kind).read_bytes() == before


def test_a_study_that_was_not_scored_has_a_model_without_scores(saved, monkeypatch):
    monkeypatch.setattr("support.saved_models.MODEL", "2M")
    _, page = published(saved)
    assert "On the test split" not in page
    assert "![" not in page
    assert "The report claims nothing about it: claims need at least 3 refits." in page
    assert SavedModel.load(saved / SAVED).card.test is None


def test_the_page_tells_people_what_the_card_tells_programs(saved):
    _, page = published(saved)
    assert page.startswith("# debug/h1: GSPC, campaign main\n")
    assert "the high of GSPC in the next session is at least 1.0 % above the close" in page
    assert "This is the output of a statistical model, not investment advice." in page
    assert "debug's loss is" in page
    assert "| log-loss | 0.4600 (0.4420 to 0.4780) |" in page
    assert "two refits" not in page
    assert "![Calibration on the test split](calibration.svg)" in page
    assert (saved / SAVED / "calibration.svg").read_text().count("diagonal_") == 1
