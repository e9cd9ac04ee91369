"""What a modem received becomes a message: stored first, reassembled, told in the log.

Everything runs in one unit of work, so that a modem may delete a PDU as soon as `Incoming.take` has
been committed, and may offer it again after a crash: the same PDU is recognised.

Which PDUs are one message: what is offered again from the place where it was kept from, as long as
it lies there; and what the network repeats, for some days. An equal one that lies in another slot
at the same time, or comes sooner than a network repeats, is another message (docs/modems.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from modemgw.gateway.identifiers import new_id
from modemgw.gateway.incoming.belonging import gap_for, is_the_rest, of_one_message
from modemgw.gateway.incoming.keywords import Keywords
from modemgw.gateway.incoming.kinds import what_is
from modemgw.modem import ReceivedPdu, SimIdentity
from modemgw.sms import (
    Alphabet,
    Deliver,
    PduError,
    StatusReport,
    assemble,
    decode_mt,
    replace_type,
)
from modemgw.store import Gap, StoredPart, Transaction, WaitingSet
from modemgw.store.contract import inbound as rows
from modemgw.store.records import Inbound, InboundKind

REPEAT_WINDOW_S = 7 * 86400.0
"""A network repeats a DELIVER whose acknowledgement was lost, for days (TS 24.011 5.3)."""
REPEAT_AFTER_S = 30.0
"""It does so after its timer TR1N at the earliest, 35 to 45 s (TS 24.011 10.1): an equal message
that comes into another slot before that is another one."""
TYPE_0 = 0x40
"""TP-PID of a message that is acknowledged and discarded (TS 23.040 9.2.3.9)."""
SET_WINDOW_S = 24 * 3600.0
"""Parts that are further apart do not belong together: concatenation references are used again."""


class Incoming:
    """Turns stored SMS-DELIVERs into inbound messages.

    Whoever is to get them reads of them in the log of events. Methods run in the store's thread.
    """

    def __init__(
        self,
        *,
        random: Random,
        number_of: Callable[[str, SimIdentity], str | None],
        keywords: Keywords | None = None,
    ) -> None:
        self._random = random
        self._number_of = number_of
        self._keywords = keywords

    def take(
        self, tx: Transaction, modem: str, sim: SimIdentity, deliver: Deliver, pdu: ReceivedPdu
    ) -> Inbound | None:
        """Keep a DELIVER. Returns the message that it completes, if it does."""
        sender, tpdu = str(deliver.originator), pdu.tpdu
        concat = deliver.user_data.concatenation
        whole = concat is None or concat.total < 2
        digest = rows.digest_of(sim.iccid, deliver.identity())
        if is_known(tx, sim, pdu, digest, may_be_another=whole):
            return None
        set_key = None
        if concat is not None and not whole:
            width = 16 if concat.wide else 8
            set_key = f"{sim.iccid}/{sender}/{width}/{concat.reference}/{concat.total}"
        part = tx.inbound.add_part(
            digest=digest,
            modem=modem,
            sim=sim.iccid,
            tpdu=tpdu,
            sender=sender,
            set_key=set_key,
            sequence=1 if concat is None else concat.sequence,
            total=1 if concat is None else concat.total,
            received_at=tx.now,
        )
        if set_key is None:
            only = StoredPart(part, tpdu, 1, tx.now, modem)
            return self._make(tx, [only], modem, sim)
        parts = tx.inbound.waiting_parts(set_key, tx.now - SET_WINDOW_S)
        assert concat is not None
        new = next(p for p in parts if p.n == part)
        if (gap := gap_for(tx.inbound.gaps(set_key), new, parts)) is not None:
            return self._fill(tx, gap, [new], sim)
        if len({p.sequence for p in parts}) < concat.total:
            return None
        parts = of_one_message(parts, new)
        if len({p.sequence for p in parts}) < concat.total:
            return None
        return self._make(tx, parts, modem, sim)

    def take_undecodable(
        self, tx: Transaction, modem: str, sim: SimIdentity, pdu: ReceivedPdu, problem: str
    ) -> Inbound | None:
        """Keep what cannot be decoded, raw, and show it."""
        raw = pdu.raw.encode("ascii", "replace")
        digest = hashlib.sha256(sim.iccid.encode() + b"\1" + raw).digest()
        if is_known(tx, sim, pdu, digest):
            return None
        part = tx.inbound.add_part(
            digest=digest,
            modem=modem,
            sim=sim.iccid,
            tpdu=raw,
            sender="",
            set_key=None,
            sequence=1,
            total=1,
            received_at=tx.now,
        )
        message = self._raw(tx, modem, sim, raw, problem)
        return self._keep(tx, message, [part])

    def release(self, tx: Transaction, overdue: WaitingSet) -> Inbound:
        """Hand on a long message that stayed incomplete, with its gaps marked.

        Or, if it is just what an earlier one lacks, complete that.
        """
        parts = tx.inbound.waiting_parts(overdue.set_key, 0.0)
        parts = of_one_message(parts, parts[0])
        sim = SimIdentity(overdue.sim, None, None)
        for gap in tx.inbound.gaps(overdue.set_key):
            if is_the_rest(gap, parts) and (whole := self._fill(tx, gap, parts, sim)) is not None:
                return whole
        return self._make(tx, parts, parts[0].modem, sim, set_key=overdue.set_key)

    def release_raw(self, tx: Transaction, overdue: WaitingSet, problem: str) -> Inbound:
        """Show the parts of a long message that cannot be put together."""
        parts = tx.inbound.waiting_parts(overdue.set_key, 0.0)
        raw = b"\n".join(part.tpdu.hex().upper().encode() for part in parts)
        sim = SimIdentity(overdue.sim, None, None)
        message = self._raw(tx, parts[0].modem, sim, raw, problem)
        return self._keep(tx, message, [part.n for part in parts])

    def _fill(
        self, tx: Transaction, gap: Gap, new: Sequence[StoredPart], sim: SimIdentity
    ) -> Inbound | None:
        """Put late parts where they were missing. Returns the message if it is complete by it."""
        before = gap.inbound
        now = self._compose(tx, [*gap.parts, *new], before.modem, sim)
        filled = replace(
            now,
            id=before.id,
            to=before.to or now.to,
            received_at=before.received_at,
            completed_at=tx.now if now.complete else None,
            replaces=before.replaces,
            replaced_by=before.replaced_by,
        )
        tx.inbound.fill(gap.n, filled, [p.n for p in new])
        if not filled.complete:
            return None
        tx.events.emit("inbound.completed", _about(filled))
        return filled

    def _raw(
        self, tx: Transaction, modem: str, sim: SimIdentity, raw: bytes, problem: str
    ) -> Inbound:
        return Inbound(
            id=new_id("in", tx.now, self._random),
            sender="",
            to=self._number_of(modem, sim),
            text=None,
            data=raw,
            encoding="raw",
            parts_total=1,
            parts=(),
            complete=False,
            modem=modem,
            sim=sim.iccid,
            sent_at=None,
            received_at=tx.now,
            problem=problem,
            kind=InboundKind.RAW,
        )

    def _make(
        self,
        tx: Transaction,
        parts: Sequence[StoredPart],
        modem: str,
        sim: SimIdentity,
        *,
        set_key: str | None = None,
    ) -> Inbound:
        message = self._compose(tx, parts, modem, sim)
        return self._keep(tx, message, [p.n for p in parts], set_key=set_key)

    def _compose(
        self, tx: Transaction, parts: Iterable[StoredPart], modem: str, sim: SimIdentity
    ) -> Inbound:
        delivers = [d for p in parts if isinstance(d := decode_mt(p.tpdu), Deliver)]
        delivers.sort(key=_sequence)
        whole = assemble(d.user_data for d in delivers)
        first = delivers[0]
        concat = first.user_data.concatenation
        ports = first.user_data.ports
        sent = first.scts.datetime
        what = what_is(delivers, whole, tx.now)
        return Inbound(
            id=new_id("in", tx.now, self._random),
            sender=str(first.originator),
            to=self._number_of(modem, sim),
            text=whole.text,
            data=None if whole.text is not None else whole.data,
            encoding=whole.alphabet.value if whole.text is not None else Alphabet.DATA.value,
            parts_total=concat.total if concat is not None and concat.total > 1 else 1,
            parts=(),
            complete=whole.complete,
            modem=modem,
            sim=sim.iccid,
            sent_at=None if sent is None else sent.timestamp(),
            received_at=tx.now,
            message_class=first.dcs.message_class,
            ports=None if ports is None else (ports.destination, ports.source),
            problem=what.problem,
            kind=what.kind,
            details=what.details,
            replace_type=replace_type(first.pid),
        )

    def _keep(
        self,
        tx: Transaction,
        message: Inbound,
        parts: Sequence[int],
        *,
        set_key: str | None = None,
    ) -> Inbound:
        former = None if message.replace_type is None else tx.inbound.former(message)
        if former is not None:
            message = replace(message, replaces=former.id)
            tx.inbound.mark_replaced(former.id, message.id)
        keyword = None if self._keywords is None else self._keywords.of(message)
        if keyword is not None:
            message = replace(message, keyword=keyword.meaning)
        tx.inbound.add(message, parts, set_key=set_key)
        tx.events.emit("inbound.received", _about(message))
        if keyword is not None:
            keyword.obey(tx, message)
        return message

    def kept(self, message: Inbound) -> None:
        """A message is committed. Called in the event loop."""
        if self._keywords is not None and message.keyword is not None:
            self._keywords.obeyed(message)


def _sequence(deliver: Deliver) -> int:
    place = deliver.user_data.concatenation
    return 0 if place is None else place.sequence


def is_known(
    tx: Transaction,
    sim: SimIdentity,
    pdu: ReceivedPdu,
    digest: bytes,
    *,
    may_be_another: bool = True,
) -> bool:
    """Whether a PDU was kept before. Remembers the place that it lies in.

    `may_be_another`: False for what nobody sends twice on purpose: the parts of a long message with
    one reference, and status reports.
    """
    place = None if pdu.direct or pdu.index is None else (pdu.memory or "", pdu.index)
    if place is None:
        return tx.inbound.seen(digest, tx.now - REPEAT_WINDOW_S)
    earlier = tx.inbound.kept_from(digest)
    if any(kept.place == place for kept in earlier):
        return True
    tx.inbound.keep_place(sim.iccid, place, digest)
    # The same slot under another name of the store may be the same slot: not all modems tell their
    # stores apart.
    if may_be_another and any(
        kept.place[1] != pdu.index
        and (kept.place in pdu.beside or 0 <= tx.now - kept.at < REPEAT_AFTER_S)
        for kept in earlier
    ):
        return False
    return tx.inbound.seen(digest, tx.now - REPEAT_WINDOW_S)


def decode(pdu: ReceivedPdu) -> Deliver | StatusReport | str:
    """The DELIVER or STATUS-REPORT that a modem received; a sentence when it is neither."""
    if not pdu.tpdu:
        return "not a PDU in hexadecimal"
    try:
        value = decode_mt(pdu.tpdu)
    except PduError as error:
        return str(error)
    if isinstance(value, Deliver | StatusReport):
        return value
    return f"a {type(value).__name__} does not come from the network by itself"


def _about(message: Inbound) -> dict[str, Any]:
    return {
        "id": message.id,
        "from": message.sender,
        "to": message.to,
        "modem": message.modem,
        "kind": message.kind.value,
        "complete": message.complete,
        "keyword": message.keyword,
    }
