"""Mark report pages that are about other studies than those that are published now.

The mark is the first line that a reader sees. It does not count in a page's digest.
"""

import os
import re
from pathlib import Path

from simmer.base.files import user_facing_os_errors, write_bytes

PAGE = "summary.html"
_PAGES = (PAGE, "summary.md", "report.html")
_MARK = (
    "This report is about other studies than those of the present configuration. `make report` writes a new "
    "one; a run with the earlier configuration removes this line."
)
_IN_HTML = (
    f'<p style="margin:0; padding:0.8rem; background:#fdf1ea; color:#1d2329"><strong>{_MARK}</strong></p>\n'
).encode()
_IN_MARKDOWN = f"> **{_MARK}**\n\n".encode()
_BODY = re.compile(rb"<body[^>]*>\n?")


def without_mark(content: bytes) -> bytes:
    """Return the content of a page without its mark; any other content as it is."""
    return content.replace(_IN_HTML, b"", 1).removeprefix(_IN_MARKDOWN)


def mark_pages(results: Path, *, outdated: bool) -> None:
    """Add the mark to all report pages in a folder of results, or remove it; their times stay.

    Raises:
        LedgerError: when a page cannot be read or written.
    """
    for path in (results / name for name in _PAGES):
        with user_facing_os_errors(path):
            if not path.is_file():
                continue
            before, found = path.stat(), path.read_bytes()
            content = without_mark(found)
            if outdated:
                body = _BODY.search(content)
                at, mark = (body.end(), _IN_HTML) if body else (0, _IN_MARKDOWN)
                content = content[:at] + mark + content[at:]
            if content != found:
                write_bytes(path, content)
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
