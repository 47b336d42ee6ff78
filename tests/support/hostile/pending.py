"""Files that no manifest lists, and listed files that are missing or changed."""

from functools import partial

from support.hostile.case import Case
from support.hostile.damage import closed, entry, made, manifest, raw_file, sparse

case = partial(Case, "pending")

CASES = (
    case("absolute path", entry(path="/etc/passwd"), ("missing: raw//etc/passwd",), "warning"),
    case("path ../", entry(path="../own/SPY.csv"), ("missing: raw/../own/SPY.csv",), "warning"),
    case("path with NUL", entry(path="a\0.csv"), (r"missing: raw/a\x00.csv",), "warning"),
    case("path that is a lone surrogate", entry(path="\ud800.csv"), (r"raw/\ud800",), "warning"),
    case("hash that is a list", entry(hash=[1]), ("changed: raw/SPY.csv",), "warning"),
    case("file of a terabyte", raw_file(sparse), ("changed: raw/SPY.csv",), "warning"),
    case("file not readable", closed("data/raw/SPY.csv"), ("changed: raw/SPY.csv",), "warning"),
    case("a new terabyte", made("data/NEW.csv", sparse), ("unlisted: NEW.csv",), "warning"),
    case("new link to /dev/zero", made("data/NEW.csv", lambda p: p.symlink_to("/dev/zero")), (), "accepted"),
    case("manifest cut off", manifest(lambda text: text[:-30]), ("not a JSON manifest",)),
    case("manifest in a closed folder", closed("data/raw"), ("Permission denied",)),
)
