"""Seconds and peak memory of the a25 table: one ticker of twenty years, and ten million bars.

    make bench-features

Each size is built in a process of its own. One ticker is the bundled S&P 500, built `REPEATS` times, of
which the median counts; the long series is a seeded random walk, built once, to show the cost per row and
what is held at the same time. Memory is the peak of the whole process, with the interpreter, the libraries
and the bars themselves.
"""

import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from simmer.features.indicators import build_a25  # noqa: E402
from support.bars import bundled_bars  # noqa: E402

GIB = 1 << 30
REPEATS = 5
ROWS = 10_000_000
# Daily steps this small keep the prices of ten million days within what a float64 can hold.
STEP = 0.002


def walk(rows: int) -> pd.DataFrame:
    """Return bars of a seeded random walk without drift."""
    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(rng.normal(0, STEP, rows)))
    bars = {"Date": np.busday_offset("2000-01-03", np.arange(rows)).astype("datetime64[us]")}
    bars["Open"] = close * np.exp(rng.normal(0, STEP, rows))
    spread = np.exp(np.abs(rng.normal(0, STEP, rows)))
    bars["High"] = np.maximum(bars["Open"], close) * spread
    bars["Low"] = np.minimum(bars["Open"], close) / spread
    bars["Close"] = close
    bars["Volume"] = rng.integers(1_000_000, 9_000_000, rows)
    return pd.DataFrame(bars, copy=False)


def peak_bytes() -> int:
    """Return the highest resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def build(rows: int | None) -> dict[str, float]:
    """Build in this process, from the bundled bars if `rows` is `None`; return seconds and bytes."""
    bars = bundled_bars() if rows is None else walk(rows)
    before = peak_bytes()
    seconds = []
    for _ in range(REPEATS if rows is None else 1):
        start = time.perf_counter()
        table = build_a25(bars).frame
        seconds.append(time.perf_counter() - start)
    return {
        "bars": len(bars),
        "rows": len(table),
        "seconds": statistics.median(seconds),
        "before": before,
        "peak": peak_bytes(),
    }


def build_apart(rows: int | None) -> dict[str, float]:
    """Run `build` in a process of its own."""
    command = [sys.executable, __file__, json.dumps(rows)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main() -> None:
    """Measure and print."""
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}")
    print("bars         rows of the table     seconds   ns per bar   peak before GiB   peak GiB")
    found = {}
    for name, rows in (("one ticker", None), ("10 million", ROWS)):
        found[name] = row = build_apart(rows)
        per_bar_ns = row["seconds"] / row["bars"] * 1e9
        print(
            f"{name:11s}  {row['rows']:17,d}  {row['seconds']:10.4f}  {per_bar_ns:11.0f}"
            f"  {row['before'] / GIB:16.2f}  {row['peak'] / GIB:9.2f}",
            flush=True,
        )
    ticker, long = found.values()
    print(
        f"a25_one_ticker_ms={ticker['seconds'] * 1e3:.2f} a25_10M_s={long['seconds']:.1f} "
        f"a25_10M_peak_gib={long['peak'] / GIB:.2f}"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(build(json.loads(sys.argv[1]))))
    else:
        main()
