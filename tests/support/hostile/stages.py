"""The stages that read input, each by its real entry point, and the outcome of a stage."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from simmer.base.errors import SimmerError
from simmer.base.files import read_json
from simmer.commands.register import register
from simmer.data.pending import pending_registrations
from simmer.data.snapshots import SnapshotStore
from simmer.data.tickers import TickerSpec
from simmer.data.validation import validate_manifest
from support import chain
from support.hostile.case import Case, Outcome
from support.hostile.folder import settings_of
from support.hostile.rights import as_ordinary_user


def _acquire(folder: Path, file: str = "bad.csv") -> str:
    chain.acquire(folder, settings_of(folder, TickerSpec("SPY", "etf", file=file)), "SPY")
    return "bars as from the sound file"


def _gather(folder: Path, _: str = "") -> str:
    chain.write_manifest(folder, "raw")
    return "the manifest as before"


def _validate(folder: Path, _: str = "") -> str:
    chain.validate(folder, settings_of(folder))
    report = read_json(folder / "results/data_validation.json")
    return "; ".join(problem["message"] for problem in report["problems"])


def _build(folder: Path, _: str = "") -> str:
    chain.build(folder, "SPY")
    return "the table as before"


def _pending(folder: Path, _: str = "") -> str:
    data = folder / "data"
    manifests = [data / part / "datapackage.json" for part in ("snapshots", "raw", "processed")]
    found = pending_registrations(data, manifests)
    return "; ".join(f"{kind}: {', '.join(paths)}" for kind, paths in asdict(found).items() if paths)


def _validate_processed(folder: Path, _: str = "") -> str:
    manifest = folder / "data/processed/datapackage.json"
    report = validate_manifest(
        manifest, kinds={"SPY": "etf", "DIA": "etf"}, calendars={"SPY": "XNYS", "DIA": "XNYS"}
    ).table()
    report.raise_if_failed()
    return report.as_text()


def _register(folder: Path, file: str = "bad.csv") -> str:
    store = SnapshotStore(folder / "data/snapshots")
    return register(folder / "own" / file, TickerSpec("SPY", "etf"), calendar="XNYS", store=store)


def _from_snapshot(folder: Path, _: str = "") -> str:
    return _acquire(folder, "SPY.csv")


def _pinned(folder: Path, _: str = "") -> str:
    pinned = TickerSpec("SPY", "etf", snapshot="0123456789abcdef")
    chain.acquire(folder, settings_of(folder, pinned), "SPY")
    return "bars"


STAGES: Mapping[str, Callable[..., str]] = {
    "own file": _acquire,
    "registered file": _register,
    "raw entry": _gather,
    "raw manifest": _validate,
    "raw bars": _build,
    "processed manifest": _validate_processed,
    "pending": _pending,
    "snapshot": _from_snapshot,
    "pinned snapshot": _pinned,
}

# The text that these return without an error is a warning.
REPORTS = ("raw manifest", "pending")


def met(case: Case, folder: Path) -> tuple[Outcome, str]:
    """Run the case's stage on a damaged folder; return the outcome and the message."""
    try:
        with as_ordinary_user():
            message = STAGES[case.where](folder, case.file)
    except SimmerError as error:
        return "error", str(error)
    return ("warning" if message and case.where in REPORTS else "accepted"), message
