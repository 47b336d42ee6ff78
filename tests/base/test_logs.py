import logging

import pytest

from simmer.base.errors import EXIT_FAILURE, EXIT_RESUMABLE, ConfigError, Interrupted
from simmer.base.logs import job


@pytest.fixture(autouse=True)
def root_logger():
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    yield
    for handler in set(root.handlers) - set(before[0]):
        handler.close()
    root.handlers, root.level = before


def fail_with(error, path):
    with pytest.raises(SystemExit) as ended, job(path):
        raise error
    return ended.value.code, path.read_text()


def test_a_user_s_mistake_is_its_message_without_a_traceback(tmp_path, capsys):
    code, text = fail_with(ConfigError("found 1, expected 2"), tmp_path / "job.log")
    assert code == EXIT_FAILURE
    assert "found 1, expected 2" in text
    assert "found 1, expected 2" in capsys.readouterr().err
    assert "Traceback" not in text


def test_a_stop_on_purpose_has_the_status_that_says_try_again(tmp_path):
    code, _ = fail_with(Interrupted("too hot"), tmp_path / "job.log")
    assert code == EXIT_RESUMABLE == 75


def test_a_fault_of_the_program_keeps_its_traceback(tmp_path):
    code, text = fail_with(KeyError("oops"), tmp_path / "job.log")
    assert code == EXIT_FAILURE
    assert "Traceback" in text
    assert "KeyError" in text


def test_ctrl_c_is_a_stop_on_purpose(tmp_path):
    code, text = fail_with(KeyboardInterrupt(), tmp_path / "job.log")
    assert code == EXIT_RESUMABLE
    assert "Traceback" not in text


def test_a_job_without_a_place_for_its_log_still_runs(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with job(tmp_path / "file" / "job.log"):
        ran = True
    assert ran
    assert "going on without it" in capsys.readouterr().err
