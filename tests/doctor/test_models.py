"""The doctor finds damaged weights, restores them from their copy, and loses none with a study."""

from datetime import date

import pytest

from simmer.doctor import findings
from simmer.doctor.checkup import check_up
from simmer.doctor.forgotten import forget
from simmer.doctor.repair import repair
from simmer.ledger.published_models import cards_in, read_model
from support.saved_models import SAVED, config_of


def look(folder):
    return check_up(config_of(), folder / "results", run=None)


def found(folder):
    """Return name, problem and consequence of each finding."""
    return {(one.path.name, one.what, one.then) for one in look(folder).all_findings}


def own(folder, number=1):
    (path,) = (folder / "results/ledger").glob(f"*/debug/h1/refit_{number}_*/weights_*.safetensors")
    return path


def member(folder, number=1):
    return folder / SAVED / f"member_{number}.safetensors"


def damage(path):
    path.write_bytes(bytes(path.stat().st_size))


def test_a_whole_model_has_no_findings(saved_campaign):
    assert found(saved_campaign) == set()


def test_damaged_weights_of_the_ledger_are_restored_from_the_model(saved):
    path = own(saved)
    before = path.read_bytes()
    damage(path)
    assert found(saved) == {(path.name, "damaged", findings.RESTORED)}
    assert any("written again from its copy" in line for line in repair(look(saved)))
    assert path.read_bytes() == before
    assert found(saved) == set()


@pytest.mark.parametrize("harm", ["damaged", "missing"])
def test_a_file_of_the_model_is_copied_again_from_the_ledger(saved, harm):
    path = member(saved)
    before = path.read_bytes()
    if harm == "damaged":
        damage(path)
        assert found(saved) == {(path.name, "damaged", findings.COPIED)}
    else:
        path.unlink()
        assert found(saved) == set(), "the next run publishes it"
    assert f"{path}: published again from the ledger" in repair(look(saved))
    assert path.read_bytes() == before


def test_weights_without_a_whole_copy_are_named_as_lost(saved):
    damage(own(saved))
    damage(member(saved))
    assert found(saved) == {
        (own(saved).name, "damaged", findings.LOST_WEIGHTS),
        (member(saved).name, "damaged", findings.COPIED),
    }
    before = member(saved).read_bytes()
    repair(look(saved))
    assert member(saved).read_bytes() == before


def test_a_study_is_moved_aside_with_its_model(saved):
    results = saved / "results"
    (card,) = cards_in(results)
    model = read_model(card, results)
    names = {path.name for path in model.files()}
    aside = forget(model.home, model.study, results, today=date(2026, 3, 2)).parents[1]
    assert {path.name for path in (aside / "models/debug/h1").iterdir()} == names
    assert not list((saved / SAVED).iterdir())
