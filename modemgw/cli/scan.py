"""`modemgw modems scan`"""

from __future__ import annotations

import asyncio

import click

from modemgw.cli.options import csv_wanted, list_options
from modemgw.cli.output import print_json, print_table
from modemgw.cli.say import say_lines
from modemgw.clock import SystemClock
from modemgw.modem import Found
from modemgw.modem import scan as scan_ports


@click.command()
@click.argument("devices", nargs=-1, metavar="[DEVICE]...")
@click.option(
    "--all",
    "anything",
    is_flag=True,
    help="Type AT also at devices of no known maker of modems (serial adapters, GPS, UPS…).",
)
@list_options
def scan(devices: tuple[str, ...], anything: bool, as_json: bool) -> None:
    """Find the modems that are attached, and print what to put into the configuration.

    Asks every USB serial port of a maker of modems, or just each DEVICE, what it is. A port that
    the daemon has open is left alone. Needs no daemon.
    """
    found = asyncio.run(scan_ports(devices or None, clock=SystemClock(), anything=anything))
    if as_json:
        print_json([_found(item) for item in found])
        return
    print_table(
        ("port", "modem", "IMEI", "ICCID", "USB", "what"),
        [
            (
                item.device,
                _title(item),
                item.identity and item.identity.imei,
                item.iccid,
                item.usb and item.usb.path,
                _what(item),
            )
            for item in found
        ],
        "There are no USB serial ports; name the ports to ask: modemgw modems scan /dev/ttyS0",
    )
    for item in () if csv_wanted() else found:
        if item.stanza is not None:
            say_lines(item.stanza)


def _title(item: Found) -> str:
    identity = item.identity
    return (
        "" if identity is None else " ".join(filter(None, (identity.manufacturer, identity.model)))
    )


def _what(item: Found) -> str:
    if item.also_at is not None:
        return f"the same modem as {item.also_at}"
    if item.identity is not None:
        return f"a modem (profile {item.profile})"
    return item.problem or "speaks no AT"


def _found(item: Found) -> dict[str, object]:
    identity = item.identity
    return {
        "device": item.device,
        "usb_path": item.usb and item.usb.path,
        "manufacturer": identity and identity.manufacturer,
        "model": identity and identity.model,
        "imei": identity and identity.imei,
        "iccid": item.iccid,
        "profile": item.profile,
        "also_at": item.also_at,
        "problem": item.problem,
        "stanza": item.stanza,
    }
