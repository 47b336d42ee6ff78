import pytest

from simmer.status.reasons import last_error

INFO = "2026-03-02 08:00:00,101 INFO simmer.runs.trial: 2M/h1 trial_000 | epoch 9/30"
ABORT = "2026-03-02 08:00:01,101 ERROR simmer.base.logs: stopped after a checkpoint: thermal abort: 96.1 °C"
FAULT = "2026-03-02 08:00:01,101 ERROR simmer.base.logs: the program failed"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([INFO], None),
        ([INFO, ABORT], "stopped after a checkpoint: thermal abort: 96.1 °C"),
        ([ABORT, INFO], None),
        ([INFO, FAULT, "Traceback (most recent call last):", "ValueError: x"], "the program failed"),
        ([], None),
    ],
)
def test_the_last_record_is_returned_if_it_is_an_error(tmp_path, lines, message):
    log = tmp_path / "trial_000.log"
    log.write_text("".join(f"{line}\n" for line in lines))
    assert last_error(log) == message


def test_without_a_log_there_is_no_reason(tmp_path):
    assert last_error(tmp_path / "gone.log") is None
