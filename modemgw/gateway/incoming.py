"""What a modem received becomes a message: stored first, reassembled, handed to its handlers.

Everything runs in one unit of work, so that a modem may delete a PDU as soon as `Incoming.take` has
been committed, and may offer it again after a crash: the same PDU is recognised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from modemgw.gateway.identifiers import new_id
from modemgw.modem import ReceivedPdu, SimIdentity
from modemgw.sms import Alphabet, Deliver, PduError, StatusReport, UserData, assemble, decode_mt
from modemgw.store import Transaction
from modemgw.store import inbound as rows
from modemgw.store.inbound import StoredPart
from modemgw.store.records import Inbound

REPEAT_WINDOW_S = 7 * 86400.0
"""A network repeats a DELIVER whose acknowledgement was lost, for days (TS 24.011 5.3)."""
SPREAD_S = 1800.0
"""The service centre takes the parts of one message within this time."""
SET_WINDOW_S = 24 * 3600.0
"""Parts that are further apart do not belong together: concatenation references are used again."""


class Incoming:
    """Turns stored SMS-DELIVERs into inbound messages.

    `handlers_of` names the handlers that are to get a message. Methods run in the store's thread.
    """

    def __init__(
        self,
        *,
        next_n: int,
        random: Random,
        handlers_of: Callable[[Inbound], Sequence[str]],
        number_of: Callable[[str, SimIdentity], str | None],
    ) -> None:
        self._next_n = next_n
        self._random = random
        self._handlers_of = handlers_of
        self._number_of = number_of

    def take(
        self, tx: Transaction, modem: str, sim: SimIdentity, deliver: Deliver, tpdu: bytes
    ) -> Inbound | None:
        """Keep a DELIVER. Returns the message that it completes, if it does."""
        digest = hashlib.sha256(sim.iccid.encode() + b"\0" + tpdu).digest()
        if rows.seen(tx, digest, tx.now - REPEAT_WINDOW_S):
            return None
        sender = str(deliver.originator)
        concat = deliver.user_data.concatenation
        whole = concat is None or concat.total < 2
        set_key = None
        if concat is not None and not whole:
            width = 16 if concat.wide else 8
            set_key = f"{sim.iccid}/{sender}/{width}/{concat.reference}/{concat.total}"
        part = rows.add_part(
            tx,
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
        parts = rows.waiting_parts(tx, set_key, tx.now - SET_WINDOW_S)
        assert concat is not None
        if len({p.sequence for p in parts}) < concat.total:
            return None
        parts = _of_one_message(parts, next(p for p in parts if p.n == part))
        if len({p.sequence for p in parts}) < concat.total:
            return None
        return self._make(tx, parts, modem, sim)

    def take_undecodable(
        self, tx: Transaction, modem: str, sim: SimIdentity, pdu: ReceivedPdu, problem: str
    ) -> Inbound | None:
        """Keep what cannot be decoded, raw, and show it."""
        raw = pdu.raw.encode("ascii", "replace")
        digest = hashlib.sha256(sim.iccid.encode() + b"\1" + raw).digest()
        if rows.seen(tx, digest, tx.now - REPEAT_WINDOW_S):
            return None
        part = rows.add_part(
            tx,
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
        message = Inbound(
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
        )
        return self._keep(tx, message, [part])

    def release_overdue(self, tx: Transaction, before: float) -> list[Inbound]:
        """Hand on long messages whose first part came before then, with their gaps marked."""
        released = []
        for overdue in rows.overdue_sets(tx, before):
            parts = rows.waiting_parts(tx, overdue.set_key, 0.0)
            parts = _of_one_message(parts, parts[0])
            sim = SimIdentity(overdue.sim, None, None)
            released.append(self._make(tx, parts, parts[0].modem, sim))
        return released

    def _make(
        self, tx: Transaction, parts: Sequence[StoredPart], modem: str, sim: SimIdentity
    ) -> Inbound:
        delivers = [d for p in parts if isinstance(d := decode_mt(p.tpdu), Deliver)]
        whole = assemble(d.user_data for d in delivers)
        first = min(
            delivers,
            key=lambda d: d.user_data.concatenation.sequence if d.user_data.concatenation else 0,
        )
        concat = first.user_data.concatenation
        ports = first.user_data.ports
        sent = first.scts.datetime
        message = Inbound(
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
        )
        return self._keep(tx, message, [p.n for p in parts])

    def _keep(self, tx: Transaction, message: Inbound, parts: Sequence[int]) -> Inbound:
        n, self._next_n = self._next_n, self._next_n + 1
        rows.add(tx, n, message, parts)
        rows.owe(tx, n, self._handlers_of(message))
        tx.emit("inbound.received", _about(message))
        return message


def _of_one_message(parts: Sequence[StoredPart], anchor: StoredPart) -> list[StoredPart]:
    """Those parts that are of the anchor's message, by the service centre's time stamps.

    Senders use references again, some the same one always: for each place the part that is nearest
    in time counts, with its repetitions; others are of another message and go on waiting.
    """
    decoded = {p.n: d for p in parts if isinstance(d := decode_mt(p.tpdu), Deliver)}
    at = decoded[anchor.n].scts.datetime

    def apart(part: StoredPart) -> float:
        other = decoded[part.n].scts.datetime
        return 0.0 if at is None or other is None else abs((other - at).total_seconds())

    near = sorted((p for p in parts if p.n in decoded and apart(p) <= SPREAD_S), key=apart)
    counts: dict[int, UserData] = {}
    for part in near:
        counts.setdefault(part.sequence, decoded[part.n].user_data)
    return [p for p in near if decoded[p.n].user_data == counts[p.sequence]]


def decode(pdu: ReceivedPdu) -> Deliver | StatusReport | str:
    """What a modem received; a sentence when it is neither of what a modem may receive."""
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
        "complete": message.complete,
    }
