"""Voice calls: who called which SIM is told as an event."""

from __future__ import annotations

import logging
from collections.abc import Callable

from modemgw.config import Config
from modemgw.gateway.admission.numbering import NumberError, normalise
from modemgw.gateway.following import Rest, nothing_left
from modemgw.modem import Call, SimIdentity
from modemgw.store import Store

logger = logging.getLogger(__name__)


class Calls:
    """Takes note of calls."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        number_of: Callable[[str, SimIdentity], str | None],
    ) -> None:
        """`number_of`: the number of the SIM in a modem."""
        self._store = store
        self._number_of = number_of
        self._region = config.gateway.default_region

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self._region = config.gateway.default_region
        return nothing_left()

    def take(self, modem: str, sim: SimIdentity, call: Call) -> None:
        """Somebody calls the SIM in a modem: record the event `call.received`."""
        data = {
            "modem": modem,
            "sim": sim.iccid,
            "from": None if call.number is None else self._readable(call.number),
            "to": self._number_of(modem, sim),
            "name": call.name,
        }
        logger.info("modem %s: somebody calls", modem)
        self._store.write(lambda tx: tx.events.emit("call.received", data), keep=True)

    def _readable(self, number: str) -> str:
        """As senders of messages are written: international where it can be."""
        try:
            return normalise(number, self._region)
        except NumberError:
            return number
