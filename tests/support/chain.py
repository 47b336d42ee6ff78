"""The data stage run by its scripts in one process, without Snakemake."""

import importlib.util
from pathlib import Path
from types import ModuleType

from simmer.data.requests import request_of
from simmer.data.settings import DataSettings
from support.configs import ROOT, data_settings


def script(name: str) -> ModuleType:
    """Load the script of a rule without running its main guard."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"workflow/scripts/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def acquire(folder: Path, settings: DataSettings, ticker: str) -> None:
    """Acquire one ticker into data/raw of `folder`, as its rule does."""
    raw, snapshots = folder / "data/raw", folder / "data/snapshots"
    script("acquire_data").main(
        settings=settings,
        ticker=ticker,
        request=request_of(settings, ticker, snapshots),
        snapshots=snapshots,
        bars=raw / f"{ticker}.csv",
        resource=raw / f"{ticker}.resource.json",
    )


def write_manifest(folder: Path, stage: str) -> Path:
    """Gather the entries of one stage into its manifest, as its rule does."""
    manifest = folder / f"data/{stage}/datapackage.json"
    resources = sorted(manifest.parent.glob("*.resource.json"))
    script("write_manifest").main(name=f"simmer-{stage}", resources=resources, requests={}, manifest=manifest)
    return manifest


def validate(folder: Path, settings: DataSettings) -> None:
    """Validate the raw data, as its rule does."""
    script("validate_manifest").main(
        manifest=folder / "data/raw/datapackage.json",
        kinds=settings.kinds(),
        calendars=settings.calendars(),
        report=folder / "results/data_validation.json",
        table=folder / "results/data_validation.txt",
    )


def build(folder: Path, ticker: str) -> None:
    """Build the a33 table of one ticker, as its rule does."""
    raw, processed = folder / "data/raw", folder / "data/processed"
    script("build_features").main(
        bars=raw / f"{ticker}.csv",
        raw_resource=raw / f"{ticker}.resource.json",
        volatility=True,
        volume=True,
        table=processed / f"{ticker}_dataset_a33.parquet",
        resource=processed / f"{ticker}_dataset_a33.resource.json",
    )


def build_data(folder: Path, *tickers: str) -> Path:
    """Acquire, list, validate and build bundled tickers; return the data folder."""
    settings = data_settings(*tickers)
    for ticker in tickers:
        acquire(folder, settings, ticker)
    write_manifest(folder, "raw")
    validate(folder, settings)
    for ticker in tickers:
        build(folder, ticker)
    write_manifest(folder, "processed")
    return folder / "data"
