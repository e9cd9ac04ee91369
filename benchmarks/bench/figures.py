"""Figures of repeated measures, and how they are told: JSON to standard output, progress beside."""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any


def say(text: str) -> None:
    """Progress, for whoever watches."""
    print(text, file=sys.stderr, flush=True)


def spread(values: Sequence[float], digits: int = 4) -> dict[str, float]:
    """Least, median and greatest of repeated measures."""
    return {
        "min": round(min(values), digits),
        "median": round(statistics.median(values), digits),
        "max": round(max(values), digits),
    }


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency(seconds: Sequence[float]) -> dict[str, float]:
    """Median, p99 and greatest of many durations, in milliseconds."""
    return {
        "count": len(seconds),
        "median_ms": round(quantile(seconds, 0.5) * 1e3, 3),
        "p99_ms": round(quantile(seconds, 0.99) * 1e3, 3),
        "max_ms": round(max(seconds) * 1e3, 3),
    }


def disk(seconds: float = 2.0) -> dict[str, float]:
    """How long the disk that the benchmarks write to takes to make 8 KiB durable (fdatasync).

    Every figure with commits in it rests on this. $TMPDIR chooses the disk.
    """
    took = []
    with tempfile.TemporaryFile() as file:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            file.write(bytes(8192))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
            time.sleep(0.005)
    return latency(took)


def tell(benchmark: str, result: dict[str, Any]) -> None:
    """Print the result as one JSON object."""
    about = {
        "benchmark": benchmark,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "fdatasync": disk(),
    }
    print(json.dumps(about | result, indent=2))
