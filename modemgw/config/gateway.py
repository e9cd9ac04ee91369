"""[gateway]: where the data are, and how long things may take."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import phonenumbers
from pydantic import field_validator

from modemgw.config.base import Seconds, Section, TimeZone


class GatewaySection(Section):
    """[gateway]"""

    data_dir: Path = Path("/var/lib/modemgw")
    default_region: str = "GB"
    """How to read numbers that do not begin with +: an ISO 3166 country code."""
    timezone: TimeZone = "UTC"
    """Where recipients are taken to live whose number does not tell."""
    receipt_timeout: Seconds = 3 * 86400
    """After this time without a final report a `sent` message stays `sent` for good."""
    reassembly_timeout: Seconds = 24 * 3600
    """After this time an incomplete long inbound SMS is handed on with the gap marked."""
    drain_timeout: Seconds = 30
    """How long SIGTERM waits for the part that is in the air."""
    backup_before_migrate: bool = True
    """Copy the database beside itself before a newer version changes its schema."""
    allow_no_modems: bool = False
    """Whether a reload may remove the last modem: an emptied file looks just like that wish."""
    probe_any_tty: bool = False
    """Look for modems with `match` also behind serial adapters and unknown USB devices."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("default_region")
    @classmethod
    def _known_region(cls, region: str) -> str:
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"{region!r} is not a country code such as GB, DE or US")
        return region
