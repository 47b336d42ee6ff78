"""PatchTST as a classifier: patches over all channels, one logit per window.

After Nie et al. 2023 ("A Time Series is Worth 64 Words"), with three differences: the patch embedding mixes
all channels instead of treating each one separately, the flattened tokens feed a single logit, and there are
nested patches. These all end on the decision row, so that the model looks at the last day itself, at the last
week, month and quarter, each by the mean and the standard deviation of every channel. What is known about
tomorrow is mostly in these; ten days of thirty channels in a row are mostly noise, and are learned by heart.

Notation in the shape comments:
    B batch, L context (days), C channels, N tokens (patches, nested ones last), P patch length,
    S stride,
    D width, H heads, E head width, F feed-forward width.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from simmer.model.dropout import POOL_ENTRIES, Dropout, MaskPool
from simmer.model.shape import ModelShape

POSITION_STD = 0.02
RESIDUAL_PROJECTIONS = ("attention.project.weight", "ff_out.weight")
WINDOW_NORM_EPSILON = 1e-5


class Linear(nn.Linear):
    """A linear layer that is not initialised here; see `PatchTST.initial_values`."""

    def reset_parameters(self) -> None:
        """Do nothing."""


class Attention(nn.Module):
    """Multi-head self-attention over the tokens of one window.

    Written as two matrix products, which is faster than the fused kernels at a dozen tokens.
    """

    def __init__(self, shape: ModelShape, dropout: float) -> None:
        super().__init__()
        inner = shape.heads * shape.head_width
        self.heads, self.head_width = shape.heads, shape.head_width
        self.query_key_value = Linear(shape.width, 3 * inner)
        self.project = Linear(inner, shape.width)
        self.dropout = Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, N, D] to [B, N, D]."""
        batch, count, _ = tokens.shape
        joint = self.query_key_value(tokens).view(batch, count, 3, self.heads, self.head_width)
        query, key, value = joint.permute(2, 0, 3, 1, 4)  # each [B, H, N, E]
        scores = query @ key.transpose(-1, -2) / math.sqrt(self.head_width)  # [B, H, N, N]
        mixed = self.dropout(scores.softmax(dim=-1)) @ value  # [B, H, N, E]
        return self.project(mixed.transpose(1, 2).reshape(batch, count, -1))


class EncoderLayer(nn.Module):
    """One pre-norm transformer layer.

    Attributes:
        kernel: if set, computes the layer, in training only with a mask pool.
    """

    kernel: Callable[[Tensor], Tensor] | None = None

    def __init__(self, shape: ModelShape, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width)
        self.attention = Attention(shape, dropout)
        self.ff_norm = nn.LayerNorm(shape.width)
        self.ff_in = Linear(shape.width, shape.ff_width)
        self.ff_out = Linear(shape.ff_width, shape.width)
        self.attention_dropout = Dropout(dropout)
        self.hidden_dropout = Dropout(dropout)
        self.ff_dropout = Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, N, D] to [B, N, D]."""
        if self.kernel is not None and self.ff_dropout.has_masks:
            return self.kernel(tokens)
        tokens = self.attention_dropout.onto(tokens, self.attention(self.attention_norm(tokens)))
        hidden = self.hidden_dropout(functional.gelu(self.ff_in(self.ff_norm(tokens))))
        return self.ff_dropout.onto(tokens, self.ff_out(hidden))


class PatchTST(nn.Module):
    """Map a window [B, L, C] to one logit [B]: the log-odds of a positive label.

    It computes in the dtype of its weights and the logit in float32: in bfloat16, weak signals would give
    most windows the same logit. The input windows are float32.

    Args:
        shape: the model's dimensions.
        dropout: probability of dropping an activation, in attention, feed-forward and head.
        window_norm: normalise each window per channel to zero mean and unit variance, which removes
            level and volatility from the inputs; it has no parameters.
        activation_checkpointing: store only each layer's input for the backward pass and recompute the rest;
            the same numbers with less memory and a third more time.

    Attributes:
        after_layer: if set, called after each layer, forward and backward, so that a guard can act inside a
            long step. It changes no numbers, but would break the graph of a compiled model.
        kernel: if set, computes all layers at once where nothing is to happen between them.
    """

    kernel: Callable[[Tensor], Tensor] | None = None

    def __init__(
        self, shape: ModelShape, *, dropout: float, window_norm: bool, activation_checkpointing: bool = False
    ) -> None:
        super().__init__()
        self.shape, self.window_norm = shape, window_norm
        self.activation_checkpointing = activation_checkpointing
        self.after_layer: Callable[[], None] | None = None
        if shape.patch_days is not None:
            self.embed = Linear(shape.patch_days * shape.channels, shape.width)
        if shape.nested_days is not None:
            self.embed_nested = nn.ModuleList(Linear(count, shape.width) for count in shape.nested_inputs)
        self.positions = nn.Parameter(torch.empty(shape.tokens, shape.width))
        self.embed_dropout = Dropout(dropout)
        self.layers = nn.ModuleList(EncoderLayer(shape, dropout) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width)
        self.head_dropout = Dropout(dropout)
        self.head = Linear(shape.tokens * shape.width, 1)

    def initial_values(self, *, base_rate_logit: float, seed: int) -> Iterator[tuple[str, Tensor]]:
        """Yield name and initial value, float32, of each parameter; the model first predicts the base rate.

        Values are drawn one parameter at a time, so that the model never exists twice, and on the CPU, so
        that every device starts from the same values.

        | parameter | initial value |
        |---|---|
        | matrices | normal, variance 1 / (3 fan-in), as torch's own linear layers |
        | the two projections that write to the residual stream | the same, over 2 depth (GPT-2) |
        | positions | normal, standard deviation 0.02 |
        | biases | 0 |
        | norms | weight 1, bias 0 |
        | head | weights 0, bias `base_rate_logit` (log-odds of the train base rate) |
        """
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in self.named_parameters():
            if name == "head.bias":
                yield name, torch.full(parameter.shape, base_rate_logit)
            elif name == "head.weight" or name.endswith("bias"):
                yield name, torch.zeros(parameter.shape)
            elif "norm" in name:
                yield name, torch.ones(parameter.shape)
            else:
                std = POSITION_STD if name == "positions" else self._matrix_std(name, parameter)
                yield name, torch.empty(parameter.shape).normal_(std=std, generator=generator)

    def _matrix_std(self, name: str, matrix: Tensor) -> float:
        # Scaled by fan-in, so that activations have the same size at every width and a learning rate can be
        # transferred between widths.
        share = 2 * self.shape.depth if name.endswith(RESIDUAL_PROJECTIONS) else 1
        return 1 / math.sqrt(3 * matrix.shape[1] * share)

    def pool_masks(self, *, windows: int, seed: int) -> None:
        """Draw the mask pool of an epoch for all dropout layers, for batches of up to `windows` windows."""
        sites = self._dropout_sites()
        if sites[0].probability == 0:
            return
        pool = MaskPool(
            sites[0].probability,
            entries=mask_entries(self.shape, windows),
            seed=seed,
            device=self.positions.device,
            dtype=self.positions.dtype,
        )
        for site in sites:
            site.pool = pool

    def share_masks(self, other: "PatchTST") -> None:
        """Use the mask pool of another model."""
        for site, theirs in zip(self._dropout_sites(), other._dropout_sites(), strict=True):
            site.pool = theirs.pool

    def place_masks(self, *, seed: int) -> None:
        """Draw the offset at which each dropout layer reads the pool, if there is one."""
        sites = self._dropout_sites()
        if sites[0].pool is None:
            return
        generator = torch.Generator().manual_seed(seed)
        places = torch.randint(2**62, (len(sites),), generator=generator).tolist()
        for site, place in zip(sites, places, strict=True):
            site.place = place

    def forward(self, window: Tensor) -> Tensor:
        """Return logits [B] for windows [B, L, C]."""
        if self.window_norm:
            centred = window - window.mean(dim=1, keepdim=True)
            window = centred / (centred.square().mean(dim=1, keepdim=True) + WINDOW_NORM_EPSILON).sqrt()
        tokens = self._encode(self.embed_dropout(self._tokens(window) + self.positions))
        features = self.head_dropout(self.norm(tokens).flatten(start_dim=1)).float()
        return functional.linear(features, self.head.weight.float(), self.head.bias.float()).squeeze(-1)

    def _tokens(self, window: Tensor) -> Tensor:
        """Return the embedded patches [B, N, D] of windows [B, L, C]."""
        shape, dtype, tokens = self.shape, self.positions.dtype, []
        if shape.patch_days is not None:
            patches = window.unfold(1, shape.patch_days, shape.stride_days)  # [B, patches, C, P]
            tokens.append(self.embed(patches.flatten(start_dim=2).to(dtype)))
        if shape.nested_days is not None:
            pooled = (_pooled(window[:, -days:]).to(dtype) for days in shape.nested_days)
            nested = [embed(one) for embed, one in zip(self.embed_nested, pooled, strict=True)]
            tokens.append(torch.stack(nested, dim=1))
        return torch.cat(tokens, dim=1)

    def _encode(self, tokens: Tensor) -> Tensor:
        between = self.after_layer is not None or self.activation_checkpointing
        if self.kernel is not None and not between and self.embed_dropout.has_masks:
            return self.kernel(tokens)
        for layer in self.layers:
            if self.activation_checkpointing and torch.is_grad_enabled():
                tokens = checkpoint(layer, tokens, use_reentrant=False)
            else:
                tokens = layer(tokens)
            if self.after_layer is not None:
                self._call_around_backward(tokens, self.after_layer)
        return tokens

    @staticmethod
    def _call_around_backward(tokens: Tensor, after_layer: Callable[[], None]) -> None:
        after_layer()
        if tokens.requires_grad:
            tokens.register_hook(lambda _: after_layer())

    def _dropout_sites(self) -> list[Dropout]:
        return [module for module in self.modules() if isinstance(module, Dropout)]


def _pooled(days: Tensor) -> Tensor:
    """Return mean and deviation [B, 2 C] of the channels of days [B, P, C]; of one day its values [B, C]."""
    if days.shape[1] == 1:
        return days.squeeze(1)
    deviation, mean = torch.std_mean(days, dim=1, correction=0)
    return torch.cat([mean, deviation], dim=-1)


def mask_entries(shape: ModelShape, windows: int) -> int:
    """Return the size of the mask pool for batches of up to `windows` windows."""
    per_window = shape.tokens * max(shape.width, shape.ff_width, shape.heads * shape.tokens)
    return max(POOL_ENTRIES, 2 * windows * per_window)


def counted_parameters(model: nn.Module) -> int:
    """Return the number of trainable parameters of a model; works on the meta device."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
