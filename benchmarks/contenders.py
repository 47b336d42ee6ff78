"""The contenders of speed.py that run in .venv, each in a separate process (see usual_code.py)."""

from functools import partial

import torch

from dimensions import CONTEXT_DAYS, Size
from setting import Execution, Windows, model_shape, trial_run
from simmer.thermal.guard import StepDecision
from usual_code import WINDOWS, Pace, made_up_rows, serve, usual


def ours(precision: str, size: Size, batch: int, threads: int, pace: Pace) -> None:
    """simmer's own loop, as a trial runs it."""
    rows, labels = made_up_rows()

    def windows(count: int) -> Windows:
        return Windows(
            features=rows,
            decision_rows=torch.arange(CONTEXT_DAYS - 1, CONTEXT_DAYS - 1 + count),
            labels=labels[:count],
            context_days=CONTEXT_DAYS,
            device="cpu",
        )

    trial_run(
        model_shape(size),
        (windows(WINDOWS), windows(batch)),  # the others do not evaluate, so this evaluates little
        Execution(device="cpu", precision=precision, threads=threads),
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
            "ours_bf16": partial(ours, "bf16"),
            "ours_fp32": partial(ours, "fp32"),
            "usual": usual,
            "gemm_bf16": partial(gemm, torch.bfloat16),
            "gemm_fp32": partial(gemm, torch.float32),
        }
    )
