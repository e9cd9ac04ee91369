"""Round trips of every TPDU, octets known from elsewhere, and what must be refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.sms import (
    Address,
    Alphabet,
    Command,
    CommandType,
    DataCoding,
    Deliver,
    DeliverReport,
    Element,
    PduError,
    StatusReport,
    Submit,
    SubmitReport,
    Timestamp,
    UserData,
    Validity,
    ValidityFormat,
    decode_mo,
    decode_mt,
    pack_pdu,
    unpack_pdu,
)

octets = st.integers(0, 255)
addresses = st.one_of(
    st.builds(
        Address,
        st.text("0123456789*#abc", max_size=20),
        st.integers(0, 7).filter(lambda ton: ton != 5),
        st.integers(0, 15),
    ),
    st.text("abcXYZ 012ÄöñΔ_@", min_size=1, max_size=11).map(Address.alphanumeric),
)
timestamps = st.binary(min_size=7, max_size=7).map(Timestamp)
validities = st.one_of(
    st.none(),
    st.builds(Validity, st.just(ValidityFormat.RELATIVE), st.binary(min_size=1, max_size=1)),
    st.builds(
        Validity,
        st.sampled_from([ValidityFormat.ABSOLUTE, ValidityFormat.ENHANCED]),
        st.binary(min_size=7, max_size=7),
    ),
)
headers = st.one_of(
    st.none(),
    st.just(b""),
    st.lists(st.builds(Element, octets, st.binary(max_size=8)), max_size=4).map(
        lambda elements: b"".join(element.encode() for element in elements)
    ),
)


@st.composite
def contents(draw: st.DrawFn, room: int = 140) -> tuple[DataCoding, UserData]:
    """User data of any size that fits, with any coding octet that announces its alphabet."""
    coding = DataCoding(draw(octets))
    header = draw(headers)
    room -= 0 if header is None else len(header) + 1
    if coding.alphabet is Alphabet.GSM7:
        septets = draw(st.lists(st.integers(0, 127), max_size=(8 * room - 6) // 7))
        return coding, UserData(Alphabet.GSM7, bytes(septets), header)
    return coding, UserData(coding.alphabet, draw(st.binary(max_size=room)), header)


flags = st.booleans()


@given(
    addresses, contents(), octets, octets, validities, flags, flags, flags, st.binary(max_size=9)
)
def test_every_submit_survives(
    to: Address,
    content: tuple[DataCoding, UserData],
    reference: int,
    pid: int,
    validity: Validity | None,
    receipt: bool,
    reject: bool,
    reply: bool,
    padding: bytes,
) -> None:
    coding, data = content
    submit = Submit(to, data, coding, reference, pid, validity, receipt, reject, reply)
    again = decode_mo(submit.encode() + padding)
    assert again == submit or is_empty_with_header(data)


@given(addresses, contents(), timestamps, octets, st.tuples(flags, flags, flags, flags))
def test_every_deliver_survives(
    sender: Address,
    content: tuple[DataCoding, UserData],
    scts: Timestamp,
    pid: int,
    bits: tuple[bool, bool, bool, bool],
) -> None:
    coding, data = content
    deliver = Deliver(sender, data, scts, coding, pid, *bits)
    assert decode_mt(deliver.encode()) == deliver or is_empty_with_header(data)


@given(
    octets,
    addresses,
    timestamps,
    timestamps,
    octets,
    st.tuples(flags, flags, flags),
    st.none() | octets,
    st.none() | contents(),
)
def test_every_status_report_survives(
    reference: int,
    recipient: Address,
    scts: Timestamp,
    discharge: Timestamp,
    status: int,
    bits: tuple[bool, bool, bool],
    pid: int | None,
    content: tuple[DataCoding, UserData] | None,
) -> None:
    coding, data = content or (None, None)
    report = StatusReport(reference, recipient, scts, discharge, status, *bits, pid, coding, data)
    assert decode_mt(report.encode()) == report or is_empty_with_header(data)


@given(addresses, st.tuples(octets, octets, octets, octets, st.binary(max_size=146), flags, flags))
def test_every_command_survives(to: Address, rest: tuple[Any, ...]) -> None:
    command = Command(to, *rest)
    assert decode_mo(command.encode()) == command


causes = st.none() | st.integers(128, 255)


@given(timestamps, causes, st.none() | octets, st.none() | contents(room=152))
def test_every_submit_report_survives(
    scts: Timestamp,
    cause: int | None,
    pid: int | None,
    content: tuple[DataCoding, UserData] | None,
) -> None:
    coding, data = content or (None, None)
    report = SubmitReport(scts, cause, pid, coding, data)
    assert decode_mt(report.encode()) == report or is_empty_with_header(data)
    assert SubmitReport.decode(report.encode(), error=cause is not None) == decode_mt(
        report.encode()
    )


@given(causes, st.none() | octets, st.none() | contents(room=158))
def test_every_deliver_report_survives(
    cause: int | None, pid: int | None, content: tuple[DataCoding, UserData] | None
) -> None:
    coding, data = content or (None, None)
    report = DeliverReport(cause, pid, coding, data)
    assert decode_mo(report.encode()) == report or is_empty_with_header(data)


def is_empty_with_header(data: UserData | None) -> bool:
    """A header whose TP-UD holds nothing at all cannot be: TP-UDL 0 leaves no room for TP-UDHL."""
    return data is not None and data.encode(255)[0] == 0 and data.header_octets is not None


SUBMIT = Submit(
    Address.parse("+15550001234"),
    UserData.of_text("Hello"),
    DataCoding(0),
    validity=Validity.relative(86400),
    status_report_request=True,
)


def test_a_submit_is_written_as_the_at_interface_wants_it() -> None:
    tpdu = SUBMIT.encode()
    assert pack_pdu(tpdu) == "0031000B915155001032F40000A705C8329BFD06"
    assert len(tpdu) == 19


def test_a_status_report_is_read_with_all_that_matches_it_to_a_message() -> None:
    smsc, tpdu = unpack_pdu("07915155000000F006400B915155001032F4528010410351405280104103124000")
    report = decode_mt(tpdu)
    assert isinstance(report, StatusReport)
    assert (str(smsc), report.reference, str(report.recipient)) == (
        "+15550000000",
        64,
        "+15550001234",
    )
    assert (str(report.scts), str(report.discharge)) == (
        "2025-08-01T14:30:15+01:00",
        "2025-08-01T14:30:21+01:00",
    )
    assert (report.status, report.qualifier, report.more_messages) == (0, False, False)


def test_a_command_to_delete_a_message_is_written() -> None:
    command = Command(Address.parse("+15550001234"), CommandType.DELETE, 7, reference=9)
    assert command.encode().hex().upper() == "0209000207" + "0B915155001032F4" + "00"


def test_first_octet_bits_are_those_of_the_spec() -> None:
    def first(**fields: Any) -> int:
        plain: dict[str, Any] = {"destination": SUBMIT.destination, "dcs": SUBMIT.dcs}
        return Submit(**(plain | {"user_data": SUBMIT.user_data} | fields)).encode()[0]

    enhanced = Validity.enhanced(30)
    absolute = Validity.absolute(Timestamp(bytes.fromhex("52801041035140")))
    header = UserData.of_text("a", header=[Element(0x80)])
    assert first() == 0x01
    assert first(reject_duplicates=True) == 0x05
    assert first(validity=enhanced) == 0x09
    assert first(validity=Validity.relative(300)) == 0x11
    assert first(validity=absolute) == 0x19
    assert first(status_report_request=True) == 0x21
    assert first(user_data=header) == 0x41
    assert first(reply_path=True) == 0x81


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reference": 256}, "TP-MR 256 and"),
        ({"pid": -1}, "TP-PID -1 have to be 0 to 255"),
        ({"dcs": DataCoding(8)}, "TP-DCS 08 announces ucs2, the user data is gsm7"),
        ({"user_data": UserData.of_text("a" * 161)}, "161 septets, at most 160"),
        ({"destination": Address("1" * 21)}, "21 digits"),
    ],
)
def test_a_submit_that_the_spec_cannot_carry_is_not_written(
    fields: dict[str, Any], said: str
) -> None:
    given: dict[str, Any] = {
        "destination": SUBMIT.destination,
        "user_data": SUBMIT.user_data,
        "dcs": SUBMIT.dcs,
    }
    with pytest.raises(ValueError, match=said):
        Submit(**(given | fields)).encode()


def test_reports_refuse_a_failure_cause_that_is_none() -> None:
    with pytest.raises(ValueError, match="128 to 255"):
        DeliverReport(failure_cause=5).encode()


def test_a_command_refuses_more_data_than_a_tpdu_holds() -> None:
    with pytest.raises(ValueError, match="at most 156"):
        Command(Address(""), 0, 0, data=bytes(157)).encode()


@pytest.mark.parametrize(
    ("kind", "tpdu"),
    [
        (Deliver, "01"),
        (Submit, "0000"),
        (StatusReport, "0000"),
        (Command, "0100000000"),
        (SubmitReport, "00"),
        (DeliverReport, "01"),
    ],
)
def test_a_tpdu_of_another_type_is_refused_by_its_indicator(kind: Any, tpdu: str) -> None:
    with pytest.raises(PduError, match=kind.name) as refused:
        kind.decode(bytes.fromhex(tpdu))
    assert (refused.value.field, refused.value.offset) == ("TP-MTI", 0)


@pytest.mark.parametrize("decode", [decode_mt, decode_mo])
def test_no_octets_are_no_tpdu(decode: Any) -> None:
    with pytest.raises(PduError, match="no octets"):
        decode(b"")


def test_the_three_indicators_mean_other_things_in_each_direction() -> None:
    assert isinstance(decode_mt(SubmitReport(Timestamp(bytes(7))).encode()), SubmitReport)
    assert isinstance(decode_mo(DeliverReport().encode()), DeliverReport)
    assert isinstance(decode_mo(SUBMIT.encode()), Submit)


@pytest.mark.parametrize(
    ("seconds", "octet"),
    [
        (1, 0),
        (300, 0),
        (301, 1),
        (600, 1),
        (12 * 3600, 143),
        (12 * 3600 + 1, 144),
        (86400, 167),
        (86401, 168),
        (2 * 86400, 168),
        (7 * 86400, 173),
        (30 * 86400, 196),
        (30 * 86400 + 1, 197),
        (63 * 7 * 86400, 255),
    ],
)
def test_a_relative_validity_is_the_next_step_that_is_long_enough(seconds: int, octet: int) -> None:
    validity = Validity.relative(seconds)
    assert validity.raw == bytes((octet,))
    assert validity.seconds is not None
    assert validity.seconds >= seconds


@given(st.floats(0.001, 63 * 7 * 86400))
def test_no_smaller_relative_step_would_do(seconds: float) -> None:
    steps = [Validity(ValidityFormat.RELATIVE, bytes((o,))).seconds or 0 for o in range(256)]
    assert Validity.relative(seconds).seconds == min(step for step in steps if step >= seconds)


@pytest.mark.parametrize("seconds", [0, -1, 63 * 7 * 86400 + 1, float("nan"), float("inf")])
def test_a_validity_of_nothing_or_beyond_63_weeks_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="63 weeks"):
        Validity.relative(seconds)


@pytest.mark.parametrize(
    ("seconds", "single_shot", "raw", "means"),
    [
        (None, False, "00000000000000", None),
        (30, False, "021E0000000000", 30),
        (30, True, "421E0000000000", 30),
        (5025, False, "03103254000000", 5025),
        (345600, False, "03690000000000", 345600),
        (360000, False, "01AB0000000000", 432000),
    ],
)
def test_an_enhanced_validity_takes_the_most_exact_form(
    seconds: int | None, single_shot: bool, raw: str, means: int | None
) -> None:
    validity = Validity.enhanced(seconds, single_shot=single_shot)
    assert validity.raw.hex().upper() == raw
    assert (validity.seconds, validity.single_shot) == (means, single_shot)
    assert validity.time is None


@pytest.mark.parametrize(
    "raw", ["02000000000000", "031A0000000000", "04000000000000", "81020500000000"]
)
def test_an_enhanced_validity_that_is_reserved_or_no_number_has_no_seconds(raw: str) -> None:
    assert Validity(ValidityFormat.ENHANCED, bytes.fromhex(raw)).seconds is None


def test_a_validity_has_the_octets_of_its_format() -> None:
    with pytest.raises(ValueError, match="relative TP-VP has 1 octet, not 7"):
        Validity(ValidityFormat.RELATIVE, bytes(7))
