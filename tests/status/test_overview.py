"""The campaigns of several tickers on one screen."""

import shutil

import pytest
import yaml

from simmer.status.command import main
from simmer.status.last_run import LastRun, remember_run
from support.configs import ROOT, raw_config
from support.ledger_book import START_S

CONFIG = ROOT / "config/config.yaml"


@pytest.fixture
def several(book):
    """A results folder beside that of one ticker that was begun, and the configuration of both."""
    book.write_features("f" * 64)
    book.trial(0)
    own = book.folder / "tickers/GSPC/results"
    own.parent.mkdir(parents=True)
    shutil.move(book.results, own)
    remember_run(own, LastRun(overlays=(), given={}, configuration=raw_config()))
    file = book.folder / "pair.yaml"
    file.write_text(yaml.safe_dump({"dataset": {"ticker": ["GSPC", "IXIC"]}}))
    return book.results, file


def show(capsys, results, file, *more):
    arguments = [results, "--config", CONFIG, "--overlay", file, "--begin", "run --cores 1", *more]
    main([*map(str, arguments)], clock=lambda: START_S + 3600.0)
    return capsys.readouterr().out


def test_a_ticker_that_was_not_begun_is_listed(several, capsys):
    results, file = several
    lines = show(capsys, results, file).splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("GSPC", "IXIC"))}
    assert rows["IXIC"] == ["-", "not", "begun"]
    assert f"--configfile {file}" in " ".join(" ".join(lines).replace("\\", "").split())


def test_the_command_for_one_ticker_names_the_first_that_is_not_finished(several, capsys):
    results, file = several
    text = " ".join(show(capsys, results, file).replace("\\", "").split())
    assert f"make status FOLDER={results.parent}/tickers/GSPC" in text
