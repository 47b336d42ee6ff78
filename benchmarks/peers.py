"""The peers of speed.py, each in a separate process in .venv-bench, without the packages of simmer."""

import torch
from torch import nn
from torch.nn import functional

from dimensions import CHANNELS, CONTEXT_DAYS, PATCH_DAYS, STRIDE_DAYS, Size
from usual_code import Pace, plain_loop, serve


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


if __name__ == "__main__":
    serve({"hugging_face": hugging_face, "neuralforecast": neuralforecast})
