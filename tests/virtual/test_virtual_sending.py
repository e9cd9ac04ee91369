"""Sending: what the modem says, what the far end has, and what the magic numbers do."""

from __future__ import annotations

import itertools

import pytest
from labs.bench import Bench, Lab, submit

from modemgw import sms
from modemgw.virtual.fates import KINDS, PREFIXES, fate_of
from modemgw.virtual.smsc import Smsc

OK = "\r\n\r\nOK\r\n"


def far_end(bench: Bench) -> Smsc:
    assert bench.lab.smsc is not None
    return bench.lab.smsc


def reports(said: str) -> list[sms.StatusReport]:
    """Every direct report in what was said."""
    lines = said.split("\r\n")
    found = []
    for header, pdu in itertools.pairwise(lines):
        if header.startswith("+CDS: "):
            _, tpdu = sms.unpack_pdu(pdu)
            report = sms.decode_mt(tpdu)
            assert isinstance(report, sms.StatusReport)
            assert int(header.rpartition(" ")[2].lstrip(",")) == len(tpdu)
            found.append(report)
    return found


def test_an_accepted_part_is_seen_at_the_far_end_with_the_modems_own_reference(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.send("+15550001234", "Hello") == "\r\n+CMGS: 0" + OK
    assert bench.send("+15550001234", "again") == "\r\n+CMGS: 1" + OK
    first, second = far_end(bench).accepted
    assert (first.sender, first.destination, first.text) == (
        "+447700900001",
        "+15550001234",
        "Hello",
    )
    assert (first.reference, second.reference) == (0, 1)
    assert second.tpdu[1] == 1


def test_the_reference_counts_to_255_and_starts_again(lab: Lab) -> None:
    bench = lab.bench()
    for _ in range(256):
        bench.send("+15550001234")
    assert bench.send("+15550001234") == "\r\n+CMGS: 0" + OK


def test_radio_time_passes_between_ctrl_z_and_the_answer(lab: Lab) -> None:
    bench = lab.bench(part_seconds=2)
    assert bench.send("+15550001234") == ""
    assert bench.after(1.9) == ""
    assert far_end(bench).accepted == []
    assert bench.after(0.2) == "\r\n+CMGS: 0" + OK
    assert bench.modem.busy_seconds == 2


def test_more_messages_to_send_makes_the_next_part_cheaper(lab: Lab) -> None:
    bench = lab.bench(part_seconds=2, more_to_send_factor=0.5)
    bench.at("+CMMS=1")
    bench.send("+15550001234")
    bench.after(2)
    bench.send("+15550001234")
    assert "+CMGS: 1" in bench.after(1)
    bench.after(10)
    assert "+CMMS: 0" in bench.at("+CMMS?")
    bench.send("+15550001234")
    assert bench.after(1) == ""
    assert bench.modem.busy_seconds == 5


def test_the_prompt_may_take_its_time(lab: Lab) -> None:
    bench = lab.bench(prompt_seconds=3)
    assert bench.at("+CMGS=19") == ""
    assert bench.after(3) == "\r\n> "


@pytest.mark.parametrize(
    "typed", [b"0031", b"zz", b"", b"0031000B915155001032F40000A705C8329BFD0600"]
)
def test_a_pdu_that_is_no_hex_or_has_another_length_is_refused_with_304(
    lab: Lab, typed: bytes
) -> None:
    bench = lab.bench()
    bench.at("+CMGS=19")
    assert bench.type(typed + b"\x1a") == "\r\n+CMS ERROR: 304\r\n"


def test_octets_that_are_no_submit_are_refused(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMGS=8")
    assert bench.type(b"00FFFFFFFFFFFFFFFF\x1a") == "\r\n+CMS ERROR: 96\r\n"


def test_without_a_service_centre_the_send_is_refused_with_330(lab: Lab) -> None:
    bench = lab.bench()
    bench.at('+CSCA=""')
    assert bench.send("+15550001234") == "\r\n+CMS ERROR: 330\r\n"


def test_unregistered_is_refused_before_the_prompt_or_after_it_by_make(lab: Lab) -> None:
    early, late = lab.bench(), lab.bench(make={"refused_before_prompt": False})
    for bench in (early, late):
        bench.faults.cover("denied")
    assert early.at("+CMGS=19") == "\r\n+CMS ERROR: 331\r\n"
    assert late.send("+15550001234") == "\r\n+CMS ERROR: 331\r\n"


def test_parts_of_a_long_text_make_one_message_in_any_order(lab: Lab) -> None:
    bench = lab.bench()
    text = "0123456789" * 40
    segmentation = sms.segment_text(text, reference=7)
    for part in reversed(segmentation.parts):
        tpdu = sms.Submit(
            destination=sms.Address.parse("+15550001234"), user_data=part, dcs=segmentation.dcs
        ).encode()
        bench.at(f"+CMGS={len(tpdu)}")
        bench.type(sms.pack_pdu(tpdu).encode() + b"\x1a")
    (message,) = far_end(bench).messages
    assert message.complete
    assert message.text == text


def test_a_part_sent_twice_shows_as_a_second_message(lab: Lab) -> None:
    bench = lab.bench()
    segmentation = sms.segment_text("0123456789" * 20, reference=7)
    tpdu = sms.Submit(
        destination=sms.Address.parse("+15550001234"),
        user_data=segmentation.parts[0],
        dcs=segmentation.dcs,
    ).encode()
    for _ in range(2):
        bench.at(f"+CMGS={len(tpdu)}")
        bench.type(sms.pack_pdu(tpdu).encode() + b"\x1a")
    assert [message.complete for message in far_end(bench).messages] == [False, False]


# the magic numbers


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("code", [21, 38, 41, 69, 197, 332, 500, 512])
def test_kind_01_is_refused_with_its_code(lab: Lab, prefix: str, code: int) -> None:
    bench = lab.bench()
    assert bench.send(f"{prefix}01{code:03d}55") == f"\r\n+CMS ERROR: {code}\r\n"
    assert far_end(bench).accepted == []


@pytest.mark.parametrize("status", [0, 1, 0x30, 0x46, 0x49, 0x63, 0x7F, 0xFF])
def test_kind_02_reports_its_status(lab: Lab, status: int) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.send(f"+99902{status:03d}01")
    assert bench.after(1.9) == ""
    (report,) = reports(bench.after(0.2))
    assert (report.status, report.reference) == (status, 0)
    assert str(report.recipient) == f"+99902{status:03d}01"


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("00000", [0]),
        ("03048", [48, 0]),
        ("04000", []),
        ("06003", [0, 0, 0]),
        ("19099", [99, 0]),
    ],
)
def test_how_many_reports_come_and_with_which_status(
    lab: Lab, kind: str, statuses: list[int]
) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.send(f"+999{kind}01")
    assert [report.status for report in reports(bench.after(100))] == statuses


def test_kind_05_reports_late(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.send("+9990530001")
    assert bench.after(300) == ""
    assert len(reports(bench.after(10))) == 1


def test_kind_07_reports_before_the_answer(lab: Lab) -> None:
    bench = lab.bench(part_seconds=1)
    bench.at("+CNMI=2,1,0,1,0")
    bench.send("+9990700001")
    said = bench.after(1)
    assert said.index("+CDS:") < said.index("+CMGS:")


def test_kind_08_is_accepted_and_never_answered_while_the_modem_lives(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    assert bench.send("+9990800001") == ""
    assert len(far_end(bench).accepted) == 1
    assert bench.at("") == "\r\nOK\r\n"
    assert len(reports(bench.after(5))) == 1


def test_kind_09_answers_after_seventy_seconds_of_silence(lab: Lab) -> None:
    bench = lab.bench(part_seconds=1)
    assert bench.send("+9990907001") == ""
    assert bench.after(70.9) == ""
    assert bench.after(0.2) == "\r\n+CMGS: 0" + OK


def test_kind_10_says_error_for_what_was_accepted(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.send("+9991033201") == "\r\n+CMS ERROR: 332\r\n"
    assert len(far_end(bench).accepted) == 1


def test_kind_11_is_refused_once(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.send("+9991104101") == "\r\n+CMS ERROR: 41\r\n"
    assert "+CMGS:" in bench.send("+9991104101")
    assert bench.send("+9991104102") == "\r\n+CMS ERROR: 41\r\n"


@pytest.mark.parametrize(("kind", "accepted"), [("12", 0), ("20", 1)])
def test_kinds_12_and_20_are_never_answered_nor_reported(
    lab: Lab, kind: str, accepted: int
) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    assert bench.send(f"+999{kind}00001") == ""
    assert bench.after(600) == ""
    assert len(far_end(bench).accepted) == accepted


@pytest.mark.parametrize(
    ("kind", "recipient"), [("13", "0913000012"), ("14", "14000012"), ("15", "+19990000000")]
)
def test_kinds_13_to_15_write_the_recipient_otherwise(lab: Lab, kind: str, recipient: str) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.send(f"+999{kind}000012")
    (report,) = reports(bench.after(5))
    assert str(report.recipient) == recipient


def test_kind_16_reports_the_last_part_only(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    segmentation = sms.segment_text("0123456789" * 20)
    for part in segmentation.parts:
        tpdu = sms.Submit(
            destination=sms.Address.parse("+9991600001"),
            user_data=part,
            dcs=segmentation.dcs,
            status_report_request=True,
        ).encode()
        bench.at(f"+CMGS={len(tpdu)}")
        bench.type(sms.pack_pdu(tpdu).encode() + b"\x1a")
    assert [report.reference for report in reports(bench.after(10))] == [1]


def test_kind_17_is_taken_twice(lab: Lab) -> None:
    bench = lab.bench()
    bench.send("+9991700001")
    assert len(far_end(bench).messages) == 2


def test_kind_18_is_refused_after_135_seconds(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.send("+9991835001") == ""
    assert bench.after(134) == ""
    assert bench.after(1) == "\r\n+CMS ERROR: 350\r\n"


def test_every_kind_has_its_own_two_digits_and_makes_a_fate() -> None:
    assert len({kind.digits for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        assert fate_of(f"+999{kind.digits}03301") == kind.make(33)


def test_no_report_comes_that_was_not_asked_for(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.send("+15550001234", report=False)
    assert bench.after(60) == ""


# from the store, and in text mode


def test_a_written_message_is_sent_from_its_slot(lab: Lab) -> None:
    bench = lab.bench()
    tpdu = submit("+15550001234", "stored")
    bench.at(f"+CMGW={len(tpdu)}")
    assert bench.type(sms.pack_pdu(tpdu).encode() + b"\x1a") == "\r\n+CMGW: 0" + OK
    assert "+CMGL: 0,2,," in bench.at("+CMGL=4")
    assert bench.at("+CMSS=0") == "\r\n+CMSS: 0" + OK
    assert "+CMGL: 0,3,," in bench.at("+CMGL=4")
    assert far_end(bench).messages[0].text == "stored"


def test_text_mode_sends_lines_of_text(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMGF=1")
    bench.at("+CSMP=49,167,0,0")
    assert bench.at('+CMGS="+15550001234"') == "\r\n> "
    assert bench.type(b"one\rtwo\x1a") == "\r\n+CMGS: 0" + OK
    part = far_end(bench).accepted[0]
    assert part.text == "one\ntwo"
    assert part.submit.status_report_request


def test_text_mode_with_ucs2_takes_number_and_text_as_hex(lab: Lab) -> None:
    bench = lab.bench()
    for setting in ("+CMGF=1", '+CSCS="UCS2"', "+CSMP=17,167,0,8"):
        bench.at(setting)
    number = "+15550001234".encode("utf-16-be").hex()
    bench.at(f'+CMGS="{number}"')
    bench.type("при😀".encode("utf-16-be").hex().encode() + b"\x1a")
    assert far_end(bench).accepted[0].text == "при😀"
