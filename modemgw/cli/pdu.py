"""``modemgw pdu``: read and write SMS PDUs without any modem."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Literal, cast

import click

from modemgw.cli.say import say, say_json, say_lines
from modemgw.plain import printable, printable_json
from modemgw.sms import (
    Address,
    NationalLanguage,
    PduError,
    Ports,
    Segmentation,
    Submit,
    Validity,
    decode_mo,
    decode_mt,
    pack_pdu,
    segment_data,
    segment_text,
    unpack_pdu,
)
from modemgw.sms.describe import Field, Tpdu, describe

Direction = Literal["auto", "mt", "mo"]
_DIRECTIONS = ("auto", "mt", "mo")
_LANGUAGES = [language.name.lower() for language in NationalLanguage if language]


@click.group()
def pdu() -> None:
    """Decode and encode SMS PDUs (TS 23.040)."""


@pdu.command()
@click.argument("pdus", metavar="[HEX]...", nargs=-1)
@click.option(
    "--direction",
    type=click.Choice(_DIRECTIONS),
    default="auto",
    show_default=True,
    help="mt: from the network, mo: from a mobile; auto takes TP-MTI 01 for an SMS-SUBMIT and"
    " anything else for what the network sends.",
)
@click.option("--no-smsc", is_flag=True, help="The PDUs have no service centre address in front.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def decode(
    context: click.Context,
    pdus: tuple[str, ...],
    direction: Direction,
    no_smsc: bool,
    as_json: bool,
) -> None:
    """Print every field of each PDU with its clause and meaning.

    The PDUs are taken from standard input, one a line, when none is given. Exits with 1 when one of
    them could not be decoded.
    """
    failed = False
    given: Iterable[str] = pdus or _lines(sys.stdin.buffer)
    for number, text in enumerate(given):
        if number and not as_json:
            say()
        try:
            fields = _decode(text, direction, no_smsc)
        except PduError as error:
            failed = True
            _print_error(text, error, as_json)
        else:
            say_json(_as_json(fields)) if as_json else say_lines(_as_text(fields))
    if failed:
        context.exit(1)


def _lines(stream: Iterable[bytes]) -> Iterator[str]:
    for line in stream:
        text = line.decode("utf-8", "replace").strip()
        if text:
            yield text


def _decode(text: str, direction: Direction, no_smsc: bool) -> list[Field]:
    """The fields of one PDU; the offset of a PduError counts octets of the whole text."""
    smsc, tpdu = unpack_pdu("00" + text.strip() if no_smsc else text)
    before = 0 if no_smsc else len(text.strip()) // 2 - len(tpdu)
    try:
        return describe(_read(tpdu, direction), smsc)
    except PduError as error:
        raise PduError(error.field, error.offset + before, error.problem) from None


def _read(tpdu: bytes, direction: Direction) -> Tpdu:
    if direction == "mo" or (direction == "auto" and tpdu and tpdu[0] & 3 == 1):
        return decode_mo(tpdu)
    return decode_mt(tpdu)


def _as_text(fields: list[Field]) -> str:
    rows = [
        tuple(map(printable, (field.name, _shown(field), field.meaning, field.clause)))
        for field in fields
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    widths[1] = min(widths[1], 40)
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip()
        for row in rows
    )


def _shown(field: Field) -> str:
    """The value in one line: octets in hexadecimal too, texts with their line ends escaped."""
    if isinstance(field.value, int):
        return f"{field.value} (0x{field.value:02X})" if field.value > 9 else str(field.value)
    if field.name == "TP-UD":
        return printable_json(field.value)
    return field.value or "-"


def _as_json(fields: list[Field]) -> dict[str, Any]:
    return {
        "type": next(field.meaning for field in fields if field.name == "TP-MTI"),
        "fields": [
            {
                "name": field.name,
                "clause": field.clause,
                "value": field.value,
                "meaning": field.meaning,
            }
            for field in fields
        ],
    }


def _print_error(text: str, error: PduError, as_json: bool) -> None:
    if as_json:
        found: dict[str, Any] = {
            "field": error.field,
            "offset": error.offset,
            "problem": error.problem,
        }
        say_json({"error": found, "pdu": text})
    else:
        say(text, err=True)
        say(f"not decoded: {error}", err=True)


def _address(_: click.Context, __: click.Parameter, value: str | None) -> Address | None:
    if value is None:
        return None
    try:
        return Address.parse(value)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


def _ports(_: click.Context, __: click.Parameter, value: str | None) -> Ports | None:
    if value is None:
        return None
    destination, _colon, source = value.partition(":")
    try:
        ports = Ports(int(destination), int(source or "0"))
        ports.element()
    except ValueError:
        raise click.BadParameter(f"{value!r} is not DESTINATION[:SOURCE], each 0-65535") from None
    return ports


def _octets(_: click.Context, __: click.Parameter, value: str | None) -> bytes | None:
    if value is None:
        return None
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise click.BadParameter("not hexadecimal octets, e.g. 48656C6C6F") from None


@pdu.command()
@click.option(
    "--to", required=True, callback=_address, help="Number to send to, e.g. +447700900001."
)
@click.option("--text", help="Text to send.")
@click.option("--data", callback=_octets, metavar="HEX", help="Binary data to send instead.")
@click.option("--smsc", callback=_address, help="Service centre; without it the SIM's own is used.")
@click.option(
    "--encoding", type=click.Choice(("auto", "gsm7", "ucs2")), default="auto", show_default=True
)
@click.option(
    "--language",
    "languages",
    type=click.Choice(_LANGUAGES),
    multiple=True,
    help="Allow this national table where it saves parts; may be repeated.",
)
@click.option("--transliterate", is_flag=True, help="Replace typography and accents to save parts.")
@click.option(
    "--class", "message_class", type=click.IntRange(0, 3), help="Message class; 0 is flash."
)
@click.option("--ports", callback=_ports, metavar="DST[:SRC]", help="16-bit application ports.")
@click.option("--validity", type=click.IntRange(1), metavar="SECONDS", help="Rounded up to a step.")
@click.option("--receipt", is_flag=True, help="Request a status report (TP-SRR).")
@click.option(
    "--reference",
    type=click.IntRange(0, 0xFFFF),
    default=0,
    show_default=True,
    help="Of a concatenated message; above 255 it takes 16 bits.",
)
@click.option("--pid", type=click.IntRange(0, 255), default=0, show_default=True, help="TP-PID.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def encode(
    to: Address,
    text: str | None,
    data: bytes | None,
    smsc: Address | None,
    encoding: Literal["auto", "gsm7", "ucs2"],
    languages: tuple[str, ...],
    transliterate: bool,
    message_class: int | None,
    ports: Ports | None,
    validity: int | None,
    receipt: bool,
    reference: int,
    pid: int,
    as_json: bool,
) -> None:
    """Print the SMS-SUBMIT PDUs of a message, one a line: TPDU length and PDU.

    The length is what AT+CMGS wants: the octets without the service centre's address.
    """
    if (text is None) == (data is None):
        raise click.UsageError("give either --text or --data")
    try:
        valid = None if validity is None else Validity.relative(validity)
        if data is not None:
            cut = segment_data(
                data,
                ports=ports,
                reference=reference,
                wide_reference=reference > 0xFF,
                message_class=message_class,
            )
        else:
            cut = segment_text(
                cast(str, text),
                encoding=encoding,
                national=[NationalLanguage[name.upper()] for name in languages],
                transliterate=transliterate,
                ports=ports,
                reference=reference,
                wide_reference=reference > 0xFF,
                message_class=message_class,
            )
        tpdus = [
            Submit(
                to, part, cut.dcs, pid=pid, validity=valid, status_report_request=receipt
            ).encode()
            for part in cut.parts
        ]
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    _print_parts(cut, tpdus, smsc, as_json)


def _print_parts(
    cut: Segmentation, tpdus: list[bytes], smsc: Address | None, as_json: bool
) -> None:
    for before, after in cut.changes:
        say(f"{before!r} is sent as {after!r}", err=True)
    for number, (tpdu, units) in enumerate(zip(tpdus, cut.units, strict=True), 1):
        line = pack_pdu(tpdu, smsc)
        if as_json:
            part = {
                "part": number,
                "parts": len(tpdus),
                "encoding": cut.alphabet,
                "units": units,
                "length": len(tpdu),
                "pdu": line,
            }
            say_json(part)
        else:
            say(f"{len(tpdu)} {line}")
