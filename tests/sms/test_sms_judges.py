"""Other people's decoders read what our encoder writes, each within what it is known to get right.

The text of every strategy below stays out of the faults that the libraries are known to have, each
named where it is left out, so that a disagreement is ours.
"""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from gsmmodem.pdu import decodeSmsPdu
from hypothesis import given
from hypothesis import strategies as st
from messaging.sms import SmsDeliver
from smspdudecoder.easy import read_incoming_sms, read_outgoing_sms
from smspdudecoder.fields import SMSSubmit

from modemgw.sms import (
    Address,
    Deliver,
    StatusReport,
    Submit,
    Timestamp,
    Validity,
    pack_pdu,
    segment_text,
)

BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ¿abcxyzäöñüà"
EXTENSION = "^{}\\[~]|€"
# § is a grave accent to python-gsmmodem-new, and form feed is lost there.
gsm7_texts = st.text(BASIC + EXTENSION, max_size=400)
# Above U+FFFF python-gsmmodem-new and python-messaging give half pairs; U+FEFF some strip.
ucs2_texts = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFFFD, exclude_categories=["Cs", "Cn"]),
    min_size=1,
    max_size=200,
).filter(lambda text: not set(text) & {"\ufeff", "§"})
numbers = st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True)
moments = st.integers(946684800, 3124223999).map(  # 2000 to 2068: later years are 19xx to some
    lambda second: dt.datetime.fromtimestamp(second, dt.UTC)
)


def delivers(text: str, number: str, moment: dt.datetime) -> list[str]:
    cut = segment_text(text, reference=77)
    scts = Timestamp.from_datetime(moment)
    smsc = Address.parse("+447785016005")
    return [
        pack_pdu(Deliver(Address.parse(number), part, scts, cut.dcs).encode(), smsc)
        for part in cut.parts
    ]


def submits(text: str, number: str, **fields: Any) -> list[str]:
    cut = segment_text(text, reference=77)
    return [
        pack_pdu(Submit(Address.parse(number), part, cut.dcs, **fields).encode())
        for part in cut.parts
    ]


def at_end_of_octets(text: str) -> bool:
    """python-gsmmodem-new loses a last @ that fills an octet, by counting octets, not septets."""
    return any((part.text or "").endswith("@") for part in segment_text(text).parts)


@given(gsm7_texts | ucs2_texts, numbers, moments)
def test_python_gsmmodem_reads_our_delivers(text: str, number: str, moment: dt.datetime) -> None:
    if at_end_of_octets(text):
        return
    read = [decodeSmsPdu(pdu) for pdu in delivers(text, number, moment)]
    assert "".join(message["text"] for message in read) == text
    assert {message["number"] for message in read} == {number}
    assert {message["time"] for message in read} == {moment}
    assert {message["smsc"] for message in read} == {"+447785016005"}
    if len(read) > 1:
        places = [message["udh"][0] for message in read]
        assert [place.number for place in places] == list(range(1, len(read) + 1))
        assert {(place.reference, place.parts) for place in places} == {(77, len(read))}


@given(gsm7_texts | ucs2_texts, numbers, st.integers(0, 255), st.integers(0, 255))
def test_python_gsmmodem_reads_our_submits(text: str, number: str, mr: int, vp: int) -> None:
    if at_end_of_octets(text):
        return
    # It reads a number of days or weeks only; a relative octet is enough to find the text behind.
    validity = Validity.relative(600) if vp < 128 else None
    read = [
        decodeSmsPdu(pdu)
        for pdu in submits(
            text, number, reference=mr, validity=validity, status_report_request=True
        )
    ]
    assert "".join(message["text"] for message in read) == text
    assert {(message["number"], message["reference"]) for message in read} == {(number, mr)}
    if validity is not None:
        assert read[0]["validity"] == dt.timedelta(seconds=600)


@given(numbers, moments, moments, st.integers(0, 255), st.integers(0, 255))
def test_python_gsmmodem_reads_our_status_reports(
    number: str, sent: dt.datetime, done: dt.datetime, mr: int, status: int
) -> None:
    report = StatusReport(
        mr,
        Address.parse(number),
        Timestamp.from_datetime(sent),
        Timestamp.from_datetime(done),
        status,
    )
    read = decodeSmsPdu(pack_pdu(report.encode(), Address.parse("+447785016005")))
    assert read["type"] == "SMS-STATUS-REPORT"
    assert (read["reference"], read["number"], read["status"]) == (mr, number, status)
    assert (read["time"], read["discharge"]) == (sent, done)


def said_to_smspdudecoder(contents: list[str], text: str) -> str:
    """It counts octets, not septets, and shows seven spare bits at the end of one as an @."""
    parts = segment_text(text).parts
    pieces = []
    for content, part in zip(contents, parts, strict=True):
        septets = len(part.data) + (7 if part.header_octets else 0)
        extra = septets % 8 == 7 and content == f"{part.text}@"
        pieces.append(content[:-1] if extra else content)
    return "".join(pieces)


@given(gsm7_texts | ucs2_texts, numbers, moments)
def test_smspdudecoder_reads_our_delivers(text: str, number: str, moment: dt.datetime) -> None:
    read = [read_incoming_sms(pdu) for pdu in delivers(text, number, moment)]
    assert said_to_smspdudecoder([message["content"] for message in read], text) == text
    assert {message["sender"] for message in read} == {number}
    assert {message["date"] for message in read} == {moment}
    if len(read) > 1:
        assert [message["partial"]["part_number"] for message in read] == list(
            range(1, len(read) + 1)
        )
        assert {message["partial"]["parts_count"] for message in read} == {len(read)}


@given(gsm7_texts | ucs2_texts, numbers)
def test_smspdudecoder_reads_our_submits(text: str, number: str) -> None:
    pdus = submits(text, number, status_report_request=True, reject_duplicates=True)
    read = [read_outgoing_sms(pdu) for pdu in pdus]
    assert said_to_smspdudecoder([message["content"] for message in read], text) == text
    assert {message["recipient"] for message in read} == {number}
    header = SMSSubmit.decode(StringIO(pdus[0]))["header"]
    assert header["srr"] is True
    assert header["rd"] is True


@given(gsm7_texts.filter(bool) | ucs2_texts, numbers, moments)
def test_python_messaging_reads_our_delivers(text: str, number: str, moment: dt.datetime) -> None:
    read = [SmsDeliver(pdu) for pdu in delivers(text, number, moment)]
    assert "".join(message.text for message in read) == text
    assert {message.number for message in read} == {number}
    assert {message.date for message in read} == {moment.replace(tzinfo=None)}
    if len(read) > 1:
        assert [message.udh.concat.seq for message in read] == list(range(1, len(read) + 1))
        assert {(m.udh.concat.ref, m.udh.concat.cnt) for m in read} == {(77, len(read))}


@pytest.mark.parametrize("text", ["Emoji 😀", "👨‍👩‍👧‍👦" * 20])
def test_smspdudecoder_reads_our_emoji(text: str) -> None:
    moment = dt.datetime(2024, 2, 29, tzinfo=dt.UTC)
    read = [read_incoming_sms(pdu) for pdu in delivers(text, "+447700900001", moment)]
    assert "".join(message["content"] for message in read) == text
