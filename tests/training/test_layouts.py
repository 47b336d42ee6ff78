"""Layouts: which ones are tried, and which one is chosen."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simmer.base.errors import Interrupted
from simmer.training.layouts import ROUNDS, WORTHWHILE, Layout, fastest, layouts, measure
from support.runs import EXECUTION, training_run

MOST = replace(EXECUTION, threads=6, replicas=4, kernels="simmer")


def as_tuples(execution):
    return [(layout.kernels, layout.replicas, layout.threads) for layout in layouts(execution)]


def test_threads_and_replicas_are_tried_in_powers_of_two_and_all_of_them():
    assert as_tuples(MOST) == [
        *(("simmer", 1, 1), ("simmer", 2, 3), ("simmer", 4, 1)),
        *(("simmer", 1, threads) for threads in (2, 4, 6)),
        *(("torch", 1, threads) for threads in (1, 2, 4, 6)),
    ]


def test_one_core_without_kernels_leaves_nothing_to_try():
    assert as_tuples(EXECUTION) == [("torch", 1, 1)]


@pytest.mark.parametrize("kernels", ["torch", "simmer"])
def test_configured_kernels_are_the_only_ones_tried(kernels):
    most = replace(MOST, kernels=kernels)
    assert {layout.kernels for layout in layouts(most, kernels=kernels)} == {kernels}


@pytest.mark.parametrize("other", [{"device": "cuda"}, {"compiled": True}])
def test_only_operators_on_a_cpu_are_tried(other):
    assert as_tuples(replace(MOST, kernels="torch", replicas=1, **other)) == [("torch", 1, 6)]


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=8))
def test_the_chosen_layout_is_nearly_the_fastest_and_the_simplest_of_equals(seconds):
    measured = {Layout(kernels="torch", replicas=1, threads=n): s for n, s in enumerate(seconds, start=1)}
    chosen = fastest(measured)
    assert measured[chosen] <= WORTHWHILE * min(seconds)
    assert all(measured[chosen] < s for layout, s in measured.items() if layout.threads < chosen.threads)


def test_each_layout_is_measured_between_calls_of_the_guard(tmp_path):
    plan = training_run(tmp_path, execution=replace(EXECUTION, threads=2)).plan
    calls = []
    seconds = measure(layouts(plan.execution), plan, between_steps=lambda: calls.append(1))
    assert list(seconds) == list(layouts(plan.execution))
    assert all(found > 0 for found in seconds.values())
    assert len(calls) >= 3 * ROUNDS


def test_the_guard_ends_a_measurement(tmp_path):
    def stop():
        raise Interrupted("too hot")

    plan = training_run(tmp_path, execution=replace(EXECUTION, threads=2)).plan
    with pytest.raises(Interrupted):
        measure(layouts(plan.execution), plan, between_steps=stop)


def test_a_hopeless_layout_is_measured_once(tmp_path):
    plan = training_run(tmp_path, execution=replace(EXECUTION, threads=2)).plan
    now, thread_counts = [0.0], []

    def clock():
        # Two threads take four times as long.
        thread_counts.append(torch.get_num_threads())
        now[0] += 0.04 if torch.get_num_threads() == 2 else 0.01
        return now[0]

    measure(layouts(plan.execution), plan, between_steps=lambda: None, clock=clock)
    assert thread_counts.count(2) < thread_counts.count(1)
