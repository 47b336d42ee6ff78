"""Made-up evidence, refits and trials in their published form."""

import math
import random

from support.results import epoch as record
from support.results import refit_result, trial_result

SCALES = {"2M": 1_995_201, "20M": 20_011_585, "200M": 199_310_402, "2B": 2_012_345_678}
BASELINES = ("base_rate", "volatility_logit", "logistic_regression", "gradient_boosting", "mlp")
SPLITS = {
    "train": (3340, "2000-01-11", "2013-04-23"),
    "validation": (715, "2013-04-25", "2016-02-25"),
    "test": (713, "2016-02-29", "2018-12-27"),
}
BASE_RATE_LOSS = 0.4732
SCALE = {
    "winner": 7,
    "fingerprint": "f" * 12,
    "hyperparameters": {"depth": 4, "input_form": "window_norm"},
    "search_validation_log_loss": 0.45,
    "trials": 50,
    "epochs_max": 30,
    "refits": [{"refit": 0, "seed": 3, "state": "complete", "best_epoch": 4}],
}
BASELINE = {
    "search_validation_log_loss": 0.45,
    "tries": 50,
    "settings": {"C": 1.0},
    "sklearn_version": "1.9.1",
}
ALPHAS = {"law": 0.012, "reverse": -0.02, "none": 0.0, "undetermined": 0.003}


def estimate(value, half_width):
    """An estimate with its interval."""
    return {"value": value, "low": value - half_width, "high": value + half_width}


def reliability(base=0.17, *, spread=0.1, off=0.0, bins=10, decisions=713):
    """Bins around a base rate; predictions lie too low by `off`."""
    made = []
    for number in range(bins):
        middle = max(0.01, base + spread * (2 * (number + 0.5) / bins - 1))
        half = spread / bins
        made.append(
            {
                "decisions": decisions // bins,
                "prediction_min": max(0.0, middle - half),
                "prediction_max": middle + half,
                "prediction_mean": middle,
                "rate": min(1.0, max(0.0, middle + off + 0.03 * math.sin(3 * number))),
            }
        )
    return made


def model(name, loss, *, parameters=None, refit_losses=None, half_width=0.018, **changed):
    """A model with its scores; `changed` replaces some."""
    made = {
        "name": name,
        "kind": "baseline" if parameters is None else "transformer",
        "parameters": parameters,
        "seeds": None if refit_losses is None else len(refit_losses),
        "members": 1 if refit_losses is None else len(refit_losses),
        "log_loss": estimate(loss, half_width),
        "skill": estimate(1 - loss / BASE_RATE_LOSS, half_width / BASE_RATE_LOSS / 2),
        "skill_own_rate": 0.99 - loss / BASE_RATE_LOSS,
        "seed_log_losses": refit_losses,
        "validation_log_loss": loss - 0.01,
        "auc": estimate(0.68, 0.04),
        "average_precision": 0.31,
        "brier": 0.13,
        "brier_skill": 0.05,
        "calibration_error": 0.031,
        "calibration_slope": 0.84,
        "threshold": 0.25,
        "recall": 0.4,
        "precision": 0.3,
        "prediction_min": 0.03,
        "prediction_max": 0.5,
        "prediction_mean": 0.17,
        "prediction_std": 0.09,
        "collapsed_seeds": 0,
        "reliability": reliability(),
        "averaged_log_loss": None if parameters is None else loss - 0.002,
        "averaged_skill": estimate(1 - loss / BASE_RATE_LOSS, half_width / BASE_RATE_LOSS / 2),
        "averaged_validation_log_loss": loss - 0.01,
    }
    made |= BASELINE if parameters is None else SCALE
    if name == "base_rate":
        made["skill"] = made["averaged_skill"] = estimate(0.0, 0.0)
    return made | changed


def horizon(verdict="undetermined", *, scales=4, baselines=BASELINES, half_width=0.018, base_rates=None):
    """One horizon with its first `scales` scales."""
    rng = random.Random(f"{verdict} {scales}")
    alpha, models = ALPHAS[verdict], []
    for name, parameters in list(SCALES.items())[:scales]:
        loss = 0.462 * (parameters / 2e6) ** -alpha
        refits = [loss + rng.gauss(0, 0.006) for _ in range(5)]
        mean = sum(refits) / len(refits)
        models.append(model(name, mean, parameters=parameters, refit_losses=refits, half_width=half_width))
    for name, loss in zip(BASELINES, (BASE_RATE_LOSS, 0.455, 0.451, 0.468, 0.481), strict=True):
        if name in baselines:
            models.append(model(name, loss, half_width=half_width))
    return {
        "splits": _splits(base_rates or {"train": 0.245, "validation": 0.171, "test": 0.168}),
        "models": models,
        "differences": _differences(models),
        "scaling": _scaling(verdict, alpha),
        "decisions": 713,
        "mean_block": 9.5,
        "best_baseline": "logistic_regression",
        "looks": 1,
        "reading": {"ticker": "GSPC", "horizon_days": 1, "predictions_sha256": "d" * 64},
        "headlines": {"against": ["2M loses to the MLP."], "undecided": [], "in_favour": []},
    }


def evidence(**horizons):
    """Evidence of the horizons given as h1, h3, h5; three of different verdicts by default."""
    horizons = horizons or {"h1": horizon("law"), "h3": horizon("none"), "h5": horizon("undetermined")}
    known = {"campaign": "made up", "code": "e" * 12, "comparisons": 12}
    return known | {"horizons": {name[1:]: one for name, one in horizons.items()}}


def refit(seed, *, epochs=12, best=4, level=0.45, fall=0.03, rise=0.006):
    """A refit whose validation loss falls to its best epoch and rises from there, while train goes on."""
    curve, losses = [], []
    for epoch in range(1, epochs + 1):
        validation = level + (fall * (best - epoch) / best if epoch <= best else rise * (epoch - best))
        train = 0.53 - 0.016 * epoch + 0.001 * seed
        losses.append(validation)
        curve.append(record(epoch, validation, train=train))
    if not curve:
        return refit_result(seed, losses)
    known = {"best_epoch": best, "best": curve[best - 1], "validation_log_loss": losses[best - 1]}
    return refit_result(seed, losses, curve=curve, **known)


def trial(train_s=300.0, *, energy_wh=None, repeats=None):
    """A trial's result with the values that the figure of costs uses."""
    return trial_result(train_s=train_s, repeats=repeats, guard={"energy_wh": energy_wh})


def _splits(base_rates):
    made = {}
    for name, (n, first, last) in SPLITS.items():
        positives = round(n * base_rates[name])
        made[name] = {
            "n": n,
            "positives": positives,
            "base_rate": positives / n,
            "first_date": first,
            "last_date": last,
            "purged": 1,
            "prior_log_loss": BASE_RATE_LOSS if name == "test" else BASE_RATE_LOSS + 0.002,
        }
    return made


def _differences(models):
    losses = {one["name"]: one["log_loss"]["value"] for one in models}
    return [
        {
            "a": a,
            "b": b,
            "members": 5,
            "difference": estimate(losses[a] - losses[b], 0.006),
            "single_difference": estimate(losses[a] - losses[b] + 0.002, 0.006),
            "p_value": 0.2,
            "detectable": 0.01,
        }
        | ({"planned": True, "p_adjusted": 0.4} if b == "base_rate" else {"planned": False})
        for a in SCALES
        for b in losses
        if a in losses and b not in SCALES
    ]


def _scaling(verdict, alpha):
    return {
        "verdict": verdict,
        "reason": f"{verdict}: from 2.0M to 2.0B parameters the test log-loss changes by -0.009 (98.3 % "
        "-0.021 to +0.004); a change of 0.015 would be detected with 80 % power",
        "level": 1 - 0.05 / 3,
        "exponent": estimate(alpha, 0.004),
        "curves": [
            _curve("constant", a=0.46, alpha=None, floor=None),
            _curve("power", a=0.462 * 2e6**alpha, alpha=alpha, floor=None),
            _curve("power with floor", a=0.2, alpha=0.1, floor=0.4),
        ],
        "floor_refused": None,
        "change": estimate(-0.009, 0.012),
        "differences": [{"fewer": 2e6, "more": 2e9, "change": estimate(-0.009, 0.01)}],
        "practical": 0.0024,
        "detectable": 0.015,
    }


def _curve(model, **parameters):
    return {"model": model, "held_out": None, "on_limit": False} | parameters
