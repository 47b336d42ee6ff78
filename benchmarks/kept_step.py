"""A copy of simmer's training step of November 2026, by torch's operators, to measure later ones against.

It is not to be improved. Imports torch and nothing of simmer, so that it stays as it was.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from dimensions import CHANNELS, CONTEXT_DAYS, PATCH_DAYS, PATCHES, STRIDE_DAYS, Size
from usual_code import Pace, made_up_rows

DROPOUT = 0.1
MASK_ENTRIES = 1 << 22
GROUP_ENTRIES = 1 << 20


class KeptDropout(nn.Module):
    """Masks from a pool, read at a place that is drawn for each step."""

    pool: Tensor
    place = 0

    def mask(self, like: Tensor) -> Tensor:
        """Return a mask of the shape of `like`."""
        start = self.place % (len(self.pool) - like.numel() + 1) // 64 * 64
        return self.pool[start : start + like.numel()].view(like.shape)

    def forward(self, values: Tensor) -> Tensor:
        """Drop some of the values."""
        return values * self.mask(values)

    def onto(self, residual: Tensor, values: Tensor) -> Tensor:
        """Return `residual` plus `values` after dropout."""
        return torch.addcmul(residual, values, self.mask(values))


class KeptLayer(nn.Module):
    """A pre-norm layer."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.attention_norm, self.ff_norm = nn.LayerNorm(size.width), nn.LayerNorm(size.width)
        self.query_key_value = nn.Linear(size.width, 3 * size.width)
        self.project = nn.Linear(size.width, size.width)
        self.ff_in, self.ff_out = nn.Linear(size.width, size.ff_width), nn.Linear(size.ff_width, size.width)
        self.weights_dropout, self.attention_dropout = KeptDropout(), KeptDropout()
        self.hidden_dropout, self.ff_dropout = KeptDropout(), KeptDropout()

    def attention(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, N, D] to [B, N, D]."""
        batch, patches, width = tokens.shape
        joint = self.query_key_value(tokens).view(batch, patches, 3, self.heads, width // self.heads)
        query, key, value = joint.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-1, -2) / math.sqrt(width // self.heads)
        mixed = self.weights_dropout(scores.softmax(dim=-1)) @ value
        return self.project(mixed.transpose(1, 2).reshape(batch, patches, -1))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, N, D] to [B, N, D]."""
        tokens = self.attention_dropout.onto(tokens, self.attention(self.attention_norm(tokens)))
        hidden = self.hidden_dropout(functional.gelu(self.ff_in(self.ff_norm(tokens))))
        return self.ff_dropout.onto(tokens, self.ff_out(hidden))


class KeptModel(nn.Module):
    """The classifier."""

    def __init__(self, size: Size, batch: int) -> None:
        super().__init__()
        self.embed = nn.Linear(PATCH_DAYS * CHANNELS, size.width)
        self.positions = nn.Parameter(0.02 * torch.randn(PATCHES, size.width))
        self.embed_dropout, self.head_dropout = KeptDropout(), KeptDropout()
        self.layers = nn.ModuleList(KeptLayer(size) for _ in range(size.depth))
        self.norm = nn.LayerNorm(size.width)
        self.head = nn.Linear(PATCHES * size.width, 1)
        self.sites = [module for module in self.modules() if isinstance(module, KeptDropout)]
        entries = max(MASK_ENTRIES, 2 * batch * PATCHES * size.ff_width)
        KeptDropout.pool = (torch.rand(entries) >= DROPOUT) / (1 - DROPOUT)

    def place_masks(self, step: int) -> None:
        """Draw the places of all masks."""
        places = torch.randint(2**62, (len(self.sites),), generator=torch.Generator().manual_seed(step))
        for site, place in zip(self.sites, places.tolist(), strict=True):
            site.place = place

    def forward(self, window: Tensor) -> Tensor:
        """Return logits [B] of windows [B, L, C]."""
        patches = window.to(self.positions.dtype).unfold(1, PATCH_DAYS, STRIDE_DAYS)
        tokens = self.embed_dropout(self.embed(patches.flatten(start_dim=2)) + self.positions)
        for layer in self.layers:
            tokens = layer(tokens)
        features = self.head_dropout(self.norm(tokens).flatten(start_dim=1)).float()
        return functional.linear(features, self.head.weight.float(), self.head.bias.float()).squeeze(-1)


class KeptAdamW:
    """AdamW with float32 weights, in groups of gradients that fit the caches."""

    def __init__(self, model: nn.Module) -> None:
        self.parameters = list(model.parameters())
        self.weights = [parameter.detach().float() for parameter in self.parameters]
        self.moments = [[torch.zeros_like(weight) for weight in self.weights] for _ in range(2)]
        self.groups: list[list[int]] = []
        entries = GROUP_ENTRIES
        for number, weight in enumerate(self.weights):
            if entries >= GROUP_ENTRIES:
                self.groups.append([])
                entries = 0
            self.groups[-1].append(number)
            entries += weight.numel()

    @torch.no_grad()
    def step(self, number: int) -> None:
        """Clip the gradients and update the weights."""
        norms = torch._foreach_norm([parameter.grad for parameter in self.parameters], dtype=torch.float32)
        shrink = (1.0 / (torch.linalg.vector_norm(torch.stack(norms)) + 1e-6)).clamp(max=1.0)
        count = torch.full((), number + 1.0)
        for group in self.groups:
            parameters = [self.parameters[index] for index in group]
            weights = [self.weights[index] for index in group]
            grads = [parameter.grad.float() for parameter in parameters]
            for parameter in parameters:
                parameter.grad = None
            torch._fused_adamw_(
                weights,
                grads,
                *([moments[index] for index in group] for moments in self.moments),
                [],
                [count] * len(group),
                amsgrad=False,
                lr=1e-4,
                beta1=0.9,
                beta2=0.999,
                weight_decay=0.05,
                eps=1e-8,
                maximize=False,
                grad_scale=shrink.reciprocal(),
            )
            if parameters[0].dtype != torch.float32:
                torch._foreach_copy_(parameters, weights)


def kept(precision: str, size: Size, batch: int, threads: int, pace: Pace) -> None:  # noqa: ARG001
    """The kept step on the windows that all contenders train on."""
    rows, labels = made_up_rows()
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[precision]
    model = KeptModel(size, batch)
    KeptDropout.pool = KeptDropout.pool.to(dtype)
    model.to(dtype).train()
    optimizer, loss_sum, step = KeptAdamW(model), torch.zeros(()), 0
    while True:
        for chosen in torch.randperm(len(labels)).split(batch):
            days = chosen[:, None] + torch.arange(CONTEXT_DAYS)
            model.place_masks(step)
            loss = functional.binary_cross_entropy_with_logits(
                model(rows[days]), labels[chosen], reduction="sum"
            )
            (loss / len(chosen)).backward()
            optimizer.step(step)
            loss_sum += loss.detach()
            step += 1
            pace()
