"""Coverage-guided fuzzing of the codec: only values and PduErrors may come out of any octets.

    pip install atheris
    python benchmarks/fuzz_pdu.py --minutes 10

It starts from the TPDUs of tests/vectors. Every value that comes out is read to the last lazy
field, described, encoded again and decoded again, where it must say the same; no input may take
longer than a second. Ends with 0 and libFuzzer's statistics when nothing was found, else with the
input.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["modemgw.sms"]):
    from modemgw.sms import (
        PduError,
        assemble,
        decode_mo,
        decode_mt,
        pack_pdu,
        segment_text,
        unpack_pdu,
    )
    from modemgw.sms.describe import describe

VECTORS = Path(__file__).parent.parent / "tests" / "vectors"
# Of the types that the vectors do not have: command, submit report, deliver report.
OTHERS = (
    "0201000200" + "0B916407281553F8" + "00",
    "4201000200" + "0B916407281553F8" + "0A0500032A020141424344",
    "0100" + "42209231732480",
    "01C507" + "42209231732480" + "000003E83204",
    "0000",
    "00D307" + "000003E83204",
)
# Octets that mean nothing are not written back: padding, fill bits, a TP-PI that announces nothing.
UNDEFINED = {"TP-UDL", "TP-MTI", "TP-UDHI"}


def judge(octets: bytes) -> None:
    """Decode in every way; anything raised but a PduError is a finding."""
    for decode in (decode_mt, decode_mo):
        try:
            tpdu = decode(octets)
        except PduError as error:
            if not error.field or not 0 <= error.offset <= len(octets):
                raise AssertionError(f"field {error.field!r}, offset {error.offset}") from error
            continue
        said = says(tpdu)
        again = decode(tpdu.encode())
        if again != tpdu and says(again) != said:
            raise AssertionError(f"{tpdu} is encoded as {again}")
        data = getattr(tpdu, "user_data", None)
        text = None if data is None else assemble([data]).text
        if text is not None:
            parts = segment_text(text).parts
            if assemble(reversed(parts)).text != text:
                raise AssertionError(f"{text!r} does not survive segmentation")
    for text in (octets.hex(), octets.decode("latin-1")):
        try:
            smsc, tpdu = unpack_pdu(text)
        except PduError:
            continue
        if unpack_pdu(pack_pdu(tpdu, smsc))[1] != tpdu:
            raise AssertionError(f"{smsc} is no prefix")


def says(tpdu: Any) -> list[Any]:
    return [field for field in describe(tpdu) if field.name not in UNDEFINED]


def seeds() -> list[bytes]:
    """The TPDUs of all vectors that are hexadecimal at all, and the others."""
    found = [bytes.fromhex(tpdu) for tpdu in OTHERS]
    for name in ("deliver", "submit", "status_report", "malformed"):
        for entry in json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8")):
            try:
                whole = bytes.fromhex(entry["pdu"])
                found.append(unpack_pdu(entry["pdu"])[1] if entry["smsc_prefix"] else whole)
            except ValueError:
                continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as corpus:
        for number, octets in enumerate(seeds()):
            (Path(corpus) / f"{number:04}").write_bytes(octets)
        atheris.Setup(
            [
                sys.argv[0],
                corpus,
                f"-max_total_time={int(60 * options.minutes)}",
                f"-seed={options.seed}",
                "-max_len=400",
                "-timeout=1",
                "-print_final_stats=1",
            ],
            judge,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
