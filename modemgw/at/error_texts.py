"""Errors in words (AT+CMEE=2; TS 27.005 3.2.5, TS 27.007 9.2), for modems that insist on them."""

from __future__ import annotations

CME = {
    0: "phone failure",
    1: "no connection to phone",
    2: "phone-adaptor link reserved",
    3: "operation not allowed",
    4: "operation not supported",
    5: "PH-SIM PIN required",
    6: "PH-FSIM PIN required",
    7: "PH-FSIM PUK required",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    17: "SIM PIN2 required",
    18: "SIM PUK2 required",
    20: "memory full",
    21: "invalid index",
    22: "not found",
    23: "memory failure",
    24: "text string too long",
    25: "invalid characters in text string",
    26: "dial string too long",
    27: "invalid characters in dial string",
    30: "no network service",
    31: "network timeout",
    32: "network not allowed - emergency calls only",
    40: "network personalisation PIN required",
    41: "network personalisation PUK required",
    42: "network subset personalisation PIN required",
    43: "network subset personalisation PUK required",
    44: "service provider personalisation PIN required",
    45: "service provider personalisation PUK required",
    46: "corporate personalisation PIN required",
    47: "corporate personalisation PUK required",
    50: "incorrect parameters",
    51: "command implemented but currently disabled",
    52: "command aborted by user",
    100: "unknown",
}

CMS = {
    1: "unassigned number",
    8: "operator determined barring",
    10: "call barred",
    17: "network failure",
    21: "short message transfer rejected",
    22: "memory capacity exceeded",
    27: "destination out of service",
    28: "unidentified subscriber",
    29: "facility rejected",
    30: "unknown subscriber",
    38: "network out of order",
    41: "temporary failure",
    42: "congestion",
    47: "resources unavailable, unspecified",
    50: "requested facility not subscribed",
    69: "requested facility not implemented",
    300: "ME failure",
    301: "SMS service of ME reserved",
    302: "operation not allowed",
    303: "operation not supported",
    304: "invalid PDU mode parameter",
    305: "invalid text mode parameter",
    310: "SIM not inserted",
    311: "SIM PIN required",
    312: "PH-SIM PIN required",
    313: "SIM failure",
    314: "SIM busy",
    315: "SIM wrong",
    316: "SIM PUK required",
    317: "SIM PIN2 required",
    318: "SIM PUK2 required",
    320: "memory failure",
    321: "invalid memory index",
    322: "memory full",
    330: "SMSC address unknown",
    331: "no network service",
    332: "network timeout",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
}


def _folded(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


_NUMBERS = {
    "CME": {_folded(text): number for number, text in CME.items()},
    "CMS": {_folded(text): number for number, text in CMS.items()},
}
_NUMBERS["CME"]["unknownerror"] = 100
_NUMBERS["CMS"]["unknown"] = 500


def number_of(kind: str, text: str) -> int | None:
    """The number of an error given in words; case, spaces and punctuation do not count."""
    folded = _folded(text)
    other = "CMS" if kind == "CME" else "CME"
    number = _NUMBERS.get(kind, {}).get(folded)
    if number is None and kind in _NUMBERS and folded in _NUMBERS[other]:
        # Firmwares print the words of one table under the name of the other.
        return _ACROSS.get((kind, _NUMBERS[other][folded]))
    return number


_ACROSS = {("CMS", 30): 331, ("CMS", 31): 332, ("CME", 331): 30, ("CME", 332): 31}
