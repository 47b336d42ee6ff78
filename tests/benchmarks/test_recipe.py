"""A comparison of recipes: the order of its runs, what their digests cover, and one small training."""

from dataclasses import replace

import pytest

from recipe import SHORT, parser
from recipe_opponents import Opponent
from recipe_results import Results, labels
from recipe_training import Training
from recipe_variants import VARIANTS, Variant, hyperparameters
from run_store import RunStore
from simmer.evidence.metrics import log_loss
from walk_forward import SCORED, SETS

TRAINING = next(SHORT.jobs())


def test_the_first_members_of_all_sets_come_first():
    comparison = replace(SHORT, sets=SETS[:2], seeds=2, scales=["debug", "20k"])
    jobs = list(comparison.jobs())
    trainings = [job for job in jobs if isinstance(job, Training)]
    order = [(job.seed, job.variant.name, job.scale, job.one.name) for job in trainings]
    assert len(set(order)) == 16
    assert [seed for seed, *_ in order] == [0] * 8 + [1] * 8
    assert order[:2] == [(0, "shipped", "debug", one.name) for one in SETS[:2]]
    assert [isinstance(job, Opponent) for job in jobs] == [False] * 8 + [True] * 4 + [False] * 8


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"scale": "20k"},
        {"one": SETS[1]},
        {"variant": VARIANTS["pooled"]},
        {"variant": VARIANTS["cosine"]},
        {"variant": Variant("epochs", {"scales": {"debug": {"epochs_max": 3}}})},
        {"variant": Variant("rate", hyperparameters(learning_rate=2e-3))},
    ],
    ids=str,
)
def test_whatever_affects_a_training_changes_its_digest(change):
    assert replace(TRAINING, **change).digest != TRAINING.digest


def test_names_and_the_search_space_do_not_change_a_digest():
    wider = {"search": {"space": {"dropout": {"high": 0.7}}}}
    variant = replace(TRAINING.variant, name="other", overlay=TRAINING.variant.overlay | wider)
    assert replace(TRAINING, variant=variant).digest == TRAINING.digest


def test_an_opponent_has_another_digest_with_other_tries_members_or_sets():
    fit = Opponent(SETS[0], "mlp", tries=2, members=1)
    others = [{"tries": 3}, {"members": 2}, {"one": SETS[1]}, {"baseline": "gradient_boosting"}]
    assert len({fit.digest, *(replace(fit, **change).digest for change in others)}) == 5


def test_every_variant_meets_the_budget_of_both_scales():
    for variant in VARIANTS.values():
        config = variant.config(SETS[0])
        for scale in parser().get_default("scales"):
            study = config.study(scale, 1)
            assert study.shape(study.default).depth == study.default.depth


def test_a_training_keeps_the_predictions_of_its_best_epoch_and_is_the_same_again(tmp_path):
    two_epochs = replace(TRAINING, variant=VARIANTS["shipped"])
    store = RunStore(tmp_path / "runs.jsonl")
    store.keep(two_epochs, two_epochs.run())
    found = store.result(two_epochs)
    assert len(found["losses"]["later"]) == 2
    for part in SCORED:
        loss = log_loss(labels(two_epochs.one)[part], found["predictions"][part][0])
        assert loss == pytest.approx(found["losses"][part][found["best_epoch"] - 1], abs=1e-6)
    assert min(found["losses"]["validation"]) == found["losses"]["validation"][found["best_epoch"] - 1]
    again = two_epochs.run()
    assert again["predictions"] == found["predictions"]
    (members,) = Results.of([two_epochs], store).trained["shipped", "debug"].values()
    assert len(members) == 1


def test_an_opponent_predicts_the_scored_days_by_each_member():
    fit = Opponent(SETS[0], "base_rate", tries=1, members=3)
    found = fit.run()["predictions"]
    for part, expected in labels(fit.one).items():
        assert [len(member) for member in found[part]] == [len(expected)]
