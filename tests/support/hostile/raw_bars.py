"""Raw bars that were validated and have changed before `build_features` reads them."""

import os
from functools import partial
from pathlib import Path

from support.hostile.case import Case
from support.hostile.damage import closed, raw_file, replaced, sparse

case = partial(Case, "raw bars")

CASES = (
    case("gone", raw_file(Path.unlink), ("No such file", "put it there")),
    case("cut off", raw_file(lambda p: p.write_bytes(p.read_bytes().rsplit(b",", 2)[0])), ("4 fields",)),
    case("FIFO", raw_file(replaced(os.mkfifo)), ("not a regular file",)),
    case("a terabyte", raw_file(sparse), ("1099511627776 bytes",)),
    case("not readable", closed("data/raw/SPY.csv"), ("Permission denied",)),
    case(
        "ten bars",
        raw_file(lambda p: p.write_bytes(b"\n".join(p.read_bytes().split(b"\n")[:11]) + b"\n")),
        ("use a longer series",),
    ),
)
