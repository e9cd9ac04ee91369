"""The soak of benchmarks/soak.py, a minute of it with a small bank."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.e2e
@pytest.mark.timeout(500)
def test_a_minute_of_faults_loses_nothing_and_doubles_nothing_unseen() -> None:
    done = subprocess.run(
        [sys.executable, str(SOAK), "--quick"], capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["faults_in_all"] > 20
    assert found["promised"] > 100
    assert found["wrong"] == []
    assert (found["lost"], found["doubled_not_shown"]) == (0, 0)
    assert (found["inbound"]["missing"], found["inbound"]["doubled"]) == (0, 0)
    assert found["errors_logged"] == []
    memory, files = found["rss_mb"], found["open_files"]
    # A minute is short: only what grows fast shows.
    assert memory["late"] < 1.1 * memory["early"] + 3, memory
    assert files["late"] <= files["early"] + 8, files
