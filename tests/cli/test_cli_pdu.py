import json

import pytest
from click.testing import CliRunner

from modemgw.cli.pdu import pdu
from modemgw.sms import Submit, decode_mo, unpack_pdu

REPORT = "07915155000000F006400B915155001032F4528010410351405280104103124000"
SUBMIT = "0031000B915155001032F40000A705C8329BFD06"


def run(*args: str, stdin: str | bytes | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(pdu, list(args), input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def rows(output: str) -> dict[str, str]:
    return {line.split()[0]: line for line in output.splitlines() if line}


def test_decode_prints_every_field_with_meaning_and_clause() -> None:
    code, out, _ = run("decode", REPORT)
    shown = rows(out)
    assert code == 0
    assert list(shown) == [
        "SCA",
        "TP-MTI",
        "TP-MMS",
        "TP-LP",
        "TP-SRQ",
        "TP-UDHI",
        "TP-MR",
        "TP-RA",
        "TP-SCTS",
        "TP-DT",
        "TP-ST",
    ]
    assert "received by the SME (final)" in shown["TP-ST"]
    assert shown["TP-ST"].endswith("9.2.3.15")
    assert "64 (0x40)" in shown["TP-MR"]
    assert "2025-08-01T14:30:21+01:00" in shown["TP-DT"]


def test_decode_reads_standard_input_one_a_line_and_prints_json_one_object_a_line() -> None:
    code, out, _ = run("decode", "--json", stdin=f"{REPORT}\r\n\n {SUBMIT.lower()} \n")
    first, second = (json.loads(line) for line in out.splitlines())
    assert code == 0
    assert first["type"] == "SMS-STATUS-REPORT"
    assert second["type"] == "SMS-SUBMIT"
    values = {field["name"]: field for field in second["fields"]}
    assert values["TP-UD"]["value"] == "Hello"
    assert values["TP-VP"] == {
        "name": "TP-VP",
        "clause": "9.2.3.12.1",
        "value": 167,
        "meaning": "86400 s",
    }


def test_decode_goes_on_after_a_bad_line_and_exits_with_1() -> None:
    code, out, err = run("decode", stdin=f"0011000B91\n{SUBMIT}\n".encode() + b"\xff\xfe\n")
    assert code == 1
    assert "TP-DA at octet 5" in err
    assert "TP-UD" in out
    assert "not hexadecimal" in err


def test_decode_json_tells_field_offset_and_problem_of_a_bad_line() -> None:
    code, out, _ = run("decode", "--json", REPORT[:-2])
    assert code == 1
    error = json.loads(out)["error"]
    assert (error["field"], error["offset"]) == ("TP-ST", len(REPORT) // 2 - 1)
    assert "octets end" in error["problem"]


def test_decode_reads_a_tpdu_without_centre_and_in_the_direction_that_it_is_told() -> None:
    code, out, _ = run("decode", "--no-smsc", SUBMIT[2:])
    assert code == 0
    assert "SMS-SUBMIT" in out
    code, out, _ = run("decode", "--direction", "mo", "--no-smsc", "000100")
    assert code == 0
    assert "SMS-DELIVER-REPORT" in out


def test_decode_shows_header_elements_and_line_ends_in_one_line_each() -> None:
    _, encoded, _ = run("encode", "--to", "123", "--text", "a\nb" * 60, "--reference", "7")
    _, out, _ = run("decode", encoded.splitlines()[0].split()[1])
    shown = rows(out)
    assert "part 1 of 2, reference 7" in shown["IE"]
    assert "a\\nba\\nb" in shown["TP-UD"]


def test_encode_prints_the_tpdu_length_and_the_pdu_of_each_part() -> None:
    code, out, _ = run("encode", "--to", "+15550001234", "--text", "Hello", "--receipt")
    length, line = out.split()
    assert code == 0
    assert line == "0021000B915155001032F4000005C8329BFD06"
    assert int(length) == len(line) // 2 - 1


def test_encode_takes_validity_class_ports_centre_and_language() -> None:
    code, out, _ = run(
        *("encode", "--to", "123", "--text", "ş" * 80, "--language", "turkish", "--smsc", "+4477"),
        *("--validity", "86400", "--class", "0", "--ports", "2948:9200", "--pid", "64", "--json"),
    )
    assert code == 0
    part = json.loads(out)
    assert (part["part"], part["parts"], part["encoding"]) == (1, 1, "gsm7")
    smsc, tpdu = unpack_pdu(part["pdu"])
    submit = decode_mo(tpdu)
    assert isinstance(submit, Submit)
    assert str(smsc) == "+4477"
    assert len(tpdu) == part["length"]
    assert submit.user_data.text == "ş" * 80
    assert submit.dcs.message_class == 0
    assert submit.pid == 64
    assert submit.validity is not None
    assert submit.validity.seconds == 86400
    assert submit.user_data.ports is not None
    assert submit.user_data.ports.destination == 2948


def test_encode_says_what_transliteration_changed() -> None:
    code, out, err = run("encode", "--to", "123", "--text", "it’s", "--transliterate")
    assert code == 0
    assert "'’' is sent as \"'\"" in err
    _, shown, _ = run("decode", out.split()[1])
    assert "it's" in rows(shown)["TP-UD"]


def test_encode_sends_binary_data() -> None:
    code, out, _ = run("encode", "--to", "123", "--data", "00FF10", "--reference", "300")
    assert code == 0
    assert out.split()[1].endswith("0300FF10")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--to", "12x", "--text", "a"), "'x' is none of the digits"),
        (("--to", "123"), "either --text or --data"),
        (("--to", "123", "--text", "a", "--data", "00"), "either --text or --data"),
        (("--to", "123", "--data", "0"), "not hexadecimal"),
        (("--to", "123", "--text", "a", "--ports", "70000"), "DESTINATION[:SOURCE]"),
        (("--to", "123", "--text", "Ж", "--encoding", "gsm7"), "U+0416"),
        (("--to", "123", "--text", "a" * 40000), "at most 255"),
        (("--to", "123", "--text", "a", "--validity", "99999999999"), "63 weeks"),
    ],
)
def test_encode_refuses_what_it_cannot_send_and_says_why(args: tuple[str, ...], said: str) -> None:
    code, out, err = run("encode", *args)
    assert code != 0
    assert out == ""
    assert said in err
