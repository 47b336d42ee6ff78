"""Request of a ticker's bars: all that determines them. Another request has them acquired again."""

from pathlib import Path

from simmer.base.errors import DataError
from simmer.base.files import sha256_of_bytes, to_json
from simmer.base.settings import meaning
from simmer.data.settings import DataSettings


def request_of(settings: DataSettings, ticker: str, snapshots: Path) -> str:
    """Return the request as JSON: the settings and, with `data.snapshot: latest`, the snapshot meant now.

    Its id is null while there is none or its file cannot be read; acquiring the bars then raises the error.

    Args:
        settings: config block `data`.
        ticker: one of its tickers.
        snapshots: the folder of the snapshots.

    Raises:
        ConfigError: when there is no such ticker.
    """
    spec = settings.ticker(ticker)
    request = meaning(settings) | {"tickers": meaning(spec)}
    request.pop("snapshot", None)  # the bars depend only on what it chooses
    if settings.takes_latest(spec):
        # They import pandas, and a plan of the workflow has to be quick.
        from simmer.data.snapshots import SnapshotStore
        from simmer.data.sources import latest_id

        try:
            request["latest"] = latest_id(settings, ticker, SnapshotStore(snapshots))
        except DataError:
            request["latest"] = None
    return to_json(request)


def request_digest(request: str) -> str:
    """Return the digest of a request, as stored in the manifest entry of the bars."""
    return sha256_of_bytes(request.encode())[:16]
