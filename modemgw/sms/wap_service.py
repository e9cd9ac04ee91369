"""What a WAP push wants shown or loaded: service indication (WAP-167) and loading (WAP-168)."""

from datetime import UTC, datetime
from typing import Final

from modemgw.sms.errors import PduError
from modemgw.sms.value import value
from modemgw.sms.wbxml import Tag, Vocabulary, decode_wbxml

_DOMAINS: Final = {0x85: ".com/", 0x86: ".edu/", 0x87: ".net/", 0x88: ".org/"}
_INDICATION: Final = Vocabulary(
    tags={0x05: "si", 0x06: "indication", 0x07: "info", 0x08: "item"},
    attributes={
        0x05: ("action", "signal-none"),
        0x06: ("action", "signal-low"),
        0x07: ("action", "signal-medium"),
        0x08: ("action", "signal-high"),
        0x09: ("action", "delete"),
        0x0A: ("created", ""),
        0x0B: ("href", ""),
        0x0C: ("href", "http://"),
        0x0D: ("href", "http://www."),
        0x0E: ("href", "https://"),
        0x0F: ("href", "https://www."),
        0x10: ("si-expires", ""),
        0x11: ("si-id", ""),
        0x12: ("class", ""),
    },
    values=_DOMAINS,
)
"""WAP-167-ServiceInd clause 8."""
_LOADING: Final = Vocabulary(
    tags={0x05: "sl"},
    attributes={
        0x05: ("action", "execute-low"),
        0x06: ("action", "execute-high"),
        0x07: ("action", "cache"),
        0x08: ("href", ""),
        0x09: ("href", "http://"),
        0x0A: ("href", "http://www."),
        0x0B: ("href", "https://"),
        0x0C: ("href", "https://www."),
    },
    values=_DOMAINS,
)
"""WAP-168-ServiceLoad clause 8."""


@value
class ServiceIndication:
    """A notice with a link. `action` is signal-none, -low, -medium (the default), -high or delete;
    delete asks to take away an earlier one with the same `id`.
    """

    title: str
    href: str | None
    action: str
    id: str | None
    created: datetime | None
    expires: datetime | None


@value
class ServiceLoading:
    """A link to load. `action` is execute-low (the default), execute-high or cache."""

    href: str
    action: str


def decode_service_indication(octets: bytes) -> ServiceIndication:
    """Read the body of a push of type application/vnd.wap.sic; PduError when it is none."""
    tag = _one(octets, _INDICATION, "indication")
    href = _text(tag, "href")
    return ServiceIndication(
        title=tag.text,
        href=href,
        action=_text(tag, "action") or "signal-medium",
        id=_text(tag, "si-id") or href,  # without one the link is it (WAP-167 5.2)
        created=_date(tag, "created"),
        expires=_date(tag, "si-expires"),
    )


def decode_service_loading(octets: bytes) -> ServiceLoading:
    """Read the body of a push of type application/vnd.wap.slc; PduError when it is none."""
    tag = _one(octets, _LOADING, "sl")
    href = _text(tag, "href")
    if href is None:
        raise PduError("WBXML", len(octets), "a service loading without an address")
    return ServiceLoading(href, _text(tag, "action") or "execute-low")


def _one(octets: bytes, vocabulary: Vocabulary, name: str) -> Tag:
    for tag in decode_wbxml(octets, vocabulary):
        if tag.name == name:
            return tag
    raise PduError("WBXML", len(octets), f"there is no element {name}")


def _text(tag: Tag, name: str) -> str | None:
    found = tag.attributes.get(name)
    return found or None if isinstance(found, str) else None


def _date(tag: Tag, name: str) -> datetime | None:
    """Two digits an octet; zeros at the end are left out (WAP-167 8.2.2). None: there is none."""
    found = tag.attributes.get(name)
    if not isinstance(found, bytes):
        return None
    try:
        return datetime.strptime(f"{found[:7].hex():0<14}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
