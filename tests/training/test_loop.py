import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from simmer.base.errors import Interrupted
from simmer.training import evaluation, loop
from simmer.training.checkpoint import CheckpointStore
from simmer.training.evaluation import Diverged, evaluate
from simmer.training.schedule import learning_rate_at, window_order
from simmer.training.state import tensors_digest
from support.runs import EXECUTION, RECIPE, SETTINGS, SHAPE, FakeGuard, training_run, windows

STEPS = 3 * 5  # 70 windows in batches of 16, three epochs


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return training_run(tmp_path_factory.mktemp("unbroken")).run()


@pytest.mark.parametrize("stop_after", range(1, STEPS + 1))
def test_a_run_stopped_after_any_step_ends_as_an_uninterrupted_one(tmp_path, unbroken, stop_after):
    with pytest.raises(Interrupted, match="stopped by the test"):
        training_run(tmp_path, guard=FakeGuard(stop_after)).run()
    resumed = training_run(tmp_path)
    outcome = resumed.run()
    assert outcome.weights_sha256 == unbroken.weights_sha256
    assert outcome.curve == unbroken.curve
    assert resumed.guard.steps == STEPS, "a step was repeated or skipped"


def test_a_run_stopped_at_every_step_ends_as_an_uninterrupted_one(tmp_path, unbroken):
    outcome, starts = None, 0
    while outcome is None:
        starts += 1
        run = training_run(tmp_path)
        run.guard.stop_after = starts
        try:
            outcome = run.run()
        except Interrupted:
            continue
    assert starts == STEPS + 1
    assert outcome.weights_sha256 == unbroken.weights_sha256
    assert outcome.curve == unbroken.curve


@pytest.mark.parametrize("average_epochs", [0.0, 1.0])
@pytest.mark.parametrize("memory", ["full", "kahan", "stochastic", "lean"])
def test_every_memory_recipe_resumes_bit_identical(tmp_path, monkeypatch, memory, average_epochs):
    monkeypatch.setattr("simmer.training.in_backward.SMALL_ENTRIES", 64)  # so that these matrices are large
    options = {
        "execution": replace(EXECUTION, precision="bf16", memory=memory),
        "micro_batch": 8,
        "recipe": replace(RECIPE, average_epochs=average_epochs),
    }
    whole = training_run(tmp_path / "whole", **options)
    whole_outcome = whole.run()
    with pytest.raises(Interrupted):
        training_run(tmp_path / "cut", guard=FakeGuard(7), **options).run()
    resumed = training_run(tmp_path / "cut", **options)
    assert resumed.run().curve == whole_outcome.curve
    assert tensors_digest(resumed.state.tensors()) == tensors_digest(whole.state.tensors())


@pytest.mark.parametrize("memory", ["full", "kahan", "stochastic", "lean"])
def test_recomputing_activations_is_bit_identical(tmp_path, monkeypatch, memory):
    monkeypatch.setattr("simmer.training.in_backward.SMALL_ENTRIES", 64)
    digests = set()
    for recompute in (False, True):
        execution = replace(EXECUTION, precision="bf16", memory=memory, activation_checkpointing=recompute)
        run = training_run(tmp_path / str(recompute), execution=execution)
        run.run()
        digests.add(tensors_digest(run.state.tensors()))
    assert len(digests) == 1


@pytest.mark.long
def test_a_compiled_run_resumes_bit_identical_and_learns_as_much(tmp_path):
    shallow = {"shape": replace(SHAPE, depth=1), "epochs_max": 2}
    compiled = shallow | {"execution": replace(EXECUTION, compiled=True)}
    whole = training_run(tmp_path / "whole", **compiled).run()
    with pytest.raises(Interrupted):
        training_run(tmp_path / "cut", guard=FakeGuard(7), **compiled).run()
    assert training_run(tmp_path / "cut", **compiled).run().weights_sha256 == whole.weights_sha256
    eager = training_run(tmp_path / "eager", **shallow).run()
    assert whole.curve[-1]["train_log_loss"] == pytest.approx(eager.curve[-1]["train_log_loss"], abs=0.05)


def test_periodic_checkpoints_change_nothing(tmp_path, unbroken):
    outcome = training_run(tmp_path, checkpoint_interval_s=0.0).run()
    assert outcome.checkpoints > 0
    assert outcome.weights_sha256 == unbroken.weights_sha256


def test_the_checkpoint_interval_grows_so_that_writing_stays_below_one_per_cent(tmp_path):
    clock = FakeClock()
    run = training_run(tmp_path, epochs_max=200, checkpoint_interval_s=5.0, clock=clock)
    run.guard = SlowGuard(clock)
    run.store = SlowStore(tmp_path, clock)
    outcome = run.run()
    assert run.store.saved_at_s[0] == 5.0
    assert outcome.checkpoints == len(run.store.saved_at_s) >= 2
    gaps = [later - earlier for earlier, later in pairwise(run.store.saved_at_s)]
    assert min(gaps) >= 100 * SlowStore.WRITE_S


class FakeClock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


class SlowGuard(FakeGuard):
    """Makes every step take a second."""

    def __init__(self, clock, stop_after=None):
        super().__init__(stop_after)
        self.clock = clock

    def between_steps(self):
        self.clock.now_s += 1.0
        return super().between_steps()


class SlowStore(CheckpointStore):
    """Makes every checkpoint take three seconds."""

    WRITE_S = 3.0

    def __init__(self, folder, clock):
        super().__init__(folder)
        self.clock, self.saved_at_s = clock, []

    def save(self, step, tensors, values):
        super().save(step, tensors, values)
        self.saved_at_s.append(self.clock.now_s)
        self.clock.now_s += self.WRITE_S


def test_it_learns_what_can_be_learned(tmp_path):
    recipe = replace(RECIPE, dropout=0.0, learning_rate=1e-2)
    outcome = training_run(tmp_path, recipe=recipe, epochs_max=30).run()
    assert outcome.curve[outcome.best_epoch - 1]["validation"]["log_loss"] < 0.55


def test_the_best_epoch_is_the_lowest_validation_loss_not_the_last(tmp_path):
    recipe = replace(RECIPE, dropout=0.0, learning_rate=3e-2)
    outcome = training_run(tmp_path, recipe=recipe, epochs_max=25).run()
    losses = [record["validation"]["log_loss"] for record in outcome.curve]
    assert outcome.best_epoch == 1 + losses.index(min(losses))


def test_patience_ends_a_run_that_no_longer_improves(tmp_path):
    settings = replace(SETTINGS, patience_epochs=2, min_improvement=10.0)
    outcome = training_run(tmp_path, settings=settings, epochs_max=20).run()
    assert len(outcome.curve) == 3  # the first always improves on nothing
    assert outcome.ended == "patience"


def test_a_run_that_falls_behind_ends_early_with_its_curve(tmp_path):
    asked = []

    def falls_behind(losses):
        asked.append(len(losses))
        return len(losses) == 2

    outcome = training_run(tmp_path, falls_behind=falls_behind).run()
    assert (outcome.ended, len(outcome.curve), asked) == ("halving", 2, [1, 2])


def test_a_resumed_run_falls_behind_at_the_same_epoch_as_an_uninterrupted_one(tmp_path):
    def falls_behind(losses):
        return len(losses) == 2

    whole = training_run(tmp_path / "whole", falls_behind=falls_behind).run()
    for stop_after in (4, 7, 10):
        folder = tmp_path / str(stop_after)
        with pytest.raises(Interrupted):
            training_run(folder, falls_behind=falls_behind, guard=FakeGuard(stop_after)).run()
        outcome = training_run(folder, falls_behind=falls_behind).run()
        assert (outcome.curve, outcome.weights_sha256) == (whole.curve, whole.weights_sha256)


def test_a_run_ends_at_its_time_limit_with_what_it_has_over_all_its_starts(tmp_path):
    def limited(guard_stops_after=None):
        clock = FakeClock()
        run = training_run(tmp_path, epochs_max=50, time_limit_s=25.0, clock=clock)
        run.guard = SlowGuard(clock, guard_stops_after)
        return run

    with pytest.raises(Interrupted):
        limited(guard_stops_after=10).run()
    outcome = limited().run()
    assert outcome.ended == "time_limit"
    assert outcome.train_s == 25.0
    assert "limit 25 s" in outcome.reason
    assert outcome.best_epoch is not None


def test_a_time_limit_before_the_first_epoch_leaves_no_best_epoch(tmp_path):
    clock = FakeClock()
    run = training_run(tmp_path, time_limit_s=1.0, clock=clock)
    run.guard = SlowGuard(clock)
    outcome = run.run()
    assert (outcome.ended, outcome.best_epoch, outcome.curve) == ("time_limit", None, [])


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 1e-3},
        {"weight_decay": 0.5},
        {"warmup_fraction": 0.5},
        {"dropout": 0.4},
        {"batch_size": 8},
        {"label_smoothing": 0.1},
        {"focal_gamma": 1.0},
        {"input_form": "window_norm"},
    ],
    ids=str,
)
def test_every_key_of_the_recipe_changes_the_weights(tmp_path, unbroken, change):
    outcome = training_run(tmp_path, recipe=replace(RECIPE, **change)).run()
    assert outcome.weights_sha256 != unbroken.weights_sha256


def test_the_same_recipe_twice_is_the_same_run(tmp_path, unbroken):
    assert training_run(tmp_path).run().weights_sha256 == unbroken.weights_sha256


def test_micro_batches_accumulate_to_the_same_effective_batch(tmp_path):
    recipe = replace(RECIPE, dropout=0.0)
    whole = training_run(tmp_path / "whole", recipe=recipe).run()
    split = training_run(tmp_path / "split", recipe=recipe, micro_batch=4).run()
    for one, other in zip(whole.curve, split.curve, strict=True):
        assert one["train_log_loss"] == pytest.approx(other["train_log_loss"], abs=1e-5)


def test_divergence_is_noticed(tmp_path):
    recipe = replace(RECIPE, learning_rate=1e6, warmup_fraction=0.0)
    settings = replace(SETTINGS, gradient_clip_norm=1e9)
    outcome = training_run(tmp_path, recipe=recipe, settings=settings).run()
    assert outcome.ended == "diverged"
    assert "train log-loss" in outcome.reason


def test_a_prediction_that_is_not_finite_is_divergence_too(tmp_path):
    run = training_run(tmp_path)
    run.state.initialise(base_rate=0.5)
    torch.nn.init.constant_(run.state.model.head.bias, float("nan"))
    with pytest.raises(Diverged, match="not finite"):
        evaluate(run.steps.replicas, run.plan.validation, team=run.steps.team, between_batches=lambda: None)


def test_the_train_loss_is_the_mean_over_windows_not_over_batches(tmp_path):
    recipe = replace(RECIPE, learning_rate=1e-12, dropout=0.0)  # nothing moves, every window costs ln 2
    outcome = training_run(tmp_path, recipe=recipe, epochs_max=1).run()
    assert outcome.curve[0]["train_log_loss"] == pytest.approx(math.log(2), abs=1e-6)


def test_each_epoch_is_reported_once_and_in_order(tmp_path):
    records = []
    training_run(tmp_path, on_epoch=records.append).run()
    assert [record["epoch"] for record in records] == [1, 2, 3]


def test_the_learning_rate_rises_then_falls_to_its_final_fraction():
    rates = rates_of(SETTINGS)
    assert rates[0] == pytest.approx(RECIPE.learning_rate / 20)
    assert rates[19] == pytest.approx(RECIPE.learning_rate)
    assert all(later < earlier for earlier, later in pairwise(rates[20:]))
    assert rates[-1] == pytest.approx(0.05 * RECIPE.learning_rate, rel=0.05)


def test_a_constant_learning_rate_only_warms_up():
    rates = rates_of(replace(SETTINGS, schedule="constant"))
    assert rates[:20] == rates_of(SETTINGS)[:20]
    assert set(rates[20:]) == {RECIPE.learning_rate}


def rates_of(settings):
    return [learning_rate_at(step, total_steps=100, recipe=RECIPE, settings=settings) for step in range(100)]


def test_every_window_is_visited_once_per_epoch_in_another_order():
    first, second = (window_order(100, seed=1, epoch=epoch) for epoch in (0, 1))
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(100))
    assert not torch.equal(first, second)
    assert torch.equal(first, window_order(100, seed=1, epoch=0))


def test_the_guard_is_called_after_each_layer_of_a_long_step_with_identical_results(
    tmp_path, unbroken, monkeypatch
):
    monkeypatch.setattr(loop, "LONG_STEP_S", 0.0)
    guard = FakeGuard()
    outcome = training_run(tmp_path, guard=guard).run()
    assert outcome.weights_sha256 == unbroken.weights_sha256
    # Forward and backward of two layers in every step but the first, and evaluation too.
    assert guard.calls_inside_steps >= 4 * (guard.steps - 1)


def test_the_guard_is_called_between_micro_batches_and_validation_batches(tmp_path):
    guard = FakeGuard()
    training_run(tmp_path, guard=guard, micro_batch=4, epochs_max=1).run()
    # Four steps of 16 windows and one of 6, in parts of 4; validation is a single batch.
    assert guard.calls_inside_steps == 4 * 3 + 1
    assert guard.steps == 5


def test_a_stop_between_validation_batches_loses_no_step(tmp_path, unbroken, monkeypatch):
    monkeypatch.setattr(evaluation, "EVALUATION_BATCH", 16)
    with pytest.raises(Interrupted, match="at epoch 1, step 5 of 5"):
        training_run(tmp_path, guard=FakeGuard(stop_after=6)).run()
    assert training_run(tmp_path).run().weights_sha256 == unbroken.weights_sha256


def test_the_checkpoint_of_a_step_is_written_once(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "EVALUATION_BATCH", 16)
    saved = []
    save = CheckpointStore.save
    monkeypatch.setattr(
        CheckpointStore, "save", lambda store, step, *rest: (saved.append(step), save(store, step, *rest))
    )
    for _ in range(3):
        with pytest.raises(Interrupted):
            training_run(tmp_path, guard=FakeGuard(stop_after=6)).run()
        monkeypatch.setattr(FakeGuard, "restore", lambda guard, counters: None)
    assert len(saved) == len(set(saved))


@pytest.mark.parametrize("memory", ["full", "kahan", "lean"])
def test_guard_calls_inside_a_step_leave_the_weights_bit_identical(tmp_path, monkeypatch, memory):
    execution = replace(EXECUTION, precision="bf16", memory=memory, activation_checkpointing=True)
    plain = training_run(tmp_path / "plain", execution=execution).run()
    monkeypatch.setattr(loop, "LONG_STEP_S", 0.0)
    watched = training_run(tmp_path / "watched", execution=execution).run()
    assert watched.weights_sha256 == plain.weights_sha256


def test_on_best_is_called_after_each_best_epoch_and_again_after_a_stop(tmp_path):
    other = windows(30, seed=5)

    def keeping(kept):
        return lambda best: kept.append((best.predict(other), tensors_digest(best.weights())))

    whole = []
    run = training_run(tmp_path / "whole", epochs_max=6, on_best=keeping(whole))
    curve = run.run().curve
    losses = [record["validation"]["log_loss"] for record in curve]
    assert len(whole) == sum(loss < min(losses[:n], default=math.inf) for n, loss in enumerate(losses))
    assert all(len(probabilities) == 30 for probabilities, _ in whole)
    assert len({digest for _, digest in whole}) == len(whole), "not the weights of that epoch"
    cut = []
    with pytest.raises(Interrupted):
        training_run(tmp_path / "cut", epochs_max=6, guard=FakeGuard(6), on_best=keeping(cut)).run()
    training_run(tmp_path / "cut", epochs_max=6, on_best=keeping(cut)).run()
    assert cut[-1][0].tolist() == whole[-1][0].tolist()
    assert cut[-1][1] == whole[-1][1]


def test_predicting_can_be_stopped_between_batches_and_the_epoch_is_then_closed_again(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "EVALUATION_BATCH", 10)
    expected, found = [], []
    training_run(
        tmp_path / "whole",
        epochs_max=1,
        on_best=lambda best: expected.append(best.predict(windows(40, seed=5))),
    ).run()
    on_best = {"on_best": lambda best: found.append(best.predict(windows(40, seed=5)))}
    with pytest.raises(Interrupted):
        training_run(tmp_path / "cut", epochs_max=1, guard=FakeGuard(5 + 3 + 2), **on_best).run()
    assert not found, "stopped while predicting"
    resumed = training_run(tmp_path / "cut", epochs_max=1, **on_best)
    assert len(resumed.run().curve) == 1
    assert found[-1].tolist() == expected[-1].tolist()
