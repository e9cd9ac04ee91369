from typing import Any

import pytest

from modemgw.sms import (
    Address,
    Command,
    DataCoding,
    Deliver,
    DeliverReport,
    Element,
    StatusReport,
    Submit,
    SubmitReport,
    Timestamp,
    UserData,
    Validity,
    ValidityFormat,
)
from modemgw.sms.describe import Field, describe

TO = Address.parse("+447700900001")
WHEN = Timestamp(bytes.fromhex("52801041035140"))
PLAIN = DataCoding(0)
HI = UserData.of_text("hi", header=[Element(0x00, b"\x2a\x02\x01"), Element(0x24, b"\x01")])


def rows(tpdu: Any, smsc: Address | None = None) -> dict[str, Field]:
    return {field.name: field for field in describe(tpdu, smsc)}


@pytest.mark.parametrize(
    ("tpdu", "names"),
    [
        (
            Deliver(TO, HI, WHEN, PLAIN),
            "TP-MTI TP-MMS TP-LP TP-SRI TP-RP TP-UDHI TP-OA TP-PID TP-DCS TP-SCTS TP-UDL TP-UDH"
            " IE-00 IE-24 TP-UD",
        ),
        (
            Submit(TO, HI, PLAIN, validity=Validity.relative(60)),
            "TP-MTI TP-RD TP-SRR TP-RP TP-UDHI TP-MR TP-DA TP-PID TP-DCS TP-VPF TP-VP TP-UDL"
            " TP-UDH IE-00 IE-24 TP-UD",
        ),
        (
            StatusReport(1, TO, WHEN, WHEN, 0, pid=0),
            "TP-MTI TP-MMS TP-LP TP-SRQ TP-UDHI TP-MR TP-RA TP-SCTS TP-DT TP-ST TP-PID",
        ),
        (
            Command(TO, 2, 9, data=b"\x01"),
            "TP-MTI TP-SRR TP-UDHI TP-MR TP-PID TP-CT TP-MN TP-DA TP-CDL TP-CD",
        ),
        (SubmitReport(WHEN, 0xC5), "TP-MTI TP-UDHI TP-FCS TP-SCTS"),
        (
            DeliverReport(None, 0, PLAIN, HI),
            "TP-MTI TP-UDHI TP-PID TP-DCS TP-UDL TP-UDH IE-00 IE-24 TP-UD",
        ),
    ],
)
def test_every_field_of_every_tpdu_is_there_with_its_clause(tpdu: Any, names: str) -> None:
    fields = describe(tpdu)
    assert [field.name.replace(" ", "-") for field in fields] == names.split()
    assert all(field.clause.startswith("9.2.3.") for field in fields)


def test_the_service_centre_comes_first() -> None:
    first = describe(DeliverReport(), TO)[0]
    assert first == Field(
        "SCA",
        "TS 24.011 8.2.5.1",
        "+447700900001",
        "TON 1 international, NPI 1 ISDN/telephone (E.164)",
    )


@pytest.mark.parametrize(
    ("coding", "meaning"),
    [
        (0x00, "gsm7"),
        (0x11, "gsm7; class 1, store in the ME"),
        (0x48, "ucs2; marked for automatic deletion"),
        (0x20, "compressed text"),
        (0xC8, "gsm7; voicemail waiting active, discard the message"),
        (0xD2, "gsm7; email waiting inactive, store the message"),
        (0x84, "gsm7; reserved coding"),
    ],
)
def test_a_data_coding_is_told_in_words(coding: int, meaning: str) -> None:
    dcs = DataCoding(coding)
    report = DeliverReport(None, None, dcs, UserData(dcs.alphabet, b""))
    assert rows(report)["TP-DCS"].meaning == meaning


@pytest.mark.parametrize(
    ("validity", "clause", "value", "meaning"),
    [
        (Validity.relative(300), "9.2.3.12.1", 0, "300 s"),
        (Validity.absolute(WHEN), "9.2.3.12.2", "2025-08-01T14:30:15+01:00", ""),
        (
            Validity.enhanced(30, single_shot=True),
            "9.2.3.12.3",
            "421E0000000000",
            "30 s, single shot",
        ),
        (
            Validity(ValidityFormat.ENHANCED, b"\x07" + bytes(6)),
            "9.2.3.12.3",
            "07000000000000",
            "no period",
        ),
    ],
)
def test_a_validity_is_told_by_its_format(
    validity: Validity, clause: str, value: int | str, meaning: str
) -> None:
    shown = rows(Submit(TO, HI, PLAIN, validity=validity))["TP-VP"]
    assert shown == Field("TP-VP", clause, value, meaning)


def test_an_impossible_time_shows_its_octets_and_why() -> None:
    shown = rows(SubmitReport(Timestamp(bytes(7))))["TP-SCTS"]
    assert (shown.value, shown.meaning) == ("00000000000000", "impossible: all zero")


def test_binary_data_and_a_malformed_header_are_shown_as_octets() -> None:
    shown = rows(
        Deliver(TO, UserData(DataCoding(4).alphabet, b"\x01", b"\x00\x09"), WHEN, DataCoding(4))
    )
    assert (shown["TP-UD"].value, shown["TP-UD"].meaning) == ("01", "binary data")
    assert (shown["TP-UDH"].value, shown["TP-UDH"].meaning) == ("0009", "malformed, ignored")


@pytest.mark.parametrize(
    ("kind", "meaning"), [(2, "delete an earlier message"), (9, "reserved"), (0xE1, "specific")]
)
def test_a_command_type_is_told(kind: int, meaning: str) -> None:
    assert meaning in rows(Command(TO, kind, 1))["TP-CT"].meaning
