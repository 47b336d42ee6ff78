"""Gather windows by index from one tensor on the device."""

import torch
from torch import Tensor


class Windows:
    """The windows of one split.

    Args:
        features: standardised features of all rows, float32 [rows, channels].
        decision_rows: last row of each window, int64 [windows].
        labels: 0 or 1 for each window [windows]; None if only predictions are wanted.
        context_days: rows in a window.
        device: of the tensors.
    """

    def __init__(
        self,
        *,
        features: Tensor,
        decision_rows: Tensor,
        labels: Tensor | None,
        context_days: int,
        device: str,
    ) -> None:
        self.features = features.to(device)
        self.labels = None if labels is None else labels.to(device=device, dtype=torch.float32)
        self._first_rows = (decision_rows - (context_days - 1)).to(device)
        self._offsets = torch.arange(context_days, device=device)

    def __len__(self) -> int:
        return len(self._first_rows)

    @property
    def device(self) -> torch.device:
        """The device of the tensors."""
        return self.features.device

    def inputs(self, index: Tensor) -> Tensor:
        """Return windows [B, context, channels] for window numbers `index` [B]."""
        rows = self._first_rows[index].unsqueeze(1) + self._offsets
        return self.features[rows]

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return windows [B, context, channels] and labels [B] for window numbers `index` [B]."""
        return self.inputs(index), self.labels[index]
