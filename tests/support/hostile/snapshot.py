"""Snapshots of earlier bars, which `acquire_data` reads before it asks a source."""

import os
from functools import partial
from pathlib import Path

from simmer.data.bars_csv import canonical_csv
from support.hostile.case import Case, Damage, FileDamage
from support.hostile.damage import closed, replaced, sparse
from support.hostile.folder import bars_of


def snapshot_file(change: FileDamage) -> Damage:
    """Change the snapshot's file of bars."""

    def spoil(folder: Path) -> None:
        (path,) = (folder / "data/snapshots/SPY").glob("*.csv")
        path.chmod(0o644)
        change(path)

    return spoil


def sidecar_file(change: FileDamage) -> Damage:
    """Change the snapshot's entry."""

    def spoil(folder: Path) -> None:
        (path,) = (folder / "data/snapshots/SPY").glob("*.resource.json")
        change(path)

    return spoil


def sidecar(new: bytes) -> Damage:
    """Write these bytes as the snapshot's entry."""
    return sidecar_file(lambda path: path.write_bytes(new))


def gone_and_replaced(folder: Path) -> None:
    """Delete the snapshot, and write other bars as the user's file."""
    snapshot_file(Path.unlink)(folder)
    (folder / "own/SPY.csv").write_bytes(canonical_csv(bars_of(seed=5)))


case = partial(Case, "snapshot")

CASES = (
    case(
        "changed after it was kept",
        snapshot_file(lambda p: p.write_bytes(p.read_bytes().replace(b"2003", b"2004", 1))),
        ("was changed after it was kept",),
    ),
    case("gone, its own file is what it was", snapshot_file(Path.unlink), (), "accepted"),
    case("gone, its own file is another by now", gone_and_replaced, ("its file was changed",)),
    case("data/raw read-only", closed("data/raw", 0o555), ("cannot write", "write permission")),
    case("a FIFO", snapshot_file(replaced(os.mkfifo)), ("not a regular file",)),
    case("a terabyte", snapshot_file(sparse), ("1099511627776 bytes",)),
    case("entry of a terabyte", sidecar_file(sparse), ("1099511627776 bytes",)),
    case("entry that is a FIFO", sidecar_file(replaced(os.mkfifo)), ("not a regular file",)),
    case(
        "entry with origins that are numbers",
        sidecar(b'{"ticker": "SPY", "hash": "x", "retrieved_at": "x", "origins": [1]}'),
        ("not the entry",),
    ),
    case("entry cut off", sidecar(b"{"), ("not a JSON manifest",)),
    case("entry of something else", sidecar(b'{"hash": 3}'), ("not the entry of a snapshot",)),
    case("entry with a key twice", sidecar(b'{"a": 1, "a": 2}'), ("appears twice",)),
    Case("pinned snapshot", "pin to one that is not there", lambda _: None, ("found no snapshot 0123",)),
)
