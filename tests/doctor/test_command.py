"""The command line: the exit status, what is written, and that no damage ends it with a traceback."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simmer.base.files import sha256_of_file
from simmer.base.locks import lock_or_refuse
from simmer.doctor.command import main
from support.configs import ROOT
from support.hostile.rights import as_ordinary_user, can_meet_permissions

CONFIG = ("--config", str(ROOT / "config/config.yaml"))
HARM = {
    "a flipped byte": lambda content, at: content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :],
    "cut": lambda content, at: content[:at],
    "zeroed": lambda content, _: bytes(len(content)),
    "an object": lambda *_: b"{}",
    "a list": lambda *_: b"[1]",
    "null": lambda *_: b"null",
    "nothing": lambda *_: b"",
    "nested": lambda *_: b"[" * 100_000,
    "not UTF-8": lambda content, at: content[:at] + b"\xff\xfe" + content[at + 1 :],
}


# A short run harms files in two ways only.
KINDS = [
    how if how in ("a flipped byte", "an object") else pytest.param(how, marks=pytest.mark.long)
    for how in HARM
]


@pytest.fixture
def run(capsys, overlay):
    """Run the command, and return its exit status and output."""

    def run(results, *arguments):
        try:
            main([str(results), *CONFIG, "--overlay", str(overlay), *arguments])
            status, message = 0, ""
        except SystemExit as end:
            status, message = (1, end.code) if isinstance(end.code, str) else (int(end.code or 0), "")
        return status, capsys.readouterr().out + message

    return run


def tree(folder):
    """Return type, digest and time of everything below a folder."""
    return {
        path: (path.lstat().st_mtime_ns, sha256_of_file(path) if path.is_file() else None)
        for path in (folder, *folder.rglob("*"))
    }


def test_a_whole_folder_is_one_screen(book, run):
    status, shown = run(book.results)
    assert status == 0, shown
    assert "WHOLE: nothing is damaged, 5 runs checked" in shown
    assert "2M/h1 trial_003: resumes at step 20" in shown
    assert "problems" not in shown
    assert len(shown.splitlines()) < 12


def test_nothing_is_written_without_fix(book, run):
    (book.study().trial(0).folder / "result.json").write_bytes(b"{}")
    (book.results / "hpo/2M/h1/trial_001.json").unlink()
    (book.results / ".trial_000.json.4194305.tmp").write_bytes(b"half")
    paths = [book.folder, *book.folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = tree(book.folder)
    try:
        with as_ordinary_user():
            status, shown = run(book.results)
        assert status == 1, shown
        assert "ledger/" in shown
        assert tree(book.folder) == before
    finally:
        for path in paths:
            path.chmod(0o755)


def harmed_one_by_one(book, how):
    """Yield each file of the results after harming it; everything is as before for the next one."""
    chance, whole = random.Random(how), book.folder.with_name("whole")
    shutil.copytree(book.folder, whole)
    for name in sorted(path.relative_to(whole) for path in (whole / "results").rglob("*") if path.is_file()):
        path, content = book.folder / name, (whole / name).read_bytes()
        if "locks" in name.parts:
            continue  # a lock has no meaning after its process
        if how == "cut" and name.parts[-2:] == ("trial_003", "events.jsonl"):
            continue  # the start of a log looks like a log
        path.write_bytes(HARM[how](content, chance.randrange(len(content))))
        assert path.read_bytes() != content
        yield path
        shutil.rmtree(book.results)
        shutil.copytree(whole / "results", book.results)


@pytest.mark.parametrize("how", KINDS)
def test_damage_to_any_file_is_reported_without_a_traceback(book, run, how):
    for path in harmed_one_by_one(book, how):
        status, shown = run(book.results)
        assert status == 1, (path, shown)
        assert "DAMAGED: " in shown


@pytest.mark.parametrize("how", KINDS)
def test_fix_leaves_only_what_has_no_copy(book, run, how):
    left = {path.name for path in harmed_one_by_one(book, how) if run(book.results, "--fix")[0] != 0}
    checkpoints = {path.name for path in book.results.rglob("*.safetensors")}
    # Of a log without a whole line nothing is left, and a run under way has published none.
    assert left - {"events.jsonl"} == {"hpo_2M.done", "hpo_2M.done.json", *checkpoints}


@pytest.mark.parametrize("how", KINDS)
def test_fix_restores_every_file_that_has_a_copy(book, run, how):
    chance = random.Random(how)
    files = [book.study().trial(number).folder for number in range(3)]
    damaged = [
        folder / name for folder in files for name in ("result.json", "params.json", "params.copy.json")
    ]
    damaged += [book.published(book.study().trial(0)), book.study().home / "study.json"]
    damaged += [book.study().home / name for name in ("transferred.json", "layouts.copy.json")]
    for path in damaged:
        content = path.read_bytes()
        path.write_bytes(HARM[how](content, chance.randrange(len(content))))
        status, shown = run(book.results, "--fix")
        assert (status, path.read_bytes()) == (0, content), shown
        assert "problems" not in shown


def test_fix_does_nothing_to_a_whole_folder(book, run):
    before = tree(book.results / "ledger"), tree(book.results / "hpo")
    status, shown = run(book.results, "--fix")
    assert shown.startswith("nothing to restore\n")
    assert (status, (tree(book.results / "ledger"), tree(book.results / "hpo"))) == (0, before)


def test_fix_is_refused_while_a_run_is_at_work(book, run):
    (book.study().trial(0).folder / "result.json").write_bytes(b"{}")
    with lock_or_refuse(book.results / ".lock", what="this folder"):
        before = tree(book.results / "ledger")
        status, shown = run(book.results, "--fix")
        assert status == 1
        assert f"in use by process {os.getpid()}" in shown
        assert tree(book.results / "ledger") == before


def test_after_fix_the_lock_names_the_last_run_again(book, run):
    book.run_lock(pid=4194305, command="runner --cores 1 results/hpo_2M.done")
    before = (book.results / ".lock").read_bytes()
    run(book.results, "--fix")
    assert (book.results / ".lock").read_bytes() == before


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "found no folder {}; expected one with results: give its path"),
        (lambda path: path.mkdir(), "found no file in {}: nothing was computed there yet\n"),
        (
            lambda path: path.write_text("x"),
            "found a file at {}; expected a folder with results: give its path",
        ),
    ],
)
def test_a_folder_without_results_is_one_sentence(tmp_path, run, make, sentence):
    make(tmp_path / "some where")
    status, shown = run(tmp_path / "some where")
    assert (status, shown) == ("found no file" not in sentence, sentence.format(tmp_path / "some where"))


@pytest.mark.skipif(not can_meet_permissions(), reason="permissions do not apply to this user")
@pytest.mark.parametrize("part", ["", "ledger", "hpo/2M", "ledger/*/2M/h1/trial_000", "ledger/*/study.json"])
def test_what_cannot_be_read_is_named(book, run, part):
    (path,) = book.results.glob(part) if part else (book.results,)
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        with as_ordinary_user():
            for fix in ([], ["--fix"]):
                status, shown = run(book.results, *fix)
                assert status == 1, shown
                assert "ermission" in shown
                assert "Traceback" not in shown
    finally:
        path.chmod(mode)


def test_the_target_of_the_makefile_takes_paths_with_blanks(book, overlay):
    binaries = f"BIN={Path(sys.executable).parent}"
    paths = (f"RESULTS={book.results}", f"CONFIG={overlay}")
    make = ["make", "-o", ".venv/.ready", "doctor", *paths, binaries]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "2M/h1" in done.stdout
    assert "next run  would train 1 trial" in done.stdout
