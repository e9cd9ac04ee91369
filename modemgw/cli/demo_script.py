"""What the demo sends and receives, and what must become of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from modemgw.client import Client, answers
from modemgw.virtual import Bank

KEYWORD = "BALANCE"
REPLY = "Your balance is 12.50 €. Thank you for asking!"
CALLER = "+447700900222"
"""Sends KEYWORD to the gateway and gets REPLY."""

LONG = (
    "This message is too long for one SMS. It goes out in three parts of 153 characters at most, "
    "back to back through one modem, and the recipient's phone puts them together again by the "
    "user data header that each of them carries. The network reports the fate of every part on "
    "its own; only when all three have arrived does the gateway call the message delivered. "
    "Curly braces {}, the euro sign € and [brackets] count twice."
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A message and its fate."""

    what: str
    to: str
    text: str
    status: str
    parts: int = 1
    at_far_end: bool = True
    """Whether the network must have the text, character for character."""


MESSAGES = (
    Expectation("a short text", "+447700900111", "Hello from modemgw!", "delivered"),
    Expectation("a long text", "+447700900112", LONG, "delivered", parts=3),
    Expectation("emoji", "+447700900113", "Grüße 👋🏽 и привет 🎉", "delivered"),
    # The virtual network's magic numbers: refused with +CMS ERROR 1 (unassigned number) …
    Expectation("a refusal", "+99901001000", "Nobody is there", "failed", at_far_end=False),
    # … and accepted, but reported with TP-ST 0x43 (not obtainable).
    Expectation("a bad receipt", "+99902067000", "This phone is gone", "undelivered"),
)
ANSWER = Expectation("an automatic reply", CALLER, REPLY, "delivered")


async def play(client: Client, bank: Bank, *, timeout_s: float) -> list[str]:
    """Send and receive everything, wait for each fate; what differed, a line for each."""
    ids = [(await client.send(m.to, m.text)).id for m in MESSAGES]
    bank.smsc.inject(CALLER, bank.modems[0].number, KEYWORD)
    differed: list[str] = []
    try:
        async with asyncio.timeout(timeout_s):
            final = [await client.wait(identifier) for identifier in ids]
            reply = await _reply(client)
            final.append(await client.wait(reply.id))
    except TimeoutError:
        open_ = [m async for m in client.messages() if m.status in ("queued", "sending", "sent")]
        differed = [f"after {timeout_s:g} s {m.to} is still {m.status}" for m in open_]
        return differed or [f"no reply to {CALLER} within {timeout_s:g} s"]
    for expectation, message in zip((*MESSAGES, ANSWER), final, strict=True):
        differed += _compare(expectation, message)
    return differed + _compare_far_end(bank)


async def _reply(client: Client) -> answers.Message:
    """The message that the handler makes of the one received."""
    async with aclosing(turns(client)) as happened:
        async for _ in happened:
            async for message in client.messages(to=CALLER, limit=1):
                return message
    raise AssertionError("a stream of events has no end")


async def turns(client: Client) -> AsyncGenerator[None, None]:
    """One turn at once, and one whenever something has happened."""
    async with aclosing(client.events(after=0)) as events:
        yield
        async for _ in events:
            yield


def _compare(expectation: Expectation, message: answers.Message) -> list[str]:
    differed = []
    if message.status != expectation.status:
        differed.append(
            f"{expectation.what} to {expectation.to} should be {expectation.status}, "
            f"but is {message.status}"
        )
    if len(message.parts) != expectation.parts:
        differed.append(
            f"{expectation.what} should have {expectation.parts} parts, not {len(message.parts)}"
        )
    return differed


def _compare_far_end(bank: Bank) -> list[str]:
    arrived: defaultdict[str, list[str | None]] = defaultdict(list)
    for message in bank.smsc.messages:
        arrived[message.destination].append(message.text)
    differed = []
    for expectation in (*MESSAGES, ANSWER):
        wanted = [expectation.text] if expectation.at_far_end else []
        if (got := arrived[expectation.to]) != wanted:
            differed.append(f"the network should have {wanted} for {expectation.to}, but has {got}")
    return differed
