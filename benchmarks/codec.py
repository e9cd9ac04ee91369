"""Encode and decode rates of modemgw.sms beside python-gsmmodem-new, in one run.

    python benchmarks/codec.py [--seconds 0.5] [--rounds 5]

Three messages stand for a gateway's traffic: a one-part GSM 7 bit text, a three-part UCS2 text, and
a status report. Both libraries must give the same PDUs and values, read to the last one that a
gateway needs. They take turns, and the best round of each counts; time is CPU time, so that other
work on the machine disturbs little. Prints one JSON object: whole messages per second and ratios;
null where the other library cannot do a thing.
"""

import argparse
import datetime
import json
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

from gsmmodem import pdu as peer

from modemgw.sms import (
    Address,
    Deliver,
    StatusReport,
    Submit,
    Timestamp,
    Validity,
    assemble,
    decode_mt,
    pack_pdu,
    segment_text,
    unpack_pdu,
)

REFERENCE = 42
TO = "+447700900123"
GSM7_TEXT = (
    "Your code is 481516. It is valid for 5 minutes; never tell it to anyone. Bank of Example"
)
UCS2_TEXT = "Ваш заказ № 4815162342 готов к выдаче. Пункт работает с 9 до 21. " * 3
SENT = "2024-02-29T13:37:42+01:00"
REPORT = "07915155000000F006400B915155001032F4528010410351405280104103124000"


def delivers(text: str) -> list[str]:
    """The PDUs in which a network delivers a text."""
    cut = segment_text(text, reference=REFERENCE)
    scts = Timestamp.from_datetime(datetime.datetime.fromisoformat(SENT))
    sender = Address.parse(TO)
    return [pack_pdu(Deliver(sender, part, scts, cut.dcs).encode()) for part in cut.parts]


def our_encode(text: str) -> list[str]:
    cut = segment_text(text, reference=REFERENCE)
    to, validity = Address.parse(TO), Validity.relative(86400)
    tpdus = [
        Submit(
            to,
            part,
            cut.dcs,
            reference=REFERENCE,
            validity=validity,
            status_report_request=True,
        ).encode()
        for part in cut.parts
    ]
    return [pack_pdu(tpdu) for tpdu in tpdus]


def peer_encode(text: str) -> list[str]:
    pdus = peer.encodeSmsSubmitPdu(
        TO, text, reference=REFERENCE, validity=datetime.timedelta(days=1), requestStatusReport=True
    )
    return [str(pdu) for pdu in pdus]


def our_decode(pdus: list[str]) -> tuple[Any, ...]:
    decoded = []
    for pdu in pdus:
        message = decode_mt(unpack_pdu(pdu)[1])
        assert isinstance(message, Deliver)
        decoded.append(message)
    assembled = assemble([message.user_data for message in decoded])
    return str(decoded[0].originator), assembled.text, decoded[0].scts.datetime


def peer_decode(pdus: list[str]) -> tuple[Any, ...]:
    decoded = [peer.decodeSmsPdu(pdu) for pdu in pdus]
    text = "".join(message["text"] for message in decoded)
    return decoded[0]["number"], text, decoded[0]["time"]


def our_report(pdu: str) -> tuple[Any, ...]:
    report = decode_mt(unpack_pdu(pdu)[1])
    assert isinstance(report, StatusReport)
    return (
        report.reference,
        str(report.recipient),
        report.status,
        report.scts.datetime,
        report.discharge.datetime,
    )


def peer_report(pdu: str) -> tuple[Any, ...]:
    report = peer.decodeSmsPdu(pdu)
    return (
        report["reference"],
        report["number"],
        report["status"],
        report["time"],
        report["discharge"],
    )


def our_report_encode() -> str:
    moment = Timestamp(bytes.fromhex("52801041035140"))
    report = StatusReport(64, Address.parse("+15550001234"), moment, moment, 0)
    return pack_pdu(report.encode())


def rate(operation: Callable[[], Any], seconds: float) -> float:
    """Operations per second of CPU time, over about so long."""
    count, batch = 0, 1
    began = time.process_time()
    while (passed := time.process_time() - began) < seconds:
        for _ in range(batch):
            operation()
        count += batch
        if passed < seconds / 100:
            batch *= 2
    return count / passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    gsm7, ucs2 = delivers(GSM7_TEXT), delivers(UCS2_TEXT)
    assert (len(gsm7), len(ucs2)) == (1, 3)
    pairs: dict[str, tuple[Callable[[], Any], Callable[[], Any] | None]] = {
        "encode 1-part gsm7": (lambda: our_encode(GSM7_TEXT), lambda: peer_encode(GSM7_TEXT)),
        "decode 1-part gsm7": (lambda: our_decode(gsm7), lambda: peer_decode(gsm7)),
        "encode 3-part ucs2": (lambda: our_encode(UCS2_TEXT), lambda: peer_encode(UCS2_TEXT)),
        "decode 3-part ucs2": (lambda: our_decode(ucs2), lambda: peer_decode(ucs2)),
        "decode status report": (lambda: our_report(REPORT), lambda: peer_report(REPORT)),
        "encode status report": (our_report_encode, None),
    }
    for name, (ours, theirs) in pairs.items():
        if theirs is not None and ours() != theirs():
            raise SystemExit(f"{name}: the libraries disagree:\n{ours()}\n{theirs()}")

    results = {}
    for name, (ours, theirs) in pairs.items():
        best = [0.0, 0.0]
        for _ in range(options.rounds):
            best[0] = max(best[0], rate(ours, options.seconds))
            if theirs is not None:
                best[1] = max(best[1], rate(theirs, options.seconds))
        results[name] = {
            "modemgw_per_second": round(best[0]),
            "modemgw_microseconds": round(1e6 / best[0], 1),
            "gsmmodem_per_second": round(best[1]) if theirs else None,
            "ratio": round(best[0] / best[1], 1) if theirs else None,
        }
    json.dump(
        {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "results": results,
        },
        sys.stdout,
        indent=2,
    )
    print()


if __name__ == "__main__":
    main()
