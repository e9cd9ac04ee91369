"""A received message as a mail (RFC 5322). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from modemgw.plain import printable
from modemgw.store import Payload

LONGEST_SUBJECT = 200
"""Characters; what is longer is cut."""
_POLICY = SMTP.clone(cte_type="7bit")  # no server needs to know 8BITMIME


def letter(payload: Payload, *, sender: str, to: Sequence[str], subject: str, body: str) -> bytes:
    """The mail, the same octets at each try. Nothing that was received can become a header.

    `sender` and `to` are addresses that were checked.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(addr_spec=sender)
    mail["To"] = [Address(addr_spec=address) for address in to]
    line = " ".join(printable(_whole(subject).replace("\n", " ")).split())
    cut = line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"
    mail["Subject"] = cut
    at = payload.at if payload.inbound is None else payload.inbound.received_at
    mail["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    mail["Message-ID"] = message_id(payload, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's machine is to answer
    mail.set_content(_whole(body))
    if payload.inbound is not None and payload.inbound.data is not None:
        mail.add_attachment(
            payload.inbound.data,
            maintype="application",
            subtype="octet-stream",
            filename="message.bin",
        )
        mail.set_boundary(f"=_{payload.id}")  # not a random one
    return mail.as_bytes()


def message_id(payload: Payload, sender: str) -> str:
    """The same at each try, so that who gets a mail twice can tell; another one for a replay."""
    since = round(payload.waiting_since * 1000)
    what = payload.event if payload.inbound is None else payload.inbound.id
    return f"<{what}.{payload.id}.{since}@{sender.rpartition('@')[2]}>"


def _whole(text: str) -> str:
    """Text that can be written as UTF-8: half of a surrogate pair cannot."""
    return text.encode("utf-8", "replace").decode()
