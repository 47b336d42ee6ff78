"""Logging of a job to its log file and the terminal, and its exit status."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simmer.base.errors import EXIT_FAILURE, EXIT_RESUMABLE, SimmerError
from simmer.base.text import plain_lines

FILE_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TERMINAL_FORMAT = "%(message)s"

logger = logging.getLogger(__name__)


@contextmanager
def job(log_path: Path | str) -> Iterator[None]:
    """Set up logging and run the body of a job; an error ends the process with its exit status.

    A `SimmerError` is logged as its message alone. Any other exception is a bug and is logged with its
    traceback.
    """
    _configure_logging(Path(log_path))
    try:
        yield
    except SimmerError as error:
        logger.error("%s", error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        logger.error("interrupted; the same command resumes")
        sys.exit(EXIT_RESUMABLE)
    except Exception:
        logger.exception("unexpected error, a bug in simmer; please report it with this log")
        sys.exit(EXIT_FAILURE)


class PlainFormatter(logging.Formatter):
    """Formatter that escapes control characters, which could control a terminal; line feeds stay."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the escaped text of a record."""
        return plain_lines(super().format(record))


def log_to_terminal() -> None:
    """Send the log messages of all modules to standard error only."""
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(PlainFormatter(TERMINAL_FORMAT))
    root = logging.getLogger()
    root.handlers = [terminal]
    root.setLevel(logging.INFO)


def _configure_logging(path: Path) -> None:
    log_to_terminal()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        logger.warning("cannot write the log %s (%s); the job continues without it", path, error.strerror)
        return
    file.setFormatter(PlainFormatter(FILE_FORMAT))
    logging.getLogger().addHandler(file)
