"""Saved models of small refits on made-up bars, trained and published without the workflow engine."""

import contextlib
from dataclasses import asdict
from pathlib import Path

from simmer.base.files import write_json
from simmer.config.campaign import Config
from simmer.data.bars_csv import canonical_csv
from simmer.data.tables import content_sha256, read_table
from simmer.features.of_bars import features_of_bars
from simmer.features.tables import keep_features
from simmer.ledger.address import RESULTS, ledger_in
from simmer.ledger.preparation import prepare
from simmer.runs.refit import Refit
from simmer.runs.run import Run
from simmer.training.settings import Execution
from support.bars import session_bars
from support.chain import script
from support.configs import default_config
from support.evidence_results import evidence, horizon, model
from support.results import trial_result
from support.runs import FakeGuard

# 521 sessions with all features, 461 of them decision rows.
BARS = session_bars(720, seed=3)
OVERLAY = {
    "dataset": {
        "horizons_days": [1],
        "min_validation_decisions": 50,
        "split": {"train_fraction": 0.4, "validation_fraction": 0.3},
    },
    "run_scales": ["debug"],
    "scales": {"debug": {"epochs_max": 3, "budget_parameters": 10_000}},
    "evidence": {"seeds": 2},
}
SAVED = Path("results/models/debug/h1")
MODEL = "debug"  # in the evidence
EXECUTION = Execution(device="cpu", precision="fp32", threads=1)


def config_of(*overlays) -> Config:
    """Return the configuration of the models."""
    return default_config(OVERLAY, *overlays)


def paths(config: Config) -> dict[str, Path]:
    """Return the feature table and its entry, relative to the campaign's folder."""
    table = Path("data/processed") / f"{config.dataset.table}.parquet"
    return {"table": table, "resource": table.with_suffix(".resource.json")}


def train(folder, config, *, input_form="price_relative", execution=EXECUTION, vix=None) -> list[Path]:
    """Write bars and features of a campaign and train its refits; return their published results."""
    with contextlib.chdir(folder):
        raw = Path("data/raw")
        raw.mkdir(parents=True, exist_ok=True)
        (raw / "GSPC.csv").write_bytes(canonical_csv(BARS))
        if vix is not None:
            (raw / "VIX.csv").write_bytes(canonical_csv(vix))
        made_of = {"ticker": "GSPC", "kind": "index", "adjustment": "none", "calendar": "XNYS"}
        made_of |= {"path": "GSPC.csv", "hash": f"sha256:{'b' * 64}"}
        features = features_of_bars(BARS, vix, volatility=config.dataset.volatility)
        keep_features(features, made_of=[made_of], **paths(config))
        frame = read_table(paths(config)["table"])
        study = config.study("debug", 1)
        ledger = study.ledger(ledger_in(RESULTS), features_sha256=content_sha256(frame))
        prepare(ledger)
        hyperparameters = asdict(study.default) | {"learning_rate": 3e-3, "input_form": input_form}
        winner = trial_result(7, (0.4,), hyperparameters=hyperparameters | {"batch_size": 32})
        published = []
        for number in range(config.evidence.seeds):
            purpose = Refit(
                study=study, ledger=ledger, number=number, winner=winner, settings=config.evidence
            )
            run = Run(
                campaign="main",
                purpose=purpose,
                dataset=config.dataset.build(frame, 1, test="inputs"),
                execution=execution,
                checkpoint_interval_s=1e9,
            )
            # Recorded, so that no layout is measured.
            run.files.write_params(purpose.begin(asdict(execution)))
            run.compute(FakeGuard())
            published.append(RESULTS / run.files.address.published("json"))
            run.files.publish(result=published[-1], log=published[-1].with_suffix(".jsonl"))
        return published


def publish(folder, config, refits) -> list[Path]:
    """Publish the model of refits as the rule does; return its files of weights."""
    with contextlib.chdir(folder):
        scored = horizon(scales=1)
        scored["models"][0] = model(MODEL, 0.46, parameters=10_057, refit_losses=[0.45, 0.47])
        scored["differences"] = [pair | {"a": MODEL} for pair in scored["differences"]]
        write_json(RESULTS / "evidence.json", evidence(h1=scored))
        return script("models").main(
            config=config,
            scale="debug",
            horizon_days=1,
            tables=[paths(config)["table"]],
            resources=[paths(config)["resource"]],
            refits=refits,
            evidence=RESULTS / "evidence.json",
            card=SAVED / "card.json",
        )


def save_model(folder, *overlays, **options) -> Config:
    """Train and publish a model below a folder; return its configuration."""
    config = config_of(*overlays)
    publish(folder, config, train(folder, config, **options))
    return config
