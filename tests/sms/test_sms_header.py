import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.sms import (
    Alphabet,
    Concatenation,
    Element,
    NationalLanguage,
    Ports,
    SpecialMessage,
    UserData,
)
from modemgw.sms.elements import element_meaning, element_name
from modemgw.sms.header import parse_elements

elements = st.lists(
    st.builds(Element, st.integers(0, 255), st.binary(max_size=20)), min_size=1, max_size=6
)


@given(elements)
def test_every_element_known_or_not_survives_in_order(given: list[Element]) -> None:
    data = UserData.of_data(b"x", given)
    assert data.header == tuple(given)
    assert data.header_octets == b"".join(element.encode() for element in given)


@given(st.binary(max_size=140))
def test_any_header_is_elements_that_fill_it_or_is_ignored(octets: bytes) -> None:
    found = parse_elements(octets)
    assert found == () or b"".join(element.encode() for element in found) == octets


@pytest.mark.parametrize("octets", ["00", "000302", "00030201010A", "0003020101" + "0505AAAA"])
def test_a_last_element_with_too_few_octets_voids_the_whole_header(octets: str) -> None:
    data = UserData(Alphabet.DATA, b"body", bytes.fromhex(octets))
    assert data.header == ()
    assert data.concatenation is None
    assert data.data == b"body"


@pytest.mark.parametrize(
    ("place", "octets"),
    [
        (Concatenation(42, 3, 2), "00032A0302"),
        (Concatenation(300, 3, 2, wide=True), "0804012C0302"),
    ],
)
def test_a_concatenation_is_read_and_written(place: Concatenation, octets: str) -> None:
    assert place.element().encode().hex().upper() == octets
    assert UserData(Alphabet.DATA, b"", bytes.fromhex(octets)).concatenation == place


@pytest.mark.parametrize(
    "octets",
    [
        "0003010001",
        "0003010200",
        "0003010203",
        "08040001" + "0001",
        "00020102",
        "000401020101",
        "08030102" + "01",
    ],
)
def test_a_concatenation_of_no_sense_or_of_a_wrong_length_is_passed_over(octets: str) -> None:
    data = UserData(Alphabet.DATA, b"", bytes.fromhex(octets))
    assert data.concatenation is None
    assert len(data.header) == 1


@pytest.mark.parametrize(
    "place", [Concatenation(256, 2, 1), Concatenation(1, 2, 3), Concatenation(1, 256, 1)]
)
def test_a_concatenation_that_does_not_fit_is_not_written(place: Concatenation) -> None:
    with pytest.raises(ValueError, match=r"does not fit|part"):
        place.element()


def test_a_void_concatenation_does_not_hide_one_that_holds() -> None:
    data = UserData(Alphabet.DATA, b"", bytes.fromhex("00032A0302" + "08040001" + "0001"))
    assert data.concatenation == Concatenation(42, 3, 2)


@pytest.mark.parametrize("element", [Element(256), Element(0, bytes(256)), Element(-1)])
def test_an_element_that_does_not_fit_is_not_written(element: Element) -> None:
    with pytest.raises(ValueError, match="0 to 255"):
        element.encode()


def test_the_last_of_elements_that_exclude_each_other_counts() -> None:
    narrow, wide = Concatenation(1, 2, 1), Concatenation(2, 3, 2, wide=True)
    small, big = Ports(240, 16, wide=False), Ports(2948, 9200)
    one = UserData.of_data(b"", [e.element() for e in (narrow, big, wide, small)])
    assert (one.concatenation, one.ports) == (wide, small)
    other = UserData.of_data(b"", [e.element() for e in (wide, small, narrow, big)])
    assert (other.concatenation, other.ports) == (narrow, big)


@pytest.mark.parametrize(
    ("ports", "octets"),
    [(Ports(2948, 9200), "05040B8423F0"), (Ports(240, 16, wide=False), "0402F010")],
)
def test_ports_are_read_and_written(ports: Ports, octets: str) -> None:
    assert ports.element().encode().hex().upper() == octets
    assert UserData(Alphabet.DATA, b"", bytes.fromhex(octets)).ports == ports


@pytest.mark.parametrize("octets", ["05020B84", "040123", "0503010203"])
def test_ports_of_a_wrong_length_are_passed_over(octets: str) -> None:
    assert UserData(Alphabet.DATA, b"", bytes.fromhex(octets)).ports is None


def test_special_messages_may_be_many() -> None:
    given = (SpecialMessage(0, 3, store=True), SpecialMessage(7, 1, profile=4))
    data = UserData.of_text("", header=[special.element() for special in given])
    assert data.special_messages == given
    assert data.header_octets == bytes.fromhex("01028003" + "01026701")


@pytest.mark.parametrize("special", [SpecialMessage(32, 1), SpecialMessage(0, 1, profile=5)])
def test_a_special_message_that_does_not_fit_is_not_written(special: SpecialMessage) -> None:
    with pytest.raises(ValueError, match="0 to 31"):
        special.element()


def test_a_reserved_language_is_passed_over() -> None:
    data = UserData(Alphabet.GSM7, b"\x1b\x53", bytes.fromhex("24010125017F"))
    assert data.shifts == (0, NationalLanguage.TURKISH)
    assert data.text == "Ş"


@pytest.mark.parametrize("iei", range(256))
def test_every_identifier_has_a_name_and_a_clause(iei: int) -> None:
    name, clause = element_name(iei)
    assert name
    assert clause.startswith("9.2.3.24")


@pytest.mark.parametrize(
    ("octets", "meaning"),
    [
        ("00032A0302", "part 2 of 3, reference 42"),
        ("00032A0002", "void, ignored"),
        ("05040B8423F0", "to port 2948 from port 9200"),
        ("01028003", "3 waiting, voice, store, profile 1"),
        ("01020401", "1 waiting, reserved kind 4, discard, profile 1"),
        ("240106", "hindi"),
        ("25017F", "reserved"),
        ("0A03190620", ""),
    ],
)
def test_the_content_of_known_elements_has_a_meaning(octets: str, meaning: str) -> None:
    (element,) = parse_elements(bytes.fromhex(octets))
    assert element_meaning(element) == meaning
