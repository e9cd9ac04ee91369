"""Special messages are shown as what they are, and nothing of them is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from labs.clock import START
from test_gateway_incoming import SIM, delivers, pdu, postbox

from modemgw.modem import SimIdentity
from modemgw.sms import (
    Address,
    DataCoding,
    Deliver,
    Element,
    Ports,
    SpecialMessage,
    Timestamp,
    UserData,
    segment_data,
    segment_text,
    unpack_pdu,
)
from modemgw.store.records import InboundKind

VECTORS = {
    entry["id"]: unpack_pdu(entry["pdu"])[1]
    for entry in json.loads((Path(__file__).parents[1] / "vectors" / "deliver.json").read_text())
}


def stamp(at: float = START) -> Timestamp:
    return Timestamp.from_datetime(datetime.fromtimestamp(at, UTC))


def text(
    said: str,
    *,
    dcs: int = 0,
    pid: int = 0,
    header: Iterable[Element] = (),
    sender: str = "+447700900555",
    at: float = START,
) -> bytes:
    coding = DataCoding.from_octet(dcs)
    data = UserData.of_text(said, coding.alphabet, header)
    return Deliver(Address.parse(sender), data, stamp(at), coding, pid).encode()


def data(octets: bytes, ports: Ports | None = None, **how: Any) -> list[bytes]:
    parts = segment_data(octets, ports=ports, **how)
    return [
        Deliver(Address.parse("12345"), part, stamp(), dcs=parts.dcs).encode()
        for part in parts.parts
    ]


TEXTS = {
    "text": text("hello"),
    "flash": text("look at this", dcs=0x10),
    "mwi": text("you have mail", dcs=0xD8),
    "return_call": text("call me", pid=0x5F),
    "application": text("{}", header=[Ports(16000, 0).element()]),
    "sim_data": text("", pid=0x7F),
}


@pytest.mark.parametrize("kind", TEXTS)
async def test_a_text_is_of_its_kind_and_all_there(tmp_path: Path, kind: str) -> None:
    async with postbox(tmp_path) as box:
        await box.receive(TEXTS[kind])
        (found,) = await box.all()
        assert found.kind == kind
        assert found.text is not None


async def test_octets_are_data_or_for_an_application(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        await box.receive(*data(b"\x01\x02"), *data(b"x" * 200, Ports(9204, 0)))
        some, card = await box.all()
        assert (some.kind, some.data) == (InboundKind.DATA, b"\x01\x02")
        assert (card.kind, card.ports) == (InboundKind.APPLICATION, (9204, 0))


async def test_what_waits_is_told(tmp_path: Path) -> None:
    header = [SpecialMessage(0, 3, store=True).element(), SpecialMessage(1, 0).element()]
    async with postbox(tmp_path) as box:
        await box.receive(text("3 new", header=header), text("", dcs=0xC0, at=START + 1))
        by_header, by_coding = await box.all()
        assert by_header.details == {
            "mwi": [
                {"type": "voicemail", "active": True, "count": 3, "store": True, "profile": 1},
                {"type": "fax", "active": False, "count": 0, "store": False, "profile": 1},
            ]
        }
        assert by_header.text == "3 new"
        assert by_coding.details == {
            "mwi": [
                {"type": "voicemail", "active": False, "count": None, "store": False, "profile": 1}
            ]
        }


async def test_an_mms_notification_says_where_the_message_lies_and_for_how_long(
    tmp_path: Path,
) -> None:
    async with postbox(tmp_path) as box:
        await box.receive(VECTORS["pymsg-wap-2"], VECTORS["pymsg-wap-1"])
        (found,) = await box.all()
        assert found.kind is InboundKind.MMS_NOTIFICATION
        assert found.details == {
            "mms": {
                "transaction_id": "NOK5CiKcoTMYSG4MBSwAAsKv14FUHAAAAAAAA",
                "location": "http://promms/servlets/NOK5CiKcoTMYSG4MBSwAAsKv14FUHAAAAAAAA",
                "from": "+447785342749",
                "subject": None,
                "size": 29696,
                "class": "personal",
                "version": "1.0",
                "expires_at": START + 72000,
            }
        }
        assert found.data is not None, "whoever knows more than we do can read it"


async def test_a_wap_push_shows_its_title_and_link(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        await box.receive(VECTORS["pymsg-wap-5"], VECTORS["pymsg-wap-6"])
        (found,) = await box.all()
        assert (found.kind, found.problem) == (InboundKind.WAP_PUSH, None)
        assert found.details is not None
        pushed = found.details["wap_push"]
        assert pushed["content_type"] == "application/vnd.wap.sic"
        assert pushed["href"] == "http://wap.meincallya.de/"
        assert pushed["title"].startswith("Zum kostenlosen Portal")


@pytest.mark.parametrize(
    ("octets", "port", "details", "problem"),
    [
        (b"\x01\x06\x01\xd5whatever", 2948, "wsp/0x55", None),
        (b"\x01\x06\x01\xaewhatever", 2948, "application/vnd.wap.sic", "WBXML"),
        (b"\x01\x06\x01\xbe\x8c\x86\x98T1\0", 2948, "application/vnd.wap.mms-message", "type 86"),
        (b"\x01\x04", 2948, None, "type 04"),
        (b"", 2948, None, "the octets end"),
        (b"\x17\x03\x01", 2949, None, "decrypt"),
    ],
)
async def test_a_push_that_cannot_be_read_is_shown_with_why(
    tmp_path: Path, octets: bytes, port: int, details: str | None, problem: str | None
) -> None:
    async with postbox(tmp_path) as box:
        await box.receive(*data(octets, Ports(port, 9200)))
        (found,) = await box.all()
        assert (found.kind, found.data) == (InboundKind.WAP_PUSH, octets)
        assert (found.details and found.details["wap_push"]["content_type"]) == details
        assert (problem is None) == (found.problem is None)
        assert problem is None or problem in str(found.problem)


async def test_any_octets_at_the_port_of_pushes_are_kept_and_shown(tmp_path: Path) -> None:
    random = Random(7)
    async with postbox(tmp_path) as box:
        sent = [random.randbytes(random.randrange(60)) for _ in range(60)]
        for n, octets in enumerate(sent):
            begun = b"\x01\x06\x01" + random.choice([b"\xae", b"\xb0", b"\xbe\x8c\x82"]) + octets
            (part,) = segment_data(begun, ports=Ports(2948, 9200)).parts
            coding = DataCoding.from_octet(4)
            tpdu = Deliver(Address.parse("12345"), part, stamp(START + n), coding).encode()
            await box.receive(tpdu)
        assert len(await box.all()) == 50  # a page
        assert await box.count("inbound") == 60


async def test_a_replacing_message_takes_the_place_of_the_one_before_which_is_kept(
    tmp_path: Path,
) -> None:
    async with postbox(tmp_path) as box:
        await box.receive(text("1-0", pid=0x41), text("1-1", pid=0x41, at=START + 60))
        await box.receive(text("1-2", pid=0x41, at=START + 120))
        first, second, third = await box.all()
        assert [m.replace_type for m in (first, second, third)] == [1, 1, 1]
        assert [m.replaces for m in (first, second, third)] == [None, first.id, second.id]
        assert [m.replaced_by for m in (first, second, third)] == [second.id, third.id, None]
        assert [m.text for m in (first, second, third)] == ["1-0", "1-1", "1-2"]


async def test_it_replaces_none_of_another_type_sender_or_sim(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        await box.receive(text("score", pid=0x41))
        await box.receive(
            text("weather", pid=0x42),
            text("other", pid=0x41, sender="+447700900556"),
            text("plain"),
            text("reserved", pid=0x48, at=START + 1),
        )
        other_sim = SimIdentity("8999901000000000002", None, None)
        await box.receive(text("score", pid=0x41, at=START + 2), sim=other_sim)
        assert [(m.replaces, m.replaced_by) for m in await box.all()] == [(None, None)] * 6


async def test_a_repeated_replacing_message_does_not_replace_itself(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        await box.receive(text("1-0", pid=0x41))
        box.clock.now += 60
        await box.receive(text("1-0", pid=0x41))
        (found,) = await box.all()
        assert (found.replaces, found.replaced_by) == (None, None)


async def test_a_long_replacing_message_replaces_once(tmp_path: Path) -> None:
    parts = segment_text("y" * 400, reference=9)
    long = [
        Deliver(Address.parse("+447700900555"), part, stamp(START + 60), parts.dcs, 0x43).encode()
        for part in parts.parts
    ]
    async with postbox(tmp_path) as box:
        await box.receive(text("x", pid=0x43), *long)
        former, new = await box.all()
        assert (former.replaced_by, new.replaces, new.text) == (new.id, former.id, "y" * 400)


async def test_what_cannot_be_decoded_is_raw(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        await box.intake.received("m1", SIM, pdu(b"\x04\x0b"))
        await box.receive(*delivers("hello"))
        assert [m.kind for m in await box.all()] == ["raw", "text"]
