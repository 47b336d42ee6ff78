"""Write and read checkpoints atomically, verify them by SHA-256, and keep the last two.

A checkpoint is one safetensors file: tensors by name, and the rest of the state as JSON in its header.
Reading it cannot run code. Its name holds its step and the SHA-256 of its bytes, so that it is found and
verified without an index. Older versions listed the SHA-256 in `checkpoints.json` instead.
"""

import errno
import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from simmer.base.files import read_json, sha256_of_file, write_through

KEEP = 2
OLD_INDEX = "checkpoints.json"

_NAME = re.compile(r"checkpoint_(\d{8,})(?:_([0-9a-f]{64}))?\.safetensors")
_SAVING = "checkpoint.saving"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Checkpoint:
    path: Path
    step: int
    sha256: str | None  # None: of an older version whose list is lost

    def is_named_by_digest(self) -> bool:
        return self.path.stem.count("_") == 2

    def is_whole(self) -> bool:
        if self.sha256 is not None:
            try:
                return sha256_of_file(self.path) == self.sha256
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                return False
        try:
            with safetensors.safe_open(self.path, framework="pt") as file:
                return isinstance(json.loads(file.metadata()["values"]), dict)
        except (safetensors.SafetensorError, OSError, ValueError, LookupError, TypeError):
            return False


class CheckpointStore:
    """The checkpoints of one run, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._damaged: set[Path] = set()  # found when restoring; not kept beside newer checkpoints

    def save(self, step: int, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Write a checkpoint durably, then delete all but the last two.

        Args:
            step: global step of the run; higher is newer.
            tensors: by flat name.
            values: the rest of the state, as JSON values.

        Raises:
            LedgerError: if the disk is full or the folder cannot be written; earlier checkpoints stay.
        """
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        header = {"values": json.dumps(values)}

        def final(aside: Path) -> Path:
            return self.folder / f"checkpoint_{step:08d}_{sha256_of_file(aside)}.safetensors"

        saved = write_through(
            self.folder / _SAVING, lambda aside: save_tensors(tensors, aside, header), final=final
        )
        self._damaged.discard(saved)
        usable = [one for one in self._newest_first() if one.step < step and one.path not in self._damaged]
        earlier = usable[: KEEP - 1]
        listed = {OLD_INDEX for one in earlier if not one.is_named_by_digest()}
        self._remove_except({saved.name, *(one.path.name for one in earlier), *listed})

    def restore(self, tensors: Mapping[str, Tensor]) -> dict[str, Any] | None:
        """Copy the newest whole checkpoint into `tensors`, and return its values.

        Returns:
            None, with `tensors` unchanged, if there is no whole checkpoint.
        """
        for found in self._newest_first():
            if not found.is_whole():
                self._damaged.add(found.path)
                logger.warning("checkpoint %s is damaged; the one before it is used, if any", found.path)
                continue
            for name, tensor in tensors.items():
                # Opened once per tensor: pages read from an open file stay in memory, up to a second model.
                with safetensors.safe_open(found.path, framework="pt") as file:
                    tensor.copy_(file.get_tensor(name))
            with safetensors.safe_open(found.path, framework="pt") as file:
                return json.loads(file.metadata()["values"])
        return None

    def check(self) -> dict[Path, bool]:
        """Return True for each whole checkpoint, False for each damaged one, the newest first.

        A list of SHA-256 that an older version wrote is checked as well, and comes last.
        """
        found = {one.path: one.is_whole() for one in self._newest_first()}
        index = self.folder / OLD_INDEX
        return found | ({index: _read_index(index) is not None} if index.is_file() else {})

    def _newest_first(self) -> list[_Checkpoint]:
        listed = self._listed()
        found = [
            _Checkpoint(path=path, step=int(match[1]), sha256=match[2] or listed.get(path.name))
            for path in self.folder.glob("checkpoint_*")
            if (match := _NAME.fullmatch(path.name)) is not None and path.is_file()
        ]
        return sorted(found, key=lambda one: (one.step, one.path.name), reverse=True)

    def _listed(self) -> dict[str, str]:
        """Return the SHA-256 by file name as an older version listed them."""
        index = self.folder / OLD_INDEX
        if not index.is_file():
            return {}
        listed = _read_index(index)
        if listed is None:
            logger.warning("%s is damaged; the checkpoints are used without it", index)
        return listed or {}

    def _remove_except(self, kept: set[str]) -> None:
        # Hidden files were left by a killed process (safetensors names its own `.tmp*`). Only the holder of
        # the trial's lock gets here.
        for pattern in ("checkpoint_*.safetensors", OLD_INDEX, ".*.tmp", ".tmp*"):
            for path in self.folder.glob(pattern):
                if path.name not in kept:
                    path.unlink(missing_ok=True)


def _read_index(index: Path) -> dict[str, str] | None:
    try:
        return {str(one["file"]): str(one["sha256"]) for one in read_json(index)}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def save_tensors(tensors: Mapping[str, Tensor], path: Path, header: Mapping[str, str]) -> None:
    """Write named tensors, contiguous and on the CPU, and texts by name to a safetensors file.

    Raises:
        OSError: if the file cannot be written.
    """
    try:
        safetensors.torch.save_file(dict(tensors), path, metadata=dict(header))
    except safetensors.SafetensorError as error:
        # Its Rust core reports the cause as text only: "... No space left on device (os error 28)".
        found = re.search(r"os error (\d+)", str(error))
        if found is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number)) from error
