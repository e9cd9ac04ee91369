"""Fixtures of the modem's tests."""

import sys
from pathlib import Path

from modem_rig import rig

# The loop whose time jumps is shared with the tests of the AT channel.
sys.path.insert(0, str(Path(__file__).parents[1] / "at"))

__all__ = ["rig"]
