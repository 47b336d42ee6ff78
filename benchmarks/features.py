"""Seconds and peak memory of the a25 table: one ticker of twenty years, and ten million bars.

    make bench-features

a25: the 25 feature columns computed from the ticker's own bars. Each table is built in a separate process.
One ticker is the bundled S&P 500, built five times, of which the median counts. The long series is a seeded
random walk, built once; it shows the cost per row and the memory held at the same time. Memory is the peak
of the whole process, with the interpreter, the libraries and the bars themselves.
"""

import argparse
import platform
import resource
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

import command_line  # noqa: E402
from simmer.features.indicators import build_a25  # noqa: E402
from support.bars import bundled_bars  # noqa: E402

GIB = 1 << 30
REPEATS = 5
FULL_ROWS, SHORT_ROWS = 10_000_000, 100_000
# With daily steps this small the prices of ten million days stay within the range of a float64.
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


def measure(chosen: argparse.Namespace) -> str:
    """Measure and print both tables; return the summary."""
    long_rows = SHORT_ROWS if chosen.short else FULL_ROWS
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}")
    print("bars         rows of the table     seconds   ns per bar   peak before GiB   peak GiB")
    found = {}
    for name, rows in (("one ticker", None), (f"{long_rows:,d}", long_rows)):
        found[name] = row = command_line.call_apart(__file__, rows)
        per_bar_ns = row["seconds"] / row["bars"] * 1e9
        print(
            f"{name:11s}  {row['rows']:17,d}  {row['seconds']:10.4f}  {per_bar_ns:11.0f}"
            f"  {row['before'] / GIB:16.2f}  {row['peak'] / GIB:9.2f}",
            flush=True,
        )
    ticker, long = found.values()
    return (
        f"a25_one_ticker_ms={ticker['seconds'] * 1e3:.2f} a25_10M_s={long['seconds']:.1f} "
        f"a25_10M_peak_gib={long['peak'] / GIB:.2f}"
    )


if __name__ == "__main__":
    command_line.run(measure, command_line.parser(__doc__), apart=build)
