import pytest

from modemgw.sms import Alphabet, DataCoding, Indication, MessageWaiting, protocol, replace_type

G, D, U = Alphabet.GSM7, Alphabet.DATA, Alphabet.UCS2


@pytest.mark.parametrize(
    ("octet", "alphabet", "message_class"),
    [
        (0x00, G, None),
        (0x04, D, None),
        (0x08, U, None),
        (0x0C, G, None),
        (0x10, G, 0),
        (0x15, D, 1),
        (0x1A, U, 2),
        (0x1F, G, 3),
        (0x20, D, None),
        (0x38, D, 0),
        (0x40, G, None),
        (0x48, U, None),
        (0x59, U, 1),
        (0x60, D, None),
        (0x80, G, None),
        (0xBF, G, None),
        (0xC8, G, None),
        (0xD8, G, None),
        (0xE8, U, None),
        (0xF0, G, 0),
        (0xF2, G, 2),
        (0xF5, D, 1),
        (0xFB, G, 3),
        (0xFF, D, 3),
    ],
)
def test_the_coding_group_gives_alphabet_and_class(
    octet: int, alphabet: Alphabet, message_class: int | None
) -> None:
    coding = DataCoding(octet)
    assert (coding.alphabet, coding.message_class) == (alphabet, message_class)


def test_message_waiting_is_read_from_its_three_groups_only() -> None:
    waiting = {octet: DataCoding(octet).mwi for octet in range(256)}
    assert [octet for octet, mwi in waiting.items() if mwi] == list(range(0xC0, 0xF0))
    assert waiting[0xC8] == MessageWaiting(Indication.VOICEMAIL, active=True, store=False)
    assert waiting[0xD1] == MessageWaiting(Indication.FAX, active=False, store=True)
    assert waiting[0xEA] == MessageWaiting(Indication.EMAIL, active=True, store=True)


def test_only_group_01_is_marked_for_automatic_deletion() -> None:
    marked = [octet for octet in range(256) if DataCoding(octet).automatic_deletion]
    assert marked == list(range(0x40, 0x80))


def test_only_bit_5_of_the_general_groups_says_compressed() -> None:
    compressed = [octet for octet in range(256) if DataCoding(octet).compressed]
    assert compressed == [*range(0x20, 0x40), *range(0x60, 0x80)]


@pytest.mark.parametrize("octet", [0x0C, 0x5D, 0x80, 0xB8, 0xC4, 0xDC, 0xF8, 0x02])
def test_reserved_codings_are_told(octet: int) -> None:
    assert DataCoding(octet).reserved


@pytest.mark.parametrize("octet", [0x00, 0x08, 0x11, 0x59, 0xC8, 0xE0, 0xF7])
def test_codings_in_use_are_not_told_to_be_reserved(octet: int) -> None:
    assert not DataCoding(octet).reserved


@pytest.mark.parametrize("alphabet", list(Alphabet))
@pytest.mark.parametrize("message_class", [None, 0, 1, 2, 3])
def test_a_coding_made_for_an_alphabet_has_it(
    alphabet: Alphabet, message_class: int | None
) -> None:
    coding = DataCoding.of(alphabet, message_class)
    assert (coding.alphabet, coding.message_class) == (alphabet, message_class)
    assert not coding.reserved
    assert coding == DataCoding(coding.octet) == DataCoding.from_octet(coding.octet)


def test_what_is_no_octet_or_class_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 255"):
        DataCoding(256)
    with pytest.raises(ValueError, match="0, 1, 2 or 3"):
        DataCoding.of(Alphabet.GSM7, 4)


@pytest.mark.parametrize(
    ("octet", "meaning"),
    [
        (0x00, "plain short message"),
        (0x05, "SME to SME protocol 5"),
        (0x22, "telematic interworking: group 3 telefax"),
        (0x32, "telematic interworking: Internet electronic mail"),
        (0x2E, "telematic interworking: reserved"),
        (0x39, "telematic interworking: specific to the SC"),
        (0x3F, "telematic interworking: GSM/UMTS mobile station"),
        (0x40, "short message type 0"),
        (0x47, "replace short message type 7"),
        (0x5F, "return call message"),
        (0x60, "reserved"),
        (0x7F, "(U)SIM data download"),
        (0x80, "reserved"),
        (0xC0, "specific to the SC"),
    ],
)
def test_a_protocol_identifier_has_a_meaning(octet: int, meaning: str) -> None:
    assert protocol(octet) == meaning


def test_seven_protocol_identifiers_replace() -> None:
    types = {octet: replace_type(octet) for octet in range(256)}
    assert {octet: kind for octet, kind in types.items() if kind} == {
        0x40 + n: n for n in range(1, 8)
    }
