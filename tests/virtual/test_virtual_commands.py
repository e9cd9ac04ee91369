"""Command by command: what the forms of each answer (TS 27.005, TS 27.007, V.250)."""

from __future__ import annotations

import pytest
from labs.bench import Lab, submit

from modemgw import sms
from modemgw.virtual.commands import COMMANDS

OK = "OK"
NUMBER = "+447700900001"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("I", "Virtual\r\nVM-1\r\nRevision: VM1-1.0.0"),
        ("+GCAP", "+GCAP: +CGSM,+FCLASS"),
        ("+CGMI=?", OK),
        ("+CMEE=?", "+CMEE: (0-2)"),
        ("+CMEE?", "+CMEE: 0"),
        ("+CREG=?", "+CREG: (0-2)"),
        ("+CREG?", "+CREG: 0,1"),
        ("+CEREG?", "+CEREG: 0,1"),
        ("+CSQ=?", "+CSQ: (0-31,99),(0-7,99)"),
        ("+CESQ", "+CESQ: 99,99,255,255,20,67"),
        ("+CESQ=?", "+CESQ: (0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)"),
        ("+CGATT?", "+CGATT: 1"),
        ("+CGATT=?", "+CGATT: (0,1)"),
        ("+COPS?", '+COPS: 0,0,"Virtual",7'),
        ("+CFUN?", "+CFUN: 1"),
        ("+CFUN=?", "+CFUN: (0,1,4),(0,1)"),
        ("+CFUN=1", OK),
        ("+CPAS", "+CPAS: 0"),
        ("+CPAS=?", "+CPAS: (0,2,3,4)"),
        ("+CBC", "+CBC: 1,100"),
        ("+CBC=?", "+CBC: (0,1),(0-100)"),
        ("+CCLK?", '+CCLK: "25/06/15,15:06:40+00"'),
        ("+CCLK=?", OK),
        ("+CSCS=?", '+CSCS: ("GSM","IRA","UCS2")'),
        ("+CSCS?", '+CSCS: "IRA"'),
        ('+CSCS="HEX"', "ERROR"),
        ("+IPR=115200", OK),
        ("+IPR?", "+IPR: 0"),
        ("+CPIN=?", OK),
        ("+CPIN?", "+CPIN: READY"),
        ('+CPIN="1234"', "ERROR"),
        ("+CIMI", "001010000000001"),
        ("+CIMI=?", OK),
        ("+CCID", "+CCID: 8999901000000000013"),
        ("+CCID=?", OK),
        ("^ICCID?", "ERROR"),
        ("+CNUM", f'+CNUM: "","{NUMBER}",145'),
        ("+CNUM=?", OK),
        ("+CRSM=176,28423,0,0,9", '+CRSM: 144,0,"080910100000000010"'),
        ("+CRSM=176,28589,0,0,4", '+CRSM: 144,0,"00000002"'),
        ("+CRSM=176,12037,0,0,4", '+CRSM: 106,130,""'),
        ("+CRSM=214,12258,0,0,10", '+CRSM: 109,0,""'),
        ("+CRSM=?", OK),
        ("+CLCK=?", '+CLCK: ("SC")'),
        ('+CLCK="SC",2', "+CLCK: 0"),
        ('+CLCK="AO",2', "ERROR"),
        ("+CPBS?", '+CPBS: "SM",0,10'),
        ("+CPBS=?", '+CPBS: ("SM","ON")'),
        ('+CPBS="EN"', "ERROR"),
        ("+CPBR=?", "+CPBR: (1-10),20,14"),
        ("+CPBR=1", OK),
        ("+CMGF=?", "+CMGF: (0,1)"),
        ("+CMGF=2", "+CMS ERROR: 303"),
        ("+CSMS=?", "+CSMS: (0,1)"),
        ("+CSMS?", "+CSMS: 0,1,1,1"),
        ("+CSMS=1", "+CSMS: 1,1,1"),
        ("+CSMS=7", "+CMS ERROR: 304"),
        ("+CMMS=?", "+CMMS: (0-2)"),
        ("+CMMS=3", "+CMS ERROR: 500"),
        ("+CNMI=2,1,0,1,0,0", "+CMS ERROR: 303"),
        ("+CNMA=?", "+CNMA: (0-2)"),
        ("+CNMA=3", "+CMS ERROR: 303"),
        ("+CPMS?", '+CPMS: "SM",0,30,"SM",0,30,"SM",0,30'),
        ('+CPMS="XX"', "+CMS ERROR: 302"),
        ('+CPMS="SM","SR"', "+CMS ERROR: 302"),
        ('+CPMS="SM","SM","SM","SM"', "+CMS ERROR: 302"),
        ("+CMGL=?", "+CMGL: (0-4)"),
        ("+CMGL", OK),
        ("+CMGL=5", "+CMS ERROR: 303"),
        ("+CMGR=?", OK),
        ("+CMGR=99", "+CMS ERROR: 321"),
        ("+CMGD=?", "+CMGD: (),(0-4)"),
        ("+CMGD=99", "+CMS ERROR: 321"),
        ("+CMGD=0,5", "+CMS ERROR: 303"),
        ("+CMGS=?", OK),
        ("+CMGS=6", "+CMS ERROR: 304"),
        ("+CMGS=165", "+CMS ERROR: 304"),
        ("+CMGW=?", OK),
        ("+CMGW=19,4", "+CMS ERROR: 303"),
        ("+CMSS=?", OK),
        ("+CMSS=3", "+CMS ERROR: 321"),
        ("+CSCA=?", OK),
        ("+CSCA?", '+CSCA: "+447700900999",145'),
        ("+CSCB?", '+CSCB: 0,"",""'),
        ("+CSAS", OK),
        ("+CSMP?", "+CSMP: 17,167,0,0"),
        ("+CSDH?", "+CSDH: 0"),
        ("+CGSMS=?", "+CGSMS: (0-3)"),
        ("+CUSD?", "+CUSD: 0"),
        ("+CUSD=?", "+CUSD: (0,1,2)"),
        ("+CUSD=3", "ERROR"),
        ("+CLIP=1", OK),
        ("+CLIP=2", "ERROR"),
        ("+CLCC", OK),
        ("+CCFC=0,2", "ERROR"),
        ("H", OK),
        ("+CHUP", OK),
        ("A", "NO CARRIER"),
        ("S3?", "013"),
        ("S4?", "010"),
        ("S0=0", OK),
        ("S3=200", "ERROR"),
        ("E2", "ERROR"),
        ("&C1&D2", OK),
        ("+", "ERROR"),
        ("+CMEE!", "ERROR"),
    ],
)
def test_answers(lab: Lab, command: str, answer: str) -> None:
    said = lab.bench().at(command)
    if answer in (OK, "ERROR", "NO CARRIER") or answer.startswith("+CMS ERROR"):
        assert said == f"\r\n{answer}\r\n"
    else:
        assert said == f"\r\n{answer}\r\n\r\nOK\r\n"


def test_clac_lists_what_the_make_knows(lab: Lab) -> None:
    said = lab.bench().at("+CLAC")
    assert "\r\nAT+CMGS\r\n" in said
    assert "AT+CLAC" not in lab.bench("simcom-sim800").at("+CLAC")


def test_the_present_profile_is_shown(lab: Lab) -> None:
    said = lab.bench().at("&V")
    assert said.startswith("\r\nE0 V1 Q0\r\n")
    assert "+CNMI: 0,0,0,0,0" in said


def test_every_test_form_is_answered(lab: Lab) -> None:
    bench = lab.bench(personality="generic")
    quiet = {"D", "A", "+COPS", "+CCFC", "+CLIR", "+CNAP", "+CUAD"}
    own = {name for name in COMMANDS if name[0] in "^#!"} | {"+ICCID", "+QCCID", "+ZGETICCID"}
    own |= {"+CICCID", "+QPINC", "+UPINCNT", "+CPINC", "+SPIC"}
    for name in COMMANDS:
        if name[0] == "+" and name not in quiet | own:
            assert bench.at(f"{name}=?").endswith("\r\nOK\r\n"), name


def test_s3_and_s4_change_the_ends_of_lines(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("S4=35")
    assert bench.at("+CSQ") == "\r#+CSQ: 20,99\r#\r#OK\r#"


def test_a_number_of_the_phone_book_is_the_sims_own(lab: Lab) -> None:
    bench = lab.bench()
    bench.at('+CPBS="ON"')
    assert f'+CPBR: 1,"{NUMBER}",145,""' in bench.at("+CPBR=1")


def test_the_pin_is_switched_on_and_off(lab: Lab) -> None:
    bench = lab.bench()
    bench.at('+CLCK="SC",1,"1234"')
    assert "+CLCK: 1" in bench.at('+CLCK="SC",2')
    assert bench.at('+CLCK="SC",0,"9999"') == "\r\nERROR\r\n"
    assert bench.modem.sim is not None
    assert bench.modem.sim.pin_tries == 2
    bench.faults.reboot()
    bench.after(10)
    assert "+CPIN: SIM PIN" in bench.at("E0+CPIN?")


def test_dialling_finds_nobody_and_any_octet_aborts_it(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("D+15550001234;")
    assert bench.after(2) == "\r\nNO CARRIER\r\n"
    bench.at("D+15550001234;")
    assert bench.at("") == "\r\nERROR\r\n"


def test_flags_of_cmgd_go_by_status(lab: Lab) -> None:
    bench = lab.bench()
    assert lab.smsc is not None
    tpdu = submit("+15550001234")
    for flag, left in [(1, "023"), (2, "02"), (3, "0"), (4, "")]:
        bench.at("+CMGD=0,4")
        lab.smsc.inject("+15550001234", NUMBER, "read")
        bench.at("+CMGR=0")
        for stat in (2, 3):
            bench.at(f"+CMGW={len(tpdu)},{stat}")
            bench.type(sms.pack_pdu(tpdu).encode() + b"\x1a")
        lab.smsc.inject("+15550001234", NUMBER, "unread")
        bench.at(f"+CMGD=0,{flag}")
        stats = [stored.status.value for _, stored in bench.modem.body.storage.named("SM")]
        assert "".join(map(str, sorted(stats))) == left


def test_a_full_store_takes_no_drafts(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.fill_store("SM")
    tpdu = submit("+15550001234")
    bench.at(f"+CMGW={len(tpdu)}")
    assert bench.type(sms.pack_pdu(tpdu).encode() + b"\x1a") == "\r\n+CMS ERROR: 322\r\n"


# text mode


def test_text_mode_reads_with_and_without_details(lab: Lab) -> None:
    bench = lab.bench()
    assert lab.smsc is not None
    lab.smsc.inject("+15550001234", NUMBER, "Hello")
    bench.at("+CMGF=1")
    stamp = '"25/06/15,15:06:40+00"'
    assert bench.at("+CMGR=0") == (
        f'\r\n+CMGR: "REC UNREAD","+15550001234",,{stamp}\r\nHello\r\n\r\nOK\r\n'
    )
    bench.at("+CSDH=1")
    assert bench.at("+CMGR=0") == (
        f'\r\n+CMGR: "REC READ","+15550001234",,{stamp},145,4,0,0,"+447700900999",145,5'
        "\r\nHello\r\n\r\nOK\r\n"
    )


def test_text_mode_hands_over_messages_and_reports(lab: Lab) -> None:
    bench = lab.bench()
    assert lab.smsc is not None
    bench.at("+CMGF=1")
    bench.at("+CNMI=2,2,0,1,0")
    lab.smsc.inject("+15550001234", NUMBER, "Hello")
    assert bench.heard() == '\r\n+CMT: "+15550001234",,"25/06/15,15:06:40+00"\r\nHello\r\n'
    bench.at("+CSMP=49,167,0,0")
    bench.at('+CMGS="+15550001234"')
    bench.type(b"x\x1a")
    assert bench.after(2) == (
        '\r\n+CDS: 6,0,"+15550001234",145,"25/06/15,15:06:40+00","25/06/15,15:06:42+00",0\r\n'
    )


def test_text_mode_lists_drafts_and_stored_reports(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMGF=1")
    bench.at("+CNMI=2,1,0,2,0")
    bench.at("+CSMP=49,167,0,0")
    bench.at('+CMGW="+15550001234"')
    assert bench.type(b"draft\x1a") == "\r\n+CMGW: 0\r\n\r\nOK\r\n"
    assert '+CMGL: 0,"STO UNSENT","+15550001234",\r\ndraft\r\n' in bench.at('+CMGL="ALL"')
    bench.at("+CMSS=0")
    bench.after(2)
    bench.at('+CPMS="SR"')
    assert '+CMGL: 0,"REC UNREAD",6,0,"+15550001234",145,' in bench.at('+CMGL="ALL"')
    assert bench.at('+CMGL="NONSENSE"') == "\r\n+CMS ERROR: 305\r\n"


def test_text_mode_refuses_what_does_not_fit_one_part(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMGF=1")
    bench.at('+CMGS="+15550001234"')
    assert bench.type(b"x" * 161 + b"\x1a") == "\r\n+CMS ERROR: 305\r\n"


def test_text_mode_shows_binary_as_hex_and_ucs2_as_ucs2(lab: Lab) -> None:
    bench = lab.bench()
    assert lab.smsc is not None
    lab.smsc.inject("+15550001234", NUMBER, data=b"\x00\xff")
    lab.smsc.inject("+15550001234", NUMBER, "при")
    bench.at("+CMGF=1")
    assert "\r\n00FF\r\n" in bench.at("+CMGR=0")
    assert "\r\n043F04400438\r\n" in bench.at("+CMGR=1")
