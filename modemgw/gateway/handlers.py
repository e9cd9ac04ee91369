"""Handlers: what is done with an inbound message. Each gets it at least once, with back-off.

What a handler is owed stands in the store from the moment the message does, so a crash loses
nothing; a reply is accepted in the same transaction that ticks the handler off, so it goes out
once.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

import aiohttp

from modemgw.clock import Clock
from modemgw.config import HandlerMatch, HandlerSection
from modemgw.gateway.errors import Rejected
from modemgw.gateway.retry import LONGEST_WAIT_S, backoff
from modemgw.store import Handling, Store, StoreConflict, Transaction
from modemgw.store import inbound as rows
from modemgw.store.records import Inbound, NewMessage

logger = logging.getLogger(__name__)

AT_ONCE = 32
"""Deliveries under way at the same time: a slow handler must not hold up the others."""
FIRST_WAIT_S = 5.0
MAX_TRIES = 12
"""With back-off from FIRST_WAIT_S this is a little over two hours; then the delivery is dead."""

LONGEST_SLEEP_S = 60.0
"""The clock may be set while nothing is due: look again at least this often."""
LATEST_S = 1.25 * LONGEST_WAIT_S
"""No wait is longer: a later time was stored by a clock that was ahead, and has passed."""

Reply = Callable[[NewMessage, Callable[[Transaction], None]], Awaitable[None]]
"""Accepts a message; in the same transaction, before that, it does what is handed along."""


class HandlerFailure(Exception):
    """A handler did not take the message. `final`: it never will."""

    def __init__(self, problem: str, *, final: bool = False) -> None:
        super().__init__(problem)
        self.final = final


def name_of(index: int, section: HandlerSection) -> str:
    """The name under which a handler's deliveries are kept: its place and its kind."""
    kind = next(
        k for k in ("exec", "webhook", "python", "reply") if getattr(section, k) is not None
    )
    return f"{index + 1}:{kind}"


def _named(sections: Sequence[HandlerSection]) -> dict[str, HandlerSection]:
    return {name_of(i, s): s for i, s in enumerate(sections)}


def matches(match: HandlerMatch, message: Inbound) -> bool:
    """Whether a handler wants a message."""
    if match.keyword is not None:
        words = (message.text or "").split(maxsplit=1)
        if not words or words[0].casefold() != match.keyword.casefold():
            return False
    if match.from_prefix and not message.sender.startswith(match.from_prefix):
        return False
    return not match.modem or message.modem in match.modem


class Handlers:
    """Delivers inbound messages to the configured handlers. `run` is its only task."""

    def __init__(
        self,
        sections: Sequence[HandlerSection],
        *,
        store: Store,
        reply: Reply,
        clock: Clock,
        random: Random,
    ) -> None:
        self._sections = _named(sections)
        self._store = store
        self._reply = reply
        self._clock = clock
        self._random = random
        self._wake = asyncio.Event()
        self._busy: set[tuple[int, str]] = set()

    def wanted_by(self, message: Inbound) -> list[str]:
        """The names of the handlers that are to get a message."""
        return [name for name, s in self._sections.items() if matches(s.match, message)]

    def wake(self) -> None:
        """Something is owed."""
        self._wake.set()

    def reconfigure(self, sections: Sequence[HandlerSection]) -> None:
        """Have these handlers from now on.

        What is owed goes to the one that has its place and kind now; where there is none, it is
        given up. What is being delivered is not disturbed.
        """
        self._sections = _named(sections)
        self.wake()

    async def run(self) -> None:
        """Deliver what is owed, until cancelled."""
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                # Those at work are still owed, and the oldest: look beyond them.
                # What ends while this is read may be in it as owed: it was at work before.
                before = set(self._busy)
                owed = await self._store.read(lambda db: rows.owed(db, 2 * AT_ONCE))
                at_work = before | self._busy
                idle = [h for h in owed if (h.inbound_n, h.handler) not in at_work]
                now = self._clock.time()
                for handling in idle[: AT_ONCE - len(self._busy)]:
                    if not now < handling.next_at <= now + LATEST_S:
                        self._busy.add((handling.inbound_n, handling.handler))
                        tasks.create_task(self._work(handling, http))
                later = [h.next_at - now for h in idle if now < h.next_at <= now + LATEST_S]
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min([*later, LONGEST_SLEEP_S])):
                        await self._wake.wait()

    async def _work(self, handling: Handling, http: aiohttp.ClientSession) -> None:
        try:
            await self._deliver(handling, http)
        finally:
            self._busy.discard((handling.inbound_n, handling.handler))
            self._wake.set()

    async def _deliver(self, handling: Handling, http: aiohttp.ClientSession) -> None:
        section = self._sections.get(handling.handler)
        n, name = handling.inbound_n, handling.handler
        try:
            if section is None:
                raise HandlerFailure("this handler is no longer configured", final=True)
            if section.reply is not None:
                await self._answer(section.reply, handling)
                return
            async with asyncio.timeout(section.timeout):
                await self._hand_over(section, handling.inbound, http)
        except StoreConflict:
            logger.debug("handler %s has taken %s before", name, handling.inbound.id)
        except Exception as error:  # one that cannot be used must not stop the others
            problem = str(error) or f"no answer within {section.timeout if section else 0:g} s"
            final = isinstance(error, Rejected) or getattr(error, "final", False)
            tries = handling.tries + 1
            next_at = None
            if not final and tries < MAX_TRIES:
                next_at = self._clock.time() + backoff(FIRST_WAIT_S, tries, self._random)
            logger.warning(
                "handler %s did not take %s (%s): %s",
                name,
                handling.inbound.id,
                "given up" if next_at is None else "will be tried again",
                problem,
            )
            await self._store.write(
                lambda tx: rows.not_handled(tx, n, name, problem, next_at), keep=True
            )
        else:
            with contextlib.suppress(StoreConflict):
                await self._store.write(lambda tx: rows.handled(tx, n, name), keep=True)

    async def _answer(self, text: str, handling: Handling) -> None:
        sender = handling.inbound.sender
        if not sender.lstrip("+").isdecimal():
            raise HandlerFailure(f"{sender!r} is not a number that can be answered", final=True)
        n, name = handling.inbound_n, handling.handler
        await self._reply(
            NewMessage(to=sender, text=text, modem=handling.inbound.modem),
            lambda tx: rows.handled(tx, n, name),
        )

    async def _hand_over(
        self, section: HandlerSection, message: Inbound, http: aiohttp.ClientSession
    ) -> None:
        document = as_json(message)
        if section.exec is not None:
            await _execute(section.exec, document)
        elif section.webhook is not None:
            async with http.post(section.webhook, json=document) as answer:
                if answer.status >= 300:
                    gone = 400 <= answer.status < 500 and answer.status not in (408, 425, 429)
                    raise HandlerFailure(f"it answered HTTP {answer.status}", final=gone)
        elif section.python is not None:
            await _call(section.python, message)


def as_json(message: Inbound) -> dict[str, Any]:
    """An inbound message as handlers get it: the API's names, times in UTC seconds."""
    return {
        "id": message.id,
        "from": message.sender,
        "to": message.to,
        "text": message.text,
        "data": None if message.data is None else message.data.hex(),
        "encoding": message.encoding,
        "complete": message.complete,
        "modem": message.modem,
        "sim": message.sim,
        "sent_at": message.sent_at,
        "received_at": message.received_at,
    }


async def _execute(command: Sequence[str], document: dict[str, Any]) -> None:
    """Run a program with the message as JSON on its standard input; exit code 0 takes it."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, complaint = await process.communicate(json.dumps(document).encode())
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        last = complaint.decode(errors="replace").strip().rpartition("\n")[2][:200]
        raise HandlerFailure(f"{command[0]} ended with {process.returncode}: {last}")


async def _call(target: str, message: Inbound) -> None:
    """Call `package.module:function` with the message: awaited, or in a thread if it is plain."""
    module, _, function = target.partition(":")
    try:
        callable_ = getattr(importlib.import_module(module), function)
    except Exception as error:  # whatever the module does while it is imported
        raise HandlerFailure(f"{target} cannot be imported: {error!r}") from error
    try:
        if inspect.iscoroutinefunction(callable_):
            await callable_(message)
        else:
            await asyncio.to_thread(callable_, message)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        logger.exception("handler %s failed", target)
        raise HandlerFailure(f"{target} raised {type(error).__name__}") from error
