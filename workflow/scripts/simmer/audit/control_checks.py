"""What the controls say: no skill where there is nothing to learn, nearly all of it where there is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from simmer.audit.controls import ControlResult, Score
from simmer.base.checks import CheckResult, CheckStatus
from simmer.base.errors import AuditError
from simmer.base.provenance import code_digest
from simmer.ledger.address import horizon_name

SCHEMA = "simmer-leakage-controls-1"
CHANCE_AUC = 0.5
# What even the low end of the interval must reach. MEASURED on 715 rows: it has about 0.65 of the skill.
SHARE_OF_ATTAINABLE = 1 / 3

# MEASURED: of the planted signal 960 train windows teach too little, 1190 enough.
FEWEST_TRAIN_DECISIONS = 1200


def check_control(result: ControlResult) -> list[CheckResult]:
    """Judge the AUC and the skill of a control by what it is for."""
    return check_planted(result) if result.control == "planted" else check_shuffled(result)


def check_shuffled(result: ControlResult) -> list[CheckResult]:
    """A model trained on labels in a random order knows nothing of other labels in a random order.

    An AUC far below one half fails, too: to be reliably wrong one must know the answers.
    """
    name, auc, skill = f"shuffled labels {horizon_name(result.horizon_days)}", result.auc, result.skill
    fix = (
        "a model scores on labels that no input can tell: labels of validation reach it, through an input, a "
        "window, or rows that train and validation share; find that way before believing any score (chance "
        "does this in one audit of a hundred: repeat with `--config seed=2`, and a leak is still there)"
    )
    return [
        _judged(
            f"{name} AUC",
            result,
            auc,
            needed=f"about {CHANCE_AUC}",
            fix=None if auc and auc.low <= CHANCE_AUC <= auc.high else fix,
        ),
        _judged(
            f"{name} skill", result, skill, needed="at most 0", fix=None if skill and skill.low <= 0 else fix
        ),
    ]


def check_planted(result: ControlResult) -> list[CheckResult]:
    """A model trained on bars with a known signal finds it: where it finds nothing, nothing is there."""
    name, auc, skill = f"planted signal {horizon_name(result.horizon_days)}", result.auc, result.skill
    best_auc, best_skill = result.attainable_auc, result.attainable_skill
    if best_auc is None or best_skill is None:
        raise AuditError(
            f"the control {name} does not say what is attainable; expected it beside the scores: delete "
            "results/leakage_controls.json and run the command again"
        )
    least_auc = CHANCE_AUC + SHARE_OF_ATTAINABLE * (best_auc - CHANCE_AUC)
    least_skill = SHARE_OF_ATTAINABLE * best_skill
    fix = (
        "the model does not learn a signal that is there: windows, labels, standardisation or training are "
        "at fault, and no score of this campaign says anything about the market until it does"
    )
    checks = [
        _judged(
            f"{name} {what}",
            result,
            score,
            needed=f"over {least:.3f}, attainable {best:.3f}",
            fix=None if score and score.low > least else fix,
        )
        for what, score, least, best in (
            ("AUC", auc, least_auc, best_auc),
            ("skill", skill, least_skill, best_skill),
        )
    ]
    return [_excused(check, result) for check in checks]


def _excused(check: CheckResult, result: ControlResult) -> CheckResult:
    if check.status is not CheckStatus.FAIL or result.train_decisions >= FEWEST_TRAIN_DECISIONS:
        return check
    fix = (
        f"{result.train_decisions} train windows are too few for this control to tell a fault from a lack of "
        f"data ({FEWEST_TRAIN_DECISIONS} are enough): use a longer series, or do not rest on it"
    )
    return replace(check, status=CheckStatus.WARN, fix=fix)


def controls_as_json(results: list[ControlResult], *, features_sha256: str) -> dict[str, Any]:
    """Return what the rule of the controls writes; `features_sha256` says of which table they were made."""
    return {
        "schema": SCHEMA,
        "features_sha256": features_sha256,
        "code_digest": code_digest(),
        "controls": [asdict(result) for result in results],
    }


def controls_from_json(
    value: Mapping[str, Any], *, features_sha256: str, horizons_days: Sequence[int]
) -> list[ControlResult]:
    """Return the controls that were written.

    Raises:
        AuditError: when they are of another table or other horizons, or not what the rule writes.
    """
    again = "delete results/leakage_controls.json and run the command again"
    try:
        schema, of, entries = value["schema"], value["features_sha256"], value["controls"]
        results = [
            ControlResult(**entry | {key: entry[key] and Score(**entry[key]) for key in ("auc", "skill")})
            for entry in entries
        ]
    except (KeyError, TypeError) as error:
        raise AuditError(f"the controls cannot be read ({error}); {again}") from error
    shuffled = sorted(result.horizon_days for result in results if result.control == "shuffled")
    planted = [result for result in results if result.control == "planted"]
    if (schema, of, shuffled) != (SCHEMA, features_sha256, sorted(horizons_days)) or not planted:
        raise AuditError(
            f"the controls are of another feature table, of the horizons {shuffled} instead of "
            f"{sorted(horizons_days)}, or lack the planted one; {again}"
        )
    return results


def _judged(
    name: str, result: ControlResult, score: Score | None, *, needed: str, fix: str | None
) -> CheckResult:
    source = f"{result.decisions} rows, {result.epochs} epochs, {result.train_s:.0f} s"
    if score is None:
        measured = f"ended by {result.ended}"
        fix = f"the run {measured}: see its log, remove the cause and repeat it"
    else:
        measured = f"{score.estimate:.3f} ({score.low:.3f} to {score.high:.3f})"
    return CheckResult.judged(name, measured=measured, needed=needed, source=source, fix=fix)
