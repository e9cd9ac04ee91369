"""The intake of PDUs from modems: each is committed first, then followed up."""

from __future__ import annotations

import logging
from collections.abc import Callable

from modemgw.clock import Clock
from modemgw.config import Config
from modemgw.gateway.following import Rest, nothing_left
from modemgw.gateway.incoming.reassembly import TYPE_0, Incoming, decode, is_known
from modemgw.gateway.outgoing.receipts import Early, Matched, Receipts
from modemgw.modem import ReceivedPdu, SimIdentity
from modemgw.sms import Deliver, StatusReport
from modemgw.store import Store, StoreError, Transaction, WaitingSet
from modemgw.store.contract import inbound as rows
from modemgw.store.records import Inbound

logger = logging.getLogger(__name__)

CHUNK = 100
"""Overdue long messages that are looked up at once."""


class Intake:
    """Takes PDUs from modems into the store."""

    def __init__(
        self,
        *,
        store: Store,
        incoming: Incoming,
        receipts: Receipts,
        on_settled: Callable[[Matched], None],
        reassembly_timeout_s: float,
        clock: Clock,
    ) -> None:
        self._store = store
        self._incoming = incoming
        self._receipts = receipts
        self._on_settled = on_settled
        self._reassembly_timeout_s = reassembly_timeout_s
        """After this time an incomplete long message is handed on."""
        self._clock = clock

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self._reassembly_timeout_s = config.gateway.reassembly_timeout
        return nothing_left()

    async def received(self, modem: str, sim: SimIdentity, pdu: ReceivedPdu) -> None:
        """Returns when the PDU is committed. Raises StoreError when it cannot be."""
        value = decode(pdu)
        if isinstance(value, StatusReport):
            await self._report(modem, sim, value, pdu)
            return
        if isinstance(value, Deliver) and value.pid == TYPE_0:
            logger.debug("modem %s: a message of type 0 is discarded", modem)
            return

        def keep(tx: Transaction) -> Inbound | None:
            if isinstance(value, str):
                return self._incoming.take_undecodable(tx, modem, sim, pdu, value)
            return self._incoming.take(tx, modem, sim, value, pdu)

        def follow_up(message: Inbound | None) -> None:
            if message is None:
                return
            self._incoming.kept(message)
            done = "received" if message.completed_at is None else "received the rest of"
            logger.info("modem %s: %s message %s", modem, done, message.id)
            if isinstance(value, str):
                logger.warning("modem %s: received a PDU that cannot be decoded: %s", modem, value)

        await self._store.write(keep, then=follow_up)

    async def _report(
        self, modem: str, sim: SimIdentity, report: StatusReport, pdu: ReceivedPdu
    ) -> None:
        tpdu = pdu.tpdu

        def take(tx: Transaction) -> Matched | Early | None:
            if not pdu.direct:
                digest = rows.digest_of(sim.iccid, tpdu)
                if is_known(tx, sim, pdu, digest, may_be_another=False):
                    return None  # it was taken, or kept, and the modem has not let go of it since
            return self._receipts.take(tx, modem=modem, sim=sim.iccid, report=report, tpdu=tpdu)

        def follow_up(matched: Matched | Early | None) -> None:
            if isinstance(matched, Early):
                hasten = self._receipts.on_early.get(matched.key)
                if hasten is not None:
                    hasten()
            elif matched is None:
                logger.info("modem %s: a status report matches nothing yet; it is kept", modem)
            elif matched.was_ambiguous:
                self._on_settled(matched)

        await self._store.write(take, then=follow_up)

    async def release_overdue(self) -> None:
        """Hand on long messages that stayed incomplete for too long, their gaps marked.

        One that cannot be put together is shown as it came, and keeps no other one waiting.
        """
        before = self._clock.time() - self._reassembly_timeout_s
        while overdue := await self._store.read(
            lambda view: view.inbound.overdue_sets(before, CHUNK)
        ):
            for one in overdue:
                await self._release(one)

    async def _release(self, overdue: WaitingSet) -> None:
        try:
            message = await self._store.write(lambda tx: self._incoming.release(tx, overdue))
        except StoreError:
            raise
        except Exception as error:  # whatever is wrong with it, it must not come back for ever
            logger.exception("the parts of a long message cannot be put together")
            problem = f"its parts cannot be put together: {error!r}"
            message = await self._store.write(
                lambda tx: self._incoming.release_raw(tx, overdue, problem)
            )
        if message.complete:
            logger.info("message %s, handed on incomplete before, is complete", message.id)
        else:
            logger.warning("message %s is handed on incomplete", message.id)
