"""Write and read checkpoints atomically, verify them by SHA-256, and keep the last two.

A checkpoint is one safetensors file: tensors by name, and the rest of the state as JSON in its header.
Reading it cannot run code. `checkpoints.json` lists the last two with their SHA-256 and is renamed into place
after the file is on disk, so that after a power failure at any moment at least one checkpoint verifies.
"""

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from simmer.base.errors import CheckpointError
from simmer.base.files import read_json, sha256_of_file, write_json, write_through

KEEP = 2
INDEX = "checkpoints.json"

logger = logging.getLogger(__name__)


class CheckpointStore:
    """The checkpoints of one trial, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, step: int, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Write a checkpoint durably, then delete all but the last two.

        Args:
            step: global step of the run; higher is newer.
            tensors: by flat name.
            values: the rest of the state, as JSON values.

        Raises:
            LedgerError: if the disk is full or the folder cannot be written; earlier checkpoints stay.
        """
        path = self.folder / f"checkpoint_{step:08d}.safetensors"
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        header = {"values": json.dumps(values)}
        write_through(path, lambda aside: _save_file(tensors, aside, header))
        entry = {"file": path.name, "sha256": sha256_of_file(path)}
        kept = [entry, *(old for old in self._entries() if old["file"] != path.name)][:KEEP]
        write_json(self.folder / INDEX, kept)
        self._remove_except({old["file"] for old in kept})

    def restore(self, tensors: Mapping[str, Tensor]) -> dict[str, Any] | None:
        """Copy the newest checkpoint that verifies into `tensors`, and return its values.

        Returns:
            None, with `tensors` unchanged, if no checkpoint was ever written.

        Raises:
            CheckpointError: if there are checkpoints and none of them verifies.
        """
        entries = self._entries()
        for entry in entries:
            path = self.folder / entry["file"]
            if not path.is_file() or sha256_of_file(path) != entry["sha256"]:
                logger.warning("checkpoint %s is damaged or missing; using the previous one", path)
                continue
            for name, tensor in tensors.items():
                # Opened once per tensor: pages read from an open file stay in memory, up to a second model.
                with safetensors.safe_open(path, framework="pt") as file:
                    tensor.copy_(file.get_tensor(name))
            with safetensors.safe_open(path, framework="pt") as file:
                return json.loads(file.metadata()["values"])
        if entries:
            raise CheckpointError(
                f"found no intact checkpoint among {[entry['file'] for entry in entries]} in {self.folder}; "
                "expected at least one whose SHA-256 matches checkpoints.json; delete that folder to train "
                "this trial again from its beginning (finished trials are not touched)"
            )
        return None

    def _entries(self) -> list[dict[str, str]]:
        index = self.folder / INDEX
        if not index.is_file():
            return []
        try:
            return read_json(index)
        except ValueError:
            raise CheckpointError(
                f"found {index} unreadable; expected a JSON list of checkpoints; delete the folder "
                f"{self.folder} to train this trial again from its beginning"
            ) from None

    def _remove_except(self, kept: set[str]) -> None:
        # Hidden files were left by a killed process (safetensors names its own `.tmp*`). Only the holder of
        # the trial's lock gets here.
        for pattern in ("checkpoint_*.safetensors", ".*.tmp", ".tmp*"):
            for path in self.folder.glob(pattern):
                if path.name not in kept:
                    path.unlink(missing_ok=True)


def _save_file(tensors: Mapping[str, Tensor], path: Path, header: Mapping[str, str]) -> None:
    try:
        safetensors.torch.save_file(dict(tensors), path, metadata=dict(header))
    except safetensors.SafetensorError as error:
        # Its Rust core reports the cause as text only: "... No space left on device (os error 28)".
        found = re.search(r"os error (\d+)", str(error))
        if found is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number)) from error
