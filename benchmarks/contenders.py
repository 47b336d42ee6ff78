"""The contenders of speed.py that run in .venv, each in a separate process (see usual_code.py)."""

import json
import sys
from functools import partial

import torch
from kept_step import kept

from dimensions import Size
from setting import Execution, made_up_windows, model_shape, trial_run
from simmer.thermal.guard import StepDecision
from usual_code import Pace, made_up_rows, serve, usual


def ours(size: Size, batch: int, threads: int, pace: Pace) -> None:  # noqa: ARG001
    """simmer's own loop, as a trial runs it, with the execution that the command line gives as JSON."""
    rows, labels = made_up_rows()
    trial_run(
        model_shape(size),
        # The others do not evaluate, so this evaluates little.
        (made_up_windows(rows, labels), made_up_windows(rows, labels[:batch])),
        Execution(**json.loads(sys.argv[5])),
        guard=PacedGuard(pace),
        batch=batch,
        dropout=0.1,
        epochs=10**6,
    ).run()


class PacedGuard:
    """A guard that lets the pace decide when the next step begins."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def between_steps(self) -> StepDecision:
        """Never stop."""
        self._pace()
        return StepDecision(stop=False, reason=None)

    def inside_step(self) -> None:
        """Go on at once."""


def gemm(dtype: torch.dtype, size: Size, batch: int, threads: int, pace: Pace) -> None:  # noqa: ARG001
    """Products of two 2048 x 2048 matrices: the upper limit of a step."""
    a, b = (torch.randn(2048, 2048).to(dtype) for _ in range(2))
    while True:
        torch.mm(a, b)
        pace()


if __name__ == "__main__":
    serve(
        {
            "ours": ours,
            "before_bf16": partial(kept, "bf16"),
            "before_fp32": partial(kept, "fp32"),
            "usual": usual,
            "gemm_bf16": partial(gemm, torch.bfloat16),
            "gemm_fp32": partial(gemm, torch.float32),
        }
    )
