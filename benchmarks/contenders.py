"""One contender of speed.py, in a process of its own: trains a while whenever a line with a number comes in.

    python contenders.py NAME SCALE BATCH THREADS

Reads a number of steps from standard input, answers with the seconds they took, and waits for the next.
Every contender computes a loss, clips gradients to norm 1 and makes one AdamW step per batch, with dropout
0.1.
"""

import sys
import time
from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.nn import functional

from setting import (
    CHANNELS,
    CONTEXT_DAYS,
    PATCH_DAYS,
    PATCHES,
    SIZES,
    STRIDE_DAYS,
    Execution,
    Size,
    Windows,
    model_shape,
    trial_run,
)
from simmer.thermal.guard import StepDecision

WINDOWS = 3340  # as many as the bundled data has to train on


class Pace:
    """Called after each step; answers and waits once the steps that were asked for are done."""

    def __init__(self) -> None:
        self._wait()

    def __call__(self) -> None:
        """Count a step."""
        self._left -= 1
        if self._left == 0:
            print(time.perf_counter() - self._start, flush=True)
            self._wait()

    def _wait(self) -> None:
        line = sys.stdin.readline()
        if not line:
            sys.exit()
        self._left, self._start = int(line), time.perf_counter()


Contender = Callable[[Size, int, int, Pace], None]


def made_up_rows() -> tuple[torch.Tensor, torch.Tensor]:
    """Return features [rows, channels] and labels [windows]: the speed does not depend on the values."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(WINDOWS + CONTEXT_DAYS, CHANNELS, generator=generator)
    return rows, (torch.rand(WINDOWS, generator=generator) < 0.3).float()


def ours(size: Size, batch: int, threads: int, pace: Pace) -> None:
    """The product's own loop, as a trial runs it."""
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
        (windows(WINDOWS), windows(batch)),  # the others evaluate nothing, so this evaluates little
        Execution(device="cpu", precision="bf16", threads=threads),
        guard=PacedGuard(pace),
        batch=batch,
        dropout=0.1,
        epochs=10**6,
    ).run()


class PacedGuard:
    """Lets the pace decide when the next step begins."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def between_steps(self) -> StepDecision:
        """Never stop."""
        self._pace()
        return StepDecision(stop=False, reason=None)

    def inside_step(self) -> None:
        """Go on at once."""


class UsualModel(nn.Module):
    """The same model from torch's own building blocks."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.embed = nn.Linear(PATCH_DAYS * CHANNELS, size.width)
        self.positions = nn.Parameter(0.02 * torch.randn(PATCHES, size.width))
        layer = nn.TransformerEncoderLayer(
            size.width, size.heads, size.ff_width, 0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, size.depth, enable_nested_tensor=False)
        self.norm, self.dropout = nn.LayerNorm(size.width), nn.Dropout(0.1)
        self.head = nn.Linear(PATCHES * size.width, 1)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Return logits [B] for windows [B, L, C]."""
        patches = window.unfold(1, PATCH_DAYS, STRIDE_DAYS).flatten(2)
        tokens = self.encoder(self.dropout(self.embed(patches) + self.positions))
        return self.head(self.dropout(self.norm(tokens).flatten(1))).squeeze(-1)


class UsualDataset(torch.utils.data.Dataset):
    """One window per item, cut out when it is asked for."""

    def __init__(self) -> None:
        self.rows, self.labels = made_up_rows()

    def __len__(self) -> int:
        return WINDOWS

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.rows[index : index + CONTEXT_DAYS], self.labels[index]


def batches(batch: int) -> Iterator[list[torch.Tensor]]:
    """Yield shuffled batches without end."""
    loader = torch.utils.data.DataLoader(UsualDataset(), batch_size=batch, shuffle=True, drop_last=True)
    while True:
        yield from loader


def plain_loop(model: nn.Module, batch: int, pace: Pace, loss_of: Callable[..., torch.Tensor]) -> None:
    """The training loop as it is usually written: Dataset, DataLoader, AdamW, `.item()` at each step."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    losses = []
    model.train()
    for windows, labels in batches(batch):
        optimizer.zero_grad()
        loss = loss_of(model, windows, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        pace()


def usual(size: Size, batch: int, threads: int, pace: Pace) -> None:  # noqa: ARG001
    """The usual code for the same model."""

    def loss_of(model: nn.Module, windows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return functional.binary_cross_entropy_with_logits(model(windows), labels)

    plain_loop(UsualModel(size), batch, pace, loss_of)


def hugging_face(size: Size, batch: int, threads: int, pace: Pace) -> None:  # noqa: ARG001
    """`PatchTSTForClassification` of the same dimensions: one token sequence per channel."""
    from transformers import PatchTSTConfig, PatchTSTForClassification

    config = PatchTSTConfig(
        num_input_channels=CHANNELS,
        context_length=CONTEXT_DAYS,
        patch_length=PATCH_DAYS,
        patch_stride=STRIDE_DAYS,
        d_model=size.width,
        num_attention_heads=size.heads,
        num_hidden_layers=size.depth,
        ffn_dim=size.ff_width,
        num_targets=2,
        attention_dropout=0.1,
        ff_dropout=0.1,
        head_dropout=0.1,
    )

    def loss_of(model: nn.Module, windows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return model(past_values=windows, target_values=labels.long()).loss

    plain_loop(PatchTSTForClassification(config), batch, pace, loss_of)


def neuralforecast(size: Size, batch: int, threads: int, pace: Pace) -> None:  # noqa: ARG001
    """neuralforecast's PatchTST, a forecaster: each channel is a series whose next value is predicted."""
    from neuralforecast.models import PatchTST

    model = PatchTST(
        h=1,
        input_size=CONTEXT_DAYS,
        encoder_layers=size.depth,
        n_heads=size.heads,
        hidden_size=size.width,
        linear_hidden_size=size.ff_width,
        patch_len=PATCH_DAYS,
        stride=STRIDE_DAYS,
        dropout=0.1,
        fc_dropout=0.1,
    ).model

    def loss_of(model: nn.Module, windows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        series = windows.transpose(1, 2).reshape(-1, 1, CONTEXT_DAYS)
        return functional.l1_loss(model(series).flatten(), labels.repeat_interleave(CHANNELS))

    plain_loop(model, batch, pace, loss_of)


def gemm(dtype: torch.dtype) -> Contender:
    """Products of two 2048 x 2048 matrices: the most a step could reach."""

    def run(size: Size, batch: int, threads: int, pace: Pace) -> None:  # noqa: ARG001
        a, b = (torch.randn(2048, 2048).to(dtype) for _ in range(2))
        while True:
            torch.mm(a, b)
            pace()

    return run


CONTENDERS: dict[str, Contender] = {
    "ours": ours,
    "usual": usual,
    "hugging_face": hugging_face,
    "neuralforecast": neuralforecast,
    "gemm_bf16": gemm(torch.bfloat16),
    "gemm_fp32": gemm(torch.float32),
}


def main() -> None:
    """Build one contender and train as asked."""
    name, scale, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    CONTENDERS[name](SIZES[scale], batch, threads, Pace())


if __name__ == "__main__":
    main()
