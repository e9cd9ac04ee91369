"""Telling people of alerts: by SMS through another SIM, and by e-mail.

Not by the queue of deliveries: an alert may say that the store takes nothing, or that deliveries
fail. What cannot be handed over is tried again a few times; a restart forgets it, though not the
alert.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from modemgw.clock import SteadyClock
from modemgw.config import is_mail
from modemgw.gateway.errors import GatewayError
from modemgw.gateway.fleet.modem_views import ModemView
from modemgw.modem import ModemState
from modemgw.store import Alert, StoreError
from modemgw.store.records import NewMessage

logger = logging.getLogger(__name__)

KEY = "alerts"
"""In whose name they are sent; no API key is called so."""
WAITS_S = (30.0, 120.0, 600.0)
"""How long it is waited before each other try."""
MOST_WAITING = 200
MOST_SMS = 30
"""SMS in an hour, whatever goes wrong: they cost money."""
HOUR_S = 3600.0
LONGEST = 300
"""Characters of a text: two parts."""
VALID_S = 4 * 3600
"""After so long the news are none."""
_CAN_SEND = (ModemState.READY, ModemState.SENDING)


class NotTaken(Exception):
    """Nobody was told; it may be tried again. The message says why."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert that was raised or cleared, and who is to be told."""

    alert: Alert
    to: tuple[str, ...]

    @property
    def title(self) -> str:
        """One line."""
        alert = self.alert
        state = "raised" if alert.cleared_at is None else "cleared"
        return f"modemgw: {alert.alert} {state} ({alert.severity})"

    @property
    def text(self) -> str:
        """All of it, short enough for an SMS."""
        over = "" if self.alert.cleared_at is None else "over: "
        return f"{self.title}: {over}{self.alert.reason}"[:LONGEST]


@dataclass(slots=True)
class _Due:
    notice: Notice
    to: str
    at: float
    tries: int = 0


@dataclass(slots=True)
class _Sent:
    """SMS of the last hour."""

    at: deque[float] = field(default_factory=deque)

    def one_more(self, now: float) -> bool:
        while self.at and self.at[0] <= now - HOUR_S:
            self.at.popleft()
        if len(self.at) >= MOST_SMS:
            return False
        self.at.append(now)
        return True


class Notices:
    """Tells people of alerts, one after the other."""

    def __init__(
        self,
        *,
        send: Callable[[NewMessage], Awaitable[object]],
        mail: Callable[[Notice, str], Awaitable[None]],
        views: Callable[[], Iterable[ModemView]],
        clock: SteadyClock,
    ) -> None:
        """`send` accepts an SMS; `mail` hands a mail over to one address, or raises NotTaken."""
        self._send = send
        self._mail = mail
        self._views = views
        self._clock = clock
        self._waiting: deque[_Due] = deque()
        self._sms = _Sent()
        self._news = asyncio.Event()

    def give(self, notice: Notice) -> None:
        """Tell people of it, soon."""
        now = self._clock.time()
        for to in notice.to:
            if len(self._waiting) >= MOST_WAITING:
                logger.warning("too many people are to be told of alerts: %s is not", to)
                continue
            self._waiting.append(_Due(notice, to, now))
        self._news.set()

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            self._news.clear()
            await self.turn()
            if self._waiting:
                wait_s = min(due.at for due in self._waiting) - self._clock.time()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, wait_s)):
                        await self._news.wait()
            else:
                await self._news.wait()

    async def turn(self) -> None:
        """Try what is due now, each once."""
        now = self._clock.time()
        for due in [one for one in self._waiting if one.at <= now]:
            self._waiting.remove(due)
            try:
                await self._tell(due, now)
            except (GatewayError, StoreError, NotTaken) as error:
                self._later(due, str(error), now)

    async def _tell(self, due: _Due, now: float) -> None:
        if is_mail(due.to):
            await self._mail(due.notice, due.to)
        elif self._sms.one_more(now):
            await self._send(self._message(due))
        else:
            logger.error("%d SMS told of alerts in an hour: no more", MOST_SMS)

    def _message(self, due: _Due) -> NewMessage:
        return NewMessage(
            to=due.to,
            text=due.notice.text,
            type="transactional",
            modem=self._another(due.notice.alert),
            transliterate=True,
            validity_s=VALID_S,
            receipt=False,
        )

    def _another(self, alert: Alert) -> str | None:
        """A modem that the alert is not about; None: there is none, or it is about none."""
        if alert.modem is None:
            return None
        able = (view.status.id for view in self._views() if view.status.state in _CAN_SEND)
        return next((id for id in able if id != alert.modem), None)

    def _later(self, due: _Due, why: str, now: float) -> None:
        if due.tries >= len(WAITS_S):
            logger.error("nobody at %s was told of the alert %s: %s", due.to, due.notice.title, why)
            return
        logger.warning("%s is told of an alert later: %s", due.to, why)
        due.at = now + WAITS_S[due.tries]
        due.tries += 1
        self._waiting.append(due)
