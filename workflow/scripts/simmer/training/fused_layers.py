"""Compute encoder layers with simmer's kernels: the same numbers within rounding, in fewer passes."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from simmer.model.dropout import Dropout
from simmer.model.patchtst import EncoderLayer, PatchTST


def fuse_layers(model: PatchTST, *, whole: bool) -> None:
    """Have all encoder layers of a model on a CPU use the kernels, which must be loaded.

    Args:
        model: its replicas are to be made afterwards.
        whole: True to compute all layers at once where nothing happens between them. The gradients of all
            layers then exist together.
    """
    for layer in model.layers:
        layer.kernel = FusedLayers([layer], length=model.shape.tokens)
    if whole:
        model.kernel = FusedLayers(model.layers, length=model.shape.tokens)


class FusedLayers:
    """Successive layers, computed by one call in each direction."""

    def __init__(self, layers: Sequence[EncoderLayer], *, length: int) -> None:
        first = layers[0]  # not kept: it would refer to this object, and a dropped model would stay in memory
        self._heads, self._epsilon = first.attention.heads, first.ff_norm.eps
        self._weights = [weight for layer in layers for weight in _weights(layer)]
        self._sites = [site for layer in layers for site in _sites(layer, length)]

    def __call__(self, tokens: Tensor) -> Tensor:
        """Return what the layers compute from tokens [B, N, D]."""
        batch, length, width = tokens.shape
        rows, dropout = batch * length, self._sites[0][0]
        if dropout.drops:
            masks = dropout.pool.values
            places = [site.pool.start(rows * entries, site.place) for site, entries in self._sites]
        else:
            masks, places = tokens.new_empty(0), [0] * len(self._sites)
        keep = torch.is_grad_enabled()
        where = places, length, self._heads
        out = _Layers.apply(tokens.reshape(rows, width), masks, where, self._epsilon, keep, *self._weights)
        return out.view_as(tokens)


def _sites(layer: EncoderLayer, length: int) -> list[tuple[Dropout, int]]:
    """Return the dropout layers in the order of the kernels, with the entries of their masks per token."""
    attention = layer.attention
    return [
        (attention.dropout, attention.heads * length),
        (layer.attention_dropout, layer.ff_in.in_features),
        (layer.hidden_dropout, layer.ff_in.out_features),
        (layer.ff_dropout, layer.ff_in.in_features),
    ]


def _weights(layer: EncoderLayer) -> list[Tensor]:
    """Return the weights in the order of the kernels."""
    attention = layer.attention
    linear = (attention.query_key_value, attention.project), (layer.ff_in, layer.ff_out)
    norms = layer.attention_norm, layer.ff_norm
    modules = [module for norm, pair in zip(norms, linear, strict=True) for module in (norm, *pair)]
    return [weight for module in modules for weight in (module.weight, module.bias)]


class _Layers(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        tokens: Tensor,
        masks: Tensor,
        where: tuple[Any, ...],
        epsilon: float,
        keep: bool,
        *weights: Tensor,
    ) -> Tensor:
        out, *kept = torch.ops.simmer.layers_forward(tokens, weights, masks, *where, epsilon, keep)
        if keep:
            ctx.save_for_backward(masks, *weights, *kept)
            ctx.count, ctx.where = len(weights), where
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        masks, *others = ctx.saved_tensors
        weights, kept = others[: ctx.count], others[ctx.count :]
        into, *grads = torch.ops.simmer.layers_backward(grad.contiguous(), weights, kept, masks, *ctx.where)
        return into, None, None, None, None, *grads
