"""The soak of benchmarks/soak.py with a small bank, `--soak-seconds` long (15 by default)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


WARM_S = 60
"""A daemon that began more recently still grows as it warms up."""


@pytest.mark.e2e
@pytest.mark.timeout(500)
def test_faults_at_random_lose_nothing_and_double_nothing_unseen(
    request: pytest.FixtureRequest,
) -> None:
    seconds: float = request.config.getoption("--soak-seconds")
    done = subprocess.run(
        [sys.executable, str(SOAK), "--modems", "32", "--minutes", str(seconds / 60)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["faults_in_all"] > seconds
    assert found["promised"] > 6 * seconds
    assert found["wrong"] == []
    assert (found["lost"], found["doubled_not_shown"]) == (0, 0)
    assert (found["inbound"]["missing"], found["inbound"]["doubled"]) == (0, 0)
    assert found["errors_logged"] == []
    memory, files = found["rss_mb"], found["open_files"]
    assert files["late"] <= files["early"] + 8, files
    if seconds >= WARM_S:  # and even a minute is short: only what grows fast shows
        assert memory["late"] < 1.1 * memory["early"] + 3, memory
