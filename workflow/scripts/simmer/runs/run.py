"""One run, from its first start to its result: resumed if it was begun, with one purpose of two.

A trial of a search and a refit of a winner are computed alike. What differs is the purpose's: what the run is
begun with, when it ends early, and what its result says beside what every result says.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from simmer.base.provenance import code_digest
from simmer.features.dataset import Dataset, Test
from simmer.ledger.ledger import RunFiles, StudyLedger
from simmer.runs.fitting import Fitting
from simmer.search.space import Hyperparameters
from simmer.search.study import Study
from simmer.thermal.guard import GuardProtocol
from simmer.training.loop import OnBest
from simmer.training.settings import Execution

Params = dict[str, Any]


class Purpose(Protocol):
    """What a run is for.

    Attributes:
        study, ledger: of the run.
        test: what the run may know of the test split.
    """

    study: Study
    ledger: StudyLedger
    test: Test

    @property
    def files(self) -> RunFiles:
        """The run's own files in the ledger."""
        ...

    def begin(self) -> Params:
        """Return what the run is begun with, `hyperparameters` among it."""
        ...

    def seed(self, params: Params) -> int:
        """Return the seed of everything random in the run."""
        ...

    def falls_behind(self, params: Params) -> Callable[[Sequence[float]], bool]:
        """Return what decides, from the validation log-losses of all epochs so far, whether to end here."""
        ...

    def on_best(self, params: Params, dataset: Dataset) -> OnBest | None:
        """Return what receives the predicting function after each epoch that is the best so far, or None."""
        ...

    def known_result(self, params: Params) -> dict[str, Any] | None:
        """Return the result that answers this run without any training, if there is one."""
        ...

    def own_result(self, params: Params, result: dict[str, Any]) -> dict[str, Any]:
        """Return what the result says beside what every result says."""
        ...


@dataclass(frozen=True, kw_only=True)
class Run:
    """A trial or a refit, and what it needs to be computed.

    Attributes:
        campaign: name of the campaign, recorded in the result.
        purpose: what the run is for.
        dataset: windows, labels and splits of the study's horizon, with as much of test as the purpose says.
        execution: how it is computed, unless it was begun before: then it keeps what it began with.
        checkpoint_interval_s: seconds between checkpoints, at least.
        time_limit_s: wall-clock time it may take, None: any.
    """

    campaign: str
    purpose: Purpose
    dataset: Dataset
    execution: Execution
    checkpoint_interval_s: float
    time_limit_s: float | None = None

    @property
    def files(self) -> RunFiles:
        """The run's own files in the ledger."""
        return self.purpose.files

    def compute(self, guard: GuardProtocol) -> None:
        """Train to the result, from the last checkpoint if the run was begun before.

        Raises:
            ConfigError: when the device it was begun on is not there.
            Interrupted: heat or a signal; the same call goes on where this one stopped.
        """
        purpose, files = self.purpose, self.files
        purpose.ledger.describe()
        params = files.params() or self._begin()
        files.append_event({"event": "start", "code_digest": code_digest()})
        result = purpose.known_result(params)
        if result is None:
            result = self._fitting(params).run(guard)
        else:
            files.append_event({"event": "finish", "state": result["state"], "reason": result["reason"]})
            result = _untrained(result, guard)
        named = {"campaign": self.campaign, "fingerprint": purpose.ledger.fingerprint}
        files.write_result(result | named | purpose.own_result(params, result))

    def _begin(self) -> Params:
        params = self.purpose.begin() | {"execution": asdict(self.execution)}
        self.files.write_params(params)
        return params

    def _fitting(self, params: Params) -> Fitting:
        return Fitting(
            study=self.purpose.study,
            files=self.files,
            dataset=self.dataset,
            hyperparameters=Hyperparameters(**params["hyperparameters"]),
            execution=Execution(**params["execution"]),
            seed=self.purpose.seed(params),
            checkpoint_interval_s=self.checkpoint_interval_s,
            time_limit_s=self.time_limit_s,
            falls_behind=self.purpose.falls_behind(params),
            on_best=self.purpose.on_best(params, self.dataset),
        )


def _untrained(result: dict[str, Any], guard: GuardProtocol) -> dict[str, Any]:
    return (
        result
        | {"train_s": 0.0, "checkpoint_s": 0.0, "checkpoints": 0}
        | {"machine": result["machine"] | {"starts": 1, "last_job_s": 0.0, "guard": guard.counters()}}
    )
