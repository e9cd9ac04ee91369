"""From an identified modem with an open SIM to one that can send and receive.

Every setting is asked for, tried, degraded step by step, and read back: modems advertise what they
refuse, and say OK to what they ignore.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from ..at import AtChannel, Charset, CommandFailed, Cursor
from ..clock import Clock
from .identify import ask
from .profiles import Profile
from .stores import candidates, named_stores, receive_into

log = logging.getLogger(__name__)

_STORE_STARTING = frozenset({14, 302, 303, 310, 314, 500, 512, 515, 532, 535})
_MODES = (2, 1, 3, 0)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a modem agreed to."""

    stores: tuple[str, ...] = ()
    """Memories to sweep, the receiving one first; empty: the modem names none."""
    receivable: tuple[str, ...] = ()
    """Memories that messages could be received into, best first."""
    cnmi: str | None = None
    """The CNMI setting in force; None: the modem announces nothing and is polled."""
    acknowledges: bool = False
    """Direct messages want AT+CNMA (AT+CSMS=1)."""
    more_to_send: bool = False
    """AT+CMMS is there."""
    smsc_in_pdu: bool = False
    """The SIM does not take the configured service centre, so each PDU names it."""
    list_all: str = "4"


async def greet(channel: AtChannel) -> None:
    """Known framing: no echo, words, numeric errors (V.250 6.2.4, 6.2.6; TS 27.007 9.1)."""
    channel.numeric = True
    await channel.command("ATE0V1")
    channel.numeric = False
    await ask(channel, "AT+CMEE=1")
    channel.echo_seen = False


async def switch_on(channel: AtChannel) -> None:
    """Radio on (TS 27.007 8.2), if it is off."""
    for line in await ask(channel, "AT+CFUN?") or ():
        if Cursor(line).number() not in (1, None):
            await ask(channel, "AT+CFUN=1")


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
    channel: AtChannel, profile: Profile, smsc: str | None, patience: Patience
) -> Setup:
    """Everything from AT+CLIP to AT+CMMS. `patience` is for a SIM whose store is still loading.

    Raises CommandFailed when the modem cannot do SMS in PDU mode, and what the channel raises.
    """
    for command in profile.quiet:
        await ask(channel, command)
    for command in ("AT+CLIP=0", "AT+CRC=0", "ATS0=0"):
        await ask(channel, command)
    for name in ("+CREG", "+CEREG", "+CGREG"):
        if await ask(channel, f"AT{name}=2") is None:
            await ask(channel, f"AT{name}=1")
    await _patiently(channel, "AT+CMGF=0", patience)
    acknowledges = await _service(channel, profile)
    stores, receivable, readable = await _stores(channel, profile, patience)
    cnmi = await _announcements(channel, profile)
    if cnmi is not None and cnmi.split(",")[3] == "2" and "SR" in readable:
        stores = (*stores, "SR")
    in_pdu = smsc is not None and not await _service_centre(channel, smsc)
    more = profile.more_to_send and await ask(channel, "AT+CMMS=?") is not None
    return Setup(stores, receivable, cnmi, acknowledges, more, in_pdu, profile.list_all[0])


class Patience:
    """How long, and in which steps, a SIM that is still being read is waited for."""

    def __init__(self, clock: Clock, seconds: float, step_s: float) -> None:
        self._clock = clock
        self._end = clock.monotonic() + seconds
        self._step_s = step_s

    async def left(self) -> bool:
        """Wait one step; False when the patience is at its end."""
        if self._clock.monotonic() >= self._end:
            return False
        await asyncio.sleep(self._step_s)
        return True


async def _patiently(channel: AtChannel, text: str, patience: Patience) -> None:
    """Repeat a command that fails because the SIM is still being read."""
    while True:
        try:
            await channel.command(text)
        except CommandFailed as error:
            number = error.code.number
            if (number is not None and number not in _STORE_STARTING) or not await patience.left():
                raise
        else:
            return


async def _service(channel: AtChannel, profile: Profile) -> bool:
    """AT+CSMS (TS 27.005 3.2.1); refusal means service 0."""
    if await ask(channel, f"AT+CSMS={profile.service}") is None:
        return False
    return profile.service == 1


async def _stores(
    channel: AtChannel, profile: Profile, patience: Patience
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """AT+CPMS: the stores to sweep, receiving first; those to receive into; all readable ones."""
    try:
        await _patiently(channel, "AT+CPMS?", patience)
    except CommandFailed as error:
        log.warning("the message store cannot be read: %s", error.code)
    readable, received = named_stores(await ask(channel, "AT+CPMS=?"))
    wanted = candidates(profile.stores, readable, received)
    while True:
        chosen = None
        for store in wanted:
            agreed, fill = await receive_into(channel, store)
            if agreed:
                chosen = store
            if agreed and (fill is None or fill.size):
                break  # else it has no slots at all, as a card that is not read yet may say, too
        if chosen is not None:
            others = (s for s in ("SM", "ME") if s != chosen and s in readable)
            return (chosen, *others), wanted, readable
        if not await patience.left():
            log.warning("the modem lets no message store be chosen; it keeps the one it has")
            return (), (), readable


async def _announcements(channel: AtChannel, profile: Profile) -> str | None:
    """AT+CNMI (TS 27.005 3.4.1): messages announced, reports direct or else announced."""
    tried: set[str] = set()
    for setting in (*profile.cnmi, *cnmi_candidates(await ask(channel, "AT+CNMI=?"))):
        if setting in tried:
            continue
        tried.add(setting)
        if await ask(channel, f"AT+CNMI={setting}") is None:
            continue
        if await cnmi_holds(channel, setting):
            return setting
    log.warning("the modem announces no messages; its store is polled")
    return None


async def cnmi_holds(channel: AtChannel, setting: str) -> bool:
    """Whether mt and ds are still as set: some modems say OK and keep the old values.

    A modem without the read form is believed.
    """
    lines = await ask(channel, "AT+CNMI?")
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


async def _service_centre(channel: AtChannel, smsc: str) -> bool:
    """Make `smsc` the SIM's service centre (TS 27.005 3.3.1). False when the modem refuses.

    The setting is written to the SIM, which wears out: only if it is another one.
    """
    for line in await ask(channel, "AT+CSCA?") or ():
        number = Cursor(line).string() or ""
        if number.lstrip("+") == smsc.lstrip("+"):
            return True
    return await ask(channel, f'AT+CSCA="{smsc}",145') is not None
