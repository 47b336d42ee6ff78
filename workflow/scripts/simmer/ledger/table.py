"""The summary files of a scale: trials.csv, best.json and the text of its `.done` file."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from simmer.base.errors import LedgerError
from simmer.base.files import sha256_of_bytes
from simmer.base.text import csv_text, plain
from simmer.base.typed_json import as_json
from simmer.base.words import count
from simmer.ledger.about import UNKNOWN, About
from simmer.ledger.address import published_folder
from simmer.ledger.race import Race
from simmer.ledger.results import TrialResult, Value, best_trial

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

Columns = Mapping[str, Callable[[TrialResult], Any]]


def result_columns(hyperparameters: Mapping[str, Value | None]) -> Columns:
    """Return the columns whose values do not depend on the machine, each with its function of a result."""
    return {
        **{
            name: attrgetter(name)
            for name in ("scale", "horizon_days", "trial", "state", "origin", "repeats")
        },
        **{name: attrgetter(name) for name in ("validation_log_loss", "prior_log_loss", "best_epoch")},
        "epochs": lambda result: len(result.curve),
        "ended": attrgetter("ended"),
        "train_log_loss": lambda result: result.best and result.best.train_log_loss,
        **{
            name: (lambda result, name=name: result.best and getattr(result.best.validation, name))
            for name in _SCORE_COLUMNS
        },
        **{name: attrgetter(name) for name in ("parameters", "budget_parameters")},
        **{
            name: (lambda result, name=name, before=before: result.hyperparameters.get(name, before))
            for name, before in hyperparameters.items()
        },
        **{f"shape_{name}": (lambda result, name=name: result.shape[name]) for name in _SHAPE_COLUMNS},
        **{f"{split}_windows": attrgetter(f"dataset.{split}.n") for split in ("train", "validation")},
        **{name: attrgetter(name) for name in ("weights_sha256", "fingerprint")},
        "code_digests": lambda result: " ".join(result.code_digests),
        "campaign": attrgetter("campaign"),
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

# Columns that may differ when the same trial is computed again, on this or another machine.
MACHINE_COLUMNS: Columns = {
    **{name: attrgetter(name) for name in ("train_s", "checkpoint_s")},
    **{
        name: attrgetter(f"machine.{name}")
        for name in (
            "starts",
            "device",
            "precision",
            "memory",
            "activation_checkpointing",
            "threads",
            "kernels",
            "replicas",
        )
    },
    **{name: attrgetter(f"machine.{name}") for name in ("micro_batch", "peak_memory_bytes")},
    "max_temperature_c": lambda result: result.machine.guard.get("max_temperature_c"),
    "temperature_source": lambda result: result.machine.guard.get("max_temperature_source"),
    **{name: (lambda result, name=name: result.machine.guard.get(name)) for name in GUARD_SUMS},
    "result_sha256": attrgetter("sha256"),
}


def trial_columns(hyperparameters: Mapping[str, Value | None], about: About) -> Columns:
    """Return all columns of trials.csv, each with its function of a result; arguments as `trials_csv`."""
    names = {name: (lambda _, value=value: value) for name, value in about.beside_campaign.items()}
    return {**result_columns(hyperparameters), **MACHINE_COLUMNS, **names}


def trials_csv(
    results: Sequence[TrialResult], hyperparameters: Mapping[str, Value | None], about: About = UNKNOWN
) -> str:
    """Return the table of trials as CSV, one row per trial.

    Args:
        results: of one scale.
        hyperparameters: by name, the value to show for older results that lack it.
        about: their ticker and label; unknown values are left empty.
    """
    columns = trial_columns(hyperparameters, about)
    return csv_text([columns, *([read(result) for read in columns.values()] for result in results)])


def best_json(
    results: Sequence[TrialResult],
    meanings: Mapping[int, Mapping[str, Any]],
    races: Mapping[int, Race] | None = None,
) -> dict[str, Any]:
    """Return the result of the winner of each horizon as plain values; None if no trial has a loss.

    Args:
        results: of one scale.
        meanings: the study's settings by horizon in days, added to its result.
        races: by horizon in days, where there was one; its standings are added to the result.
    """
    found, races = {}, races or {}
    for days, of_study in _by_horizon(results).items():
        race, best = races.get(days), best_trial(of_study)
        if race is not None and race.winner is not None:
            best = winner_of(of_study, race)
        more = {} if race is None else {"race": as_json(race.standings)}
        found[str(days)] = best and {**best.as_json(), **meanings.get(days, {}), **more}
    return found


def winner_of(results: Sequence[TrialResult], race: Race | None = None) -> TrialResult:
    """Return the result of the trial that won the race of a study or, without one, has the lowest loss.

    Raises:
        LedgerError: when no trial has a loss, or the race is of other trials.
    """
    winner = best_trial(results)
    if race is not None and race.winner is not None:
        winner = next((result for result in results if result.number == race.winner.trial), None)
        if winner is None or race.fingerprint != winner.fingerprint:
            raise LedgerError(
                f"found a race of study {race.fingerprint} that trial {race.winner.trial:03d} won, expected "
                f"one of the {len(results)} trials of study {results[0].fingerprint}; run the same command "
                "again"
            )
    if winner is None:
        raise LedgerError(
            f"none of the {len(results)} trials of {results[0].scale} has a validation loss; expected at "
            "least one: see in trials.csv why they failed, raise n_trials, or remove the scale from "
            "run_scales to report on the other scales"
        )
    return winner


def refuse_mixture(results: Sequence[TrialResult], fingerprints: Mapping[int, str]) -> None:
    """Raise `LedgerError` if a result has another fingerprint than the study of its horizon."""
    for result in results:
        expected = fingerprints[result.horizon_days]
        if result.fingerprint != expected:
            raise LedgerError(
                f"found {result.address.name} of {result.study.name} published from study "
                f"{result.fingerprint}, expected {expected}; delete {published_folder(result.scale)} and run "
                "the same command again: trials in the ledger are published again, missing ones are trained"
            )


def summary(
    results: Sequence[TrialResult],
    about: About = UNKNOWN,
    races: Mapping[int, Race] | None = None,
) -> str:
    """Return the text of a `.done` file: lines per study, and a warning if code versions are mixed."""
    lines = []
    for days, of_study in _by_horizon(results).items():
        lines.append(plain(_study_line(of_study, about)))
        if races and days in races:
            lines.append(f"  {races[days].sentence}")
        digests = {digest for result in of_study for digest in result.code_digests}
        if len(digests) > 1:
            lines.append(f"  computed by {len(digests)} versions of the code (see trials.csv, code_digests)")
    made_from = sha256_of_bytes("".join(result.sha256 for result in results).encode())
    lines.append(f"made from {count(len(results), 'result')}, SHA-256 of their digests {made_from[:12]}")
    return "\n".join(lines) + "\n"


def _by_horizon(results: Sequence[TrialResult]) -> dict[int, list[TrialResult]]:
    grouped: dict[int, list[TrialResult]] = {}
    for result in results:
        grouped.setdefault(result.horizon_days, []).append(result)
    return grouped


def _study_line(of_study: Sequence[TrialResult], about: About) -> str:
    ended = Counter(result.state for result in of_study if result.state != "complete")
    counts = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in sorted(ended.items()))
    study = f"{of_study[0].study.name.replace('/', ' ')}: {count(len(of_study), 'trial')}"
    study += f" ({counts})" if counts else ""
    best = best_trial(of_study)
    names = replace(about, campaign=(best or of_study[-1]).campaign).words
    if best is None:
        return f"{study}, none with a loss, {names}"
    scores = best.best.validation
    return (
        f"{study}, best validation log-loss {best.loss:.4f} (base rate {best.prior_log_loss:.4f}), "
        f"AUC {scores.auc:.3f} ± {scores.auc_se:.3f}, {best.parameters:,} parameters, "
        f"trial {best.trial:03d}, fingerprint {best.fingerprint}, {names}"
    )
