"""Handing received PDUs over to be stored: a failure concerns that PDU alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from .pdus import ReceivedPdu

log = logging.getLogger(__name__)


class Safekeeping:
    """Hands PDUs to `keep`, which returns when one is safe; when it raises, the PDU is not."""

    def __init__(self, keep: Callable[[ReceivedPdu], Awaitable[None]]) -> None:
        self._keep = keep

    async def keep(self, pdu: ReceivedPdu) -> bool:
        """Whether it is safe now; otherwise the caller has to offer it again."""
        try:
            await self._keep(pdu)
        except Exception:
            log.exception("a received PDU could not be kept; it is offered again")
            return False
        return True

    async def keep_all(self, pdus: list[ReceivedPdu]) -> list[bool]:
        """As `keep` for each, together, so that they share a commit."""
        if len(pdus) == 1:
            return [await self.keep(pdus[0])]
        return await asyncio.gather(*(self.keep(pdu) for pdu in pdus))
