"""The entry of one raw table, before `write_manifest` adds it to the manifest."""

import os
from functools import partial

from support.hostile.case import Case
from support.hostile.damage import closed, made

ENTRY = "data/raw/SPY.resource.json"

case = partial(Case, "raw entry")

CASES = (
    case("cut off", made(ENTRY, lambda p: p.write_bytes(b'{"a": ')), ("not a JSON manifest",)),
    case("a list", made(ENTRY, lambda p: p.write_bytes(b"[]")), ("holds a list",)),
    case("key twice", made(ENTRY, lambda p: p.write_bytes(b'{"a": 1, "a": 2}')), ("twice",)),
    case(
        "name of another table",
        made(ENTRY, lambda p: p.write_bytes(b'{"name": "dia"}')),
        ("two tables are called 'dia'",),
    ),
    case(
        "number beyond float64",
        made(ENTRY, lambda p: p.write_bytes(b'{"a": 1e999}')),
        ("cannot become part of a manifest",),
    ),
    case(
        "lone surrogate",
        made(ENTRY, lambda p: p.write_bytes(b'{"a": "\\ud800"}')),
        ("cannot become part of a manifest",),
    ),
    case("FIFO", made(ENTRY, os.mkfifo), ("not a regular file",)),
    case("not readable", closed(ENTRY), ("Permission denied",)),
)
