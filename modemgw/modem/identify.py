"""Who the modem is, and whose SIM is in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..at import Charset, CommandFailed, Cursor
from ..at.cursor import parameters, split
from .patience import Line


@dataclass(frozen=True, slots=True)
class Identity:
    """The device. `imei` has 15 digits or is None: some modems give a serial number instead."""

    manufacturer: str | None = None
    model: str | None = None
    revision: str | None = None
    imei: str | None = None


@dataclass(frozen=True, slots=True)
class SimIdentity:
    """The subscription. Limits, cost and receipts belong to it, whatever modem it sits in."""

    iccid: str
    imsi: str | None = None
    number: str | None = None


async def ask(
    channel: Line, text: str, *, timeout_s: float | None = None
) -> tuple[str, ...] | None:
    """The lines of an answer, or None when the modem refuses the command."""
    try:
        return (await channel.command(text, timeout_s=timeout_s)).lines
    except CommandFailed:
        return None


async def ask_value(channel: Line, text: str) -> str | None:
    """The first line of an answer without prefix and quotes; None when there is none."""
    lines = await ask(channel, text)
    for line in lines or ():
        value = parameters(line).strip().strip('"')
        if value:
            return value
    return None


async def identify(channel: Line) -> Identity:
    """Maker, model, revision, IMEI (TS 27.007 5.1 to 5.4)."""
    manufacturer = await ask_value(channel, "AT+CGMI") or await ask_value(channel, "AT+GMI")
    model = await ask_value(channel, "AT+CGMM") or await ask_value(channel, "AT+GMM")
    revision = await ask_value(channel, "AT+CGMR")
    return Identity(
        manufacturer,
        model,
        revision,
        await _imei(channel),
    )


async def _imei(channel: Line) -> str | None:
    for command in ("AT+CGSN", "AT+GSN", "AT+CGSN=1"):
        for line in await ask(channel, command) or ():
            digits = _longest_digits(line)
            if len(digits) == 15:
                return digits
    return None


async def identify_sim(
    channel: Line,
    commands: tuple[str, ...],
    number: str | None,
    charset: Charset = Charset.IRA,
) -> SimIdentity | None:
    """The SIM's ICCID, IMSI and number; None when the modem gives no ICCID and no IMSI.

    `number` is what the configuration says: a SIM's own idea (AT+CNUM) is often empty or wrong.
    """
    imsi = None
    for line in await ask(channel, "AT+CIMI") or ():
        digits = _longest_digits(line)
        if 14 <= len(digits) <= 15:
            imsi = digits
            break
    iccid = await read_iccid(channel, commands)
    if number is None:
        number = await _own_number(channel, charset)
    if iccid is None and imsi is None:
        return None
    return SimIdentity(iccid or f"imsi-{imsi}", imsi, number)


async def read_iccid(channel: Line, commands: tuple[str, ...]) -> str | None:
    """The ICCID: 18 to 20 digits (ITU-T E.118), by the vendor's command or from EF_ICCID."""
    for command in commands:
        for line in await ask(channel, command) or ():
            iccid = iccid_of(parameters(line))
            if iccid is not None:
                return iccid
    # EF_ICCID, 2FE2: TS 51.011 10.1.1, nibbles swapped.
    for line in await ask(channel, "AT+CRSM=176,12258,0,0,10") or ():
        iccid = iccid_of(Cursor(line).skip(2).string() or "")
        if iccid is not None:
            return iccid
    return None


_ICCID = re.compile(r"[0-9A-F]{18,20}")
_SHORTEST = 18
_ISSUED = "89"
"""Every ICCID begins so: telecommunication (ITU-T E.118)."""


def iccid_of(text: str) -> str | None:
    """The ICCID in what a modem answers: quoted, swapped, filled with F, behind a slot number or
    before an EID, as it comes; None where there is none.

    EF_ICCID has 20 semi-octets, and some issuers put A to F among their digits: every one of them
    counts, or two cards would become one. Only F at the end is a filler.
    """
    found = [digits for field in split(text) for digits in _runs(field)]
    forms = [form.rstrip("F") for digits in found for form in (digits, _swapped(digits))]
    whole = [form for form in forms if len(form) >= _SHORTEST]
    issued = next((form for form in whole if form.startswith(_ISSUED)), None)
    # A test card may begin otherwise, but has digits only.
    return issued or next((form for form in whole if form.isdecimal()), None)


def _runs(field: str) -> list[str]:
    """What may be an ICCID in a field: all of it, or a word of it."""
    words = field.rpartition(":")[2].upper().replace('"', " ").replace("-", " ").split()
    return [run for run in ("".join(words), *words) if _ICCID.fullmatch(run)]


def _swapped(digits: str) -> str:
    """Semi-octets in the other order, as EF_ICCID has them."""
    return "".join(b + a for a, b in zip(digits[::2], (digits + "F")[1::2], strict=False))


async def _own_number(channel: Line, charset: Charset) -> str | None:
    """AT+CNUM (TS 27.007 7.1): `+CNUM: [alpha],number,type`."""
    for line in await ask(channel, "AT+CNUM") or ():
        if not line.startswith("+CNUM:"):
            continue
        fields = Cursor(line).skip(1)
        number, kind = charset.read(fields.string() or ""), fields.number()
        if number and number.lstrip("+").isdecimal():
            return number if number.startswith("+") or kind != 145 else f"+{number}"
    return None


def _longest_digits(line: str) -> str:
    runs = "".join(c if c.isdigit() else " " for c in line).split()
    return max(runs, key=len, default="")
