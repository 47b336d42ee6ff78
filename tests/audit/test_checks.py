from dataclasses import replace
from pathlib import Path

import pytest

from simmer.audit.checks import run_audit
from simmer.audit.controls import ControlResult, Score
from simmer.base.checks import CheckStatus
from simmer.base.errors import AuditError
from support.audited import SETTINGS, model_features


def result(control, skill):
    attainable = (0.8, 0.3) if control == "planted" else (None, None)
    auc = 0.5 + skill
    return ControlResult(
        control=control,
        horizon_days=1,
        seed=1,
        train_decisions=3000,
        decisions=700,
        base_rate=0.2,
        ended="last_epoch",
        epochs=4,
        auc=Score(auc, auc - 0.05, auc + 0.05),
        skill=Score(skill, skill - 0.05, skill + 0.05),
        attainable_auc=attainable[0],
        attainable_skill=attainable[1],
        train_s=3.0,
    )


GOOD = (result("planted", 0.28), result("shuffled", -0.01))


def audit(raw, table, controls=GOOD, features=model_features, settings=SETTINGS):
    return run_audit(
        settings,
        raw,
        table,
        calendar="XNYS",
        controls=controls,
        looks=Path("never"),
        seed=1,
        features=features,
    )


@pytest.fixture(scope="module")
def good(raw, table):
    return audit(raw, table)


def test_a_campaign_without_leaks_passes_and_unchecked_rows_are_skipped(good):
    assert good.failed == ()
    good.raise_if_failed()
    statuses = {check.id: check.status for check in good.checks}
    assert len(statuses) == len(good.checks), "ids are unique"
    assert statuses.pop("test reads") is CheckStatus.SKIP
    assert set(statuses.values()) == {CheckStatus.OK}
    assert good.as_text().endswith("30 OK, 1 SKIP: all in order\n")
    assert good.as_json()["ok"]


def test_vix_features_are_audited_if_they_are_on(vix_raw):
    settings = replace(SETTINGS, vix=True, horizons_days=(1,))
    found = audit(vix_raw, model_features(vix_raw), settings=settings)
    assert found.failed == ()
    assert {"prefix VIX_features", "prefix GSPC_dataset_c41"} <= {check.id for check in found.checks}


def test_the_error_names_every_failed_check_and_its_fix(raw, table):
    def ahead(series):
        frame = model_features(series)
        return frame.assign(rsi_daily=frame["rsi_daily"].shift(-1).fillna(50.0))

    bad = audit(raw, ahead(raw), (result("planted", 0.0), result("shuffled", 0.2)), ahead)
    failed = {check.id for check in bad.failed}
    assert {"prefix GSPC_dataset_a33", "planted signal h1 AUC", "shuffled labels h1 skill"} <= failed
    assert all(check.fix for check in bad.failed)
    with pytest.raises(AuditError) as raised:
        bad.raise_if_failed()
    for check in bad.failed:
        assert check.id in str(raised.value)
        assert check.fix in str(raised.value)
    assert not bad.as_json()["ok"]
