"""How a job talks: to its log file and to the terminal, and without a traceback for a user's mistake."""

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
    """Run the body of a job with logging set up; end the process with the status its error deserves.

    A `SimmerError` becomes its message and its exit status. Anything else is a fault of the program: the
    traceback goes to the log and the terminal.
    """
    _configure_logging(Path(log_path))
    try:
        yield
    except SimmerError as error:
        logger.error("%s", error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        logger.error("interrupted; the same command goes on where this one stopped")
        sys.exit(EXIT_RESUMABLE)
    except Exception:
        logger.exception("the program failed; this is a fault worth reporting, with this log")
        sys.exit(EXIT_FAILURE)


class PlainFormatter(logging.Formatter):
    """Writes a record so that nothing in it steers a terminal; line feeds are kept."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text, control characters escaped."""
        return plain_lines(super().format(record))


def log_to_terminal() -> None:
    """Send the messages of all modules to standard error, and nowhere else."""
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
        logger.warning("cannot write the log %s (%s); going on without it", path, error.strerror)
        return
    file.setFormatter(PlainFormatter(FILE_FORMAT))
    logging.getLogger().addHandler(file)
