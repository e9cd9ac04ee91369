"""Unsolicited result codes: what a modem says without being asked.

Names from TS 27.005, TS 27.007 and the manuals of the vendors. Everything a table does not know is
handed on as UNKNOWN: it is noise, but noise may be worth a look in the trace.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class UrcKind(StrEnum):
    """What an unsolicited line is about."""

    STORED = "stored"  # +CMTI, +CDSI: a message or report waits in a memory
    DIRECT = "direct"  # +CMT, +CDS, +CBM: it follows on the next line
    MEMORY_FULL = "memory full"
    REGISTRATION = "registration"
    USSD = "ussd"
    SIM = "sim"  # +CPIN, ^SIMST, +QUSIM: the SIM came, went or wants its PIN
    BOOT = "boot"  # the modem has just started: all settings are gone
    STARTED = "started"  # the end of a banner, which some makes have no beginning of
    CALL = "call"
    CHATTER = "chatter"
    UNKNOWN = "unknown"


class Urc(NamedTuple):
    """An unsolicited line; `pdu` is the second line of +CMT, +CDS and +CBM as the modem gave it."""

    kind: UrcKind
    name: str
    line: str
    pdu: str | None = None


TWO_LINES = ("+CMT:", "+CDS:", "+CBM:")

_NAMES: dict[UrcKind, str] = {
    UrcKind.STORED: "+CMTI +CDSI",
    UrcKind.DIRECT: "+CMT +CDS +CBM",
    UrcKind.MEMORY_FULL: "^SMMEMFULL",
    UrcKind.REGISTRATION: "+CREG +CGREG +CEREG",
    UrcKind.USSD: "+CUSD",
    UrcKind.SIM: "+CPIN ^SIMST +QUSIM +SIMCARD +UUSIMSTAT ^SCKS #QSS",
    UrcKind.BOOT: "^SYSSTART +AT",
    UrcKind.CALL: "+CRING +CLIP +CCWA +CSSI +CSSU +COLP",
    UrcKind.CHATTER: (
        "^RSSI ^MODE ^HCSQ ^LTERSRP ^DSFLOWRPT ^CSNR ^NWTIME ^EONS ^STIN +CUSATP ^LWURC ^NDISSTAT "
        "^PDPDEACT ^RFSWITCH ^ECCLIST ^ORIG ^CONF ^CONN ^CEND ^SRVST ^BOOT ^SBC ^SHUTDOWN ^EXIT "
        "+ZUSIMR *PSUTTZ *PSNWID DST +CTZV +CTZE +CTZR +CMTE +CNSMOD MISSED_CALL +NITZ +QIND +CIEV "
        "+UMWI #STN +WIND +CALA +ZPASR +ZDONR +ZPSTM +ZPBIC +ZEND +ZPAS +CGEV +CPSMS "
        "_OSIGQ _OWCTI +CSCB +CLASS0"
    ),
}
_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_WHOLE_LINES: dict[str, UrcKind] = {
    "RDY": UrcKind.BOOT,
    "START": UrcKind.BOOT,
    "^SYSSTART": UrcKind.BOOT,
    "^SYSSTART AIRPLANE MODE": UrcKind.BOOT,
    "+WIND: 3": UrcKind.BOOT,
    "Call Ready": UrcKind.STARTED,
    "SMS Ready": UrcKind.STARTED,
    "SMS DONE": UrcKind.STARTED,
    "+QIND: SMS DONE": UrcKind.STARTED,
    "#QSS: 3": UrcKind.STARTED,
    "^SIMST:1": UrcKind.STARTED,
    "SMS FULL": UrcKind.MEMORY_FULL,
    "SIM INSERTED": UrcKind.SIM,
    "SIM REMOVED": UrcKind.SIM,
    "RING": UrcKind.CALL,
    "NO CARRIER": UrcKind.CALL,
    "BUSY": UrcKind.CALL,
    "NO ANSWER": UrcKind.CALL,
    "NO DIALTONE": UrcKind.CALL,
}
_CHATTER_LINES = (
    # The phone book is read long after messages can be sent: minutes, on a full SIM.
    "PB DONE",
    "+PBREADY",
    "NORMAL POWER DOWN",
    "POWERED DOWN",
    "UNDER-VOLTAGE",
    "OVER-VOLTAGE",
    "VOICE CALL",
    "+PACSP",
    "^SHUTDOWN",
    "^EXIT",
)


def classify(line: str) -> UrcKind:
    """What an unsolicited line is about; UNKNOWN when no table knows it."""
    known = _WHOLE_LINES.get(line)
    if known is not None:
        return known
    name, colon, rest = line.partition(":")
    if colon:
        if name == "+CFUN":
            return UrcKind.BOOT if rest.strip() == "1" else UrcKind.CHATTER
        known = _BY_NAME.get(name)
        if known is not None:
            return known
    return UrcKind.CHATTER if line.startswith(_CHATTER_LINES) else UrcKind.UNKNOWN


def urc(line: str, pdu: str | None = None) -> Urc:
    """The unsolicited result code in `line`."""
    return Urc(classify(line), line.partition(":")[0], line, pdu)
