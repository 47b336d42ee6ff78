"""Read files of users and other programs safely: below their folder, regular, of limited size."""

import os
import re
import stat
from pathlib import Path, PurePosixPath

from simmer.base.errors import DataError
from simmer.base.text import quote

MAX_BYTES = 64 * 2**20

# ASCII only: excludes separators, NUL, drive letters and look-alike characters. A ticker may have `^` first,
# `&` and `=` later.
_PART = r"\^?[A-Za-z0-9._-][A-Za-z0-9._&=-]*"
_MANIFEST_PATH = re.compile(f"{_PART}(/{_PART})*")


def is_manifest_path(text: object) -> bool:
    """True if a manifest may hold this path: relative, POSIX, ASCII, without `.` and `..` parts."""
    return (
        isinstance(text, str)
        and _MANIFEST_PATH.fullmatch(text) is not None
        and not {".", ".."} & set(text.split("/"))
    )


def is_own_path(text: object) -> bool:
    """True if a user's file may have this path: printable, relative, without `..` parts."""
    return (
        isinstance(text, str)
        and text.isprintable()
        and bool(text.strip())
        and not PurePosixPath(text).is_absolute()
        and ".." not in PurePosixPath(text).parts
    )


def is_there(path: Path) -> bool:
    """True if the path exists, or may exist because its folder cannot be entered."""
    try:
        return path.exists()
    except OSError:
        return True


def locate(folder: Path, path: str) -> Path:
    """Return the regular file at a relative path below `folder`, with all links resolved.

    Raises:
        DataError: when it does not exist, a link leads out of the folder, or it is not a regular file.
    """
    try:
        root = Path(os.path.realpath(folder, strict=True))
        file = Path(os.path.realpath(folder / path, strict=True))
        status = file.stat()
    except OSError as error:
        raise DataError(f"the file cannot be found ({error.strerror}); put it there") from error
    except ValueError as error:  # a NUL, or a character that the file system cannot encode
        raise DataError(f"no file here can have that path ({error}); give it another name") from error
    if not file.is_relative_to(root):
        raise DataError("the path is a link that leads out of its folder; put the file itself there")
    if not stat.S_ISREG(status.st_mode):
        raise DataError("the path names something that is not a regular file; put a plain file there")
    return file


def read_at_most(file: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the content of a regular file of at most `max_bytes`; the size is checked before reading.

    Raises:
        DataError: when it is larger, cannot be read, or is not a regular file.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO would block for ever.
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{file.name} is not a regular file; put a plain file there")
            if status.st_size > max_bytes:
                raise DataError(f"{file.name} has {status.st_size} bytes; at most {max_bytes} are allowed")
            with os.fdopen(handle, "rb", closefd=False) as stream:
                content = stream.read(max_bytes + 1)
        finally:
            os.close(handle)
    except OSError as error:
        advice = "give read permission" if isinstance(error, PermissionError) else "put it there again"
        raise DataError(f"the file cannot be read ({file.name}: {error.strerror}); {advice}") from error
    except ValueError as error:  # as in `locate`
        raise DataError(f"no file here can have that path ({error}); give it another name") from error
    if len(content) > max_bytes:
        raise DataError(f"the file grew beyond {max_bytes} bytes while it was read; wait until it is whole")
    return content


def read_own_file(folder: Path, path: str) -> bytes:
    """Return the content of a user's file inside the configured folder.

    Raises:
        DataError: when the path leads out of the folder, and as `locate` and `read_at_most`.
    """
    if not is_own_path(path):
        raise DataError(f"{quote(path)} is no path inside the data folder; expected a relative one, no `..`")
    return read_at_most(locate(folder, path))
