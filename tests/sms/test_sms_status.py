import pytest

from modemgw.sms import FailureClass, Outcome, failure_cause, failure_class, status_of


@pytest.mark.parametrize(
    ("octets", "outcome", "final"),
    [
        ([0x00, 0x10, 0x1F], Outcome.DELIVERED, True),
        ([0x01, 0x03, 0x0F], Outcome.UNCONFIRMED, True),
        ([0x02], Outcome.REPLACED, True),
        ([0x20, 0x25, 0x26, 0x2F, 0x30, 0x3F], Outcome.TRYING, False),
        ([0x40, 0x45, 0x48, 0x4A, 0x50, 0x5F], Outcome.FAILED_PERMANENT, True),
        ([0x46], Outcome.EXPIRED, True),
        ([0x47], Outcome.CANCELED, True),
        ([0x49], Outcome.UNKNOWN, True),
        ([0x60, 0x65, 0x66, 0x70, 0x7F, 0x80, 0xFF], Outcome.FAILED_TEMPORARY, True),
    ],
)
def test_the_range_of_a_status_says_what_became_of_the_message(
    octets: list[int], outcome: Outcome, final: bool
) -> None:
    for octet in octets:
        status = status_of(octet)
        assert (status.octet, status.outcome, status.final) == (octet, outcome, final)
        assert status.meaning


def test_only_the_temporary_range_is_not_final() -> None:
    assert [o for o in range(256) if not status_of(o).final] == list(range(0x20, 0x40))


@pytest.mark.parametrize(
    ("octet", "meaning"),
    [
        (0x00, "received by the SME"),
        (0x20, "congestion, still trying"),
        (0x43, "not obtainable"),
        (0x62, "no response from SME, given up"),
        (0x63, "service rejected, given up"),
        (0x55, "permanent error, specific to the centre"),
        (0xAB, "reserved, read as service rejected"),
    ],
)
def test_a_status_has_a_meaning(octet: int, meaning: str) -> None:
    assert status_of(octet).meaning == meaning


@pytest.mark.parametrize(
    ("octet", "meaning"),
    [
        (0x80, "telematic interworking not supported"),
        (0xC5, "SM rejected, duplicate SM"),
        (0xD3, "memory capacity exceeded"),
        (0xE0, "application specific"),
        (0xFF, "unspecified error cause"),
        (0x83, "reserved, read as unspecified error cause"),
        (0x00, "reserved, read as unspecified error cause"),
    ],
)
def test_a_failure_cause_has_a_meaning(octet: int, meaning: str) -> None:
    assert failure_cause(octet) == meaning


@pytest.mark.parametrize(
    ("octets", "group"),
    [
        ([0x80, 0x82, 0x8F], FailureClass.PROTOCOL),
        ([0x90, 0x9F], FailureClass.DATA_CODING),
        ([0xA0, 0xAF], FailureClass.COMMAND),
        ([0xB0, 0xBF], FailureClass.TPDU),
        ([0xC0, 0xC7], FailureClass.SERVICE_CENTRE),
        ([0xD0, 0xD5], FailureClass.MOBILE),
        ([0xE0, 0xFE], FailureClass.APPLICATION),
        ([0x00, 0x7F, 0xFF], FailureClass.UNSPECIFIED),
    ],
)
def test_a_failure_cause_has_a_class(octets: list[int], group: FailureClass) -> None:
    assert [failure_class(octet) for octet in octets] == [group] * len(octets)
