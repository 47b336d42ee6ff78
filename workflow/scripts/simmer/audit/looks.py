"""Count the looks at test days from the log of looks; the same predictions scored again are one look."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simmer.base.checks import CheckResult, CheckStatus
from simmer.evidence.looks import Look, count_looks, of_same_days, read_looks
from simmer.ledger.address import horizon_name

NAME = "test reads"  # id of the check in published audits


def check_looks(log: Path) -> list[CheckResult]:
    """Check that each horizon has had one look; more looks are a WARN with their number."""
    known = read_looks(log)
    if not known:
        columns = {"measured": "no look yet", "needed": 1, "unit": "looks", "source": log.name}
        return [CheckResult(id=NAME, status=CheckStatus.SKIP, **columns)]
    newest = {(one["ticker"], one["horizon_days"]): one for one in known}
    return [_judged(known, look) for _, look in sorted(newest.items())]


def with_looks(audit: Mapping[str, Any], log: Path) -> dict[str, Any]:
    """Return a published audit with its checks of looks updated from the log."""
    others = [check for check in audit["checks"] if not check["id"].startswith(NAME)]
    return {**audit, "checks": [*others, *[check.as_json() for check in check_looks(log)]]}


def _judged(known: Sequence[Look], look: Look) -> CheckResult:
    count = count_looks(known, look)
    same = [one for one in of_same_days(known, look) if one["horizon_days"] == look["horizon_days"]]
    winners = sorted(
        {
            f"{scale} {won['trial']} of {won['fingerprint']}"
            for one in same
            for scale, won in one["winners"].items()
        }
    )
    fix = (
        f"the test split was looked at {count} times, {same[0]['time']} to {same[-1]['time']} (trials "
        f"{', '.join(winners)}): report this number with every score, or confirm on unseen days"
    )
    return CheckResult.judged(
        f"{NAME} {horizon_name(look['horizon_days'])}",
        otherwise=CheckStatus.WARN,
        measured=count,
        needed=1,
        unit="looks",
        source=f"{look['ticker']}, {look['first_date']} to {look['last_date']}",
        fix=None if count == 1 else fix,
    )
