import json
from pathlib import Path

import pytest

from simmer.data.bars_csv import canonical_csv
from simmer.data.requests import request_digest, request_of
from simmer.data.tickers import TickerSpec
from support.bars import session_bars
from support.configs import data_settings


@pytest.fixture
def request_for(tmp_path):
    """Return a function that makes the request for SPY.csv with settings."""

    def request_for(choice, **entry):
        spec = TickerSpec("SPY", "etf", **entry)
        settings = data_settings(spec, source="csv", folder=str(tmp_path), snapshot=choice)
        return request_of(settings, "SPY", tmp_path / "snapshots")

    (tmp_path / "SPY.csv").write_bytes(canonical_csv(session_bars(40)))
    return request_for


def test_requests_are_as_before_the_latest_could_be_taken():
    # Of the manifest of the default campaign.
    for ticker, digest in (("GSPC", "dc8f07ea94e6bde0"), ("IXIC", "1b206c4d09bf86c4")):
        for snapshot in ("pinned", "latest"):
            settings = data_settings(snapshot=snapshot)
            assert request_digest(request_of(settings, ticker, Path("none"))) == digest


def test_only_the_request_for_the_latest_changes_with_the_file(request_for, tmp_path):
    own = {"snapshot": "0" * 16}
    before = [request_for("pinned"), request_for("latest", **own), request_for("latest")]
    (tmp_path / "SPY.csv").write_bytes(canonical_csv(session_bars(41)))
    after = [request_for("pinned"), request_for("latest", **own), request_for("latest")]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, True, False]
    (tmp_path / "SPY.csv").unlink()
    assert json.loads(request_for("latest"))["latest"] is None
