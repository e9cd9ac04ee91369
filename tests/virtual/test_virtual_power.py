"""Power-up and what comes after it: SIM, PIN, registration, readiness; link and numbers."""

from __future__ import annotations

from labs.bench import Lab


def test_after_power_up_the_sim_is_busy_then_read_then_registered(lab: Lab) -> None:
    bench = lab.bench(boot=True)
    bench.at("E0+CMEE=1")
    assert bench.at("+CPIN?") == "\r\n+CME ERROR: 14\r\n"
    assert "+CREG: 0,2" in bench.at("+CREG?")
    lab.timers.advance(2)
    bench.heard()
    assert "+CPIN: READY" in bench.at("+CPIN?")
    lab.timers.advance(2)
    assert "+CREG: 0,1" in bench.at("+CREG?")


def test_after_the_pin_sms_takes_a_while(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CREG=1")
    bench.faults.ask_pin("1234")
    assert bench.heard() == "\r\n+CREG: 0\r\n"
    assert bench.at("+CMGL=4") == "\r\n+CMS ERROR: 311\r\n"
    bench.at('+CPIN="1234"')
    assert bench.after(0.5) == "\r\nOK\r\n\r\n+CREG: 2\r\n"
    assert bench.at("+CMGL=4") == "\r\n+CMS ERROR: 515\r\n"
    assert bench.after(2) == "\r\n+CREG: 1\r\n"
    assert bench.at("+CMGL=4") == "\r\nOK\r\n"


def test_boot_seconds_stretches_the_whole_start(lab: Lab) -> None:
    bench = lab.bench(boot=True, boot_seconds=40)
    assert bench.after(4.9) == ""
    assert bench.after(0.2) == "\r\nRDY\r\n"
    assert "SMS Ready" in bench.after(35)


def test_flight_mode_leaves_the_network_and_comes_back(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CREG=1")
    bench.at("+CFUN=4")
    assert bench.after(1) == "\r\nOK\r\n\r\n+CREG: 0\r\n"
    assert bench.at("+CMGS=19") == "\r\n+CMS ERROR: 331\r\n"
    bench.at("+CFUN=1")
    assert bench.after(1) == "\r\nOK\r\n\r\n+CREG: 1\r\n"


def test_deselecting_the_operator_leaves_it_until_it_is_selected_again(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+COPS=2")
    lab.timers.advance(1)
    bench.heard()
    assert bench.at("+COPS?") == "\r\n+COPS: 2\r\n\r\nOK\r\n"
    bench.at("+COPS=0")
    lab.timers.advance(1)
    bench.heard()
    assert bench.at("+COPS?") == '\r\n+COPS: 0,0,"Virtual",7\r\n\r\nOK\r\n'
    bench.at("+COPS=3,2")
    assert '"00101"' in bench.at("+COPS?")


def test_registration_shows_its_place_at_level_2(lab: Lab) -> None:
    quoted, bare = lab.bench(), lab.bench("huawei-e173", make={"chatter": ()})
    for bench in (quoted, bare):
        bench.at("+CREG=2")
    assert '+CREG: 2,1,"1A2B","00C3D4E5",7\r\n' in quoted.at("+CREG?")
    assert "+CREG: 2,1,1A2B,00C3D4E5,2\r\n" in bare.at("+CREG?")


def test_under_ucs2_names_and_numbers_are_hex(lab: Lab) -> None:
    bench = lab.bench()
    bench.at('+CSCS="UCS2"')
    assert f'"{"Virtual".encode("utf-16-be").hex().upper()}"' in bench.at("+COPS?")
    assert f'"{"+447700900999".encode("utf-16-be").hex().upper()}",145' in bench.at("+CSCA?")
    bench.at(f'+CSCA="{"+15550009999".encode("utf-16-be").hex()}",145')
    assert bench.modem.body.slot.service_centre == "+15550009999"


def test_sending_to_oneself_answers_before_it_delivers(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,0,0")
    said = bench.send(bench.modem.number)
    assert said.index("+CMGS:") < said.index("+CMTI:")
