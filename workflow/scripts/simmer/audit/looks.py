"""How often was the test split looked at?

Each evaluation leaves a line in a register: its time, the horizon, a digest of features, labels and split,
the winner of each scale (fingerprint and trial), and a digest of the predictions. An evaluation repeated
with the same winners and byte-identical predictions tells nobody anything new and is the same look.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simmer.evidence.looks import readings
from simmer.preflight_report import CheckResult, CheckVerdict

NAME = "test reads"
DIGEST_DIGITS = 12

Winners = tuple[tuple[str, str, int], ...]  # scale, fingerprint, trial


@dataclass(frozen=True)
class RegisteredRead:
    """One line of the register."""

    time: str
    horizon_days: int
    dataset: str
    winners: Winners
    predictions_sha256: str

    @property
    def look(self) -> tuple[Winners, str]:
        """What makes two reads the same look."""
        return self.winners, self.predictions_sha256


def check_test_reads(register: Path) -> list[CheckResult]:
    """Each dataset and horizon was looked at once; more looks are counted, for a claim must name them."""
    reads = [_parsed(entry) for entry in readings(register)]
    if not reads:
        return [_result(CheckVerdict.SKIP, "not read yet", register.name, None)]
    groups: dict[tuple[int, str], list[RegisteredRead]] = {}
    for read in reads:
        groups.setdefault((read.horizon_days, read.dataset), []).append(read)
    return [_judged(*key, group) for key, group in sorted(groups.items())]


def with_test_reads(audit: Mapping[str, Any], register: Path) -> dict[str, Any]:
    """Return a published audit with the looks at the test split as they are now."""
    others = [check for check in audit["checks"] if not check["id"].startswith(NAME)]
    return {**audit, "checks": [*others, *map(asdict, check_test_reads(register))]}


def _judged(horizon_days: int, dataset: str, reads: list[RegisteredRead]) -> CheckResult:
    looks = list(dict.fromkeys(read.look for read in reads))
    source = f"{len(reads)} reads of {dataset[:DIGEST_DIGITS]}"
    name = f"{NAME} h{horizon_days}"
    if len(looks) == 1:
        return _result(CheckVerdict.OK, 1, source, None, name=name)
    winners = sorted({f"{scale} {trial} of {print_}" for look, _ in looks for scale, print_, trial in look})
    fix = (
        f"the test split was looked at {len(looks)} times, {reads[0].time} to {reads[-1].time} (trials "
        f"{', '.join(winners)}): name that number beside every score, or confirm on days not seen yet"
    )
    return _result(CheckVerdict.WARN, len(looks), source, fix, name=name)


def _parsed(entry: dict[str, Any]) -> RegisteredRead:
    winners = tuple(
        sorted((scale, str(won["fingerprint"]), int(won["trial"])) for scale, won in entry["winners"].items())
    )
    texts = {key: str(entry[key]) for key in ("time", "dataset", "predictions_sha256")}
    return RegisteredRead(horizon_days=int(entry["horizon_days"]), winners=winners, **texts)


def _result(
    verdict: CheckVerdict, measured: int | str, source: str, fix: str | None, *, name: str = NAME
) -> CheckResult:
    return CheckResult(name, verdict, measured, 1, "looks", source, fix)
