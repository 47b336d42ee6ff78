import json

import pytest

from simmer.audit.looks import check_looks, with_looks
from simmer.base.checks import CheckStatus


def entry(**changes):
    return {
        "time": "2026-05-01T10:00:00+00:00",
        "ticker": "GSPC",
        "horizon_days": 1,
        "first_date": "2016-02-29",
        "last_date": "2018-12-28",
        "winners": {
            "2M": {"fingerprint": "aaaaaaaaaaaa", "trial": 7},
            "20M": {"fingerprint": "bbbbbbbbbbbb", "trial": 12},
        },
        "predictions_sha256": "p" * 64,
    } | changes


@pytest.fixture
def read(tmp_path):
    def write(*lines):
        log = tmp_path / "test_reads.jsonl"
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        log.write_text("".join(text + "\n" for text in texts))
        return check_looks(log)

    return write


def test_a_missing_or_empty_log_has_no_look(tmp_path, read):
    (check,) = check_looks(tmp_path / "test_reads.jsonl")
    assert (check.status, check.measured) == (CheckStatus.SKIP, "no look yet")
    assert read()[0].status is CheckStatus.SKIP


def test_the_same_predictions_scored_again_are_one_look(read):
    (check,) = read(entry(), entry(time="2026-05-02T10:00:00+00:00"), entry())
    assert (check.status, check.measured, check.fix) == (CheckStatus.OK, 1, None)


def test_looks_are_counted_per_horizon_and_ticker(read):
    checks = read(entry(), entry(horizon_days=3), entry(ticker="IXIC"))
    assert [check.status for check in checks] == [CheckStatus.OK] * 3


def test_a_second_look_is_counted_and_named(read):
    again = entry(winners={"2M": {"fingerprint": "cccccccccccc", "trial": 9}}, predictions_sha256="q" * 64)
    (check,) = read(entry(), entry(), again)
    assert (check.status, check.measured) == (CheckStatus.WARN, 2)
    assert "looked at 2 times" in check.fix
    assert "2M 7 of aaaaaaaaaaaa" in check.fix
    assert "2M 9 of cccccccccccc" in check.fix


def test_an_incomplete_line_is_no_look(read):
    (check,) = read(entry(), '{"time": "2026', entry())
    assert (check.status, check.measured) == (CheckStatus.OK, 1)


def test_a_published_audit_is_updated_with_later_looks(tmp_path):
    log = tmp_path / "test_reads.jsonl"
    published = {"ticker": "GSPC", "checks": [{"id": "labels h1"}, {"id": "test reads", "verdict": "SKIP"}]}
    log.write_text(json.dumps(entry()) + "\n")
    updated = with_looks(published, log)
    assert [check["id"] for check in updated["checks"]] == ["labels h1", "test reads h1"]
    assert updated["checks"][1]["verdict"] == "OK"
