"""Reading a file that somebody else wrote: below its folder, of its right sort, no larger than expected."""

import os
import re
import stat
from pathlib import Path, PurePosixPath

from simmer.base.errors import DataError
from simmer.base.text import quote

MAX_BYTES = 64 * 2**20

# ASCII only, so that no separator, NUL, drive letter or look-alike character can name another file.
_MANIFEST_PATH = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


def is_manifest_path(text: object) -> bool:
    """Tell whether a manifest may hold this path: relative, POSIX, ASCII, without `.` and `..` steps."""
    return (
        isinstance(text, str)
        and _MANIFEST_PATH.fullmatch(text) is not None
        and not {".", ".."} & set(text.split("/"))
    )


def is_own_path(text: object) -> bool:
    """Tell whether a user's file may have this path inside its folder: printable, relative, without `..`."""
    return (
        isinstance(text, str)
        and text.isprintable()
        and bool(text.strip())
        and not PurePosixPath(text).is_absolute()
        and ".." not in PurePosixPath(text).parts
    )


def is_there(path: Path) -> bool:
    """Tell whether there is anything at a path; in a closed folder there may be, and its reader says why."""
    try:
        return path.exists()
    except OSError:
        return True


def locate(folder: Path, path: str) -> Path:
    """Return the regular file below `folder` that a relative path names, with all links followed.

    Raises:
        DataError: when there is none, a link leads out of the folder, or it is no regular file.
    """
    try:
        root = Path(os.path.realpath(folder, strict=True))
        file = Path(os.path.realpath(folder / path, strict=True))
        status = file.stat()
    except OSError as error:
        raise DataError(f"the file cannot be found ({error.strerror}); put it there") from error
    except ValueError as error:  # a NUL, or a character that no file name has here
        raise DataError(f"no file here can have that path ({error}); give it another name") from error
    if not file.is_relative_to(root):
        raise DataError("the path is a link that leads out of its folder; put the file itself there")
    if not stat.S_ISREG(status.st_mode):
        raise DataError("the path names something that is not a regular file; put a plain file there")
    return file


def read_at_most(file: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the content of a regular file, refusing a larger one by its size, before it is read.

    Raises:
        DataError: when it is larger, cannot be read, or is no regular file.
    """
    try:
        # Without O_NONBLOCK the opening of a FIFO that took the file's place would wait for ever.
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{file.name} is not a regular file; put a plain file there")
            if status.st_size > max_bytes:
                raise DataError(f"{file.name} has {status.st_size} bytes; at most {max_bytes} are read")
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
    """Return the content of a user's file inside the folder that the configuration names.

    Raises:
        DataError: for a path that leaves the folder, and for whatever `locate` and `read_at_most` refuse.
    """
    if not is_own_path(path):
        raise DataError(f"{quote(path)} is no path inside the data folder; expected a relative one, no `..`")
    return read_at_most(locate(folder, path))
