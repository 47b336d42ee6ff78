import pytest

from simmer.status.studies import choose, known_studies
from support.configs import default_config
from support.ledger_book import FEATURES

OTHER_SEED = {"run_scales": ["2M"], "seed": 7}


def chosen(book, config=None):
    return choose(config or book.config, book.results / "ledger", book.folder / "data")


def homes(found):
    return [None if place.home is None else place.home.name for place in found.places]


def test_studies_that_were_not_begun_are_shown_in_the_order_of_the_run(tmp_path):
    found = choose(default_config(), tmp_path / "gone", tmp_path)
    names = [place.name for place in found.places]
    assert names == [f"{scale}/h{days}" for scale in default_config().run_scales for days in (1, 3, 5)]
    assert {place.home for place in found.places} == {None}
    assert (found.configured, found.others) == (True, ())
    assert (found.places[0].n_trials, found.places[0].epochs_max) == (50, 12)


def test_studies_are_found_in_the_ledger_by_their_settings(book):
    book.trial(0)
    book.trial(0, days=3)
    found = chosen(book)
    assert homes(found) == [book.study(days=1).fingerprint, book.study(days=3).fingerprint, None]


@pytest.mark.parametrize("transfer", [0, 2])
def test_with_transfer_the_smaller_scale_is_part_of_the_settings(book, transfer):
    config = default_config({"run_scales": ["2M", "20M"], "search": {"transfer": transfer}})
    ledger = book.study("20M", 3, config)
    found = chosen(book, config)
    assert homes(found)[4] == ledger.fingerprint


def test_the_study_of_the_present_features_is_shown_and_the_other_one_mentioned(book):
    book.trial(0)
    old = book.study().fingerprint
    book.features = "0" * 64
    book.trial(0)
    new = book.study().fingerprint
    for features, shown, other in ((FEATURES, old, new), ("0" * 64, new, old)):
        book.write_features(features)
        found = chosen(book)
        assert (homes(found)[0], [each.home.name for each in found.others]) == (shown, [other])


def test_without_the_features_entry_the_study_that_ran_last_is_shown(book):
    book.trial(0)
    book.features = "0" * 64
    book.trial(0)
    book.trial(1)
    assert homes(chosen(book))[0] == book.study().fingerprint


def test_changed_features_begin_a_new_study(book):
    book.trial(0)
    book.trial(0, config=default_config(OTHER_SEED))
    book.write_features("1" * 64)
    found = chosen(book)
    assert not found.configured, "none of the configured ones was begun, so those of the ledger are shown"


def test_if_the_ledger_has_only_other_studies_they_are_shown(book):
    other = default_config(OTHER_SEED)
    book.trial(0, days=3, config=other)
    found = chosen(book)
    assert not found.configured
    assert [(place.name, place.n_trials, place.epochs_max) for place in found.places] == [("2M/h3", None, 12)]


def test_folders_that_are_not_studies_are_left_out(book):
    book.trial(0)
    ledger = book.results / "ledger"
    for name, text in (
        ("empty", None),
        ("torn", '{"scale"'),
        ("strange", "[]"),
        ("partial", '{"scale": "2M"}'),
    ):
        (ledger / name).mkdir()
        if text is not None:
            (ledger / name / "study.json").write_text(text)
    (ledger / "a file").write_text("")
    assert len(known_studies(ledger)) == 1
