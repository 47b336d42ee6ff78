"""How often was the test split looked at?

Each evaluation leaves a line in a register; one repeated with the same predictions is the same look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simmer.base.checks import CheckResult, CheckVerdict
from simmer.evidence.looks import Reading, looks, of_same_days, readings
from simmer.ledger.address import horizon_name

NAME = "test reads"


def check_test_reads(register: Path) -> list[CheckResult]:
    """Each horizon was looked at once; more looks are counted, for a claim must name them."""
    known = readings(register)
    if not known:
        columns = {"measured": "not read yet", "needed": 1, "unit": "looks", "source": register.name}
        return [CheckResult(id=NAME, verdict=CheckVerdict.SKIP, **columns)]
    newest = {(one["ticker"], one["horizon_days"]): one for one in known}
    return [_judged(known, reading) for _, reading in sorted(newest.items())]


def with_test_reads(audit: Mapping[str, Any], register: Path) -> dict[str, Any]:
    """Return a published audit with the looks at the test split as they are now."""
    others = [check for check in audit["checks"] if not check["id"].startswith(NAME)]
    return {**audit, "checks": [*others, *map(asdict, check_test_reads(register))]}


def _judged(known: Sequence[Reading], reading: Reading) -> CheckResult:
    count = looks(known, reading)
    same = [one for one in of_same_days(known, reading) if one["horizon_days"] == reading["horizon_days"]]
    winners = sorted(
        {
            f"{scale} {won['trial']} of {won['fingerprint']}"
            for one in same
            for scale, won in one["winners"].items()
        }
    )
    fix = (
        f"the test split was looked at {count} times, {same[0]['time']} to {same[-1]['time']} (trials "
        f"{', '.join(winners)}): name that number beside every score, or confirm on days not seen yet"
    )
    return CheckResult.judged(
        f"{NAME} {horizon_name(reading['horizon_days'])}",
        otherwise=CheckVerdict.WARN,
        measured=count,
        needed=1,
        unit="looks",
        source=f"{reading['ticker']}, {reading['first_date']} to {reading['last_date']}",
        fix=None if count == 1 else fix,
    )
