import subprocess

import pytest

from simmer.commands.plan import main
from simmer.status.last_run import LastRun, remember_run
from support.configs import ROOT, raw_config
from support.ledger_book import START_S, LedgerBook

SCALE = {"run_scales": ["2M"], "dataset": {"horizons_days": [1]}, "scales": {"2M": {"n_trials": 2}}}
OVERLAY = """
run_scales: [2M]
dataset: {horizons_days: [1], threshold: 0.02}
scales: {2M: {n_trials: 2}}
"""


@pytest.fixture
def book(tmp_path):
    """A finished study, and a configuration with another threshold in a file whose name has a blank."""
    book = LedgerBook(tmp_path / "my campaign", SCALE)
    book.write_features(book.features)
    for number in range(2):
        book.trial(number)
    configuration = raw_config(SCALE)
    remember_run(book.results, LastRun(overlays=(), given={}, configuration=configuration))
    (book.folder / "my own.yaml").write_text(OVERLAY)
    return book


def shown(book, capsys, *arguments):
    main(
        [str(book.results), "--config", str(ROOT / "config/config.yaml"), *map(str, arguments)],
        clock=lambda: START_S + 3600.0,
    )
    return capsys.readouterr().out.splitlines()


def test_a_changed_configuration_is_compared_key_by_key(book, capsys):
    lines = shown(book, capsys, "--overlay", book.folder / "my own.yaml", "--begin", "runner --cores 1")
    assert lines[0] == "my own.yaml: campaign main, GSPC, threshold 0.02 (high)"
    assert "  dataset.threshold: 0.01, now 0.02" in lines
    assert "2M/h1  new                0         2  about 60 s *" in lines
    assert "2M/h1 is new: threshold 0.02 instead of 0.01" in lines
    assert "2 trials to train, about 60 s at the measured rate" in lines
    assert "1 other study in the ledger: make studies" in lines
    assert any(line.startswith("    runner --cores 1 --directory") for line in lines)


def test_a_finished_study_has_nothing_to_train(book, capsys):
    (book.results / "last_run.json").unlink()
    (book.folder / "same.yaml").write_text(OVERLAY.replace("0.02", "0.01") + "search: {race: null}\n")
    lines = shown(book, capsys, "--overlay", book.folder / "same.yaml")
    assert "no run is recorded here yet" in lines
    assert "nothing to train: every trial is in the ledger" in lines


def test_a_wrong_configuration_ends_with_its_message(book, capsys):
    (book.folder / "wrong.yaml").write_text("seed: x\n")
    with pytest.raises(SystemExit, match="seed: found 'x'"):
        shown(book, capsys, "--overlay", book.folder / "wrong.yaml")


@pytest.mark.parametrize("target", ["plan", "status"])
def test_the_targets_of_the_makefile_take_names_with_blanks(book, target):
    words = [
        "make",
        "--no-print-directory",
        target,
        f"FOLDER={book.folder}",
        f"CONFIG={book.folder}/my own.yaml",
    ]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "threshold 0.02" in ended.stdout
