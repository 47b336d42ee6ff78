"""Dropout from a pool of masks is as random as drawing every mask."""

import pytest
import torch

from simmer.model.dropout import Dropout, MaskPool

ENTRIES = 1 << 20


def pool(probability=0.3, *, seed=1, dtype=torch.float32, entries=ENTRIES):
    return MaskPool(probability, entries=entries, seed=seed, device=torch.device("cpu"), dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("probability", [0.05, 0.1, 0.3, 0.6])
def test_the_rate_is_kept_and_so_is_the_mean(probability, dtype):
    mask = pool(probability, dtype=dtype).mask(torch.empty(ENTRIES // 2), 0).double()
    dropped = float((mask == 0).double().mean())
    noise = 5 * (probability * (1 - probability) / (ENTRIES // 2)) ** 0.5
    assert dropped == pytest.approx(probability, abs=noise + 0.002)
    assert float(mask.mean()) == pytest.approx(1.0, abs=noise / (1 - probability) + 1e-5)
    assert len(mask.unique()) == 2


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 7, 64, 768, 4096])
def test_neighbours_are_independent(lag):
    mask = pool().mask(torch.empty(ENTRIES // 2), 0).double()
    assert abs(correlation(mask[:-lag], mask[lag:])) < 5 / (ENTRIES // 2) ** 0.5


def test_masks_from_different_places_and_pools_are_independent():
    count = 1 << 14
    masks = [pool().mask(torch.empty(count), place) for place in (0, 1 << 16, 1 << 18)]
    masks.append(pool(seed=2).mask(torch.empty(count), 0))
    for first in range(4):
        for second in range(first):
            assert abs(correlation(masks[first].double(), masks[second].double())) < 5 / count**0.5


def test_equal_places_give_equal_masks_and_equal_seeds_equal_pools():
    like = torch.empty(10, 100)
    assert torch.equal(pool().mask(like, 12345), pool().mask(like, 12345))
    assert not torch.equal(pool().mask(like, 12345), pool().mask(like, 99999))


def test_every_offset_is_inside_the_pool():
    small = pool(entries=1000)
    for place in (0, 1, 999, 10**15, 2**62 - 1):
        assert small.mask(torch.empty(900), place).shape == (900,)


@pytest.mark.parametrize("pooled", [True, False])
def test_in_training_it_drops_and_scales_and_in_evaluation_it_does_nothing(pooled):
    torch.manual_seed(0)
    site, values = Dropout(0.25), torch.ones(200, 200)
    site.pool = pool(0.25) if pooled else None
    dropped = site.train()(values)
    assert sorted(dropped.unique().tolist()) == pytest.approx([0.0, 1 / 0.75])
    torch.manual_seed(0)
    torch.testing.assert_close(site.onto(values, values), 1 + dropped)
    assert torch.equal(site.eval()(values), values)
    assert torch.equal(site.onto(values, values), 2 * values)


def test_the_gradient_passes_where_the_value_did():
    site, values = Dropout(0.5), torch.ones(1000, requires_grad=True)
    site.pool = pool(0.5)
    dropped = site.train()(values)
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach())


def correlation(a, b):
    return float(torch.corrcoef(torch.stack([a, b]))[0, 1])
