"""Every error a user can meet, one class per cause.

A message says what was found, what was expected and what to do; it is shown without a traceback.
"""

from simmer.base.text import plain_lines

EXIT_FAILURE = 1
EXIT_RESUMABLE = 75  # EX_TEMPFAIL of sysexits.h: stopped on purpose, the same command goes on


class SimmerError(Exception):
    """Base of all errors that are the user's or the machine's, not the program's."""

    exit_code = EXIT_FAILURE

    def __str__(self) -> str:
        return plain_lines(super().__str__())


class ConfigError(SimmerError):
    """The configuration contradicts itself or asks for something impossible."""


class DataError(SimmerError):
    """A raw or processed table, or its manifest, breaks a rule."""


class DatasetError(SimmerError):
    """Labels, splits or windows cannot be formed as asked."""


class BudgetError(SimmerError):
    """No model of the asked shape meets the parameter budget."""


class LedgerError(SimmerError):
    """The ledger cannot be read or written."""


class CheckpointError(SimmerError):
    """No checkpoint of a trial can be trusted."""


class BusyError(SimmerError):
    """Another process holds the lock."""


class PreflightError(SimmerError):
    """This machine cannot run what was asked."""


class AuditError(SimmerError):
    """Something that decides knows what lies in its future, or a control did not come out as it must."""


class Interrupted(SimmerError):
    """Training stopped on purpose after a checkpoint (heat or a signal); the same command resumes."""

    exit_code = EXIT_RESUMABLE
