"""Each problem is named with its file, what is wrong, and what happens."""

import json
import os
import shutil

import pytest

from simmer.base.locks import lock_or_refuse
from simmer.doctor import findings
from simmer.doctor.checkup import check_up
from simmer.doctor.repair import repair
from simmer.status.holders import holder_at
from support.configs import default_config
from support.ledger_book import LedgerBook
from support.old_folder import unpack_old_folder

UNUSED_PID = 2**22 + 1


def look(book, config=None, **options):
    run = holder_at(book.results / ".lock")
    return check_up(config or book.config, book.results, run=run, **options)


def found(book, config=None):
    """Return name, problem and consequence of each finding, as triples."""
    return [(one.path.name, one.what, one.then) for one in look(book, config).all_findings]


def folder(book, number=0):
    return book.study().trial(number).folder


def without_digest(path):
    path.write_text(
        json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != "sha256"})
    )


def test_a_whole_folder_has_no_findings(book):
    checked = look(book)
    (study,) = checked.studies
    assert (checked.is_whole, checked.all_findings, checked.outdated) == (True, (), ())
    assert (study.name, study.configured, study.differences) == ("2M/h1", True, {})
    assert (study.finished("trial"), study.finished("refit"), len(study.begun)) == (3, 1, 1)
    assert not any(vars(checked.leftovers).values())


def test_a_damaged_record_is_restored(book):
    path = folder(book) / "result.json"
    path.write_text(path.read_text().replace("0.6", "0.7"))
    damaged = "damaged (its values do not match its sha256)"
    assert found(book) == [("result.json", damaged, findings.RESTORED)]


def test_a_record_without_a_digest_is_damaged_where_others_have_one(book):
    without_digest(folder(book) / "params.json")
    [(name, what, then)] = found(book)
    assert (name, then) == ("params.json", findings.RESTORED)
    assert what.startswith("damaged (found no key sha256")


@pytest.mark.parametrize("name", ["result.json", "params.json", "params.copy.json", "events.jsonl"])
def test_a_missing_file_is_restored(book, name):
    (folder(book) / name).unlink()
    assert found(book) == [(name, "missing", findings.RESTORED)]


def test_a_missing_run_is_restored_from_what_is_published(book):
    shutil.rmtree(folder(book, 1))
    assert {then for _, _, then in found(book)} == {findings.RESTORED}
    assert look(book).studies[0].finished("trial") == 3


def test_a_missing_ledger_is_restored_from_what_is_published(book):
    shutil.rmtree(book.results / "ledger")
    names = [name for name, what, _ in found(book) if what == "missing"]
    assert names.count("result.json") == 4
    assert "study.json" in names


def test_a_result_damaged_in_both_copies_is_computed_again(book):
    for path in (folder(book) / "result.json", book.published(book.study().trial(0))):
        path.write_bytes(b"{}")
    assert {(name, then) for name, _, then in found(book)} == {
        ("result.json", findings.COMPUTED),
        ("trial_000.json", findings.COMPUTED),
    }
    assert look(book).studies[0].finished("trial") == 2


def test_a_result_that_is_not_published_is_no_damage(book):
    book.published(book.study().trial(2)).unlink()
    assert found(book) == [("trial_002.json", "not published", findings.PUBLISHED)]
    assert look(book).is_whole


def test_a_published_result_that_differs_is_damage(book):
    path = book.published(book.study().trial(2))
    path.write_bytes(path.read_bytes().replace(b"default", b"halton"))
    without_digest(path)
    assert found(book) == [("trial_002.json", "differs from the ledger", findings.PUBLISHED)]
    assert not look(book).is_whole


def test_the_published_result_of_another_study_is_no_damage(book):
    other = default_config({"seed": 2, "run_scales": ["2M"], "dataset": {"horizons_days": [1]}})
    book.publish(book.trial(0, config=other, at_s=1e6))
    assert [one[:2] for one in found(book)] == [
        ("trial_000.json", "of another study or winner"),
        ("trial_000.jsonl", "differs from the ledger"),
    ]


def test_results_in_each_other_s_place_are_restored(book):
    first, second = (folder(book, number) / "result.json" for number in (0, 1))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    wrong = found(book)
    assert [(name, then) for name, _, then in wrong] == [("result.json", findings.RESTORED)] * 2
    assert all("with the result of 2M/h1" in what for _, what, _ in wrong)
    repair(look(book))
    assert (second.read_bytes(), found(book)) == (book.published(book.study().trial(1)).read_bytes(), [])


def test_damaged_lines_of_a_log_are_counted(book):
    path = folder(book) / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0].replace(b"start", b"stark"), *lines[2:]]))
    assert found(book) == [("events.jsonl", "1 damaged line and 2 missing lines", findings.RESTORED)]


def test_lost_lines_of_a_run_under_way_have_no_copy(book):
    path = folder(book, 3) / "events.jsonl"
    path.write_bytes(path.read_bytes() + b"{}\n")
    assert found(book) == [("events.jsonl", "1 damaged line", findings.LEFT_OUT)]


def test_a_run_resumes_from_its_newest_whole_checkpoint(book):
    newest, oldest = sorted(folder(book, 3).glob("*.safetensors"), reverse=True)
    newest.write_bytes(b"\0" * 100)
    assert found(book) == [(newest.name, "damaged", "the run resumes at step 10")]
    oldest.write_bytes(b"")
    assert {then for _, _, then in found(book)} == {"the run begins again"}
    (run,) = look(book).studies[0].begun
    assert run.resumes_at is None


def test_lost_parameters_of_a_run_under_way_are_chosen_again(book):
    for path in folder(book, 3).glob("params*.json"):
        path.unlink()
    [(name, what, then)] = found(book)
    assert (name, what) == ("params.json", "missing")
    assert then.startswith("the next run chooses them again")


def test_a_damaged_study_file_of_the_configuration_is_written_again(book):
    path = book.study().home / "study.json"
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"seed"', b'"sead"'))
    assert found(book) == [
        (
            "study.json",
            "damaged (its values do not match its sha256)",
            "FIX=yes or the next run writes it again",
        )
    ]
    repair(look(book))
    assert path.read_bytes() == content


def test_a_damaged_study_file_of_another_configuration_names_the_folder(book):
    (book.study().home / "study.json").write_bytes(b"")
    other = default_config({"seed": 2})
    [(name, _, then)] = found(book, other)
    assert (name, then) == ("study.json", "a run of its configuration writes it again")
    (study,) = look(book, other).studies
    assert (study.name, study.ledger, study.configured) == ("2M/h1", None, False)


def test_looks_that_one_copy_lacks_are_restored(book):
    path = book.results / "ledger" / "test_reads.copy.jsonl"
    content = path.read_bytes()
    path.write_bytes(content.splitlines(keepends=True)[0])
    assert found(book) == [(path.name, "lacks 1 look that its copy has", findings.RESTORED)]
    repair(look(book))
    assert path.read_bytes() == content


# ---- tables ---------------------------------------------------------------------------------


def test_a_table_made_from_another_result_is_outdated(book):
    path = book.published(book.study().trial(0))
    path.write_bytes(path.read_bytes() + b" ")
    assert look(book).outdated == (book.table,)


def test_a_missing_table_is_outdated(book):
    (book.folder / book.table).unlink()
    checked = look(book)
    assert (checked.outdated, checked.is_whole) == ((book.table,), True)


def test_a_table_changed_after_it_was_made_is_damage(book):
    (book.folder / book.table).write_text("2M h1: better\n")
    assert found(book) == [("hpo_2M.done", "differs from what its job wrote", findings.MADE_AGAIN)]


def test_a_damaged_record_of_a_table_is_made_again(book):
    [path] = (book.results / "ledger/made_from").rglob("*.json")
    path.write_bytes(path.read_bytes().replace(b"settings", b"settinks"))
    assert found(book) == [("hpo_2M.done.json", "damaged", findings.MADE_AGAIN)]


# ---- the configuration ----------------------------------------------------------------------


def test_a_study_of_another_configuration_shows_what_differs(book):
    other = default_config({"seed": 2, "dataset": {"threshold": 0.02}, "run_scales": ["2M"]})
    (study,) = look(book, other).studies
    assert not study.configured
    assert study.differences == {"label.threshold": (0.01, 0.02), "seed": (book.config.seed, 2)}
    assert look(book, other).all_findings == ()


def test_a_study_of_other_features_shows_their_digests(book):
    book.write_features("0" * 64)
    (study,) = look(book).studies
    assert study.differences == {"features_sha256": ("f" * 64, "0" * 64)}


def test_a_scale_that_is_not_run_has_no_configured_study(book):
    (study,) = look(book, default_config({"run_scales": ["20M"]})).studies
    assert (study.configured, study.differences) == (False, None)


# ---- leftovers ------------------------------------------------------------------------------


def test_temporary_files_of_ended_processes_are_found_and_removed(book, tmp_path):
    dead, own = (book.results / f".x.json.{pid}.tmp" for pid in (UNUSED_PID, os.getpid()))
    half = folder(book, 3) / ".tmpAbC123"
    for path in (dead, own, half):
        path.write_bytes(b"half")
    assert set(look(book).leftovers.temporary) == {dead, half}
    repair(look(book))
    assert [path.exists() for path in (dead, own, half)] == [False, True, False]


def test_temporary_files_are_kept_if_the_last_run_was_on_another_machine(book):
    (book.results / f".x.json.{UNUSED_PID}.tmp").write_bytes(b"half")
    book.run_lock(host="elsewhere")
    assert look(book).leftovers.temporary == ()


def test_set_aside_files_and_checkpoints_of_finished_runs_are_left_over(book):
    aside = folder(book) / "result.json.damaged_1"
    aside.write_bytes(b"")
    shutil.copytree(folder(book), folder(book).with_name("trial_000.damaged_1"))
    checkpoint = folder(book) / "checkpoint_00000001.safetensors"
    checkpoint.write_bytes(b"")
    left = look(book).leftovers
    assert set(left.set_aside) == {aside, folder(book).with_name("trial_000.damaged_1")}
    assert left.trained == (checkpoint,)
    assert look(book).all_findings == ()


def test_published_results_that_no_ledger_has_are_named_and_never_overwritten(book):
    other = LedgerBook(book.folder / "other", {"seed": 2, "run_scales": ["2M"]})
    path = book.published(book.study().trial(1))
    other.publish(other.trial(1))
    path.write_bytes(other.published(other.study().trial(1)).read_bytes())
    content = path.read_bytes()
    assert look(book).leftovers.unknown == (path,)
    said = repair(look(book))
    assert path.read_bytes() == content
    assert any("is left as it is: the ledger lacks it" in line for line in said)


# ---- repair ---------------------------------------------------------------------------------


def test_a_run_at_work_is_left_as_it_is(book):
    path = folder(book) / "result.json"
    path.write_bytes(b"{}")
    with lock_or_refuse(book.study().trial(0).lock_path, what="trial 0"):
        said = repair(look(book))
    assert path.read_bytes() == b"{}"
    assert any("2M/h1 trial_000 is left as it is: process " in line for line in said)


def test_a_run_without_a_whole_copy_is_left_as_it_is(book):
    for path in (folder(book) / "result.json", book.published(book.study().trial(0))):
        path.write_bytes(b"{}")
    before = {path: path.read_bytes() for path in folder(book).iterdir()}
    repair(look(book))
    assert {path: path.read_bytes() for path in folder(book).iterdir()} == before


def test_a_lost_ledger_comes_back_from_what_is_published(book):
    before = {path: path.read_bytes() for path in folder(book, 1).iterdir()}
    shutil.rmtree(folder(book, 1))
    repair(look(book))
    after = {path: path.read_bytes() for path in folder(book, 1).iterdir()}
    result, events = (folder(book, 1) / name for name in ("result.json", "events.jsonl"))
    assert after.keys() == before.keys()
    assert after[result] == before[result]
    assert after[events].startswith(before[events])
    assert look(book).all_findings == ()


def test_a_lost_study_comes_back_with_its_settings(book):
    home = book.study().home
    settings = (home / "study.json").read_bytes()
    shutil.rmtree(home)
    repair(look(book))
    assert (home / "study.json").read_bytes() == settings
    assert book.study().trial(1).result() is not None


# ---- a folder of an older version -----------------------------------------------------------


@pytest.fixture
def old(tmp_path):
    return LedgerBook(tmp_path / "campaign", unpack_old_folder(tmp_path))


def test_a_folder_of_an_older_version_is_whole_and_fix_adds_digests(old):
    checked = look(old)
    assert checked.is_whole, checked.all_findings
    assert [(study.configured, study.with_digests) for study in checked.studies] == [(True, False)] * 2
    assert [study.finished("trial") for study in checked.studies] == [2, 3]
    (run,) = checked.studies[0].begun
    assert run.resumes_at == 41
    said = repair(checked)
    assert sum("digests and copies are added" in line for line in said) == 2
    checked = look(old)
    assert (checked.is_whole, checked.all_findings) == (True, ())
    assert all(study.with_digests for study in checked.studies)


def test_old_results_that_differ_are_left_to_a_person(old):
    path = old.results / "hpo/debug/h1/trial_000.json"
    path.write_text(path.read_text().replace('"campaign": "', '"campaign": "other '))
    [(name, what, then)] = found(old)
    assert name == "result.json"
    assert what == "differs from the published result, and neither has a digest"
    assert "move the wrong one to another folder" in then
    content = path.read_bytes()
    assert any(line.startswith("not done: found different values of campaign") for line in repair(look(old)))
    assert path.read_bytes() == content
