import logging
import warnings

import pytest

from simmer.base.errors import EXIT_FAILURE, EXIT_RESUMABLE, ConfigError, Interrupted
from simmer.base.logs import PROGRESS, QUIET_TERMINAL, job


@pytest.fixture(autouse=True)
def root_logger():
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    yield
    logging.captureWarnings(False)
    root.handlers, root.level = before


def fail_with(error, path):
    with pytest.raises(SystemExit) as ended, job(path):
        raise error
    return ended.value.code, path.read_text()


def test_a_simmer_error_is_logged_without_a_traceback(tmp_path, capsys):
    code, text = fail_with(ConfigError("found 1, expected 2"), tmp_path / "job.log")
    assert code == EXIT_FAILURE
    assert "found 1, expected 2" in text
    assert "found 1, expected 2" in capsys.readouterr().err
    assert "Traceback" not in text


def test_an_interruption_exits_with_the_resumable_status(tmp_path):
    code, _ = fail_with(Interrupted("too hot"), tmp_path / "job.log")
    assert code == EXIT_RESUMABLE == 75


def test_a_bug_is_logged_with_its_traceback(tmp_path):
    code, text = fail_with(KeyError("oops"), tmp_path / "job.log")
    assert code == EXIT_FAILURE
    assert "Traceback" in text
    assert "KeyError" in text


def test_ctrl_c_exits_with_the_resumable_status(tmp_path):
    code, text = fail_with(KeyboardInterrupt(), tmp_path / "job.log")
    assert code == EXIT_RESUMABLE
    assert "Traceback" not in text


def test_a_job_runs_without_a_log_file_if_it_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with job(tmp_path / "file" / "job.log"):
        ran = True
    assert ran
    assert "continues without it" in capsys.readouterr().err


@pytest.fixture
def quiet(tmp_path, monkeypatch):
    monkeypatch.setenv(QUIET_TERMINAL, str(tmp_path / "shown"))


def say(path, level, *texts):
    with job(path):
        for text in texts:
            logging.getLogger("any").log(level, "%s", text)


@pytest.mark.usefixtures("quiet")
def test_a_quiet_terminal_shows_progress_and_errors_and_the_log_everything(tmp_path, capsys):
    say(tmp_path / "job.log", logging.INFO, "a table of checks")
    say(tmp_path / "job.log", PROGRESS, "epoch 1/3", "epoch 1/3")
    fail_with(ConfigError("found 1, expected 2"), tmp_path / "job.log")
    assert capsys.readouterr().err == "epoch 1/3\nepoch 1/3\nfound 1, expected 2\n"
    assert "INFO any: a table of checks" in (tmp_path / "job.log").read_text()


def test_without_the_variable_the_terminal_shows_everything(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv(QUIET_TERMINAL, raising=False)
    say(tmp_path / "job.log", logging.INFO, "a table of checks")
    say(tmp_path / "job.log", logging.WARNING, "no sensor", "no sensor")
    assert capsys.readouterr().err == "a table of checks\nno sensor\nno sensor\n"


@pytest.mark.usefixtures("quiet")
def test_a_warning_is_shown_by_the_first_job_and_logged_by_each(tmp_path, capsys):
    for name in ("one.log", "two.log"):
        say(tmp_path / name, logging.WARNING, "SPY: no volume", "QQQ: no volume")
    say(tmp_path / "three.log", logging.WARNING, "SPY: no volume", "SPY: no price")
    assert capsys.readouterr().err == "SPY: no volume\nQQQ: no volume\nSPY: no price\n"
    assert "WARNING any: QQQ: no volume" in (tmp_path / "two.log").read_text()
    shown = sorted(path.read_text() for path in (tmp_path / "shown").iterdir())
    assert shown == ["QQQ: no volume\n", "SPY: no price\n", "SPY: no volume\n"]


@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("quiet")
def test_a_warning_of_another_package_is_logged_like_one_of_our_own(tmp_path, capsys):
    with job(tmp_path / "job.log"):
        warnings.warn("it did not converge", stacklevel=1)
    assert "it did not converge" in capsys.readouterr().err
    assert "WARNING py.warnings" in (tmp_path / "job.log").read_text()


def test_a_warning_is_shown_where_it_cannot_be_remembered(tmp_path, capsys, monkeypatch):
    (tmp_path / "shown").write_text("")
    monkeypatch.setenv(QUIET_TERMINAL, str(tmp_path / "shown"))
    say(tmp_path / "job.log", logging.WARNING, "no sensor", "no sensor")
    assert capsys.readouterr().err == "no sensor\nno sensor\n"
