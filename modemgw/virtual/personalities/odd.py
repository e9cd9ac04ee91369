"""Habits that are seen on modems of several makes, each on its own."""

from dataclasses import replace

from modemgw.virtual.personalities.generic import GENERIC

USSD_FIRST = replace(
    GENERIC,
    name="generic-ussd-first",
    type_allocation="35999901",
    charset="GSM",
    ussd_before_ok=True,
)
"""The network's answer comes before the OK of AT+CUSD=1."""

ONE_BY_ONE = replace(
    GENERIC,
    name="generic-one-by-one",
    type_allocation="35999902",
    basic_chains=False,
)
"""Refuses ATE0V1, and takes ATE0 and ATV1."""

UNASKED_STORES = replace(
    GENERIC,
    name="generic-unasked-stores",
    type_allocation="35999903",
    refused=frozenset({"+CPMS?", "+CMEE?"}),
)
"""AT+CPMS= and AT+CMEE= can be set, and not asked for."""
