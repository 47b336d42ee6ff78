"""Compute the parts of a batch at the same time, each in a thread with cores of its own.

The kernels release Python's lock, so threads of one process suffice: weights exist once, and nothing is
copied between processes.
"""

import copy
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

import torch
from torch import nn

T = TypeVar("T")
M = TypeVar("M", bound=nn.Module)


class Team:
    """Threads that work at the same time; the first is the caller's.

    Args:
        size: number of threads.
        threads_each: threads that each of them uses inside an operator.
    """

    def __init__(self, size: int, threads_each: int) -> None:
        self.size = size
        torch.set_num_threads(threads_each)
        self._others = [
            ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(threads_each,))
            for _ in range(size - 1)
        ]

    def run(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """Return the results of at most `size` tasks in their order; an error is raised when all ended."""
        futures: list[Future[T]] = [
            pool.submit(task) for pool, task in zip(self._others, tasks[1:], strict=False)
        ]
        # An error refers to this frame, so no name in it may refer to the error: that would keep the tensors
        # of a task that failed.
        try:
            results = [tasks[0]()]
        finally:
            wait(futures)  # also after an error nothing may go on in the background
        try:
            while futures:
                results.append(futures.pop(0).result())
        finally:
            futures.clear()
        return results


class Gate:
    """Halts all threads of a team while one of them asks the guard, which may pause for minutes."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()

    def pass_through(self) -> None:
        """Wait while the gate is closed."""
        self._open.wait()

    def closed_during(self, action: Callable[[], None]) -> Callable[[], None]:
        """Return a function that calls `action` while the gate is closed."""

        def call() -> None:
            self._open.clear()
            try:
                action()
            finally:
                self._open.set()

        return call


def replica_of(model: M) -> M:
    """Return a copy of a model that has the same weights, not equal ones, and state of its own."""
    return copy.deepcopy(model, {id(parameter): parameter for parameter in model.parameters()})
