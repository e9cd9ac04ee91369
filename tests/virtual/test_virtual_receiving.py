"""Receiving: routing by +CNMI, acknowledgement, full stores (TS 27.005 3.4, TS 23.040 10)."""

from __future__ import annotations

import itertools
from datetime import timedelta, timezone

import pytest
from labs.bench import Bench, Lab

from modemgw import sms


def inject(bench: Bench, text: str = "Hello", **how: object) -> str:
    assert bench.lab.smsc is not None
    bench.lab.smsc.inject("+15550001234", bench.modem.number, text, **how)  # type: ignore[arg-type]
    return bench.heard()


def listed(bench: Bench) -> list[sms.Deliver]:
    lines = bench.at("+CMGL=4").split("\r\n")
    pdus = [b for a, b in itertools.pairwise(lines) if a.startswith("+CMGL:")]
    return [sms.decode_mt(sms.unpack_pdu(pdu)[1]) for pdu in pdus]  # type: ignore[misc]


def test_mt_0_stores_in_silence(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,0,0,0,0")
    assert inject(bench) == ""
    assert listed(bench)[0].user_data.text == "Hello"


def test_mt_1_announces_the_slot(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,0,0")
    assert inject(bench) == '\r\n+CMTI: "SM",0\r\n'
    assert inject(bench) == '\r\n+CMTI: "SM",1\r\n'
    bench.at("+CMGD=0")
    assert inject(bench) == '\r\n+CMTI: "SM",0\r\n'


def test_mem3_says_where_and_class_2_goes_to_the_sim_all_the_same(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,0,0")
    bench.at('+CPMS="SM","SM","ME"')
    assert inject(bench) == '\r\n+CMTI: "ME",0\r\n'
    assert inject(bench, message_class=2) == '\r\n+CMTI: "SM",0\r\n'


def test_mt_2_hands_over_with_the_pdu_on_a_line_of_its_own(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,2,0,0,0")
    blank, header, pdu, end = inject(bench).split("\r\n")
    assert (blank, end) == ("", "")
    smsc, tpdu = sms.unpack_pdu(pdu)
    assert header == f"+CMT: ,{len(tpdu)}"
    assert str(smsc) == "+447700900999"
    assert listed(bench) == []


def test_a_flash_message_is_handed_over_even_at_mt_1(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,0,0")
    assert inject(bench, message_class=0).startswith("\r\n+CMT: ,")


def test_a_silent_message_leaves_no_trace(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,0,0")
    assert inject(bench, pid=0x40) == ""
    assert listed(bench) == []


def test_a_replacing_message_takes_the_slot_of_the_one_before(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,0,0")
    inject(bench, "one", pid=0x41)
    inject(bench, "other kind", pid=0x42)
    assert inject(bench, "two", pid=0x41) == '\r\n+CMTI: "SM",0\r\n'
    assert [m.user_data.text for m in listed(bench)] == ["two", "other kind"]


def test_mode_0_keeps_indications_until_the_mode_changes(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=0,1,0,0,0")
    assert inject(bench) == ""
    assert '+CMTI: "SM",0' in bench.at("+CNMI=2,1,0,0,0")
    bench.at("+CNMI=0,1,0,0,1")
    inject(bench)
    assert bench.at("+CNMI=2,1,0,0,1") == "\r\nOK\r\n"


def test_reading_turns_unread_into_read(lab: Lab) -> None:
    bench = lab.bench()
    inject(bench)
    assert bench.at("+CMGR=0").startswith("\r\n+CMGR: 0,,")
    assert bench.at("+CMGR=0").startswith("\r\n+CMGR: 1,,")
    assert bench.at("+CMGL=0") == "\r\nOK\r\n"


@pytest.mark.parametrize(
    ("personality", "answer"),
    [
        ("generic", "\r\nOK\r\n"),
        ("simcom-sim800", "\r\n+CMGR: 0,,0\r\n\r\nOK\r\n"),
        ("ublox-sara-u201", "\r\n+CMS ERROR: 321\r\n"),
    ],
)
def test_an_empty_slot_reads_as_the_make_has_it(lab: Lab, personality: str, answer: str) -> None:
    assert lab.bench(personality).at("+CMGR=5") == answer


def test_cmgd_with_a_flag_deletes_by_status(lab: Lab) -> None:
    bench = lab.bench()
    inject(bench, "read")
    bench.at("+CMGR=0")
    inject(bench, "unread")
    bench.at("+CMGD=1,1")
    assert [m.user_data.text for m in listed(bench)] == ["unread"]
    bench.at("+CMGD=1,4")
    assert listed(bench) == []


def test_mt_names_both_stores_together(lab: Lab) -> None:
    bench = lab.bench()
    inject(bench, "on the SIM")
    bench.at('+CPMS="SM","SM","ME"')
    inject(bench, "in the modem")
    assert bench.at('+CPMS="MT"').startswith("\r\n+CPMS: 2,130,")
    assert [m.user_data.text for m in listed(bench)] == ["on the SIM", "in the modem"]
    bench.at("+CMGD=30")
    assert [m.user_data.text for m in listed(bench)] == ["on the SIM"]


def test_a_long_text_comes_as_several_and_an_emoji_as_ucs2(lab: Lab) -> None:
    bench = lab.bench()
    text = "😀 " + "long " * 30
    inject(bench, text)
    parts = listed(bench)
    assert len(parts) > 1
    assert sms.assemble([part.user_data for part in parts]).text == text


def test_parts_can_come_out_of_order_or_not_at_all(lab: Lab) -> None:
    bench = lab.bench()
    inject(bench, "0123456789" * 40, order=[3, 1])
    sequences = [m.user_data.concatenation.sequence for m in listed(bench)]  # type: ignore[union-attr]
    assert sequences == [3, 1]


# acknowledgement


def test_csms_1_holds_the_next_message_back_until_cnma(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CSMS=1")
    bench.at("+CNMI=2,2,0,1,0")
    assert inject(bench, "one").count("+CMT:") == 1
    assert inject(bench, "two") == ""
    assert bench.at("+CNMA").startswith("\r\n+CMT:")
    assert bench.at("+CNMA=0") == "\r\nOK\r\n"
    assert bench.at("+CNMA") == "\r\n+CMS ERROR: 340\r\n"


def test_a_missed_cnma_silently_stops_routing_and_the_message_comes_again(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CSMS=1")
    bench.at("+CNMI=2,2,0,1,0")
    inject(bench)
    assert bench.after(15) == ""
    assert "+CNMI: 2,0,0,0,0" in bench.at("+CNMI?")
    bench.at("+CNMI=2,2,0,1,0")
    assert bench.after(60).startswith("\r\n+CMT:")


def test_cnma_2_refuses_and_the_network_tries_again(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CSMS=1")
    bench.at("+CNMI=2,2,0,1,0")
    inject(bench)
    bench.at("+CNMA=2")
    assert bench.after(60).startswith("\r\n+CMT:")


def test_cnma_takes_a_pdu_at_a_prompt(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CSMS=1")
    bench.at("+CNMI=2,2,0,1,0")
    inject(bench)
    assert bench.at("+CNMA=1,2") == "\r\n> "
    assert bench.type(b"000000\x1a") == "\r\nOK\r\n"
    assert bench.after(600) == ""


def test_csms_0_needs_no_cnma(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,2,0,1,0")
    assert (inject(bench) + inject(bench)).count("+CMT:") == 2
    assert bench.at("+CNMA") == "\r\n+CMS ERROR: 340\r\n"


# reports


def test_ds_2_stores_the_report_and_announces_it(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,2,0")
    bench.send("+15550001234")
    assert bench.after(2) == '\r\n+CDSI: "SR",0\r\n'
    bench.at('+CPMS="SR"')
    assert bench.at("+CMGR=0").startswith("\r\n+CMGR: 0,,25\r\n")


def test_a_quectel_stores_reports_in_sr_and_says_sm(lab: Lab) -> None:
    bench = lab.bench("quectel-ec25")
    bench.at("+CNMI=2,1,0,2,0")
    bench.send("+15550001234")
    assert bench.after(2) == '\r\n+CDSI: "SM",0\r\n'
    assert bench.at("+CMGR=0") == "\r\nOK\r\n"


def test_a_sim7600_cannot_read_its_report_store(lab: Lab) -> None:
    bench = lab.bench("simcom-sim7600")
    bench.at("+CNMI=2,1,0,2,0")
    bench.send("+15550001234")
    assert bench.after(2) == '\r\n+CDSI: "SR",0\r\n'
    assert bench.at('+CPMS="SR"').startswith("\r\n+CPMS: 0,0,")
    assert bench.at("+CMGR=0") == "\r\n+CMS ERROR: 321\r\n"


def test_ds_0_drops_reports(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,0,0")
    bench.send("+15550001234")
    assert bench.after(60) == ""


# full stores and absence


def test_a_full_store_makes_the_network_wait_until_a_slot_is_free(lab: Lab) -> None:
    bench = lab.bench("huawei-e173")
    bench.at("^CURC=0")
    bench.at("+CNMI=2,1,0,1,0")
    bench.faults.fill_store("SM", leave=1)
    assert inject(bench, "fits") == '\r\n+CMTI: "SM",19\r\n'
    assert inject(bench, "waits") == '\r\n^SMMEMFULL:"SM"\r\n'
    assert bench.after(600) == ""
    assert bench.at("+CMGD=3") == "\r\nOK\r\n"
    assert bench.after(1) == '\r\n+CMTI: "SM",3\r\n'


def test_some_makes_hear_again_only_after_a_restart(lab: Lab) -> None:
    bench = lab.bench("huawei-e3372")
    bench.faults.fill_store("SM")
    inject(bench, "waits")
    bench.at("+CMGD=3")
    assert bench.lab.smsc is not None
    assert bench.modem.sim is not None
    assert bench.lab.smsc.waiting_for(bench.modem.sim) == 1
    bench.modem.power.boot()
    bench.after(20)
    assert bench.lab.smsc.waiting_for(bench.modem.sim) == 0


def test_what_comes_while_the_modem_is_away_is_delivered_when_it_is_back(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.faults.cover("searching")
    assert inject(bench) == ""
    bench.faults.cover("home")
    assert bench.heard() == '\r\n+CMTI: "SM",0\r\n'


def test_sims_of_the_bank_write_to_each_other(lab: Lab) -> None:
    one, other = lab.bench(), lab.bench()
    other.at("+CNMI=2,1,0,1,0")
    one.send(other.modem.number, "hi")
    assert other.heard() == '\r\n+CMTI: "SM",0\r\n'
    (message,) = listed(other)
    assert (str(message.originator), message.user_data.text) == (one.modem.number, "hi")


def test_text_mode_lists_words_and_text(lab: Lab) -> None:
    bench = lab.bench()
    inject(bench, "in words")
    bench.at("+CMGF=1")
    said = bench.at('+CMGL="ALL"')
    assert '+CMGL: 0,"REC UNREAD","+15550001234",,"' in said
    assert "\r\nin words\r\n" in said


def test_an_alphanumeric_sender_arrives_as_one(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.lab.smsc is not None
    bench.lab.smsc.inject("INFO", bench.modem.number, "x")
    assert str(listed(bench)[0].originator) == "INFO"


def test_stamps_are_by_the_service_centres_clock_and_zone(lab: Lab) -> None:
    bench = lab.bench()
    assert lab.smsc is not None
    lab.smsc.clock_offset = 3600
    lab.smsc.zone = timezone(timedelta(hours=-5, minutes=-45))
    inject(bench)
    (message,) = listed(bench)
    assert message.scts.datetime is not None
    assert message.scts.datetime.timestamp() == int(lab.timers.time()) + 3600
    assert message.scts.datetime.utcoffset() == timedelta(hours=-5, minutes=-45)


def test_a_change_of_registration_does_not_disturb_a_delivery_that_waits_for_cnma(
    lab: Lab,
) -> None:
    bench = lab.bench()
    bench.at("+CSMS=1")
    bench.at("+CNMI=2,2,0,1,0")
    assert inject(bench).count("+CMT:") == 1
    bench.faults.cover("roaming")
    assert bench.heard() == ""
    assert bench.at("+CNMA") == "\r\nOK\r\n"
    assert bench.after(600) == ""


def test_an_unknown_number_cannot_be_injected_to(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.lab.smsc is not None
    with pytest.raises(ValueError, match="no SIM of this bank has the number"):
        bench.lab.smsc.inject("INFO", "+15559999999", "x")
