import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simmer.training.rounding import Noise, store_split, store_stochastically

FINITE = st.builds(math.ldexp, st.integers(-(2**24), 2**24), st.integers(-60, 60))


def noise(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(1 << 16, (count,), dtype=torch.int32, generator=generator)


@given(st.lists(FINITE, min_size=1, max_size=50))
def test_the_split_is_the_nearest_bfloat16_and_an_exact_rest(numbers):
    values = torch.tensor(numbers, dtype=torch.float32)
    rest, head = values.clone(), torch.empty(len(numbers), dtype=torch.bfloat16)
    store_split(head, rest)
    assert torch.equal(head, values.to(torch.bfloat16))
    assert torch.equal(head.double() + rest.double(), values.double())


@given(st.lists(FINITE, min_size=1, max_size=50), st.integers(0, 1000))
def test_stochastic_rounding_takes_one_of_the_two_neighbours(numbers, seed):
    values = torch.tensor(numbers, dtype=torch.float32)
    target = torch.empty(len(numbers), dtype=torch.bfloat16)
    store_stochastically(target, values.clone(), noise(len(numbers), seed))
    down = values.view(torch.int32).bitwise_and(-(1 << 16)).view(torch.float32)
    up = (down.view(torch.int32) + (1 << 16)).view(torch.float32)
    assert ((target.float() == down) | (target.float() == up)).all()


@pytest.mark.parametrize("value", [1.001, -3.1415, 1e-6, 7e5])
def test_stochastic_rounding_keeps_the_mean(value):
    count = 1 << 18
    target = torch.empty(count, dtype=torch.bfloat16)
    store_stochastically(target, torch.full((count,), value), noise(count))
    ulp = abs(value) / 128
    assert abs(float(target.double().mean()) - value) < 5 * ulp / (2 * count**0.5)


def test_what_bfloat16_holds_exactly_is_never_changed():
    values = torch.tensor([0.0, 1.0, -2.5, 0.09375])
    target = torch.empty(4, dtype=torch.bfloat16)
    store_stochastically(target, values.clone(), torch.full((4,), (1 << 16) - 1, dtype=torch.int32))
    assert torch.equal(target.float(), values)


def test_noise_depends_on_the_seed_alone_and_is_uniform():
    one, other = Noise(1 << 16, "cpu"), Noise(1 << 16, "cpu")
    other.take(5)
    for source in (one, other):
        source.restart(3)
    assert torch.equal(one.take(1 << 16), other.take(1 << 16))
    words = one.take(1 << 16).double()
    assert words.min() >= 0 and words.max() < 1 << 16
    assert float(words.mean()) == pytest.approx(32767.5, rel=0.02)
    one.restart(4)
    assert not torch.equal(one.take(1000), other.take(1000))
