"""Makes of modems by name. A new one is a `Personality` in a file here and a line below."""

from modemgw.virtual.personalities.cinterion import BGS2, EHS6
from modemgw.virtual.personalities.generic import GENERIC
from modemgw.virtual.personalities.huawei import HUAWEI_E173, HUAWEI_E3372
from modemgw.virtual.personalities.odd import ONE_BY_ONE, UNASKED_STORES, USSD_FIRST
from modemgw.virtual.personalities.personality import (
    Chatter,
    Cnmi,
    EmptySlot,
    Personality,
    TypedAhead,
    UssdCoding,
)
from modemgw.virtual.personalities.quectel import EC25, EC200A, EP06
from modemgw.virtual.personalities.sierra import MC7304
from modemgw.virtual.personalities.simcom import SIM800, SIM7600
from modemgw.virtual.personalities.telit import LE910
from modemgw.virtual.personalities.ublox import SARA_U201
from modemgw.virtual.personalities.wavecom import FASTRACK
from modemgw.virtual.personalities.zte import MF190

PERSONALITIES: dict[str, Personality] = {
    personality.name: personality
    for personality in (
        GENERIC,
        HUAWEI_E173,
        HUAWEI_E3372,
        SIM800,
        SIM7600,
        EC25,
        EP06,
        EC200A,
        MF190,
        MC7304,
        LE910,
        SARA_U201,
        BGS2,
        EHS6,
        FASTRACK,
        USSD_FIRST,
        ONE_BY_ONE,
        UNASKED_STORES,
    )
}


def personality_named(name: str) -> Personality:
    """The personality `name`; ValueError names those that exist."""
    try:
        return PERSONALITIES[name]
    except KeyError:
        known = ", ".join(sorted(PERSONALITIES))
        raise ValueError(f"no personality {name!r}; there are {known}") from None


__all__ = [
    "PERSONALITIES",
    "Chatter",
    "Cnmi",
    "EmptySlot",
    "Personality",
    "TypedAhead",
    "UssdCoding",
    "personality_named",
]
