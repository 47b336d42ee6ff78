"""Made-up results of trials and refits; tests change single values of them."""

from simmer.ledger.results import RaceResult, RefitResult, TrialResult

HYPERPARAMETERS = {
    "depth": 2,
    "head_width": 8,
    "ff_ratio": 4.0,
    "learning_rate": 1e-3,
    "weight_decay": 0.1,
    "warmup_fraction": 0.1,
    "dropout": 0.1,
    "batch_size": 8,
    "label_smoothing": 0.0,
    "focal_gamma": 0.0,
    "input_form": "train_scaled",
}
SHAPE = {"channels": 25, "context_days": 60, "patch_days": 10, "stride_days": 5}
SHAPE |= {"depth": 2, "width": 16, "heads": 2, "head_width": 8, "ff_width": 32}


def scores(log_loss):
    """The scores of an epoch with this log-loss."""
    known = {"log_loss": log_loss, "auc": 0.61, "auc_se": 0.03, "brier": 0.2, "recall": 0.0}
    spread = {"prediction_min": 0.1, "prediction_max": 0.9, "prediction_mean": 0.4, "prediction_std": 0.1}
    return known | spread | {"collapsed": False}


def epoch(number, log_loss, *, train=0.5):
    """The record of an epoch."""
    return {"epoch": number, "train_log_loss": train, "validation": scores(log_loss)}


def split(n, prior=0.69):
    """The facts about a split."""
    dates = {"first_date": "2000-01-03", "last_date": "2003-01-03", "purged": 1}
    return {"n": n, "positives": n // 2, "base_rate": 0.5, "prior_log_loss": prior} | dates


def _shared(losses, *, prior, guard, **changes):
    curve = [epoch(number, loss) for number, loss in enumerate(losses, 1)]
    best = min(curve, key=lambda one: one["validation"]["log_loss"], default=None)
    machine = {"device": "cpu", "precision": "fp32", "threads": 1, "memory": "full", "micro_batch": 8}
    machine |= {"activation_checkpointing": False, "compiled": False, "peak_memory_bytes": 1}
    return {
        "campaign": "main",
        "fingerprint": "abc",
        "scale": "debug",
        "horizon_days": 1,
        "state": "complete" if best else "diverged",
        "ended": "patience" if best else "diverged",
        "reason": None,
        "validation_log_loss": best and best["validation"]["log_loss"],
        "best_epoch": best and best["epoch"],
        "best": best,
        "curve": curve,
        "train_s": float(len(curve)) if best else None,
        "checkpoint_s": 0.0 if best else None,
        "checkpoints": 0 if best else None,
        "weights_sha256": "w" if best else None,
        "hyperparameters": HYPERPARAMETERS,
        "shape": SHAPE,
        "parameters": 60_441,
        "budget_parameters": 60_000,
        "dataset": {"train": split(100, prior), "validation": split(50, prior)},
        "code_digests": ["d1"],
        "versions": {"python": "3.11.2", "torch": "2.13.0"},
        "machine": machine | {"starts": 1, "last_job_s": 1.0, "guard": guard},
    } | changes


def trial_values(number=0, losses=(0.6,), *, prior=0.69, guard=None, **changes):
    """A trial's result as plain values; without a loss it diverged."""
    made = _shared(losses, prior=prior, guard=guard or {}, **changes)
    return {"trial": number, "origin": "default", "repeats": None, "seen_trials": number} | made


def trial_result(number=0, losses=(0.6,), **changes):
    """A trial's result; see `trial_values`."""
    return TrialResult.from_values(trial_values(number, losses, **changes))


def refit_result(number=0, losses=(0.6,), *, prior=0.69, guard=None, **changes):
    """A refit's result; without a loss it diverged."""
    made = _shared(losses, prior=prior, guard=guard or {}, **changes)
    own = {"refit": number, "seed": number, "winner": 7, "winner_validation_log_loss": 0.4}
    return RefitResult.from_values(own | {"predictions": None} | made)


def race_result(number=0, losses=(0.6,), *, prior=0.69, guard=None, **changes):
    """A race run's result; without a loss it diverged."""
    made = _shared(losses, prior=prior, guard=guard or {}, **changes)
    return RaceResult.from_values({"race": number, "seed": number, "of_trial": 7} | made)


def changed(result, **changes):
    """The same result with other plain values in it."""
    return type(result).from_values(result.as_json() | changes)
