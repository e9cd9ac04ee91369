"""What a modem tells the gateway, and hands over to it."""

from __future__ import annotations

from typing import Protocol

from .calls import Call
from .identify import SimIdentity
from .pdus import ReceivedPdu
from .states import ModemState


class ModemSink(Protocol):
    """Who hears what a modem receives and how it does: the gateway."""

    async def received(self, modem_id: str, sim: SimIdentity, pdu: ReceivedPdu) -> None:
        """Return when the PDU is committed; only then is it deleted or acknowledged.

        When it raises, the PDU is kept and offered again. The same PDU may come more than once.
        """
        ...

    def state_changed(
        self, modem_id: str, old: ModemState, new: ModemState, reason: str | None
    ) -> None:
        """The modem has moved to another state. Must not block."""
        ...

    def called(self, modem_id: str, sim: SimIdentity, call: Call) -> None:
        """Somebody calls the SIM in a modem. Must not block."""
        ...

    def broadcast(self, modem_id: str, sim: SimIdentity, octets: bytes) -> None:
        """A modem has heard a page of cell broadcast, or what it takes for one. Must not block."""
        ...

    def alarmed(self, modem_id: str, problem: str | None) -> None:
        """A person must see to this though the modem may work; None: it is over. Must not block."""
        ...
