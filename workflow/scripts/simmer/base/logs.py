"""Logging of a job: everything to its log file, to the terminal what a person waits for.

A level between INFO and WARNING marks what a person waits for: epochs, finished trials, pauses. A warning is
shown once per campaign. Without `QUIET_TERMINAL` in the environment the terminal shows everything.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simmer.base.errors import EXIT_FAILURE, EXIT_RESUMABLE, SimmerError
from simmer.base.files import sha256_of_bytes
from simmer.base.text import plain_lines

FILE_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TERMINAL_FORMAT = "%(message)s"

PROGRESS = 25
# The environment variable with the folder that holds a file for each warning the terminal has shown.
QUIET_TERMINAL = "SIMMER_QUIET_TERMINAL"

logging.addLevelName(PROGRESS, "PROGRESS")
# On a full disk a log file loses lines; a traceback for each would hide the sentence that says so.
logging.raiseExceptions = False
logger = logging.getLogger(__name__)


@contextmanager
def job(log_path: Path | str) -> Iterator[None]:
    """Set up logging and run the body of a job; an error ends the process with its exit status.

    A `SimmerError` is logged as its message alone, and what the system refuses (`OSError`) as a sentence. Any
    other exception is a bug: its traceback goes to the log and the terminal.
    """
    log_file = _configure_logging(Path(log_path))
    try:
        yield
    except SimmerError as error:
        logger.error("%s", error)
        sys.exit(error.exit_code)
    except OSError as error:
        logger.info("what the system refused", exc_info=True)
        logger.error(
            "cannot use %s: %s; fix the cause and run the same command again",
            error.filename or "a file or device",
            error.strerror or error,
        )
        sys.exit(EXIT_FAILURE)
    except KeyboardInterrupt:
        logger.error("interrupted; the same command resumes")
        sys.exit(EXIT_RESUMABLE)
    except Exception:
        logger.exception("unexpected error, a bug in simmer: report it with the log %s", log_path)
        sys.exit(EXIT_FAILURE)
    finally:
        if log_file is not None:
            logging.getLogger().removeHandler(log_file)
            log_file.close()


class PlainFormatter(logging.Formatter):
    """Formatter that escapes control characters, which could control a terminal; line feeds stay."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the escaped text of a record."""
        return plain_lines(super().format(record))


class OncePerCampaign(logging.Filter):
    """Let a warning pass if no job of the campaign has shown its text before.

    Args:
        folder: holds a file for each warning that was shown; made when it is absent.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True for other records, and for a warning that is new or whose file cannot be written."""
        if record.levelno != logging.WARNING:
            return True
        text = record.getMessage().encode(errors="backslashreplace")
        path = self.folder / f"{sha256_of_bytes(text)[:16]}.txt"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Of two jobs that meet the same warning at the same time, one creates the file.
            with path.open("xb") as file:
                file.write(text + b"\n")
        except OSError:
            return not path.is_file()
        return True


def log_to_terminal() -> None:
    """Send the log messages of all modules to standard error only."""
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(PlainFormatter(TERMINAL_FORMAT))
    root = logging.getLogger()
    root.handlers = [terminal]
    root.setLevel(logging.INFO)


def _configure_logging(path: Path) -> logging.Handler | None:
    log_to_terminal()
    logging.captureWarnings(True)
    if shown_warnings := os.environ.get(QUIET_TERMINAL):
        [terminal] = logging.getLogger().handlers
        terminal.setLevel(PROGRESS)
        terminal.addFilter(OncePerCampaign(Path(shown_warnings)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        logger.warning("cannot write the log %s (%s); the job continues without it", path, error.strerror)
        return None
    file.setFormatter(PlainFormatter(FILE_FORMAT))
    logging.getLogger().addHandler(file)
    return file
