"""WAP push, MMS notifications and waiting messages: from octets, whatever they are, to values."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.sms import DataCoding, Deliver, PduError, UserData, decode_mt, unpack_pdu
from modemgw.sms.header import SpecialMessage
from modemgw.sms.mms import Expiry, MmsNotification, decode_notification
from modemgw.sms.waiting import Waiting, waiting_of
from modemgw.sms.wap_push import MMS_MESSAGE, SERVICE_INDICATION, SERVICE_LOADING, decode_push
from modemgw.sms.wap_service import (
    ServiceLoading,
    decode_service_indication,
    decode_service_loading,
)
from modemgw.sms.wsp import Reader

VECTORS: dict[str, dict[str, Any]] = {
    entry["id"]: entry
    for entry in json.loads((Path(__file__).parents[1] / "vectors" / "deliver.json").read_text())
}


def deliver(vector: str) -> Deliver:
    found = decode_mt(unpack_pdu(VECTORS[vector]["pdu"])[1])
    assert isinstance(found, Deliver)
    return found


def octets(*vectors: str) -> bytes:
    return b"".join(deliver(vector).user_data.data for vector in vectors)


NOTIFICATIONS = {
    ("ofono-wap-push-1",): MmsNotification(
        "OgQKKB", "http://eps3.de/O/Z9IZO", "1.0", "Erotik", "Pin-Ups", "personal", 16384,
        Expiry(259200, relative=True),
    ),
    ("android-udh-1", "android-udh-2"): MmsNotification(
        "RNE9U0Jmq5QAABflAAAAMwAAB6QAAAAA",
        "http://66.102.171.150/RNE9U0Jmq5QAABflAAAAMwAAB6QAAAAA", "1.0", "+15122977683", None,
        "personal", 11153, Expiry(431999, relative=True),
    ),
    # The charset of the sender's number is a bare octet there, and of the subject there is none.
    ("gammu-at-sms-33",): MmsNotification(
        "1277970059", "http://mmsc.labmctel.fr:9090/m33", "1.2", "33707520030", "yBO", "personal",
        34, Expiry(3000, relative=True),
    ),
    ("gammu-at-sms-40",): MmsNotification(
        "81460494@mms1", "http://mts/?id=81460494", "1.2", "+33333493211", None, "personal",
        96857, Expiry(259200, relative=True),
    ),
    ("pymsg-wap-1", "pymsg-wap-2"): MmsNotification(
        "NOK5CiKcoTMYSG4MBSwAAsKv14FUHAAAAAAAA",
        "http://promms/servlets/NOK5CiKcoTMYSG4MBSwAAsKv14FUHAAAAAAAA", "1.0", "+447785342749",
        None, "personal", 29696, Expiry(72000, relative=True),
    ),
}  # fmt: skip


@pytest.mark.parametrize("parts", NOTIFICATIONS, ids="+".join)
def test_mms_notifications_of_real_networks_say_where_the_message_lies(
    parts: tuple[str, ...],
) -> None:
    push = decode_push(octets(*parts))
    assert push.content_type == MMS_MESSAGE
    assert decode_notification(push.body) == NOTIFICATIONS[parts]


def test_a_service_indication_of_a_real_network_is_read() -> None:
    push = decode_push(octets("pymsg-wap-5", "pymsg-wap-6"))
    assert push.content_type == SERVICE_INDICATION
    found = decode_service_indication(push.body)
    assert found.href == "http://wap.meincallya.de/"
    assert found.title == (
        'Zum kostenlosen Portal "Mein Vodafone" - einfach auf den folgenden Link klicken oder die '
        "Seite direkt aufrufen. Ihr Vodafone Team"
    )
    assert (found.action, found.id) == ("signal-high", "http://wap.meincallya.de/")


SI = bytes.fromhex(
    "02056A0045"  # version, SI 1.0, UTF-8, no strings; <si>
    "C6"  # <indication
    "0D036578616D706C650085034D6169" "6C00"  # href="http://www.example" ".com/" "Mail"
    "11036D373700"  # si-id="m77"
    "0AC307" "20261122100005"  # created
    "10C304" "20261201"  # si-expires: zeros at the end are left out
    "07"  # action="signal-medium"
    "01"  # >
    "0353746F7020" "00" "028120"  # "Stop " and the entity U+00A0
    "0101"
)  # fmt: skip


def test_attributes_of_a_service_indication_are_put_together() -> None:
    found = decode_service_indication(SI)
    assert found.href == "http://www.example.com/Mail"
    assert (found.id, found.action, found.title) == ("m77", "signal-medium", "Stop \u00a0")
    assert found.created == datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC)
    assert found.expires == datetime(2026, 12, 1, tzinfo=UTC)


def test_an_impossible_date_is_none_and_spoils_nothing() -> None:
    found = decode_service_indication(SI.replace(b"\x20\x26\x12\x01", b"\x20\x26\x13\x41"))
    assert (found.expires, found.id) == (None, "m77")


def test_a_service_loading_is_read() -> None:
    push = decode_push(bytes.fromhex("DC060403B081EA02066A00850A036578616D706C6500850361000601"))
    assert push.content_type == SERVICE_LOADING
    assert decode_service_loading(push.body) == ServiceLoading(
        "http://www.example.com/a", "execute-high"
    )


def test_text_and_unknown_content_types_are_named() -> None:
    assert decode_push(b"\x01\x06\x0b" + b"Text/Plain\0" + b"hi").content_type == "text/plain"
    assert decode_push(b"\x01\x06\x01\xd5hi").content_type == "wsp/0x55"
    with pytest.raises(PduError, match="type 04"):
        decode_push(b"\x01\x04\x01\xaehi")


NOTIFIED = (
    b"\x8c\x82\x98T1\0\x8d\x92\x89\x01\x81"
    b"\x96\x07\x02\x03\xe8\x04\x1f\x04\x40"  # a subject in UCS-2 (MIBenum 1000)
    b"\x8a\x83\x8e\x02\x40\x00\x88\x06\x80\x04\x6a\x00\x00\x00"
    b"X-Thing\0value\0\x83http://a/b\0"
)


def test_a_hidden_sender_an_absolute_expiry_and_headers_of_others() -> None:
    found = decode_notification(NOTIFIED)
    assert (found.sender, found.subject, found.message_class) == (None, "Пр", "auto")
    assert found.expiry == Expiry(0x6A000000, relative=False)
    assert (found.location, found.size, found.version) == ("http://a/b", 16384, "1.2")


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (b"\x8c\x86\x98T1\0", "type 86"),
        (b"\x98T1\0", "does not come first"),
        (b"\x8c\x82\x98T1\0", "where the message lies"),
        (b"\x8c\x82\x98T1", "no NUL"),
        (b"\x8c\x82\x8e\x09123456789", "a number of 9 octets"),
        (b"\x8c\x82\x88\x7f", "no length"),
    ],
)
def test_what_is_no_notification_is_said(broken: bytes, problem: str) -> None:
    with pytest.raises(PduError, match=problem):
        decode_notification(broken)


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ("ofono-simple-mwi", [("voicemail", True, None, False)]),
        ("made-mwi-discard-fax-off", [("fax", False, None, False)]),
        ("made-mwi-store-email-off", [("email", False, None, True)]),
        ("made-mwi-store-other", [("other", True, None, True)]),
        ("made-mwi-ucs2", [("voicemail", True, None, True)]),
        ("made-special-mwi", [("voicemail", True, 2, True)]),
        # By both: the header, which knows how many, counts.
        ("android-cingular-set", [("voicemail", True, 2, False)]),
        ("android-cingular-clear", [("voicemail", False, 0, False)]),
        ("ofono-simple-deliver", []),
    ],
)
def test_what_waits_is_told_by_the_coding_or_the_header(
    vector: str, expected: list[tuple[str, bool, int | None, bool]]
) -> None:
    found = deliver(vector)
    said = waiting_of(found.dcs, found.user_data)
    assert [(w.kind, w.active, w.count, w.store) for w in said] == expected


def test_several_kinds_may_wait_at_once() -> None:
    header = [
        SpecialMessage(1, 3, store=True, profile=2).element(),
        SpecialMessage(7, 0).element(),
        SpecialMessage(9, 1).element(),
    ]
    data = UserData.of_text("x", header=header)
    assert waiting_of(DataCoding.from_octet(0xD8), data) == (
        Waiting("fax", True, 3, True, 2),
        Waiting("video", False, 0, False, 1),
        Waiting("other", True, 1, False, 1),
        Waiting("voicemail", True, None, True, 1),
    )


DECODERS = (decode_push, decode_notification, decode_service_indication, decode_service_loading)
REAL = [octets(*parts) for parts in [*NOTIFICATIONS, ("pymsg-wap-5", "pymsg-wap-6")]]
SEEDS = [*REAL, *(decode_push(one).body for one in REAL), SI, NOTIFIED]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Something real, with octets changed, taken away and put in, and cut off."""
    found = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(found)))
        found[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
    return bytes(found[: draw(st.integers(0, len(found)))])


@given(st.one_of(st.binary(max_size=200), damaged()))
def test_any_octets_give_a_value_or_a_pdu_error(found: bytes) -> None:
    for decode in DECODERS:
        with contextlib.suppress(PduError):
            assert repr(decode(found)).encode(), "no half of a surrogate pair is in it"


@given(st.binary(max_size=40))
def test_a_reader_never_reads_beyond_its_end(found: bytes) -> None:
    inner = Reader(found + b"\xff" * 40, "x", 0, len(found))
    with pytest.raises(PduError):  # noqa: PT012 - it ends sooner or later
        while True:
            inner.pass_over()
    assert inner.left >= 0
