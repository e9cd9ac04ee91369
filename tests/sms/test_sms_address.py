import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.sms import Address, PduError, pack_pdu, unpack_pdu
from modemgw.sms.address import decode_address

DIGITS = "0123456789*#abc"


@pytest.mark.parametrize(
    ("text", "value", "ton"),
    [
        ("+447700900001", "447700900001", 1),
        ("12345", "12345", 0),
        ("07700900001", "07700900001", 0),
        ("*100#", "*100#", 0),
        ("+1", "1", 1),
    ],
)
def test_what_a_person_dials_becomes_an_address_and_back(text: str, value: str, ton: int) -> None:
    address = Address.parse(text)
    assert address == Address(value, ton, 1)
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least one digit"),
        ("+", "at least one digit"),
        ("0049 171", "' '"),
        ("++44", "'+'"),
        ("12d", "'d'"),
        ("١٢٣", "'١'"),
        ("1" * 21, "21 digits"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Address.parse(text)


@pytest.mark.parametrize(
    ("address", "octets"),
    [
        (Address("15550001234", 1, 1), "0B915155001032F4"),
        (Address("12345", 0, 1), "05812143F5"),
        (Address("*#0a1b2c", 0, 1), "0881BAC0D1E2"),
        (Address("", 0, 1), "0081"),
        (Address("INFO", 5, 0), "07D049A7F109"),
        (Address("Company1", 5, 0), "0ED0C3771B1E76E763"),
        (Address("sipgate", 5, 0), "0DD0F334FC1CA69701"),
        (Address("1", 7, 15), "01FFF1"),
    ],
)
def test_an_address_is_written_in_swapped_semi_octets_or_septets(
    address: Address, octets: str
) -> None:
    assert address.encode().hex().upper() == octets
    assert decode_address(bytes.fromhex(octets), 0, "TP-DA") == (address, len(octets) // 2)


@given(
    st.text(DIGITS, max_size=20),
    st.integers(0, 7).filter(lambda ton: ton != 5),
    st.integers(0, 15),
    st.binary(max_size=5),
    st.binary(max_size=5),
)
def test_every_number_of_every_type_and_plan_survives(
    value: str, ton: int, npi: int, before: bytes, after: bytes
) -> None:
    address = Address(value, ton, npi)
    octets = before + address.encode() + after
    decoded, end = decode_address(octets, len(before), "TP-OA")
    assert decoded == address
    assert octets[end:] == after


@given(st.text("@£$abcXYZ 019ÄöñΔ_", min_size=1, max_size=11))
def test_every_name_of_up_to_eleven_characters_survives(text: str) -> None:
    address = Address.alphanumeric(text)
    assert (address.ton, address.npi, str(address)) == (5, 0, text)
    assert decode_address(address.encode(), 0, "TP-OA")[0] == address


@pytest.mark.parametrize(
    ("text", "said"), [("", "at least one"), ("abcdefghij€", "12 septets"), ("Ж", "'Ж'")]
)
def test_a_name_that_does_not_fit_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Address.alphanumeric(text)


@pytest.mark.parametrize(
    "address", [Address("1" * 21), Address("12x"), Address("1", 8, 1), Address("1", 1, 16)]
)
def test_an_address_that_the_spec_cannot_carry_is_not_written(address: Address) -> None:
    with pytest.raises(ValueError, match=r"digits|TON"):
        address.encode()


@pytest.mark.parametrize(
    ("octets", "offset"), [("", 0), ("0B", 1), ("0B915155", 4), ("159112121212121212121212", 0)]
)
def test_a_cut_off_or_too_long_address_is_an_error_at_its_octet(octets: str, offset: int) -> None:
    with pytest.raises(PduError) as refused:
        decode_address(bytes.fromhex(octets), 0, "TP-RA")
    assert (refused.value.field, refused.value.offset) == ("TP-RA", offset)


def test_a_filler_inside_ends_the_number() -> None:
    address, _ = decode_address(bytes.fromhex("069121F365"), 0, "TP-OA")
    assert address.value == "123"


def test_a_service_centre_is_counted_in_octets() -> None:
    assert pack_pdu(b"\x00", Address.parse("+31624000000")) == "07911326040000F000"
    smsc, tpdu = unpack_pdu("07911326040000F000")
    assert (str(smsc), tpdu) == ("+31624000000", b"\x00")


@given(st.text("0123456789", min_size=1, max_size=20), st.integers(0, 4), st.binary(max_size=9))
def test_every_service_centre_survives(digits: str, ton: int, tpdu: bytes) -> None:
    smsc = Address(digits, ton, 1)
    assert unpack_pdu(pack_pdu(tpdu, smsc)) == (smsc, tpdu)


def test_an_empty_service_centre_is_none() -> None:
    assert unpack_pdu("0004") == (None, b"\x04")
    assert unpack_pdu("018104") == (None, b"\x04")
