"""Vendor differences, as data. Generic code never names a vendor; a profile never has code.

A profile is found by the words of AT+CGMI and AT+CGMM; the first that fits wins, and `generic`
fits all.
"""

from __future__ import annotations

from .base import Profile
from .cinterion import CINTERION
from .generic import GENERIC
from .huawei import HUAWEI
from .quectel import QUECTEL, QUECTEL_2G
from .sierra import SIERRA
from .simcom import SIMCOM, SIMCOM_2G
from .telit import TELIT
from .ublox import UBLOX
from .wavecom import WAVECOM
from .zte import ZTE

__all__ = ["GENERIC", "PROFILES", "Profile", "by_name", "select"]

PROFILES: tuple[Profile, ...] = (
    HUAWEI,
    ZTE,
    SIMCOM_2G,
    SIMCOM,
    QUECTEL_2G,
    QUECTEL,
    WAVECOM,
    SIERRA,
    TELIT,
    UBLOX,
    CINTERION,
    GENERIC,
)


def select(manufacturer: str | None, model: str | None) -> Profile:
    """The profile for what a modem says of itself; `generic` for a stranger."""
    maker = (manufacturer or model or "").casefold()
    kind = (model or "").casefold()
    for profile in PROFILES:
        if profile.fits(maker, kind):
            return profile
    return GENERIC


def by_name(name: str) -> Profile:
    """The profile called `name`. Raises ValueError that lists those there are."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    known = ", ".join(profile.name for profile in PROFILES)
    raise ValueError(f"there is no modem profile {name!r}; there is auto, {known}")
