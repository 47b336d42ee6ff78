"""A folder that an older version of the code left in the middle of a trial is continued and reported.

It is unpacked from data_of_old_code/campaign.tar.xz, which make_campaign.py made. At one day ahead
trials 0 and 1 are finished and trial 2 was stopped by SIGTERM; at three days everything is finished, a refit
included.
"""

import json

import pytest

from simmer.base.records import without_digest
from simmer.search.space import BEFORE
from support.campaign import DONE, Campaign, planned_jobs
from support.old_folder import unpack_old_folder

pytestmark = pytest.mark.long

STOPPED = "d7ab45ca6f09/debug/h1/trial_002"
STUDIES = ("d7ab45ca6f09", "e5f3f144df8b")
# The figures at three days exist; they are drawn again to name campaign, ticker and label.
WHAT_IS_LEFT = {"hpo_debug": 1, "search_figures": 2, "hardware_timeline": 2, "hpo_debug_done": 1}
# The refit at three days exists. The baselines do, but with fewer tries and members.
REPORT = {"refit": 1, "baselines": 2, "leakage_controls": 1, "leakage_audit": 1, "final_evaluation": 2}
REPORT |= {"evidence": 1, "evidence_figures": 1, "models": 2, "report": 1}
EPOCHS = 12
# Relative, of a loss on another machine than the one that began the trial; on that one it is bit-identical.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old")
    campaign = Campaign(folder / "campaign", unpack_old_folder(folder))
    campaign.unbroken = json.loads((folder / "unbroken.json").read_text(encoding="utf-8"))
    yield campaign
    campaign.kill_everything()


@pytest.fixture(scope="module")
def continued(unpacked, tmp_path_factory):
    yield from ran(unpacked, tmp_path_factory.mktemp("continued") / "campaign", DONE)


@pytest.fixture(scope="module")
def reported(continued, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reported") / "campaign"
    yield from ran(continued, folder, "results/leakage_audit.txt", "report")


def ran(source, folder, *targets):
    """Yield a copy in which targets were made one after the other; `.ended` is the last run."""
    campaign = source.copy_to(folder)
    try:
        for target in targets:
            campaign.ended = campaign.run(target).succeeded()
        yield campaign
    finally:
        campaign.kill_everything()


def test_only_the_stopped_trial_and_its_dependents_are_planned(unpacked):
    run = unpacked.run("-n", DONE).succeeded()
    assert "Train debug/h1 trial 002" in run.text
    assert planned_jobs(run.text) == WHAT_IS_LEFT
    assert unpacked.plan("report") == WHAT_IS_LEFT | REPORT


def test_only_the_stopped_trial_is_trained_from_its_checkpoint(unpacked, continued):
    assert "resuming at epoch 3, step " in continued.ended.text
    assert continued.starts() == unpacked.starts() | {STOPPED: 2}
    assert sum(continued.republishes().values()) == 0
    epochs = [event["epoch"] for event in events(continued, STOPPED) if event["event"] == "epoch"]
    assert epochs == list(range(1, EPOCHS + 1)), "an epoch was repeated or skipped"


def test_the_stopped_trial_has_the_result_of_an_uninterrupted_one(unpacked, continued):
    result = continued.result(2)
    assert losses(result) == pytest.approx(losses(unpacked.unbroken), rel=TOLERANCE)
    assert len(result["curve"]) == EPOCHS
    expected = unpacked.unbroken | {"hyperparameters": BEFORE | unpacked.unbroken["hyperparameters"]}
    for key in ("fingerprint", "hyperparameters", "shape", "parameters", "dataset", "origin", "seen_trials"):
        assert result[key] == expected[key], key


def test_finished_files_stay_unchanged(unpacked, reported):
    before = {**files(unpacked, "results/hpo"), **files(unpacked, "results/ledger")}
    before |= files(unpacked, "results/refits")
    kept = {name for name in before if STOPPED not in name and "/locks/" not in name}
    assert len(kept) > 30
    for name in kept:
        now, then = (reported.folder / name).read_bytes(), before[name]
        if "/ledger/" in name:
            # A study gets its digests and its names when a run works on it.
            assert without_additions(now, name) == without_additions(then, name), name
        else:
            assert now == then, name


def test_the_report_uses_the_old_studies(reported):
    results = reported.folder / "results"
    assert {path.name for path in (results / "ledger").iterdir()} == {
        *STUDIES,
        *("locks", "made_from", "test_reads.jsonl", "test_reads.copy.jsonl"),
    }
    evidence = json.loads((results / "evidence.json").read_text(encoding="utf-8"))
    assert set(evidence["horizons"]) == {"1", "3"}
    for days, study in zip(("1", "3"), STUDIES, strict=True):
        assert evidence["horizons"][days]["reading"]["winners"]["debug"]["fingerprint"] == study
    assert "Read this first" in (results / "summary.html").read_text(encoding="utf-8")


def test_an_old_refit_has_no_weights_and_its_model_says_how_to_get_them(reported):
    for horizon, members in (("h1", 1), ("h3", 0)):
        folder = reported.folder / "results/models/debug" / horizon
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        assert len(card["members"]) == members
        said = "it was trained without keeping its weights" in (folder / "README.md").read_text()
        assert said == (members == 0)


def events(campaign, trial):
    lines = (campaign.folder / "results/ledger" / trial / "events.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in lines.splitlines()]


def without_additions(content, name):
    texts = content.splitlines() if name.endswith(".jsonl") else [content]
    records = [without_digest(json.loads(text)) for text in texts]
    return [{key: value for key, value in record.items() if key != "about"} for record in records]


def losses(result):
    records = [(record["train_log_loss"], record["validation"]["log_loss"]) for record in result["curve"]]
    return [loss for record in records for loss in record]


def files(campaign, folder):
    """Return the content of every file of a folder, by its path within the campaign."""
    found = [path for path in (campaign.folder / folder).rglob("*") if path.is_file()]
    return {path.relative_to(campaign.folder).as_posix(): path.read_bytes() for path in found}
