"""Decoding is total, and what is tolerated is what docs/codec.md lists, each with its test here."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw.sms import (
    Alphabet,
    Command,
    Deliver,
    DeliverReport,
    PduError,
    StatusReport,
    Submit,
    SubmitReport,
    UserData,
    assemble,
    decode_mo,
    decode_mt,
    unpack_pdu,
)
from modemgw.sms.describe import describe

KINDS = [Deliver, Submit, StatusReport, Command, SubmitReport, DeliverReport]
DELIVER = "000B911346610089F60000" + "42209231732480"


def deliver(tpdu: str) -> Deliver:
    decoded = decode_mt(bytes.fromhex(tpdu))
    assert isinstance(decoded, Deliver)
    return decoded


def content(tpdu: str) -> UserData:
    return deliver(tpdu).user_data


@settings(max_examples=1000)
@given(st.binary(max_size=200), st.integers(0, 3))
def test_any_octets_are_a_value_or_one_error_with_field_and_offset(octets: bytes, mti: int) -> None:
    octets = bytes((octets[0] & 0xFC | mti,)) + octets[1:] if octets else octets
    readers: list[Callable[[bytes], Any]] = [decode_mt, decode_mo]
    for decode in [*readers, *(kind.decode for kind in KINDS)]:  # type: ignore[attr-defined]
        try:
            tpdu = decode(octets)
        except PduError as error:
            assert error.field  # noqa: PT017
            assert 0 <= error.offset <= len(octets)  # noqa: PT017
            assert str(error) == f"{error.field} at octet {error.offset}: {error.problem}"  # noqa: PT017
        else:
            assert describe(tpdu)


@given(st.text(max_size=400) | st.binary(max_size=200).map(bytes.hex))
def test_any_text_is_a_pdu_or_one_error(text: str) -> None:
    try:
        smsc, tpdu = unpack_pdu(text)
    except PduError as error:
        assert error.field in ("PDU", "SCA")  # noqa: PT017
    else:
        assert isinstance(tpdu, bytes)
        assert smsc is None or str(smsc) == smsc.value or smsc.ton == 1


@pytest.mark.parametrize(
    ("text", "offset", "said"),
    [
        ("", 0, "no octets"),
        ("079", 1, "odd number"),
        ("07 91 9x", 2, "'x'"),
        ("07 9", 1, "odd number"),
        ("0x07", 0, "'x'"),
        ("OK", 0, "'O'"),
        ("0F91", 0, "15 octets, at most 11"),
        ("0791", 2, "inside its 7 octets"),
    ],
)
def test_what_is_no_pdu_at_all_is_refused_at_its_octet(text: str, offset: int, said: str) -> None:
    with pytest.raises(PduError) as refused:
        unpack_pdu(text)
    assert refused.value.offset == offset
    assert said in refused.value.problem


def test_tolerated_small_letters_and_white_space_round_a_pdu() -> None:
    assert unpack_pdu("\r\n 0004ab \x0d\n") == (None, b"\x04\xab")


@pytest.mark.parametrize("stamp", ["00000000000000", "FFFFFFFFFFFFFF", "42200331732480"])
def test_tolerated_impossible_service_centre_time(stamp: str) -> None:
    decoded = deliver(DELIVER[:22] + stamp + "02E834")
    assert decoded.scts.datetime is None
    assert decoded.scts.problem
    assert decoded.user_data.text == "hi"


def test_tolerated_octets_after_the_user_data() -> None:
    assert content(DELIVER + "02E834" + "FF" * 40).text == "hi"


def test_tolerated_padding_after_a_status_report() -> None:
    report = "06400B915155001032F4" + "52801041035140" * 2 + "00"
    decoded = decode_mt(bytes.fromhex(report + "FF" * 30))
    assert decoded == decode_mt(bytes.fromhex(report)) == decode_mt(bytes.fromhex(report + "00"))


def test_tolerated_header_indicator_without_user_data() -> None:
    assert content("40" + DELIVER[2:] + "00").text == ""


def test_tolerated_malformed_header_is_ignored_and_the_text_kept() -> None:
    data = content("40" + DELIVER[2:20] + "04" + DELIVER[22:] + "0603000802" + "4142")
    assert (data.header, data.data) == ((), b"AB")
    assert data.header_octets == bytes.fromhex("000802")


def test_tolerated_fill_bits_that_are_set() -> None:
    fill_clear = "40" + DELIVER[2:] + "09" + "0500030C0201" + "D069"
    fill_set = "40" + DELIVER[2:] + "09" + "0500030C0201" + "D169"
    assert content(fill_set).text == content(fill_clear).text == "hi"


def test_tolerated_odd_octet_of_ucs2_is_dropped() -> None:
    data = content(DELIVER[:20] + "08" + DELIVER[22:] + "0500410042" + "00")
    assert data.text == "AB"


@pytest.mark.parametrize(
    ("octets", "text"),
    [("D83D0041", "\ufffdA"), ("DE000041", "\ufffdA"), ("0041D83D", "A\ufffd")],
)
def test_tolerated_half_surrogate_pair_shows_as_a_replacement(octets: str, text: str) -> None:
    assert UserData(Alphabet.UCS2, bytes.fromhex(octets)).text == text


def test_tolerated_ucs2_with_the_little_end_first_behind_its_mark() -> None:
    assert UserData(Alphabet.UCS2, bytes.fromhex("FFFE2D4E8765")).text == "中文"


def test_tolerated_escape_at_the_end_is_a_space() -> None:
    assert UserData(Alphabet.GSM7, b"A\x1b").text == "A "


def test_tolerated_escape_split_over_two_parts_is_joined() -> None:
    parts = [
        UserData(Alphabet.GSM7, b"A\x1b", bytes.fromhex("0003010201")),
        UserData(Alphabet.GSM7, b"eB", bytes.fromhex("0003010202")),
    ]
    assert assemble(parts).text == "A€B"


def test_tolerated_reserved_message_type_from_the_network_is_a_deliver() -> None:
    assert content("07" + DELIVER[2:] + "02E834").text == "hi"


def test_tolerated_odd_number_of_digits_without_filler() -> None:
    assert str(deliver("0003812103" + "0000" + "42209231732480" + "00").originator) == "123"


def test_tolerated_type_of_address_without_its_top_bit() -> None:
    decoded = deliver("0004012143" + "0000" + "42209231732480" + "00")
    assert (decoded.originator.ton, str(decoded.originator)) == (0, "1234")


def test_tolerated_address_without_digits() -> None:
    assert str(deliver("000081" + "0000" + "42209231732480" + "00").originator) == ""


def test_tolerated_reserved_data_coding_is_read_as_the_default_alphabet() -> None:
    assert content(DELIVER[:20] + "BF" + DELIVER[22:] + "02E834").text == "hi"


def test_tolerated_compressed_text_stays_octets() -> None:
    data = content(DELIVER[:20] + "20" + DELIVER[22:] + "04DEADBEEF")
    assert (data.text, data.data) == (None, bytes.fromhex("DEADBEEF"))


@pytest.mark.parametrize(
    ("tpdu", "field"),
    [
        (DELIVER + "A1" + "00" * 141, "TP-UDL"),
        (DELIVER + "02E8", "TP-UD"),
        (DELIVER, "TP-UDL"),
        ("40" + DELIVER[2:] + "06" + "20" + "00" * 5, "TP-UDHL"),
        (DELIVER[:4] + "15" + DELIVER[6:], "TP-OA"),
        ("4100" + "42209231732480", "TP-UDHI"),
        ("018180" + "00", "TP-SCTS"),
    ],
)
def test_not_tolerated_is_what_would_have_to_be_invented(tpdu: str, field: str) -> None:
    tpdu = tpdu.replace(DELIVER[:4] + "15", "0015") if field == "TP-OA" else tpdu
    with pytest.raises(PduError) as refused:
        decode_mt(bytes.fromhex(tpdu))
    assert refused.value.field == field
