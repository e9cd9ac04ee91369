"""What a received message is, and what it says beside its text.

By TS 23.040 (TP-PID, ports, message waiting), TS 23.038 (class), WAP push and MMS. Whatever cannot
be read stays what it is by its port, with the problem told: nothing is lost by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modemgw.sms import Assembled, Deliver, PduError, Ports
from modemgw.sms.mms import MmsNotification, decode_notification
from modemgw.sms.waiting import Waiting, waiting_of
from modemgw.sms.wap_push import (
    MMS_MESSAGE,
    SERVICE_INDICATION,
    SERVICE_LOADING,
    WAP_PUSH,
    WAP_PUSH_SECURE,
    Push,
    decode_push,
)
from modemgw.sms.wap_service import decode_service_indication, decode_service_loading
from modemgw.store.records import InboundKind

RETURN_CALL = 0x5F
"""TP-PID of a request to be called (TS 23.040 9.2.3.9)."""
SIM_DATA = range(0x7C, 0x80)
"""TP-PIDs of what is meant for the SIM or the mobile itself (TS 23.040 9.2.3.9)."""
LAST_S = 253402300799.0
"""The end of the year 9999: no time after it can be shown."""


@dataclass(frozen=True, slots=True)
class What:
    """What a message is; `details` is plain JSON, under `mwi`, `wap_push` or `mms`."""

    kind: InboundKind
    details: dict[str, Any] | None = None
    problem: str | None = None


def what_is(delivers: Sequence[Deliver], whole: Assembled, at: float) -> What:
    """What the message is that these parts make, received at `at` (UTC seconds)."""
    first = delivers[0]
    ports = first.user_data.ports
    if ports is not None and ports.destination in (WAP_PUSH, WAP_PUSH_SECURE):
        return _pushed(ports, whole, at)
    if first.pid in SIM_DATA:
        return What(InboundKind.SIM_DATA)
    # Each part of a long one may say it again.
    waiting = dict.fromkeys(w for d in delivers for w in waiting_of(d.dcs, d.user_data))
    if waiting:
        return What(InboundKind.MWI, {"mwi": [_waiting(one) for one in waiting]})
    if first.pid == RETURN_CALL:
        return What(InboundKind.RETURN_CALL)
    if ports is not None:
        return What(InboundKind.APPLICATION)
    if first.dcs.message_class == 0:
        return What(InboundKind.FLASH)
    return What(InboundKind.TEXT if whole.text is not None else InboundKind.DATA)


def _waiting(waiting: Waiting) -> dict[str, Any]:
    return {
        "type": waiting.kind,
        "active": waiting.active,
        "count": waiting.count,
        "store": waiting.store,
        "profile": waiting.profile,
    }


def _pushed(ports: Ports, whole: Assembled, at: float) -> What:
    if not whole.complete:
        return What(InboundKind.WAP_PUSH)
    if ports.destination == WAP_PUSH_SECURE:
        return What(InboundKind.WAP_PUSH, problem="a WAP push that only its recipient can decrypt")
    try:
        push = decode_push(whole.data)
    except PduError as error:
        return What(InboundKind.WAP_PUSH, problem=str(error))
    about: dict[str, Any] = {
        "content_type": push.content_type,
        "title": None,
        "href": None,
        "action": None,
        "id": None,
        "created_at": None,
        "expires_at": None,
    }
    try:
        if push.content_type == MMS_MESSAGE:
            notification = decode_notification(push.body)
            return What(InboundKind.MMS_NOTIFICATION, {"mms": _notified(notification, at)})
        about |= _service(push)
    except PduError as error:
        return What(InboundKind.WAP_PUSH, {"wap_push": about}, str(error))
    return What(InboundKind.WAP_PUSH, {"wap_push": about})


def _service(push: Push) -> dict[str, Any]:
    if push.content_type == SERVICE_INDICATION:
        shown = decode_service_indication(push.body)
        return {
            "title": shown.title,
            "href": shown.href,
            "action": shown.action,
            "id": shown.id,
            "created_at": _seconds(shown.created),
            "expires_at": _seconds(shown.expires),
        }
    if push.content_type == SERVICE_LOADING:
        loaded = decode_service_loading(push.body)
        return {"href": loaded.href, "action": loaded.action}
    return {}


def _notified(notification: MmsNotification, at: float) -> dict[str, Any]:
    expiry = notification.expiry
    expires = None if expiry is None else expiry.seconds + (at if expiry.relative else 0.0)
    return {
        "transaction_id": notification.transaction,
        "location": notification.location,
        "from": notification.sender,
        "subject": notification.subject,
        "size": notification.size,
        "class": notification.message_class,
        "version": notification.version,
        "expires_at": expires if expires is not None and expires <= LAST_S else None,
    }


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
