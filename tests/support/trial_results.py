"""A whole result of a trial, as the ledger holds it; nothing was trained."""


def result(trial, loss, *, horizon=1):
    best = None
    if loss is not None:
        scores = {"log_loss": loss, "auc": 0.61, "auc_se": 0.03, "brier": 0.2, "recall": 0.0}
        scores |= {"prediction_min": 0.1, "prediction_max": 0.9, "prediction_std": 0.1, "collapsed": False}
        best = {"epoch": 1, "train_log_loss": 0.5, "validation": scores}
    hyperparameters = {"depth": 2, "head_width": 8, "ff_ratio": 4.0, "learning_rate": 1e-3}
    hyperparameters |= {"weight_decay": 0.1, "warmup_fraction": 0.1, "dropout": 0.1}
    return {
        "campaign": "main",
        "fingerprint": "abc",
        "scale": "debug",
        "horizon_days": horizon,
        "trial": trial,
        "state": "complete" if best else "diverged",
        "origin": "default",
        "repeats": None,
        "ended": "patience" if best else "diverged",
        "validation_log_loss": loss,
        "best_epoch": best and 1,
        "best": best,
        "curve": [best] if best else [],
        "hyperparameters": hyperparameters
        | {"batch_size": 8, "label_smoothing": 0.0, "focal_gamma": 0.0}
        | {"input_form": "train_scaled"},
        "shape": {"depth": 2, "width": 16, "heads": 2, "head_width": 8, "ff_width": 32},
        "parameters": 60_441,
        "budget_parameters": 60_000,
        "dataset": {"train": {"n": 100}, "validation": {"n": 50, "prior_log_loss": 0.69}},
        "weights_sha256": best and "w",
        "code_digests": ["d1", "d2"],
        "train_s": best and 1.0,
        "checkpoint_s": best and 0.0,
        "machine": {
            "starts": 1,
            "device": "cpu",
            "precision": "fp32",
            "memory": "full",
            "activation_checkpointing": False,
            "threads": 1,
            "micro_batch": 8,
            "peak_memory_bytes": 1,
            "guard": {"max_temperature_c": None, "max_temperature_source": None, "paused_s": 0.0},
        },
    }
