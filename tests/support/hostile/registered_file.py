"""A user's file that `make register` keeps as a snapshot."""

import gzip
import os
from functools import partial
from pathlib import Path

from support.hostile.case import Case
from support.hostile.damage import OWN, bars, both, cells, closed, derived, made, sparse, swap

case = partial(Case, "registered file")

CASES = (
    case("a terabyte", made(OWN, sparse), ("1099511627776 bytes",)),
    case("FIFO", made(OWN, os.mkfifo), ("not a regular file",)),
    case("not readable", closed(OWN), ("Permission denied",)),
    case(
        "snapshots read-only",
        both(closed("data/snapshots/SPY", 0o555), cells(9, Volume=7)),
        ("cannot write", "write permission"),
    ),
    case("missing", lambda _: None, ("No such file",)),
    case("path with NUL", lambda _: None, ("can have that path",), file="a\0.csv"),
    case("folder", made(OWN, Path.mkdir), ("not a regular file",)),
    case("gzip", derived(gzip.compress), ("never unpacked",)),
    case("dates out of order", bars(swap(5, 9)), ("expected ascending dates",)),
)
