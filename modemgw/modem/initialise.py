"""From an identified modem with an open SIM to one that can send and receive.

Every setting is asked for, tried, degraded step by step, and read back: modems advertise what they
refuse, and say OK to what they ignore.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from ..at import AtChannel, Charset, CommandFailed, Cursor, ErrorCode
from .identify import ask
from .leaving import NOTHING_TO_DO, Leaving
from .leaving import plan as plan_leaving
from .patience import Line, Patience, PatientLine
from .profiles import Profile
from .service_centre import ServiceCentre, read_service_centre, write_service_centre
from .stores import candidates, named_stores, receive_into

log = logging.getLogger(__name__)

_STORE_STARTING = frozenset({302, 500, 512, 515, 532, 535})
"""+CMS ERROR numbers of a message store that is still being read. Makes differ, and some say the
same for ever of a command that they do not have: they count only while nothing else works."""
_MODE_STARTING = _STORE_STARTING | {303, 310}
_MODES = (2, 1, 3, 0)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a modem agreed to."""

    stores: tuple[str, ...] = ()
    """Memories to sweep, the receiving one first; empty: the modem names none."""
    receivable: tuple[str, ...] = ()
    """Memories that messages could be received into, best first."""
    leaving: Leaving = NOTHING_TO_DO
    """How it is left, so that it keeps what comes meanwhile."""
    cnmi: str | None = None
    """The CNMI setting in force; None: the modem announces nothing and is polled."""
    acknowledges: bool = False
    """Direct messages want AT+CNMA (AT+CSMS=1)."""
    more_to_send: bool = False
    """AT+CMMS is there."""
    service_centre: ServiceCentre | None = None
    """The configured one, else what the SIM held at first; None: none is known."""
    smsc_in_pdu: bool = False
    """The SIM does not take the configured service centre, so each PDU names it."""
    list_all: str = "4"


async def greet(channel: AtChannel) -> None:
    """Known framing: no echo, words, numeric errors (V.250 6.2.4, 6.2.6; TS 27.007 9.1).

    One by one, because some modems refuse the chain; none of them is needed so much that its
    refusal would be a fault. Echo that stays on is worked with.
    """
    channel.numeric = True
    channel.echo.stays = False
    await ask(channel, "ATE0")
    channel.numeric = await ask(channel, "ATV1") is None
    channel.echo.seen = False
    await ask(channel, "AT+CMEE=1")
    if channel.echo.seen:
        log.info("the modem does not switch its echo off; it is worked with")
        channel.echo.stays, channel.echo.seen = True, False


async def switch_on(line: Line) -> None:
    """Radio on (TS 27.007 8.2), if it is off."""
    for answer in await ask(line, "AT+CFUN?") or ():
        if Cursor(answer).number() not in (1, None):
            await ask(line, "AT+CFUN=1")


async def choose_charset(channel: AtChannel) -> Charset:
    """The character set of strings (TS 27.007 5.5): the SIM's own alphabet, or ASCII, or what is.

    Needed before any name or number is read: under UCS2 all of them are hexadecimal.
    """
    for wanted in (Charset.GSM, Charset.IRA):
        if await ask(channel, f'AT+CSCS="{wanted}"') is not None:
            return wanted
    for line in await ask(channel, "AT+CSCS?") or ():
        return Charset.called(Cursor(line).string() or "")
    return Charset.IRA


async def initialise(
    channel: AtChannel,
    profile: Profile,
    smsc: str | None,
    patience: Patience,
    broadcasts: tuple[str, ...] = (),
) -> Setup:
    """Everything from AT+CLIP to AT+CMMS. `patience` is for a SIM whose store is still loading.
    `broadcasts`: channels of cell broadcast to listen to.

    Raises CommandFailed when the modem cannot do SMS in PDU mode, and what the channel raises.
    """
    line = PatientLine(channel, patience)
    for command in profile.quiet:
        await ask(line, command)
    for command in ("AT+CLIP=1", "AT+CRC=0", "ATS0=0"):
        await ask(line, command)
    for name in ("+CREG", "+CEREG", "+CGREG"):
        if await ask(line, f"AT{name}=2") is None:
            await ask(line, f"AT{name}=1")
    await _pdu_mode(line, patience)
    acknowledges = await _service(line, profile)
    stores, receivable, readable = await _stores(line, profile, patience)
    cnmi = await _announcements(line, profile)
    if broadcasts and cnmi is not None:
        cnmi = await _with_broadcasts(line, cnmi, broadcasts)
    if cnmi is not None and cnmi.split(",")[3] == "2" and "SR" in readable:
        stores = (*stores, "SR")
    leaving = await plan_leaving(
        line,
        cnmi,
        readable=readable,
        store=stores[0] if stores else None,
        trusted=profile.stored_reports,
    )
    centre, in_pdu = await _service_centre(line, smsc)
    more = profile.more_to_send and await ask(line, "AT+CMMS=?") is not None
    return Setup(
        stores, receivable, leaving, cnmi, acknowledges, more, centre, in_pdu, profile.list_all[0]
    )


async def refusal(line: Line, text: str) -> ErrorCode | None:
    """Why a command is refused; None when it is not."""
    try:
        await line.command(text)
    except CommandFailed as error:
        return error.code
    return None


async def _pdu_mode(line: Line, patience: Patience) -> None:
    """AT+CMGF=0 (TS 27.005 3.2.3), repeated while the SIM is being read.

    Raises CommandFailed when the modem refuses, unless it is in PDU mode already.
    """
    while True:
        try:
            await line.command("AT+CMGF=0")
            return
        except CommandFailed as error:
            if await holds(line, "AT+CMGF?", 0):
                return
            number = error.code.number
            starting = number is None or number in _MODE_STARTING
            if not (starting and await patience.left(f"PDU mode is refused as yet ({error.code})")):
                raise


async def holds(line: Line, question: str, value: int) -> bool:
    """Whether the answer to `question` begins with `value`; False where there is none."""
    answer = await ask(line, question) or ("",)
    return Cursor(answer[0]).number() == value


async def _service(line: Line, profile: Profile) -> bool:
    """AT+CSMS (TS 27.005 3.2.1); refusal means service 0."""
    if await ask(line, f"AT+CSMS={profile.service}") is None:
        return False
    return profile.service == 1


async def _stores(
    line: Line, profile: Profile, patience: Patience
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """AT+CPMS: the stores to sweep, receiving first; those to receive into; all readable ones.

    Asking may be unknown where setting works, and the other way round.
    """
    while True:
        unread = await refusal(line, "AT+CPMS?")
        readable, received = named_stores(await ask(line, "AT+CPMS=?"))
        wanted = candidates(profile.stores, readable, received)
        chosen = None
        for store in wanted:
            agreed, fill = await receive_into(line, store)
            if agreed:
                chosen = store
            if agreed and (fill is None or fill.size):
                break  # else it has no slots at all, as a card that is not read yet may say, too
        if chosen is not None:
            others = (s for s in ("SM", "ME") if s != chosen and s in readable)
            return (chosen, *others), wanted, readable
        starting = unread is not None and unread.number in _STORE_STARTING
        if not (starting and await patience.left(f"the message store is not ready ({unread})")):
            log.warning("the modem lets no message store be chosen; it keeps the one it has")
            return (), (), readable


async def _announcements(line: Line, profile: Profile) -> str | None:
    """AT+CNMI (TS 27.005 3.4.1): messages announced, reports direct or else announced."""
    tried: set[str] = set()
    for setting in (*profile.cnmi, *cnmi_candidates(await ask(line, "AT+CNMI=?"))):
        if setting in tried:
            continue
        tried.add(setting)
        if await ask(line, f"AT+CNMI={setting}") is None:
            continue
        if await cnmi_holds(line, setting):
            return setting
    log.warning("the modem announces no messages; its store is polled")
    return None


async def _with_broadcasts(line: Line, cnmi: str, channels: tuple[str, ...]) -> str:
    """AT+CSCB (TS 27.005 3.3.4) and <bm> of CNMI: broadcasts come directly. The setting that holds.

    A modem that takes neither receives messages all the same.
    """
    listed = f'AT+CSCB=0,"{",".join(channels)}"'
    if await ask(line, f'{listed},""') is None and await ask(line, listed) is None:
        log.warning("the modem listens to no cell broadcast")
        return cnmi
    mode, mt, _, ds, bfr = cnmi.split(",")
    wanted = f"{mode},{mt},2,{ds},{bfr}"
    if await ask(line, f"AT+CNMI={wanted}") is not None and await cnmi_holds(line, wanted):
        return wanted
    log.warning("the modem hands over no cell broadcasts")
    await ask(line, f"AT+CNMI={cnmi}")
    return cnmi


async def cnmi_holds(line: Line, setting: str) -> bool:
    """Whether mt and ds are still as set: some modems say OK and keep the old values.

    A modem without the read form is believed.
    """
    lines = await ask(line, "AT+CNMI?")
    if not lines:
        return lines is None
    now = Cursor(lines[0])
    wanted = [int(field) for field in setting.split(",")]
    values = [now.number() for _ in range(len(now))]
    return len(values) >= 4 and values[1] == wanted[1] and values[3] == wanted[3]


def cnmi_candidates(lines: tuple[str, ...] | None) -> Iterator[str]:
    """Settings to try, best first, from what AT+CNMI=? claims. Pure.

    Reports directly (ds=1), or stored (2), or not at all; then every mode and bfr.
    """
    modes: frozenset[int] = frozenset()
    reports: frozenset[int] = frozenset()
    buffers: frozenset[int] = frozenset()
    for line in lines or ():
        cursor = Cursor(line)
        modes = cursor.numbers()
        cursor.skip(2)
        reports, buffers = cursor.numbers(), cursor.numbers()
    for ds in (1, 2, 0):
        if reports and ds not in reports:
            continue
        for mode in _MODES:
            for bfr in (0, 1):
                if (not modes or mode in modes) and (not buffers or bfr in buffers):
                    yield f"{mode},1,0,{ds},{bfr}"


async def _service_centre(line: Line, smsc: str | None) -> tuple[ServiceCentre | None, bool]:
    """The service centre to go by, and whether the SIM does not take it.

    It is written only if the SIM holds another one.
    """
    held = await read_service_centre(line)
    if smsc is None:
        return held, False
    wanted = ServiceCentre(smsc)
    return wanted, not (wanted.is_same(held) or await write_service_centre(line, wanted))
