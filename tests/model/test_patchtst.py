import math
from dataclasses import replace

import pytest
import torch

from simmer.model.patchtst import PatchTST
from simmer.model.shape import ModelShape

SHAPE = ModelShape(
    channels=3,
    context_days=20,
    patch_days=10,
    stride_days=5,
    depth=2,
    width=16,
    heads=2,
    head_width=8,
    ff_width=32,
)


BOTH = replace(SHAPE, nested_days=(1, 5, 20))
NESTED = replace(BOTH, patch_days=None, stride_days=None)


def built(*, shape=SHAPE, window_norm=False, dropout=0.0, base_rate_logit=-0.7):
    model = PatchTST(shape, dropout=dropout, window_norm=window_norm)
    with torch.no_grad():
        for name, value in model.initial_values(base_rate_logit=base_rate_logit, seed=1):
            model.get_parameter(name).copy_(value)
    return model


def disturbed(**options):
    """A model with a non-zero head, so that its inputs matter."""
    model = built(**options)
    torch.nn.init.normal_(model.head.weight)
    return model


def test_one_logit_per_window_which_is_the_base_rate_at_first():
    logits = built(base_rate_logit=-0.7)(torch.randn(5, 20, 3))
    assert logits.shape == (5,)
    torch.testing.assert_close(logits, torch.full((5,), -0.7))


@pytest.mark.parametrize("shape", [SHAPE, NESTED, BOTH], ids=["sliding", "nested", "both"])
def test_every_day_and_every_channel_reaches_the_logit(shape):
    model = disturbed(shape=shape)
    window = torch.randn(1, 20, 3, requires_grad=True)
    model(window).sum().backward()
    assert (window.grad.abs() > 0).all()


def test_nested_patches_are_summaries_that_end_on_the_decision_row():
    model, seen = disturbed(shape=BOTH).eval(), []
    window = torch.randn(1, 20, 3)
    model.layers[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        model(window)
        last, week = window[0, -1], window[0, -5:]
        summary = torch.cat([week.mean(dim=0), week.std(dim=0, correction=0)])
        expected = torch.stack([model.embed_nested[0](last), model.embed_nested[1](summary)])
    assert seen[0].shape == (1, SHAPE.patches + 3, SHAPE.width)
    torch.testing.assert_close(seen[0][0, SHAPE.patches :][:2], expected + model.positions[-3:-1])


def test_windows_of_a_batch_do_not_see_each_other():
    model = disturbed().eval()
    windows = torch.randn(4, 20, 3)
    together, alone = model(windows), torch.cat([model(window[None]) for window in windows])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)


def test_window_norm_removes_level_and_scale_and_its_absence_keeps_them():
    windows = torch.randn(2, 20, 3, dtype=torch.float64)
    moved = windows * 7 + 100
    normed, plain = disturbed(window_norm=True).double().eval(), disturbed().double().eval()
    torch.testing.assert_close(normed(windows), normed(moved), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(plain(windows), plain(moved), rtol=1e-2)


def test_attention_equals_the_library_function():
    attention = disturbed().layers[0].attention
    tokens = torch.randn(2, 3, 16)
    joint = attention.query_key_value(tokens).view(2, 3, 3, 2, 8).permute(2, 0, 3, 1, 4)
    expected = torch.nn.functional.scaled_dot_product_attention(*joint)
    expected = attention.project(expected.transpose(1, 2).reshape(2, 3, 16))
    torch.testing.assert_close(attention(tokens), expected)


def test_dropout_acts_in_training_only():
    model = disturbed(dropout=0.5)
    windows = torch.randn(2, 20, 3)
    assert not torch.equal(model.train()(windows), model(windows))
    assert torch.equal(model.eval()(windows), model(windows))


def test_residual_projections_start_smaller_than_the_others():
    model = built()
    residual = 1 / math.sqrt(3 * SHAPE.ff_width * 2 * SHAPE.depth)
    assert model.layers[0].ff_out.weight.std().item() == pytest.approx(residual, rel=0.15)
    assert model.layers[0].ff_in.weight.std().item() == pytest.approx(
        1 / math.sqrt(3 * SHAPE.width), rel=0.15
    )
