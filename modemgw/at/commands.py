"""What is known of each command: how its answer begins and how long it may take.

Times are generous for the slowest module of the field: a command that is given up too early costs a
resynchronisation, one that waits too long costs only the time of a modem that is broken anyway. A
listing takes as long as it goes on: its time is that between two lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from .errors import NotACommand


@dataclass(frozen=True, slots=True)
class Kind:
    """How to read the answer to a command."""

    prefixes: tuple[str, ...]
    """The beginnings of lines that belong to the answer."""
    timeout_s: float
    free_text: bool = False
    """Answers with lines without a prefix: all lines that are no known URC belong to it."""
    pdu_follows: bool = False
    """Each prefixed line is followed by a line with a PDU."""
    registration: bool = False
    """The same prefix is used, with one parameter less, for a URC."""
    lone_answer: bool = False
    """Some modems (Wavecom, with +CPIN?) end the answer without OK."""


_UNTYPABLE = re.compile(r"[^ -~]")
_NAME = re.compile(r"AT([+^#$%*!&]?[A-Z][A-Z0-9]*)", re.IGNORECASE)
_SHORT, _USUAL, _SLOW = 5.0, 10.0, 30.0
_TIMEOUTS: dict[str, float] = {
    "": _SHORT,
    "E": _SHORT,
    "Z": _SLOW,
    "&F": _SLOW,
    "+CPIN": _SLOW,
    "+CIMI": 20.0,
    "+CNUM": 20.0,
    "+CFUN": 60.0,
    "+CPMS": 15.0,
    "+CMGR": 15.0,
    "+CMGL": 30.0,
    "+CMGD": 25.0,
    "+CSCA": 20.0,
    "+CNMA": 10.0,
    "+CUSD": 30.0,
    "+CRSM": 20.0,
}
_ICCID = frozenset(
    {"+CCID", "+ICCID", "^ICCID", "#CCID", "+QCCID", "^SCID", "!ICCID", "+ZGETICCID", "+CICCID"}
)
_FREE_TEXT = _ICCID | {
    "I",
    *("+CGMI", "+CGMM", "+CGMR", "+CGSN", "+GMI", "+GMM", "+GMR", "+GSN", "+CIMI"),
}
_SISTERS = (
    _ICCID,
    *(frozenset({f"+C{name}", f"+{name}"}) for name in ("GMI", "GMM", "GMR", "GSN")),
    frozenset({"+CIMI", "+IMSI"}),
    frozenset({"+SPIC", "^SPIC"}),
    frozenset({"+CPINR", "+CPINC", "+QPINC", "^CPIN", "#PCT", "+UPINCNT"}),
)
"""Commands that answer under each other's names (AT+CICCID: `+ICCID: …`)."""
_PDU_FOLLOWS = frozenset({"+CMGR", "+CMGL", "^SMGR", "^SMGL"})
_REGISTRATION = frozenset({"+CREG", "+CGREG", "+CEREG"})


@lru_cache(maxsize=256)
def kind_of(name: str) -> Kind:
    """How to read the answer to the command called `name` (such as "+CREG")."""
    names = {name} if name and not name.isalpha() else set()
    names |= {other for sisters in _SISTERS if name in sisters for other in sisters}
    return Kind(
        prefixes=tuple(sorted(f"{one}:" for one in names)),
        timeout_s=_TIMEOUTS.get(name, _USUAL),
        free_text=name in _FREE_TEXT,
        pdu_follows=name in _PDU_FOLLOWS,
        registration=name in _REGISTRATION,
        lone_answer=name == "+CPIN",
    )


def must_be_typable(text: str) -> None:
    """One command, whatever it was made of: the last gate before the wire (V.250 5.2).

    Raises NotACommand unless all of `text` is printable ASCII.
    """
    found = _UNTYPABLE.search(text)
    if found is not None:
        raise NotACommand(text, f"U+{ord(found[0]):04X} has no place in a command; not sent")


def name_of(text: str) -> str:
    """The name in a command line: "+CMGS" of "AT+CMGS=23"; "" of "AT"."""
    match = _NAME.match(text)
    if match is None:
        return ""
    name = match[1].upper()
    return name if name[0] in "+^#$%*!" else name[:2] if name[0] == "&" else name[:1]


_STATS = range(12)
"""<stat> of +CREG and its sisters (TS 27.007 7.2, 10.1.22)."""


def is_registration_answer(fields: list[str]) -> bool:
    """Whether the parameters of +CREG, +CGREG, +CEREG are `n,stat[,lac,ci…]` and no URC.

    A URC has `stat[,lac,ci[,act]]` (TS 27.007 7.2, 10.1.20, 10.1.22). Area codes should be quoted
    and often are not, nor do they have all their zeros: `1,7,2F41` is home in area 7.
    """
    fields = registration_fields(fields)
    if len(fields) < 2 or _small_number(fields[1]) is None:
        return False
    if len(fields) <= 3:
        # An area never comes without its cell, so three are stat, area and cell.
        return len(fields) == 2
    if fields[2].startswith('"'):
        return True
    # Without quotes: only n=2 and above show an area. 3 is rather the <stat> of a refused modem.
    return fields[0] == "2" or (fields[0] == "3" and len(fields) > 4)


def registration_fields(fields: list[str]) -> list[str]:
    """The parameters without those that are empty at the end: `0,1,,` says no more than `0,1`."""
    count = len(fields)
    while count and fields[count - 1] in ("", '""'):
        count -= 1
    return fields[:count]


def _small_number(field: str) -> int | None:
    """A <stat>, with leading zeros or not (`001` was seen; `0001` is an area code)."""
    if not field.isdecimal() or len(field) > 3 or int(field) not in _STATS:
        return None
    return int(field)


def registration_stat(fields: list[str]) -> int | None:
    """The <stat> in the parameters of an answer or a URC; None where there is none."""
    fields = registration_fields(fields)
    if is_registration_answer(fields):
        fields = fields[1:]
    return _small_number(fields[0].strip('"')) if fields else None
