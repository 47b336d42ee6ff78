"""Errors shown to the user, one class per cause.

A message says what was found, what was expected and what to do; it is shown without a traceback.
"""

from simmer.base.text import plain_lines

EXIT_FAILURE = 1
EXIT_RESUMABLE = 75  # EX_TEMPFAIL of sysexits.h: stopped after a checkpoint, the same command resumes


class SimmerError(Exception):
    """Base of all errors whose cause is the input or the machine, not a bug."""

    exit_code = EXIT_FAILURE

    def __str__(self) -> str:
        return plain_lines(super().__str__())


class ConfigError(SimmerError):
    """The configuration is wrong, contradicts itself or asks for something impossible."""


class DataError(SimmerError):
    """A table or its manifest breaks a rule."""


class DatasetError(SimmerError):
    """Labels, splits or windows cannot be built as configured."""


class BudgetError(SimmerError):
    """No model of the requested shape meets the parameter budget."""


class LedgerError(SimmerError):
    """The ledger cannot be read or written."""


class DamagedError(LedgerError):
    """A stored record is not as it was written.

    Args:
        problem: what was found.
        advice: what to do if nothing else restores it.
    """

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}; {advice}")
        self.problem = plain_lines(problem)


class ModelError(SimmerError):
    """A saved model cannot be used, or not with these inputs."""


class TickerError(SimmerError):
    """The campaign of one of several tickers failed."""


class BusyError(SimmerError):
    """Another process holds the lock."""


class PreflightError(SimmerError):
    """This machine cannot run the study."""


class AuditError(SimmerError):
    """A leak check or a control failed."""


class Interrupted(SimmerError):
    """Training stopped after a checkpoint, because of heat or a signal; the same command resumes."""

    exit_code = EXIT_RESUMABLE
