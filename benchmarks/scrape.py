"""What a scrape of /metrics takes, with as many modems as a bank may have.

    python benchmarks/scrape.py [--quick] [--modems 64] [--rounds 200]

Stands for a Prometheus that asks every few seconds while messages go out. Figures of a gateway at
work, made by hand: CPU that the event loop is kept for (`read`), and a thread beside (`render`).
"""

import argparse
import sys
import time
from pathlib import Path

from bench.figures import latency, tell
from prometheus_client import generate_latest

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from labs.figures import figures_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run of some seconds")
    parser.add_argument("--modems", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    figures = figures_of(options.modems)
    read, render, octets = [], [], b""
    for _ in range(20 if options.quick else options.rounds):
        began = time.thread_time()
        registry = figures.registry()
        between = time.thread_time()
        octets = generate_latest(registry)
        read.append(between - began)
        render.append(time.thread_time() - between)
    tell(
        "scrape",
        {
            "modems": options.modems,
            "octets": len(octets),
            "series": sum(not line.startswith(b"#") for line in octets.splitlines()),
            "read": latency(read),
            "render": latency(render),
        },
    )


if __name__ == "__main__":
    main()
