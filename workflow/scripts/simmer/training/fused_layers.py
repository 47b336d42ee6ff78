"""Compute encoder layers with simmer's kernels: the same numbers within rounding, in fewer passes."""

from typing import Any

import torch
from torch import Tensor

from simmer.model.patchtst import EncoderLayer, PatchTST


def fuse_layers(model: PatchTST) -> None:
    """Have all encoder layers of a model on a CPU use the kernels, which must be loaded."""
    for layer in model.layers:
        layer.kernel = fused_layer


def fused_layer(layer: EncoderLayer, tokens: Tensor) -> Tensor:
    """Return what `layer` computes from tokens [B, N, D]."""
    batch, patches, width = tokens.shape
    heads = layer.attention.heads
    rows = batch * patches
    sites = (
        (layer.attention.dropout, rows * heads * patches),
        (layer.attention_dropout, rows * width),
        (layer.hidden_dropout, rows * layer.ff_in.out_features),
        (layer.ff_dropout, rows * width),
    )
    if layer.attention.dropout.drops:
        pool = layer.attention.dropout.pool
        masks, places = pool.values, [pool.start(entries, site.place) for site, entries in sites]
    else:
        masks, places = tokens.new_empty(0), [0] * len(sites)
    where = (places, patches, heads)
    return _Layer.apply(
        tokens.reshape(rows, width), masks, where, layer.ff_norm.eps, *_weights(layer)
    ).view_as(tokens)


def _weights(layer: EncoderLayer) -> list[Tensor]:
    """Return the weights in the order of the kernels."""
    attention = layer.attention
    linear = (attention.query_key_value, attention.project), (layer.ff_in, layer.ff_out)
    norms = layer.attention_norm, layer.ff_norm
    modules = [module for norm, pair in zip(norms, linear, strict=True) for module in (norm, *pair)]
    return [weight for module in modules for weight in (module.weight, module.bias)]


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, tokens: Tensor, masks: Tensor, where: tuple[Any, ...], epsilon: float, *weights: Tensor
    ) -> Tensor:
        out, *kept = torch.ops.simmer.layer_forward(tokens, weights, masks, *where, epsilon)
        ctx.save_for_backward(tokens, masks, *weights, *kept)
        ctx.count, ctx.where = len(weights), where
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        tokens, masks, *others = ctx.saved_tensors
        weights, kept = others[: ctx.count], others[ctx.count :]
        into, *grads = torch.ops.simmer.layer_backward(
            grad.contiguous(), tokens, weights, kept, masks, *ctx.where
        )
        return into, None, None, None, *grads
