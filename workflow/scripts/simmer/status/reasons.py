"""Why a trial stopped without a result: the last error in its job's log."""

import re
from pathlib import Path

_RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?P<level>[A-Z]+) [\w.]+: (?P<message>.*)")
_TAIL_BYTES = 65_536


def last_error(log: Path) -> str | None:
    """Return the message of the last record of a job's log, or None if it is not an error.

    A killed job logs nothing about it; its last record is about training.

    Args:
        log: results/logs/hpo_<scale>/<horizon>/<trial>.log; it need not exist.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    records = [record for record in map(_RECORD.fullmatch, lines) if record]
    if not records or records[-1]["level"] != "ERROR":
        return None
    return records[-1]["message"]
