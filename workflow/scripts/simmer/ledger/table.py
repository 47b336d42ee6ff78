"""The tables a person opens: trials.csv and best.json, always rebuilt from the trials' own files."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simmer.base.errors import LedgerError
from simmer.base.text import csv_text, plain
from simmer.ledger.address import horizon_name, trial_name
from simmer.search.space import KEYS

Result = Mapping[str, Any]

_SHAPE_COLUMNS = ("depth", "width", "heads", "head_width", "ff_width")
_SCORE_COLUMNS = (
    "auc",
    "auc_se",
    "brier",
    "recall",
    "prediction_min",
    "prediction_max",
    "prediction_std",
    "collapsed",
)

COLUMNS: dict[str, Callable[[Result], Any]] = {
    "scale": lambda result: result["scale"],
    "horizon_days": lambda result: result["horizon_days"],
    "trial": lambda result: result["trial"],
    "state": lambda result: result["state"],
    "origin": lambda result: result["origin"],
    "repeats": lambda result: result["repeats"],
    "validation_log_loss": lambda result: result["validation_log_loss"],
    "prior_log_loss": lambda result: result["dataset"]["validation"]["prior_log_loss"],
    "best_epoch": lambda result: result["best_epoch"],
    "epochs": lambda result: len(result["curve"]),
    "ended": lambda result: result["ended"],
    "train_log_loss": lambda result: (result["best"] or {}).get("train_log_loss"),
    **{
        name: (lambda result, name=name: ((result["best"] or {}).get("validation") or {}).get(name))
        for name in _SCORE_COLUMNS
    },
    "parameters": lambda result: result["parameters"],
    "budget_parameters": lambda result: result["budget_parameters"],
    **{name: (lambda result, name=name: result["hyperparameters"][name]) for name in KEYS},
    **{f"shape_{name}": (lambda result, name=name: result["shape"][name]) for name in _SHAPE_COLUMNS},
    "train_windows": lambda result: result["dataset"]["train"]["n"],
    "validation_windows": lambda result: result["dataset"]["validation"]["n"],
    "weights_sha256": lambda result: result["weights_sha256"],
    "fingerprint": lambda result: result["fingerprint"],
    "code_digests": lambda result: " ".join(result["code_digests"]),
    "campaign": lambda result: result["campaign"],
}

GUARD_SUMS = (
    "slept_s",
    "paused_s",
    "blind_s",
    "warning_s",
    "critical_s",
    "braked_s",
    "aborts",
    "energy_wh",
)

# What a repetition on the same or another machine may change without changing the result.
MACHINE_COLUMNS: dict[str, Callable[[Result], Any]] = {
    "train_s": lambda result: result["train_s"],
    "checkpoint_s": lambda result: result["checkpoint_s"],
    "starts": lambda result: result["machine"]["starts"],
    "device": lambda result: result["machine"]["device"],
    "precision": lambda result: result["machine"]["precision"],
    "memory": lambda result: result["machine"]["memory"],
    "activation_checkpointing": lambda result: result["machine"]["activation_checkpointing"],
    "threads": lambda result: result["machine"]["threads"],
    "micro_batch": lambda result: result["machine"]["micro_batch"],
    "peak_memory_bytes": lambda result: result["machine"]["peak_memory_bytes"],
    "max_temperature_c": lambda result: result["machine"]["guard"].get("max_temperature_c"),
    "temperature_source": lambda result: result["machine"]["guard"].get("max_temperature_source"),
    **{name: (lambda result, name=name: result["machine"]["guard"].get(name)) for name in GUARD_SUMS},
}


def trials_csv(results: Sequence[Result]) -> str:
    """Return one row per trial; an absent value is an empty cell."""
    columns = COLUMNS | MACHINE_COLUMNS
    return csv_text([columns, *([read(result) for read in columns.values()] for result in results)])


def best_by_horizon(
    results: Sequence[Result], meanings: Mapping[int, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return, for each horizon, the whole result of its best trial, or None when none has a loss.

    A pruned trial is never the best: another one was better where it was judged.

    Args:
        results: of one scale.
        meanings: what to add to the best result of a horizon, by its days: all that gives it its meaning.
    """
    best: dict[str, Any] = {}
    for result in results:
        key = str(result["horizon_days"])
        known = best.setdefault(key, None)
        loss = result["validation_log_loss"]
        if loss is not None and (known is None or loss < known["validation_log_loss"]):
            best[key] = {**result, **(meanings or {}).get(result["horizon_days"], {})}
    return best


def winner_of(results: Sequence[Result]) -> Result:
    """Return the result of the trial with the lowest validation log-loss of a whole study.

    Raises:
        LedgerError: when no trial has a loss.
    """
    (winner,) = best_by_horizon(results).values()
    if winner is None:
        raise LedgerError(
            f"none of the {len(results)} trials of {results[0]['scale']} has a validation loss; expected one "
            "to evaluate: look into trials.csv why they failed, raise n_trials, or take the scale out of "
            "run_scales to report on the others"
        )
    return winner


def refuse_mixture(results: Sequence[Result], fingerprints: Mapping[int, str]) -> None:
    """Refuse results that do not belong to the study of their horizon.

    Raises:
        LedgerError: naming the first such trial and how to mend it.
    """
    for result in results:
        expected = fingerprints[result["horizon_days"]]
        if result["fingerprint"] != expected:
            scale, name = result["scale"], horizon_name(result["horizon_days"])
            raise LedgerError(
                f"found {trial_name(result['trial'])} of {scale}/{name} published from study "
                f"{result['fingerprint']}, expected {expected}; delete results/hpo/{scale} and run the same "
                "command again: what the ledger has is published again, the rest is trained"
            )


def summary(results: Sequence[Result]) -> str:
    """Return the text of a `.done` file: a line per study, for a person, and what to be wary of."""
    best = best_by_horizon(results)
    lines = []
    for horizon in best:
        of_study = [result for result in results if str(result["horizon_days"]) == horizon]
        lines.append(plain(_study_line(of_study, best[horizon])))
        digests = {digest for result in of_study for digest in result["code_digests"]}
        if len(digests) > 1:
            lines.append(f"  computed by {len(digests)} versions of the code (see trials.csv, code_digests)")
    return "\n".join(lines) + "\n"


def _study_line(of_study: Sequence[Result], best: Result | None) -> str:
    ended = Counter(result["state"] for result in of_study if result["state"] != "complete")
    counts = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(ended.items()))
    study = f"{of_study[0]['scale']} h{of_study[0]['horizon_days']}: {len(of_study)} trials"
    study += f" ({counts})" if counts else ""
    if best is None:
        return f"{study}, none with a loss"
    scores, prior = best["best"]["validation"], COLUMNS["prior_log_loss"](best)
    return (
        f"{study}, best validation log-loss {best['validation_log_loss']:.4f} (prior {prior:.4f}), "
        f"AUC {scores['auc']:.3f} ± {scores['auc_se']:.3f}, {best['parameters']:,} parameters, "
        f"trial {best['trial']:03d}, fingerprint {best['fingerprint']}, campaign {best['campaign']}"
    )
