"""Predictions of made-up models with known skill on made-up test rows."""

import numpy as np

from simmer.base.seeds import derive_seed
from simmer.evidence.predictions import Prediction, SplitLabels, prediction_table

VALIDATION, TEST = 400, 600
REFITS = [{"refit": n, "seed": n, "state": "complete", "best_epoch": 4} for n in range(3)]
EFFORT = {"trials": 50, "epochs_max": 30, "refits": REFITS}
DATES = {"first_date": "2015-01-01", "last_date": "2016-01-01", "purged": 1}
BASELINES = ("base_rate", "volatility_logit", "logistic_regression", "gradient_boosting", "mlp")
WITH_MEMBERS = ("gradient_boosting", "mlp")


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


class Market:
    """Labels with known true logits, and predictions from these logits plus noise."""

    def __init__(self, *, seed=0, signal=1.0, validation=VALIDATION, test=TEST):
        self.seed, rng = seed, np.random.default_rng(seed)
        self.rows = {"validation": np.arange(100, 100 + validation), "test": np.arange(2000, 2000 + test)}
        self.logits = {split: -0.8 + signal * rng.normal(size=len(rows)) for split, rows in self.rows.items()}
        labels = {split: rng.random(len(x)) < sigmoid(x) for split, x in self.logits.items()}
        self.labels = {
            split: SplitLabels(
                rows=rows,
                dates=np.datetime64("2015-01-01") + np.arange(len(rows)),
                labels=labels[split].astype(np.int8),
            )
            for split, rows in self.rows.items()
        }

    def predict(self, model, *, noise, refit=None, kind=None):
        """Return predictions from logits plus noise; with infinite noise they are constant.

        Members of a model share half of the variance of its noise.
        """
        probabilities = {
            split: np.full(len(logits), 0.31)
            if np.isinf(noise)
            else sigmoid(
                logits + noise * (self._drawn(model, split=split) + self._drawn(model, refit, split=split))
            )
            for split, logits in self.logits.items()
        }
        labels = self.labels["validation"].labels
        p = probabilities["validation"]
        return Prediction(
            model=model,
            kind=kind or ("baseline" if refit is None else "transformer"),
            refit=refit,
            validation_log_loss=float(-np.where(labels == 1, np.log(p), np.log1p(-p)).mean()),
            splits={
                split: {"rows": self.rows[split].tolist(), "probabilities": values.tolist()}
                for split, values in probabilities.items()
            },
        )

    def _drawn(self, *purpose, split):
        rng = np.random.default_rng(derive_seed(self.seed, split, *map(str, purpose)))
        return rng.normal(0, 0.5**0.5, len(self.logits[split]))

    def facts(self, scales):
        """The facts about splits and models that a final evaluation writes."""
        splits = {
            split: DATES
            | {
                "n": len(one.rows),
                "positives": int(one.labels.sum()),
                "base_rate": float(one.labels.mean()),
                "prior_log_loss": 0.6,
            }
            for split, one in self.labels.items()
        }
        splits["train"] = DATES | {"n": 3000, "positives": 930, "base_rate": 0.31, "prior_log_loss": 0.62}
        models = {
            name: {
                "parameters": parameters,
                "search_validation_log_loss": 0.5,
                **EFFORT,
            }
            for name, parameters in scales.items()
        }
        models |= {name: {"parameters": None, "tries": 50} for name in BASELINES}
        return {"splits": splits, "models": models, "looks": 1, "reading": {"predictions_sha256": "d" * 64}}


def table_and_facts(noise_of_scales, *, noise_of_baselines=0.5, seed=0, refits=3, **market):
    """Return the table and the facts of scales, given the noise of each scale's logits.

    Baselines with random numbers have as many members as a scale has refits.
    """
    one = Market(seed=seed, **market)
    predictions = [
        one.predict(scale, noise=noise, refit=refit)
        for scale, noise in noise_of_scales.items()
        for refit in range(refits)
    ]
    predictions += [
        one.predict(
            name, noise=np.inf if name == "base_rate" else noise_of_baselines, refit=member, kind="baseline"
        )
        for name in BASELINES
        for member in (range(refits) if name in WITH_MEMBERS and refits > 1 else [None])
    ]
    parameters = {"2M": 1_998_000, "20M": 20_010_000, "200M": 199_900_000, "2B": 2_000_500_000}
    return prediction_table(one.labels, predictions), one.facts(
        {scale: parameters[scale] for scale in noise_of_scales}
    )
