"""How to find back into step with a modem when it is not known what it is doing.

ESC leaves a prompt, if there is one; then AT until there is an OK; then a question whose answer
cannot be a late one to something older.
"""

from __future__ import annotations

import asyncio

from .commands import kind_of, name_of
from .dialogue import Question
from .errors import ChannelClosed, CommandFailed, CommandTimeout
from .slot import Slot
from .wire import ESC, Wire


async def resync(slot: Slot, *, tries: int, answer_s: float, quiet_s: float) -> None:
    """Everything that was waiting fails. Raises CommandTimeout when the modem stays silent."""
    slot.fail_all(ChannelClosed("the channel is being resynchronised"))
    slot.wire.need_open()
    slot.seize()
    try:
        slot.wire.write(ESC + b"\r", "<ESC>")
        await _quiet(slot.wire, quiet_s, at_most_s=20 * quiet_s)
        if not await _ask(slot, "AT", tries, answer_s):
            raise CommandTimeout(f"no answer to AT in {tries} tries")
        # A late answer to an older command may have passed for that OK; `+CMEE:` cannot.
        used = await _ask(slot, "AT+CMEE?", tries + 1, answer_s)
        if not used:
            raise CommandTimeout("answers to AT, but to nothing else")
        if used > 1:
            # The answers to the other tries may still be on their way.
            await _quiet(slot.wire, answer_s, at_most_s=4 * answer_s)
        slot.in_sync = True
    finally:
        slot.release()


async def _ask(slot: Slot, text: str, tries: int, answer_s: float) -> int:
    """Ask until there is an answer that can only be ours. Returns the tries used, 0 = none.

    An error may be a late answer to something else, so it has to be given twice.
    """
    kind = kind_of(name_of(text))
    refused = False
    for attempt in range(1, tries + 1):
        slot.wire.need_open()
        exchange = slot.exchange(Question(text, kind))
        slot.start(exchange, None)
        try:
            async with asyncio.timeout(answer_s):
                response = await exchange.done
        except CommandFailed:
            if refused or not kind.prefixes:
                return attempt
            refused = True
        except TimeoutError:
            continue
        else:
            if response.lines or not kind.prefixes:
                return attempt
        finally:
            slot.shut()
    return 0


async def _quiet(wire: Wire, quiet_s: float, *, at_most_s: float) -> None:
    """Return when nothing has come for `quiet_s`, or the chatter does not end."""
    begin = wire.clock.monotonic()
    end = begin + at_most_s
    while (now := wire.clock.monotonic()) < end:
        rest = max(wire.last_heard, begin) + quiet_s - now
        if rest <= 0:
            return
        await asyncio.sleep(min(rest, end - now))
