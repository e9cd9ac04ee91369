"""WAP push over SMS: the WSP PDU that comes to port 2948 (WAP-235-PushOTA, WAP-230-WSP 8.2.4)."""

from typing import Final

from modemgw.sms.errors import PduError
from modemgw.sms.value import value
from modemgw.sms.wsp import Reader

WAP_PUSH: Final = 2948
"""The port of connectionless push (WAP-259-WDP)."""
WAP_PUSH_SECURE: Final = 2949
"""The port of the same under WTLS: nobody but the phone that has the key can read it."""

MMS_MESSAGE: Final = "application/vnd.wap.mms-message"
SERVICE_INDICATION: Final = "application/vnd.wap.sic"
SERVICE_LOADING: Final = "application/vnd.wap.slc"

_PUSH: Final = 0x06
_CONFIRMED_PUSH: Final = 0x07
_MEDIA: Final = {
    0x02: "text/html",
    0x03: "text/plain",
    0x06: "text/x-vCalendar",
    0x07: "text/x-vCard",
    0x08: "text/vnd.wap.wml",
    0x14: "application/vnd.wap.wmlc",
    0x23: "application/vnd.wap.multipart.mixed",
    0x27: "application/xml",
    0x28: "text/xml",
    0x29: "application/vnd.wap.wbxml",
    0x2D: "text/vnd.wap.si",
    0x2E: SERVICE_INDICATION,
    0x2F: "text/vnd.wap.sl",
    0x30: SERVICE_LOADING,
    0x31: "text/vnd.wap.co",
    0x32: "application/vnd.wap.coc",
    0x33: "application/vnd.wap.multipart.related",
    0x34: "application/vnd.wap.sia",
    0x35: "text/vnd.wap.connectivity-xml",
    0x36: "application/vnd.wap.connectivity-wbxml",
    0x3E: MMS_MESSAGE,
    0x42: "application/vnd.syncml.dm+wbxml",
    0x44: "application/vnd.syncml.notification",
    0x4A: "application/vnd.oma.drm.rights+xml",
    0x4B: "application/vnd.oma.drm.rights+wbxml",
}
"""Content types that are pushed, by their WSP numbers (assigned by WINA)."""


@value
class Push:
    """What was pushed. `content_type` is a media type without parameters, in small letters where
    the sender wrote it out; a number that is not known here shows as `wsp/0x55`.
    """

    content_type: str
    body: bytes


def decode_push(octets: bytes) -> Push:
    """Read the user data of a message to port 2948; PduError when it is no push."""
    reader = Reader(octets, "WSP push")
    reader.octet()  # the transaction, which means nothing without a connection
    kind = reader.octet()
    if kind not in (_PUSH, _CONFIRMED_PUSH):
        raise PduError("WSP push", 1, f"a PDU of type {kind:02X}, a push has 06 or 07")
    headers = reader.within(reader.uintvar())
    return Push(_content_type(headers), reader.take(reader.left))


def _content_type(headers: Reader) -> str:
    if headers.peek() <= 31:
        headers = headers.within(headers.value_length())
    if 32 <= headers.peek() < 0x80:
        return headers.text().partition(";")[0].strip().lower()
    number = headers.integer()
    return _MEDIA.get(number, f"wsp/0x{number:02X}")
