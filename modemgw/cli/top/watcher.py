"""Keeps looking at a gateway, also over times in which it does not answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from modemgw.cli.top.pace import Pace
from modemgw.cli.top.picture import Picture, queues
from modemgw.client import ApiError, Client, ClientError
from modemgw.client.answers import Event
from modemgw.clock import Clock

SLOWLY_S = 5.0
"""Between looks at what costs the gateway more, or changes less: queues, SIMs."""
SIGNALS_S = 30.0
KEPT = 500


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of what happened: an event, or (without one) a word about the connection."""

    at: datetime
    text: str
    event: Event | None = None


class Watcher:
    """Calls `changed` when there is something new to show.

    `watch` and `follow` are to run side by side until they are cancelled.
    """

    def __init__(
        self, client: Client, changed: Callable[[], None], *, clock: Clock, every_s: float
    ) -> None:
        self.picture = Picture()
        self.happenings: deque[Happening] = deque(maxlen=KEPT)
        """The newest last."""
        self.happened = 0
        """How many there were, with those that are no longer kept."""
        self.trouble: str | None = None
        """Why what is shown may be old; None: it is not."""
        self.answered_at: float | None = None
        """Monotonic time of the last answer."""
        self._client = client
        self._changed = changed
        self._clock = clock
        self._every_s = every_s
        self._paces: dict[str, Pace] = {}
        self._slowly = self._signals = 0.0
        """When it is to be looked again."""
        self._again = asyncio.Event()

    @property
    def silent_s(self) -> float:
        """Seconds since the gateway answered last."""
        return 0.0 if self.answered_at is None else self._clock.monotonic() - self.answered_at

    def look_soon(self) -> None:
        """Do not wait for the next look: something was done."""
        self._again.set()

    async def watch(self) -> None:
        """Look, every so many seconds."""
        while True:
            try:
                self.picture = await self.look()
            except ClientError as error:
                self._lost(error)
            else:
                self._found()
            self._changed()
            self._again.clear()
            try:
                async with asyncio.timeout(self._every_s):
                    await self._again.wait()
            except TimeoutError:
                pass

    async def look(self) -> Picture:
        """What there is now. Raises ClientError."""
        now = self._clock.monotonic()
        modems = await self._client.modems()
        for modem in modems:
            self._paces.setdefault(modem.id, Pace()).look(now, modem.sent)
        picture = replace(
            self.picture,
            modems=modems,
            paces={modem.id: self._paces[modem.id].per_minute for modem in modems},
        )
        if now >= self._slowly:
            readiness = await self._client.readiness()
            picture = replace(
                picture,
                ready=readiness.ready,
                detail=readiness.detail,
                sims=await self._client.sims(),
                queues=await queues(self._client),
            )
            self._slowly = now + SLOWLY_S
        if now >= self._signals or any(modem.id not in picture.signals for modem in modems):
            signals = {}
            for modem in modems:
                signals[modem.id] = [s.dbm for s in await self._client.signal(modem.id)]
            picture = replace(picture, signals=signals)
            self._signals = now + SIGNALS_S
        return picture

    async def follow(self) -> None:
        """Take the events as they come."""
        while True:
            try:
                async with aclosing(self._client.events()) as events:
                    async for event in events:
                        self._say(Happening(event.at, event.type, event))
                        self._changed()
            except ClientError:
                await self._clock.sleep(2 * self._every_s)  # `watch` tells of it

    def _lost(self, error: ClientError) -> None:
        trouble = str(error)
        if isinstance(error, ApiError) and error.status == 401:
            trouble = "this API key is not known any more"
        if self.trouble is None:
            what = "refuses" if isinstance(error, ApiError) else "does not answer"
            self._say(Happening(self._now(), f"the gateway {what}: {trouble}"))
        self.trouble = trouble

    def _found(self) -> None:
        if self.trouble is not None and self.answered_at is not None:
            away = f"the gateway answers again, after {self.silent_s:.0f} s"
            self._say(Happening(self._now(), away))
            self._slowly = self._signals = 0.0
        self.trouble = None
        self.answered_at = self._clock.monotonic()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.time()).astimezone()

    def _say(self, happening: Happening) -> None:
        self.happenings.append(happening)
        self.happened += 1
