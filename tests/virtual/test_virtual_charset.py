"""AT+CSCS (TS 27.007 5.5): the octets of strings, both ways."""

from __future__ import annotations

import pytest
from labs.bench import Lab

from modemgw import sms
from modemgw.virtual.charset import from_charset, to_charset

NUMBER = "+447700900001"
OUTSIDE = "+15550001234"


@pytest.mark.parametrize(
    ("charset", "text", "octets"),
    [
        ("GSM", "£5 @ Ä_$", b"\x015 \x00 [\x11\x02"),
        ("GSM", "€[~", b"\x1be\x1b<\x1b="),
        ("GSM", "при", b"???"),
        ("IRA", "a@_$[~", b"a@_$[~"),
        ("IRA", "£Ä€", b"???"),
        ("UCS2", "£€", b"00A320AC"),
    ],
)
def test_a_text_is_written_in_the_set_in_force(charset: str, text: str, octets: bytes) -> None:
    assert to_charset(charset, text).encode("latin-1") == octets
    if b"?" not in octets:
        assert from_charset(charset, octets.decode("latin-1")) == text


def test_what_the_set_does_not_have_is_read_as_a_question_mark() -> None:
    assert from_charset("GSM", "caf\xe9") == "caf?"
    assert from_charset("IRA", "caf\xe9") == "caf?"


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("GSM", b'"M\x06vil \x01"'),
        ("IRA", b'"M?vil ?"'),
        ("UCS2", b'"004D00F900760069006C002000A3"'),
    ],
)
def test_the_operator_is_named_in_it(lab: Lab, charset: str, name: bytes) -> None:
    bench = lab.bench(operator="Mùvil £")
    bench.at(f'+CSCS="{charset}"')
    shown = name.decode("latin-1")
    assert f"+COPS: 0,0,{shown},7" in bench.at("+COPS?")
    bench.at("+COPS=?")
    assert f"(2,{shown},{shown}," in bench.after(25)


@pytest.mark.parametrize(
    ("charset", "shown"),
    [
        ("GSM", b"\x01 \x00 \x1be \x0b"),
        ("IRA", b"? @ ? ?"),
        ("UCS2", "£ @ € Ø".encode("utf-16-be").hex().upper().encode()),
    ],
)
def test_ussd_texts_are_written_in_it(lab: Lab, charset: str, shown: bytes) -> None:
    bench = lab.bench()
    assert bench.modem.sim is not None
    bench.modem.sim.balance = "£ @ € Ø"
    bench.at(f'+CSCS="{charset}"')
    request = "002A0031003000300023" if charset == "UCS2" else "*100#"
    bench.at(f'+CUSD=1,"{request}",15')
    assert bench.after(2).encode("latin-1") == b'\r\n+CUSD: 0,"' + shown + b'",15\r\n'


def test_a_request_is_read_in_it(lab: Lab) -> None:
    bench = lab.bench(make={"charset": "GSM"})
    seen: list[str] = []
    answer = bench.modem.line.ussd._answer
    bench.modem.line.ussd._answer = lambda text: seen.append(text) or answer(text)  # type: ignore[assignment, method-assign]
    bench.at('+CUSD=1,"[*1#",15')
    bench.at('+CSCS="IRA"')
    bench.at('+CUSD=1,"[*1#",15')
    assert seen == ["Ä*1#", "[*1#"]


@pytest.mark.parametrize(
    ("charset", "octets"),
    [
        ("GSM", b"\x015 \x00b ["),
        ("IRA", b"?5 @b ?"),
        ("UCS2", "£5 @b Ä".encode("utf-16-be").hex().upper().encode()),
    ],
)
def test_a_message_is_read_in_it(lab: Lab, charset: str, octets: bytes) -> None:
    bench = lab.bench()
    assert lab.smsc is not None
    lab.smsc.inject(OUTSIDE, NUMBER, "£5 @b Ä")
    bench.at(f'+CMGF=1;+CSCS="{charset}"')
    said = bench.at("+CMGR=0").encode("latin-1")
    assert b"\r\n" + octets + b"\r\n\r\nOK\r\n" in said


@pytest.mark.parametrize(
    ("charset", "number", "typed", "text"),
    [
        ("GSM", OUTSIDE, b"\x015 \x00b [ \x11", "£5 @b Ä _"),
        ("GSM", OUTSIDE, b"@ $ _", "¡ ¤ §"),
        ("IRA", OUTSIDE, b"@b_[", "@b_["),
        ("UCS2", OUTSIDE.encode("utf-16-be").hex(), b"00A300350040", "£5@"),
    ],
)
def test_a_message_is_typed_in_it(
    lab: Lab, charset: str, number: str, typed: bytes, text: str
) -> None:
    bench = lab.bench()
    assert lab.smsc is not None
    bench.at(f'+CMGF=1;+CSCS="{charset}"')
    bench.at(f'+CMGS="{number}"')
    assert "+CMGS: 0" in bench.type(typed + b"\x1a")
    assert lab.smsc.messages[-1].text == text


def test_numbers_of_the_phone_book_are_strings_too(lab: Lab) -> None:
    bench = lab.bench()
    bench.at('+CPBS="ON"')
    bench.at('+CSCS="UCS2"')
    written = NUMBER.encode("utf-16-be").hex().upper()
    assert f'+CPBR: 1,"{written}",145,""' in bench.at("+CPBR=1")
    assert f'+CNUM: "","{written}",145' in bench.at("+CNUM")


# AT+CSDH (TS 27.005 3.3.4) and AT+CSMP (3.3.3)


def test_details_are_shown_for_drafts(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMGF=1;+CSMP=17,173,0,0")
    bench.at(f'+CMGW="{OUTSIDE}"')
    bench.type(b"draft\x1a")
    plain = f'"STO UNSENT","{OUTSIDE}",\r\ndraft\r\n'
    assert f"\r\n+CMGR: {plain}" in bench.at("+CMGR=0")
    assert f"\r\n+CMGL: 0,{plain}" in bench.at('+CMGL="ALL"')
    bench.at("+CSDH=1")
    assert bench.at("+CMGR=0") == (
        f'\r\n+CMGR: "STO UNSENT","{OUTSIDE}",,145,17,0,0,173,"+447700900999",145,5'
        "\r\ndraft\r\n\r\nOK\r\n"
    )
    assert f'\r\n+CMGL: 0,"STO UNSENT","{OUTSIDE}",,,145,5\r\ndraft\r\n' in bench.at('+CMGL="ALL"')


def test_a_draft_without_a_validity_shows_none(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMGF=1;+CSDH=1;+CSMP=1,0,0,0")
    bench.at('+CMGW="12345"')
    bench.type(b"x\x1a")
    assert '+CMGR: "STO UNSENT","12345",,129,1,0,0,,"+447700900999",145,1' in bench.at("+CMGR=0")


def test_details_are_shown_for_messages_handed_over(lab: Lab) -> None:
    bench = lab.bench()
    assert lab.smsc is not None
    bench.at("+CMGF=1;+CSDH=1;+CNMI=2,2,0,0,0")
    lab.smsc.inject(OUTSIDE, NUMBER, "Hello")
    assert bench.heard() == (
        f'\r\n+CMT: "{OUTSIDE}",,"25/06/15,15:06:40+00",145,4,0,0,"+447700900999",145,5'
        "\r\nHello\r\n"
    )


def test_the_length_counts_characters_and_octets(lab: Lab) -> None:
    bench = lab.bench()
    assert lab.smsc is not None
    lab.smsc.inject(OUTSIDE, NUMBER, "привет")
    lab.smsc.inject(OUTSIDE, NUMBER, data=b"\x00\xff\x01")
    bench.at("+CMGF=1;+CSDH=1")
    assert ",145,6\r\n043F" in bench.at("+CMGR=0")
    assert ",145,3\r\n00FF01\r\n" in bench.at("+CMGR=1")


def test_the_validity_of_the_settings_is_sent(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMGF=1;+CSMP=17,11,0,0")
    bench.at(f'+CMGW="{OUTSIDE}"')
    bench.type(b"x\x1a")
    stored = bench.modem.body.storage.named("SM").get(0)
    assert stored is not None
    submit = sms.decode_mo(stored.tpdu)
    assert isinstance(submit, sms.Submit)
    assert submit.validity is not None
    assert submit.validity.raw == b"\x0b"
