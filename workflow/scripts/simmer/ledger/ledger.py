"""The ledger: stored results, in files that the workflow engine does not know and cannot delete.

<root>/<fingerprint>/study.json
                    /transferred.json          if a smaller scale hands over trials; written once
                    /layouts.json              how trials use their cores, as measured
                    /<run>/params.json         written once, before training
                          /events.jsonl        appended: starts, epochs, hardware samples
                          /checkpoint*         during training
                          /predictions.json    of a refit, during training
                          /result.json         written last

What nothing publishes has a second copy beside it, such as `params.copy.json`.

The paths of a run's folder and lock are in `simmer.ledger.address`. A lock path has no fingerprint, because
published paths have none: two studies that differ only in their settings must not publish the same run at
the same time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from simmer.base.errors import LedgerError
from simmer.base.typed_json import as_json, from_values
from simmer.ledger.about import UNKNOWN, About
from simmer.ledger.address import Address, StudyAddress, trial_name
from simmer.ledger.copies import (
    ADVICE,
    Read,
    Values,
    both,
    first_whole,
    reader,
    write_both,
)
from simmer.ledger.layouts import layout_copies
from simmer.ledger.params import TransferredTrials
from simmer.ledger.race import RaceSettings, Standing, race_runs, racers, standings, winner_among
from simmer.ledger.results import TrialResult
from simmer.ledger.run_files import RunFiles
from simmer.ledger.study_file import keeps_digests

TRANSFERRED = "transferred.json"


@dataclass(frozen=True, kw_only=True)
class StudyLedger:
    """Runs of one study under one fingerprint.

    Attributes:
        root: folder of the ledger.
        address: address of the study.
        fingerprint: see `Study.fingerprint`.
        meaning: settings in the fingerprint, for `study.json`.
        features_sha256: digest of the feature values in the fingerprint.
        about: names for people, for `study.json` too.
        smaller: ledger of the smaller study that hands over trials to this one, or None.
    """

    root: Path
    address: StudyAddress
    fingerprint: str
    meaning: Mapping[str, Any]
    features_sha256: str
    about: About = UNKNOWN
    smaller: "StudyLedger | None" = None

    @property
    def home(self) -> Path:
        """Folder of the fingerprint."""
        return self.root / self.fingerprint

    def trial(self, number: int) -> RunFiles:
        """Return the files of one trial."""
        return RunFiles(self.home, self.address.trial(number))

    def refit(self, number: int, *, of_trial: int) -> RunFiles:
        """Return the files of one refit of a trial."""
        return RunFiles(self.home, self.address.refit(number, of_trial=of_trial))

    def race(self, number: int, *, of_trial: int) -> RunFiles:
        """Return the files of one run of a trial in the race."""
        return RunFiles(self.home, self.address.race(number, of_trial=of_trial))

    def runs(self) -> list[Address]:
        """Return the addresses of all runs of the study that have a folder."""
        folder = self.home / self.address.folder
        try:
            names = [path.name for path in folder.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise LedgerError(
                f"cannot list {folder}: {error.strerror or error}; give read permission and run the same "
                "command again"
            ) from error
        return self.address.addresses(names)

    def transferred(self) -> TransferredTrials | None:
        """Return the recorded trials from the smaller scale; None before they are recorded.

        Raises:
            DamagedError: when neither copy is whole.
        """
        found = first_whole(list(self.transferred_copies.values()))
        return None if found is None else _as_transferred(self.home / TRANSFERRED, found)

    def write_transferred(self, choice: TransferredTrials) -> None:
        """Record the trials from the smaller scale; later trials there have no effect on this study."""
        write_both(self.home / TRANSFERRED, as_json(choice))

    @property
    def transferred_copies(self) -> dict[Path, Read]:
        """Paths of the two copies of the recorded trials, with their reading functions."""
        digest = keeps_digests(self.home)
        return {
            path: reader(path, digest=digest, check=partial(_as_transferred, path))
            for path in both(self.home / TRANSFERRED)
        }

    @property
    def record_copies(self) -> tuple[dict[Path, Read], ...]:
        """The copies of each record of the study that belongs to no run."""
        return self.transferred_copies, layout_copies(self.home)

    def runs_after_trials(self, n_trials: int, *, race: RaceSettings | None, refits: int) -> list[RunFiles]:
        """Return the files of all race runs and, once the winner is known, of its refits.

        Args:
            n_trials: number of trials; before all of them have a result there is no such run.
            race: settings of the race.
            refits: number of refits of the winner.
        """
        try:
            trials = self.results(n_trials, needed_by="the race")
        except (LedgerError, OSError):
            return []
        runs = [self.race(number, of_trial=trial) for trial, number in race_runs(racers(trials, race), race)]
        winner = self._winner_of(trials, race)
        if winner is not None:
            runs += [self.refit(number, of_trial=winner) for number in range(refits)]
        return runs

    def standings(
        self, trials: Sequence[TrialResult], race: RaceSettings | None
    ) -> tuple[Standing, ...] | None:
        """Return the standings of the race of trials; None while one of its runs has no result.

        Raises:
            LedgerError: when a result cannot be read.
        """
        racing = racers(trials, race)
        runs = race_runs(racing, race)
        found = {run: self.race(run[1], of_trial=run[0]).result() for run in runs}
        losses = {run: result.loss for run, result in found.items() if result is not None}
        return standings(racing, losses, race)

    def winner(self, n_trials: int, race: RaceSettings | None) -> int | None:
        """Return the number of the winner of the first `n_trials` trials; None if it is not known yet."""
        try:
            trials = self.results(n_trials, needed_by="the winner")
        except (LedgerError, OSError):
            return None
        return self._winner_of(trials, race)

    def _winner_of(self, trials: Sequence[TrialResult], race: RaceSettings | None) -> int | None:
        try:
            found = self.standings(trials, race)
        except (LedgerError, OSError):
            return None
        return winner_among(found).trial if found else None

    def results(self, count: int, *, needed_by: str) -> list[TrialResult]:
        """Return the results of the first `count` trials.

        Raises:
            LedgerError: when one of them is missing.
        """
        results = []
        for number in range(count):
            result = self.trial(number).result()
            if result is None:
                name, folder = trial_name(number), self.trial(number).folder
                raise LedgerError(
                    f"found no result of {self.address.name} {name} in {folder}; expected one, because "
                    f"{needed_by} needs it; run the same command again: that run is computed first"
                )
            results.append(result)
        return results


def _as_transferred(path: Path, values: Values) -> TransferredTrials:
    return from_values(TransferredTrials, values, where=path, advice=ADVICE)
