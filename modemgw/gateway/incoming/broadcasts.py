"""Cell broadcasts: pages put together, and each edition of a message told once.

A cell says the same for minutes or hours, and every modem in it hears that. What is known of it
lives in memory: after a restart it is told once more.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from modemgw.clock import Clock
from modemgw.modem import SimIdentity
from modemgw.sms import BroadcastPage, PduError, Scope, decode_broadcast
from modemgw.store import Store

logger = logging.getLogger(__name__)

MOST = 500
"""Messages that are known at once; the one that was heard longest ago is forgotten first."""
FORGET_S = 86400.0
"""What was not heard for so long is another message if it is heard again (TS 23.041 9.4.1.2.1)."""
_SCOPES = {
    Scope.CELL_AT_ONCE: "cell",
    Scope.CELL: "cell",
    Scope.AREA: "area",
    Scope.NETWORK: "network",
}


@dataclass(slots=True)
class _Heard:
    """The pages of one edition of a message."""

    pages: dict[int, BroadcastPage] = field(default_factory=dict)
    at: float = 0.0
    """When a page was heard last (monotonic)."""
    told: bool = False


class Broadcasts:
    """Takes pages of cell broadcast."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._heard: OrderedDict[tuple[int, int], _Heard] = OrderedDict()

    def take(self, modem: str, sim: SimIdentity, octets: bytes) -> None:
        """A modem has heard something: record `broadcast.received` when that makes it whole."""
        try:
            pages = decode_broadcast(octets)
        except PduError as error:
            logger.info("modem %s: a cell broadcast cannot be read: %s", modem, error)
            return
        for page in pages:
            whole = self._put(page)
            if whole:
                data = {"modem": modem, "sim": sim.iccid, **_told(whole)}
                logger.info("modem %s: a cell broadcast on channel %d", modem, page.channel)
                self._emit(data)

    def _emit(self, data: dict[str, Any]) -> None:
        self._store.write(lambda tx: tx.events.emit("broadcast.received", data), keep=True)

    def _put(self, page: BroadcastPage) -> list[BroadcastPage]:
        """The pages of its message, when it is the last that was lacking."""
        now = self._clock.monotonic()
        key = (page.channel, page.serial.octets)
        heard = self._heard.pop(key, None)
        if heard is None or now - heard.at > FORGET_S:
            heard = _Heard()
        self._heard[key] = heard
        if len(self._heard) > MOST:
            self._heard.popitem(last=False)
        heard.at = now
        if heard.told:
            return []
        heard.pages[page.page] = page
        if len(heard.pages) < page.pages:
            return []
        heard.told = True
        whole = [heard.pages[number] for number in sorted(heard.pages)]
        heard.pages.clear()
        return whole


def _told(pages: list[BroadcastPage]) -> dict[str, Any]:
    first = pages[0]
    texts = [page.text for page in pages]
    joined = "".join(text for text in texts if text is not None)
    # A character beyond U+FFFF may have been cut in two.
    whole = joined.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")
    return {
        "channel": first.channel,
        "serial": first.serial.octets,
        "scope": _SCOPES[first.serial.scope],
        "language": first.language,
        "text": None if None in texts else whole,
    }
