"""Damage that several stages share; each docstring describes the returned function."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from simmer.base.files import read_json
from simmer.data.bars_csv import canonical_csv
from support.hostile.case import Damage, FileDamage
from support.hostile.folder import bars_of

OWN = "own/bad.csv"
RAW_MANIFEST = "data/raw/datapackage.json"


def derived(change: Callable[[bytes], bytes]) -> Damage:
    """Change the bytes of an intact file, and write them as the user's file."""
    return lambda folder: (folder / OWN).write_bytes(change((folder / "own/SPY.csv").read_bytes()))


def bars(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Damage:
    """Change the table in the user's file."""

    def spoil(folder: Path) -> None:
        (folder / OWN).write_bytes(canonical_csv(change(bars_of())))

    return spoil


def cells(row: int, **values: float) -> Damage:
    """Change numbers in one row of the user's table."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        for name, value in values.items():
            frame.loc[row, name] = value
        return frame

    return bars(change)


def swap(a: int, b: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Swap two rows of the table."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        order = list(range(len(frame)))
        order[a], order[b] = order[b], order[a]
        return frame.iloc[order].reset_index(drop=True)

    return change


def closed(place: str, mode: int = 0) -> Damage:
    """Change the mode of a file or folder; by default it may not be read."""

    def spoil(folder: Path) -> None:
        shutil.copy(folder / "own/SPY.csv", folder / OWN)
        (folder / place).chmod(mode)

    return spoil


def both(*ways: Damage) -> Damage:
    """Apply several kinds of damage."""
    return lambda folder: [way(folder) for way in ways]


def made(place: str, make: FileDamage) -> Damage:
    """Delete the file at a path, and make something else there."""

    def spoil(folder: Path) -> None:
        path = folder / place
        path.unlink(missing_ok=True)
        make(path)

    return spoil


def sparse(path: Path) -> None:
    """Write a sparse file of one terabyte, which needs no disk space."""
    with path.open("wb") as stream:
        stream.truncate(2**40)


def raw_file(change: FileDamage, ticker: str = "SPY") -> Damage:
    """Change a raw file that the manifest lists."""
    return lambda folder: change(folder / f"data/raw/{ticker}.csv")


def replaced(make: FileDamage) -> FileDamage:
    """Delete a file and make something else in its place."""

    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


def manifest(new: bytes | Callable[[bytes], bytes]) -> Damage:
    """Write or change the bytes of the raw manifest."""

    def spoil(folder: Path) -> None:
        path = folder / RAW_MANIFEST
        path.write_bytes(new if isinstance(new, bytes) else new(path.read_bytes()))

    return spoil


def entry(stage: str = "raw", **values: object) -> Damage:
    """Change keys of SPY's entry in a manifest; None deletes the key."""

    def spoil(folder: Path) -> None:
        path = folder / f"data/{stage}/datapackage.json"
        manifest = read_json(path)
        for one in manifest["resources"]:
            if one["ticker"] == "SPY":
                one.update(values)
                for key in [key for key, value in values.items() if value is None]:
                    del one[key]
        path.write_text(json.dumps(manifest))

    return spoil
