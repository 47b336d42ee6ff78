"""A run: a trial or a refit from its first start to its result, resumed if it was begun before.

Trials and refits are computed alike. The classes `Trial` and `Refit` define the differences: hyperparameters
and seed, early ending, and the additional fields of the result.
"""

from dataclasses import asdict, dataclass, replace

from simmer.base.provenance import code_digest
from simmer.features.dataset import Dataset
from simmer.ledger.params import RunParams
from simmer.ledger.results import RunResult
from simmer.ledger.run_files import RunFiles
from simmer.runs.fitting import Fitting
from simmer.runs.layout import with_layout
from simmer.runs.refit import Refit
from simmer.runs.trial import Trial
from simmer.search.space import Hyperparameters
from simmer.thermal.guard import GuardProtocol
from simmer.training.settings import Execution


@dataclass(frozen=True, kw_only=True)
class Run:
    """A trial or a refit, and what it needs to be computed.

    Attributes:
        campaign: name of the campaign, recorded in the result.
        purpose: the trial or the refit.
        dataset: windows, labels and splits of the study's horizon; of test only what the purpose may have.
        execution: used if the run has not begun, with the layout that `with_layout` chooses; otherwise the
            recorded one is used.
        kernels: as configured.
        checkpoint_interval_s: shortest time between checkpoints, in seconds.
        time_limit_s: wall-clock limit in seconds; None: no limit.
    """

    campaign: str
    purpose: Trial | Refit
    dataset: Dataset
    execution: Execution
    checkpoint_interval_s: float
    kernels: str = "auto"
    time_limit_s: float | None = None

    @property
    def files(self) -> RunFiles:
        """The run's files in the ledger."""
        return self.purpose.files

    def compute(self, guard: GuardProtocol) -> None:
        """Train to the result, from the last checkpoint if the run was begun before.

        Raises:
            ConfigError: if the device it was begun on does not exist.
            Interrupted: on heat or a signal; the same call resumes the run.
        """
        purpose, files = self.purpose, self.files
        params = files.params() or self._begin(guard)
        files.append_event({"event": "start", "code_digest": code_digest()})
        result = purpose.known_result(params)
        if result is None:
            result = self._fitting(params).run(guard)
        else:
            files.append_event({"event": "finish", "state": result.state, "reason": result.reason})
            result = replace(_untrained(result, guard), campaign=self.campaign)
        files.write_result(purpose.result(result, params))

    def _begin(self, guard: GuardProtocol) -> RunParams:
        params = self.purpose.begin(asdict(self.execution))
        execution = with_layout(
            self._fitting(params).plan(), self.purpose.ledger, guard, kernels=self.kernels
        )
        params = replace(params, execution=asdict(execution))
        self.files.write_params(params)
        return params

    def _fitting(self, params: RunParams) -> Fitting:
        return Fitting(
            campaign=self.campaign,
            fingerprint=self.purpose.ledger.fingerprint,
            study=self.purpose.study,
            files=self.files,
            dataset=self.dataset,
            hyperparameters=Hyperparameters(**params.hyperparameters),
            execution=Execution(**params.execution),
            seed=self.purpose.seed(params),
            checkpoint_interval_s=self.checkpoint_interval_s,
            time_limit_s=self.time_limit_s,
            falls_behind=self.purpose.falls_behind(params),
            on_best=self.purpose.on_best(params, self.dataset),
        )


def _untrained(result: RunResult, guard: GuardProtocol) -> RunResult:
    machine = replace(result.machine, starts=1, last_job_s=0.0, guard=guard.counters())
    return replace(result, train_s=0.0, checkpoint_s=0.0, checkpoints=0, machine=machine)
