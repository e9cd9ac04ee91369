"""Which file is the configuration."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT_PATH = Path("/etc/modemgw/modemgw.toml")
ENVIRONMENT_VARIABLE = "MODEMGW_CONFIG"


def find(path: str | os.PathLike[str] | None = None) -> Path:
    """The configuration file to use: `path`, else $MODEMGW_CONFIG, else the default place."""
    return Path(path or os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_PATH)
