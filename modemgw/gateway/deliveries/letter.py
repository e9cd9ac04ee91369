"""A received message as a mail (RFC 5322). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from modemgw.plain import printable
from modemgw.store import Payload

_END = "\r\n"
LONGEST_SUBJECT = 200
"""Characters; what is longer is cut."""


def letter(payload: Payload, *, sender: str, to: Sequence[str], subject: str, body: str) -> bytes:
    """The mail, the same octets at each try. Nothing that was received can become a header.

    `sender` and `to` are addresses that were checked.
    """
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))  # no server needs to know 8BITMIME
    mail["From"] = Address(addr_spec=sender)
    mail["To"] = [Address(addr_spec=address) for address in to]
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
    return _subject(subject) + mail.as_bytes()


def message_id(payload: Payload, sender: str) -> str:
    """The same at each try, so that who gets a mail twice can tell; another one for a replay."""
    since = round(payload.waiting_since * 1000)
    what = payload.event if payload.inbound is None else payload.inbound.id
    return f"<{what}.{payload.id}.{since}@{sender.rpartition('@')[2]}>"


def _subject(text: str) -> bytes:
    """The header line. EmailMessage would read what looks like an encoded word (RFC 2047) in it,
    and write down what that says."""
    line = " ".join(printable(_whole(text).replace("\n", " ")).split())
    if len(line) > LONGEST_SUBJECT:
        line = f"{line[: LONGEST_SUBJECT - 1]}…"
    charset = "us-ascii" if line.isascii() and "=?" not in line else "utf-8"
    header = Header(line, charset, header_name="Subject")
    return f"Subject: {header.encode(linesep=_END)}{_END}".encode("ascii")


def _whole(text: str) -> str:
    """Text that can be written as UTF-8: half of a surrogate pair cannot."""
    return text.encode("utf-8", "replace").decode()
