"""The usual training code, and how a process of speed.py trains in turn; imports torch and nothing of simmer.

    python SCRIPT NAME SCALE BATCH THREADS

Such a process reads a number of steps from standard input, answers with the seconds they took, and waits for
the next number. Every contender computes a loss, clips gradients to norm 1 and makes one AdamW step per
batch, with dropout 0.1.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional

from dimensions import CHANNELS, CONTEXT_DAYS, PATCH_DAYS, PATCHES, SIZES, STRIDE_DAYS, Size

WINDOWS = 3340  # as many as the bundled data has to train on


class Pace:
    """Called after each step; answers and waits when the requested steps are done."""

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
    """Return random features [rows, channels] and labels [windows]; speed does not depend on the values."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(WINDOWS + CONTEXT_DAYS, CHANNELS, generator=generator)
    return rows, (torch.rand(WINDOWS, generator=generator) < 0.3).float()


class UsualModel(nn.Module):
    """The same model from torch's own building blocks."""

    def __init__(self, size: Size, *, channels: int = CHANNELS, dropout: float = 0.1) -> None:
        super().__init__()
        self.embed = nn.Linear(PATCH_DAYS * channels, size.width)
        self.positions = nn.Parameter(0.02 * torch.randn(PATCHES, size.width))
        layer = nn.TransformerEncoderLayer(
            size.width,
            size.heads,
            size.ff_width,
            dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(layer, size.depth, enable_nested_tensor=False)
        self.norm, self.dropout = nn.LayerNorm(size.width), nn.Dropout(dropout)
        self.head = nn.Linear(PATCHES * size.width, 1)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Return logits [B] for windows [B, L, C]."""
        patches = window.unfold(1, PATCH_DAYS, STRIDE_DAYS).flatten(2)
        tokens = self.encoder(self.dropout(self.embed(patches) + self.positions))
        return self.head(self.dropout(self.norm(tokens).flatten(1))).squeeze(-1)


class UsualDataset(torch.utils.data.Dataset):
    """One window per item, cut out on request.

    Args:
        rows: [rows, channels].
        firsts: the first row of each window.
        labels: of each window.
    """

    def __init__(self, rows: torch.Tensor, firsts: Sequence[int], labels: torch.Tensor) -> None:
        self.rows, self.firsts, self.labels = rows, firsts, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        first = self.firsts[index]
        return self.rows[first : first + CONTEXT_DAYS], self.labels[index]


def batches(batch: int) -> Iterator[list[torch.Tensor]]:
    """Yield shuffled batches without end."""
    rows, labels = made_up_rows()
    dataset = UsualDataset(rows, range(WINDOWS), labels)
    loader = torch.utils.data.DataLoader(dataset, batch_size=batch, shuffle=True, drop_last=True)
    while True:
        yield from loader


def plain_loop(model: nn.Module, batch: int, pace: Pace, loss_of: Callable[..., torch.Tensor]) -> None:
    """Train with the usual loop: Dataset, DataLoader, AdamW, `.item()` at each step."""
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


def serve(contenders: Mapping[str, Contender]) -> None:
    """Build the contender that the command line names, and train as standard input asks."""
    name, scale, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    contenders[name](SIZES[scale], batch, threads, Pace())
