"""The MMS notification: where a multimedia message lies (OMA-TS-MMS_ENC clauses 6.2 and 7)."""

from dataclasses import dataclass
from typing import Final

from modemgw.sms.errors import PduError
from modemgw.sms.value import value
from modemgw.sms.wsp import Reader

NOTIFICATION: Final = 0x82
"""X-Mms-Message-Type of m-notification-ind."""

_CONTENT_LOCATION: Final = 0x83
_EXPIRY: Final = 0x88
_FROM: Final = 0x89
_MESSAGE_CLASS: Final = 0x8A
_MESSAGE_TYPE: Final = 0x8C
_VERSION: Final = 0x8D
_SIZE: Final = 0x8E
_SUBJECT: Final = 0x96
_TRANSACTION: Final = 0x98

_ABSOLUTE: Final = 0x80
_ADDRESS_PRESENT: Final = 0x80
_CLASSES: Final = {0x80: "personal", 0x81: "advertisement", 0x82: "informational", 0x83: "auto"}
_TYPE_OF_ADDRESS: Final = "/TYPE="


@value
class Expiry:
    """When what waits is thrown away: seconds from its arrival, or UTC seconds since 1970."""

    seconds: int
    relative: bool


@value
class MmsNotification:
    """A multimedia message that waits at `location` to be fetched.

    `size` is in octets. `sender` is a number or an address, without the `/TYPE=PLMN` behind it;
    None: it is hidden. `message_class` is personal, advertisement, informational, auto or another.
    """

    transaction: str
    location: str
    version: str | None
    sender: str | None
    subject: str | None
    message_class: str | None
    size: int | None
    expiry: Expiry | None


def decode_notification(octets: bytes) -> MmsNotification:
    """Read m-notification-ind; PduError when it is none, or has not what it must have."""
    reader = Reader(octets, "MMS")
    kind = message_type(octets)
    if kind != NOTIFICATION:
        raise PduError("MMS", 1, f"a PDU of type {kind:02X}, a notification has 82")
    found = _Found()
    while reader.left:
        _header(reader, found)
    if found.location is None or found.transaction is None:
        raise PduError("MMS", len(octets), "it does not say where the message lies")
    return MmsNotification(
        found.transaction,
        found.location,
        found.version,
        found.sender,
        found.subject,
        found.message_class,
        found.size,
        found.expiry,
    )


def message_type(octets: bytes) -> int:
    """X-Mms-Message-Type, the first of all headers; PduError when it is not."""
    reader = Reader(octets, "MMS")
    if reader.octet() != _MESSAGE_TYPE:
        raise PduError("MMS", 0, "the message type does not come first")
    return reader.octet()


@dataclass(slots=True)
class _Found:
    """The headers that say something here, as far as they were read."""

    transaction: str | None = None
    location: str | None = None
    version: str | None = None
    sender: str | None = None
    subject: str | None = None
    message_class: str | None = None
    size: int | None = None
    expiry: Expiry | None = None


def _header(reader: Reader, found: _Found) -> None:
    """Read one header; one that says nothing here is passed over."""
    if reader.peek() < 0x80:  # of an application: its name and its value are texts
        reader.text()
        reader.pass_over()
        return
    name = reader.octet()
    if name == _TRANSACTION:
        found.transaction = reader.text()
    elif name == _CONTENT_LOCATION:
        found.location = reader.text()
    elif name == _VERSION:
        version = reader.integer()
        found.version = f"{version >> 4 & 7}.{version & 15}"
    elif name == _FROM:
        found.sender = _sender(reader.within(reader.value_length()))
    elif name == _SUBJECT:
        found.subject = reader.encoded_text() or None
    elif name == _MESSAGE_CLASS:
        found.message_class = _message_class(reader)
    elif name == _SIZE:
        found.size = reader.integer()
    elif name == _EXPIRY:
        found.expiry = _expiry(reader.within(reader.value_length()))
    else:
        reader.pass_over()


def _sender(value: Reader) -> str | None:
    if value.octet() != _ADDRESS_PRESENT:
        return None
    return value.encoded_text().partition(_TYPE_OF_ADDRESS)[0] or None


def _message_class(reader: Reader) -> str:
    if reader.peek() < 0x80:
        return reader.text()
    octet = reader.octet()
    return _CLASSES.get(octet, f"0x{octet:02X}")


def _expiry(value: Reader) -> Expiry:
    relative = value.octet() != _ABSOLUTE
    return Expiry(value.integer(), relative)
