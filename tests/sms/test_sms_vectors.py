"""Every entry of the shared vectors: PDUs of other programs' tests, captures, and made ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from modemgw.sms import (
    Alphabet,
    Deliver,
    NationalLanguage,
    PduError,
    Ports,
    Segmentation,
    ShiftTables,
    StatusReport,
    Submit,
    Timestamp,
    TooManyPartsError,
    assemble,
    decode_mo,
    decode_mt,
    pack_pdu,
    segment_data,
    segment_text,
    unpack_pdu,
)
from modemgw.sms.gsm7 import gsm7
from modemgw.sms.septets import pack, unpack
from modemgw.sms.tables import UNDEFINED, locking_table, single_table

VECTORS = Path(__file__).parent.parent / "vectors"
ENCODING_NAMES = {Alphabet.GSM7: "gsm7", Alphabet.DATA: "8bit", Alphabet.UCS2: "ucs2"}


def load(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def entries(name: str) -> list[Any]:
    return [pytest.param(entry, id=entry["id"]) for entry in load(name)]


def decode(entry: dict[str, Any], pdu: str | None = None) -> Any:
    text = entry["pdu"] if pdu is None else pdu
    if entry["smsc_prefix"]:
        smsc, tpdu = unpack_pdu(text)
    else:
        smsc, tpdu = None, bytes.fromhex(text)
    return smsc, (decode_mt if entry["direction"] == "MT" else decode_mo)(tpdu)


def iso(stamp: Timestamp) -> str | None:
    return None if stamp.datetime is None else stamp.datetime.isoformat()


def validity(submit: Submit) -> dict[str, Any]:
    valid = submit.validity
    if valid is None:
        return {"format": "none"}
    seen: dict[str, Any] = {"format": valid.format.name.lower()}
    if seen["format"] == "relative":
        seen |= {"raw": valid.raw[0], "seconds": valid.seconds}
    elif seen["format"] == "absolute":
        assert valid.time is not None
        seen["time"] = iso(valid.time)
    else:
        seen["raw_hex"] = valid.raw.hex().upper()
        if valid.seconds is not None:
            seen["seconds"] = valid.seconds
    return seen


def flags(tpdu: Any) -> dict[str, bool]:
    names = {
        "more_messages": "more_messages",
        "loop_prevention": "loop_prevention",
        "sri": "status_report_indication",
        "srr": "status_report_request",
        "srq": "qualifier",
        "reply_path": "reply_path",
        "reject_duplicates": "reject_duplicates",
    }
    seen = {short: getattr(tpdu, name) for short, name in names.items() if hasattr(tpdu, name)}
    if tpdu.user_data is not None:
        seen["udhi"] = tpdu.user_data.header_octets is not None
    return seen


def seen_in(smsc: Any, tpdu: Any) -> dict[str, Any]:
    """A decoded TPDU in the fields of the vectors."""
    seen: dict[str, Any] = {
        "smsc": None if smsc is None else str(smsc),
        "type": tpdu.name,
        "flags": flags(tpdu),
    }
    if isinstance(tpdu, Deliver):
        address = tpdu.originator
        seen["timestamp"] = iso(tpdu.scts)
        local = tpdu.scts.local
        seen["timestamp_local"] = None if local is None else local.isoformat()
    elif isinstance(tpdu, Submit):
        address = tpdu.destination
        seen |= {"mr": tpdu.reference, "validity": validity(tpdu)}
    else:
        assert isinstance(tpdu, StatusReport)
        address = tpdu.recipient
        seen |= {
            "mr": tpdu.reference,
            "status": tpdu.status,
            "timestamp": iso(tpdu.scts),
            "discharge_timestamp": iso(tpdu.discharge),
        }
    seen |= {"number": str(address), "ton": address.ton, "npi": address.npi, "pid": tpdu.pid}
    if tpdu.dcs is not None:
        mwi = tpdu.dcs.mwi
        seen |= {
            "dcs": tpdu.dcs.octet,
            "class": tpdu.dcs.message_class,
            "compressed": tpdu.dcs.compressed,
            "mwi": mwi and {"active": mwi.active, "store": mwi.store, "type": int(mwi.kind)},
        }
    data = tpdu.user_data
    if data is not None:
        place, ports = data.concatenation, data.ports
        seen |= {
            "encoding": ENCODING_NAMES[data.alphabet],
            "text": data.text,
            "data_hex": data.data.hex().upper(),
            "raw_hex": data.data.hex().upper(),
            "udh": [{"iei": e.iei, "data_hex": e.data.hex().upper()} for e in data.header],
            "concat": place
            and {
                "ref": place.reference,
                "total": place.total,
                "seq": place.sequence,
                "bits": 16 if place.wide else 8,
            },
            "ports": ports
            and {
                "dst": ports.destination,
                "src": ports.source,
                "bits": 16 if ports.wide else 8,
            },
        }
    return seen


def check(expected: dict[str, Any], seen: dict[str, Any]) -> None:
    for field, value in expected.items():
        if field.endswith("_any_of"):
            assert seen[field.removesuffix("_any_of")] in value, field
        elif field == "flags":
            assert {name: seen["flags"][name] for name in value} == value
        elif field == "validity":
            assert {name: seen[field].get(name) for name in value} == value
        else:
            assert seen[field] == value, field


@pytest.mark.parametrize("entry", entries("deliver") + entries("submit") + entries("status_report"))
def test_a_pdu_decodes_to_what_its_source_and_other_decoders_say(entry: dict[str, Any]) -> None:
    seen = seen_in(*decode(entry))
    assert seen["type"] == entry["type"]
    check(entry["expect"], seen)
    check(entry.get("also", {}), seen)


FILL = "fill bits, which mean nothing, are set; ours are 0 (TS 23.040 9.2.3.24)"
SPARE = "spare bits after the last septet are set; ours are 0 (TS 23.038 6.1.2.1.1)"
OPTIONAL = "a TP-PI that announces nothing; ours leaves it out (TS 23.040 9.2.2.3)"
NOT_CANONICAL = {
    "mm-pdu-multipart-1": FILL,
    "mm-pdu-multipart-2": FILL,
    "gsmmodem-decode-6": FILL,
    "android-cingular-set": "an odd number of digits filled with 0, not F (TS 23.040 9.1.2.3)",
    "android-cingular-clear": "an odd number of digits filled with 0, not F (TS 23.040 9.1.2.3)",
    "android-missed-call": SPARE,
    "xlab-submit-enhanced-2": SPARE,
    "gammu-at-sms-02": SPARE,
    "xlab-sr": OPTIONAL,
    "gammu-at-sms-36": OPTIONAL,
}


@pytest.mark.parametrize("entry", entries("deliver") + entries("submit") + entries("status_report"))
def test_a_decoded_pdu_encodes_to_the_same_octets(entry: dict[str, Any]) -> None:
    smsc, tpdu = decode(entry)
    again = pack_pdu(tpdu.encode(), smsc) if entry["smsc_prefix"] else tpdu.encode().hex().upper()
    if entry["id"] in NOT_CANONICAL:
        assert again != entry["pdu"].upper()
        assert seen_in(*decode(entry, again)) == seen_in(smsc, tpdu)
    else:
        assert again == entry["pdu"].upper()


@pytest.mark.parametrize("entry", entries("gsm7"))
def test_text_septets_and_packed_octets_agree(entry: dict[str, Any]) -> None:
    septets = bytes.fromhex(entry["septets_hex"])
    packed = bytes.fromhex(entry["packed_hex"])
    coder = gsm7(entry["locking"], entry["single"])
    assert unpack(packed, entry["septet_count"], entry["fill_bits"]) == septets
    assert coder.decode(septets) == entry["text"]
    assert pack(septets, entry["fill_bits"]) == packed
    if entry.get("direction") != "decode":
        assert coder.encode(entry["text"]) == septets


@pytest.mark.parametrize("code", range(14))
def test_a_national_table_is_that_of_the_spec(code: int) -> None:
    expected = load("national")[str(code)]
    locking = expected["locking"] or load("national")["0"]["locking"]
    ours = ["" if cell == UNDEFINED else cell for cell in locking_table(code)]
    assert ours == [cell if at != 0x1B else "" for at, cell in enumerate(locking)]
    assert single_table(code) == {int(at, 16): cell for at, cell in expected["single"].items()}


def segmented(entry: dict[str, Any]) -> Segmentation:
    options = entry["options"]
    ports = Ports(2948, 9200) if options["ports"] else None
    wide = options["ref_bits"] == 16
    if "data_length" in entry:
        data = bytes(i % 256 for i in range(entry["data_length"]))
        return segment_data(data, ports=ports, wide_reference=wide)
    national = options["national"]
    tables: Any = ()
    if national is not None:
        tables = ShiftTables(
            NationalLanguage(national["locking"]), NationalLanguage(national["single"])
        )
    return segment_text(
        text_of(entry), ports=ports, wide_reference=wide, national=tables, keep_clusters=False
    )


def text_of(entry: dict[str, Any]) -> str:
    if "text_parts" in entry:
        return "".join(piece * count for piece, count in entry["text_parts"])
    if "text_repeat" in entry:
        return str(entry["text_repeat"]["unit"] * entry["text_repeat"]["count"])
    return str(entry["text"])


@pytest.mark.parametrize("entry", entries("segments"))
def test_a_text_is_cut_where_the_spec_makes_it(entry: dict[str, Any]) -> None:
    expected = entry["expect"]
    if "error" in expected:
        with pytest.raises(TooManyPartsError):
            segmented(entry)
        return
    cut = segmented(entry)
    assert ENCODING_NAMES[cut.alphabet] == expected["encoding"]
    assert len(cut.parts) == expected["segments"]
    if "units" in expected:
        units = expected["units"]
        if isinstance(units, dict):
            units = [units["all_but_last"]] * (expected["segments"] - 1) + [units["last"]]
        assert list(cut.units) == units
    if "texts" in expected:
        assert [part.text for part in cut.parts] == expected["texts"]
        assert [len(part.text or "") for part in cut.parts] == expected["characters"]


def attempt(entry: dict[str, Any]) -> tuple[Any, PduError | None]:
    """What decoding gives, and the error that it gives instead."""
    try:
        return decode(entry), None
    except PduError as error:
        return None, error


@pytest.mark.parametrize("entry", entries("malformed"))
def test_a_malformed_pdu_is_refused_or_tolerated_as_the_set_says(entry: dict[str, Any]) -> None:
    decoded, error = attempt(entry)
    if error is not None:
        assert entry["policy"] in ("refuse", "either"), error
        assert 0 <= error.offset <= len(entry["pdu"]) // 2 + 1
        return
    assert entry["policy"] in ("tolerate", "either")
    smsc, tpdu = decoded
    if not isinstance(tpdu, Deliver | Submit | StatusReport):
        assert entry["policy"] == "either"
        return
    expected = dict(entry.get("expect") or {})
    joined = {expected.pop(key) for key in list(expected) if key == "joined_text"}
    joined |= set(expected.pop("joined_text_any_of", ()))
    check(expected, seen_in(smsc, tpdu))
    if joined:
        parts = [decode(entry, pdu)[1].user_data for pdu in (entry["pdu"], *entry["then"])]
        assert assemble(parts).text in joined


@pytest.mark.parametrize(
    "entry", [e for e in entries("malformed") if "truncated at" in e.values[0]["reason"]]
)
def test_a_cut_off_pdu_is_refused_with_the_field_and_the_octet(entry: dict[str, Any]) -> None:
    field = entry["reason"].rpartition("truncated at ")[2]
    field = field.removesuffix(" length").removesuffix(" type")
    _, error = attempt(entry)
    assert error is not None
    assert error.field == {"first octet": "TP-MTI"}.get(field, field)


CLUSTERS_KEPT = {"flags": (64, 32), "skin-tone": (64, 16)}


PLAIN = {"ref_bits": 8, "ports": False, "national": None}


@pytest.mark.parametrize(
    "entry",
    [
        e
        for e in entries("segments")
        if e.values[0]["options"] == PLAIN and "texts" in e.values[0]["expect"]
    ],
)
def test_keeping_clusters_changes_only_the_cuts_that_would_tear_one(entry: dict[str, Any]) -> None:
    units = segment_text(entry["text"]).units
    assert units == CLUSTERS_KEPT.get(entry["id"], tuple(entry["expect"]["units"]))
