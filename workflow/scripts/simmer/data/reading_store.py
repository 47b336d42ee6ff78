"""A store of snapshots that writes nothing, to try what a run would acquire."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from simmer.base.files import sha256_of_bytes
from simmer.data.manifest import Provenance, describe_resource
from simmer.data.snapshots import ID_DIGITS, Snapshot, SnapshotStore


@dataclass(frozen=True)
class HeldSnapshot(Snapshot):
    """Bytes that a run would keep."""

    content: bytes

    def read(self) -> bytes:
        """Return the bytes."""
        return self.content


class ReadingStore(SnapshotStore):
    """The snapshots below a folder; added ones are held in memory."""

    def add(
        self,
        content: bytes,
        *,
        frame: pd.DataFrame,
        provenance: Provenance,
        origin: Mapping[str, str],  # noqa: ARG002
    ) -> Snapshot:
        """Return the bytes as a snapshot; arguments and errors as `SnapshotStore.add`."""
        name = sha256_of_bytes(content)[:ID_DIGITS]
        self.refuse_under_another_name(name, provenance)
        path = f"{provenance.ticker}/{name}.csv"
        entry = describe_resource(path, content=content, frame=frame, provenance=provenance)
        return HeldSnapshot(self.root / path, entry, content)

    def settle(self) -> None:
        """Write nothing."""
