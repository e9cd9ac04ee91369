"""The flood of benchmarks/inbound.py with 600 parts: each stored once, over three kill -9."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

INBOUND = Path(__file__).parents[2] / "benchmarks" / "inbound.py"
FULL_S = 5.0
"""No longer is a full memory left alone while the daemon is up, on however busy a machine."""


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_a_flood_of_received_parts_is_stored_once_over_kill_nine() -> None:
    done = subprocess.run(
        [sys.executable, str(INBOUND), "--quick"], capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["parts"] >= 600
    assert found["kills"] == 3
    assert (found["missing"], found["doubled"], found["incomplete"]) == (0, 0, 0), found
    assert found["deleted"] >= found["parts"]
    assert found["deleted_too_soon"] == 0, "nothing is deleted in a modem before it is kept"
    assert found["longest_full_seconds"] < FULL_S, found
    assert (found["doubled_out"], found["lost_out"]) == (0, 0), found
    assert found["errors_logged"] == []
