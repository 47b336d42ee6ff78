"""PatchTST as a classifier: patches of all channels jointly, one logit per window.

After Nie et al. 2023 ("A Time Series is Worth 64 Words"), with two choices of our own: channels are
mixed in the patch embedding instead of being treated one by one, and the flattened patches feed a
single logit.

Notation in the shape comments:
    B batch, L context (days), C channels, N patches, P patch length, S stride,
    D width, H heads, E head width, F feed-forward width.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from simmer.model.shape import ModelShape

INITIAL_STD = 0.02
WINDOW_NORM_EPSILON = 1e-5


class Attention(nn.Module):
    """Multi-head self-attention over the patches of one window.

    Written out as two matrix products: at a dozen patches that is faster than the fused kernels.
    """

    def __init__(self, shape: ModelShape, dropout: float) -> None:
        super().__init__()
        inner = shape.heads * shape.head_width
        self.heads, self.head_width = shape.heads, shape.head_width
        self.query_key_value = nn.Linear(shape.width, 3 * inner)
        self.project = nn.Linear(inner, shape.width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, N, D] to [B, N, D]."""
        batch, patches, _ = tokens.shape
        joint = self.query_key_value(tokens).view(batch, patches, 3, self.heads, self.head_width)
        query, key, value = joint.permute(2, 0, 3, 1, 4)  # each [B, H, N, E]
        scores = query @ key.transpose(-1, -2) / math.sqrt(self.head_width)  # [B, H, N, N]
        mixed = self.dropout(scores.softmax(dim=-1)) @ value  # [B, H, N, E]
        return self.project(mixed.transpose(1, 2).reshape(batch, patches, -1))


class EncoderLayer(nn.Module):
    """One pre-norm transformer layer."""

    def __init__(self, shape: ModelShape, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width)
        self.attention = Attention(shape, dropout)
        self.ff_norm = nn.LayerNorm(shape.width)
        self.ff_in = nn.Linear(shape.width, shape.ff_width)
        self.ff_out = nn.Linear(shape.ff_width, shape.width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, N, D] to [B, N, D]."""
        tokens = tokens + self.dropout(self.attention(self.attention_norm(tokens)))
        hidden = self.dropout(functional.gelu(self.ff_in(self.ff_norm(tokens))))
        return tokens + self.dropout(self.ff_out(hidden))


class PatchTST(nn.Module):
    """Map a window [B, L, C] to one logit [B]: the log-odds of a positive label.

    Args:
        shape: the model's dimensions.
        dropout: probability of dropping an activation, in attention, feed-forward and head alike.
        window_norm: normalise each window per channel to zero mean and unit variance, which removes
            level and volatility from the inputs; it has no parameters.
    """

    def __init__(self, shape: ModelShape, *, dropout: float, window_norm: bool) -> None:
        super().__init__()
        self.shape, self.window_norm = shape, window_norm
        self.embed = nn.Linear(shape.patch_days * shape.channels, shape.width)
        self.positions = nn.Parameter(torch.empty(shape.patches, shape.width))
        self.layers = nn.ModuleList(EncoderLayer(shape, dropout) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(shape.patches * shape.width, 1)

    def initialise(self, *, prior_logit: float) -> None:
        """Draw all weights from torch's global generator; the model starts by predicting the prior.

        | parameter | start |
        |---|---|
        | matrices, positions | normal, standard deviation 0.02 |
        | the two projections that write to the residual stream | 0.02 / sqrt(2 depth) (GPT-2) |
        | biases | 0 |
        | norms | weight 1, bias 0 |
        | head | weights 0, bias `prior_logit` (log-odds of the train base rate) |
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=INITIAL_STD)
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.positions, std=INITIAL_STD)
        residual_std = INITIAL_STD / math.sqrt(2 * self.shape.depth)
        for layer in self.layers:
            nn.init.normal_(layer.attention.project.weight, std=residual_std)
            nn.init.normal_(layer.ff_out.weight, std=residual_std)
        nn.init.zeros_(self.head.weight)
        nn.init.constant_(self.head.bias, prior_logit)

    def forward(self, window: Tensor) -> Tensor:
        """Return logits [B] for windows [B, L, C]."""
        if self.window_norm:
            centred = window - window.mean(dim=1, keepdim=True)
            window = centred / (centred.square().mean(dim=1, keepdim=True) + WINDOW_NORM_EPSILON).sqrt()
        patches = window.unfold(1, self.shape.patch_days, self.shape.stride_days)  # [B, N, C, P]
        tokens = self.embed(patches.flatten(start_dim=2)) + self.positions  # [B, N, D]
        tokens = self.dropout(tokens)
        for layer in self.layers:
            tokens = layer(tokens)
        return self.head(self.dropout(self.norm(tokens).flatten(start_dim=1))).squeeze(-1)


def counted_parameters(model: nn.Module) -> int:
    """Return the number of trainable parameters of a built model (works on the meta device)."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
