"""Transfer of trials from a smaller scale, and the rule for learning rates at another width."""

from dataclasses import asdict, replace

import pytest
import torch
from torch.nn import functional

from simmer.model.shape import ModelShape
from simmer.search.space import Choice, Range
from simmer.search.transfer import mapped, nearest, transferred
from simmer.training.settings import Execution
from simmer.training.state import TrainingState
from support.configs import default_config
from support.results import trial_result
from support.runs import RECIPE, SHAPE

CONFIG = default_config({"search": {"transfer": 2}})
SMALLER, LARGER = CONFIG.study("2M", 1), CONFIG.study("20M", 1)


def result(trial, loss, *, state="complete", repeats=None, **changes):
    losses = () if loss is None else (loss,)
    hyperparameters = asdict(SMALLER.default) | changes
    return trial_result(trial, losses, state=state, repeats=repeats, hyperparameters=hyperparameters)


def test_the_best_completed_trials_are_transferred_best_first_with_their_origin():
    results = [
        result(0, 0.5),
        result(1, 0.4, dropout=0.3),
        result(2, 0.3, state="pruned"),
        result(3, None, state="diverged"),
        result(4, 0.4, repeats=1, dropout=0.3),
        result(5, 0.45, dropout=0.1),
    ]
    moved = transferred(results, smaller=SMALLER, larger=LARGER)
    assert [one.origin for one in moved] == ["2M trial_001", "2M trial_005"]
    assert [one.hyperparameters.dropout for one in moved] == [0.3, 0.1]


def test_only_hyperparameters_are_transferred_never_losses():
    assert set(asdict(transferred([result(0, 0.5)], smaller=SMALLER, larger=LARGER)[0])) == {
        "hyperparameters",
        "origin",
    }


def test_the_learning_rate_falls_as_the_width_grows():
    moved = mapped(SMALLER.default, smaller=SMALLER, larger=LARGER)
    widths = SMALLER.shape(SMALLER.default).width, LARGER.shape(moved).width
    assert widths[1] > 2 * widths[0]
    assert moved.learning_rate == pytest.approx(SMALLER.default.learning_rate * widths[0] / widths[1])
    # The weights remember as many steps as before.
    remembered = SMALLER.default.learning_rate * SMALLER.default.weight_decay
    assert moved.learning_rate * moved.weight_decay == pytest.approx(remembered)


@pytest.mark.parametrize(("depth", "expected"), [(2, 2), (16, 24), (6, 7)])
def test_depth_keeps_its_place_between_the_extremes(depth, expected):
    start = replace(SMALLER.default, depth=depth)
    assert mapped(start, smaller=SMALLER, larger=LARGER).depth == expected


def test_transferred_trials_are_inside_the_larger_space():
    narrow = CONFIG.study("2B", 1)
    for learning_rate in (3e-5, 3e-3):
        start = replace(SMALLER.default, learning_rate=learning_rate, head_width=16, batch_size=32)
        moved = mapped(start, smaller=SMALLER, larger=narrow)
        narrow.space.check(moved, where="test")
        assert (moved.head_width, moved.batch_size) == (64, 64)


def test_the_nearest_value_is_nearest_by_ratio():
    assert nearest(Choice((16, 64)), 33) == 64
    assert nearest(Choice((0.0, 1.0)), 0.2) == 0.0
    assert nearest(Choice(("train_scaled", "window_norm")), "window_norm") == "window_norm"
    assert nearest(Choice(("train_scaled", "window_norm")), "price_relative") == "train_scaled"
    assert nearest(Range(low=2, high=9, log=True, integer=True), 4.6) == 5
    assert nearest(Range(low=0.1, high=0.2, log=False, integer=False), 0.5) == 0.2


def test_trials_are_transferred_from_the_next_smaller_scale_of_run_scales():
    assert CONFIG.next_smaller_scale("20M") == "2M"
    assert CONFIG.next_smaller_scale("2B") == "200M"
    assert CONFIG.next_smaller_scale("20k") is None
    assert CONFIG.next_smaller_scale("debug") is None
    assert default_config({"search": {"transfer": 0}}).next_smaller_scale("20M") is None
    skipping = default_config({"search": {"transfer": 2}, "run_scales": ["2M", "200M"]})
    assert skipping.next_smaller_scale("200M") == "2M"


def test_the_smaller_study_is_part_of_the_larger_ones_settings():
    other = default_config({"search": {"transfer": 2}, "scales": {"2M": {"epochs_max": 7}}})
    assert other.study("20M", 1).settings_digest() != LARGER.settings_digest()
    more = default_config({"search": {"transfer": 2}, "scales": {"2M": {"n_trials": 60}}})
    assert more.study("20M", 1).settings_digest() == LARGER.settings_digest()


# ---- coordinate check (Yang et al. 2022, appendix D.1): how much do the first steps move what a layer says?

WIDTHS = (64, 128, 256, 512)


def movements(*, follow_width: bool) -> list[float]:
    """Return per width the mean change of the last tokens, per coordinate, over five steps."""
    moved = []
    for width in WIDTHS:
        shape = replace(SHAPE, width=width, heads=width // 8, head_width=8, ff_width=2 * width)
        learning_rate = 1e-3 * (WIDTHS[0] / width if follow_width else 1.0)
        moved.append(_movement(shape, learning_rate))
    return moved


def _movement(shape: ModelShape, learning_rate: float) -> float:
    execution = Execution(device="cpu", precision="fp32", threads=1)
    recipe = replace(RECIPE, dropout=0.0, weight_decay=0.0)
    state = TrainingState(shape, recipe, execution, clip_norm=1e9, seed=1)
    state.initialise(0.5)
    generator = torch.Generator().manual_seed(3)
    windows = torch.randn(32, shape.context_days, shape.channels, generator=generator)
    labels = (windows[:, -1, 0] > 0).float()
    outputs = []
    hook = state.model.layers[-1].register_forward_hook(
        lambda *call: outputs.append(call[2].detach().clone())
    )
    for step in range(6):
        loss = functional.binary_cross_entropy_with_logits(state.model(windows), labels)
        state.optimizer.before_backward(learning_rate, step=step, last=True)
        loss.backward()
        state.optimizer.finish_step()
    hook.remove()
    return float((outputs[-1] - outputs[0]).abs().mean())


def test_a_rate_that_follows_the_width_keeps_the_first_steps_alike():
    one_rate, following = movements(follow_width=False), movements(follow_width=True)
    assert one_rate[-1] > 2 * one_rate[0]
    assert max(following) < 1.25 * min(following)
