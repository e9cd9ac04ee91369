"""Which USB devices may be modems, and which of their interfaces takes AT commands.

From the device tables of the Linux drivers option, qcserial and cdc_acm and the manuals of the
vendors. Serial adapters are no modems, but may have one behind them; or a GPS receiver, or a UPS
that takes AT for an order.
"""

from __future__ import annotations

MODEM_VENDORS = frozenset(
    {
        *(0x12D1, 0x19D2, 0x1E0E, 0x05C6, 0x2C7C, 0x1199, 0x1BC7, 0x1546, 0x1E2D),  # see below
        *(0x0681, 0x0AF0, 0x0BDB, 0x1004, 0x1410, 0x1431, 0x16D5, 0x1726, 0x19A5, 0x1A8D),
        *(0x1BBB, 0x1C9E, 0x1EE8, 0x2001, 0x201E, 0x2020, 0x20B9, 0x22B8, 0x2357, 0x258D),
        *(0x2949, 0x2CB7, 0x2DEE, 0x305A, 0x3505, 0x8087, 0x413C, 0x0489, 0x0E8D, 0x1782),
    }
)
"""Makers of modems by USB vendor (in hex): Siemens 0681, Option 0AF0, Ericsson 0BDB, Fibocom 2CB7,
Longcheer 1C9E, Alcatel 1BBB, Novatel 1410, Telit Cinterion 1E2D…"""

RECEIVERS = frozenset((0x1546, product) for product in range(0x01A4, 0x01AC))
"""Satellite receivers of makers of modems (u-blox)."""

BRIDGES = frozenset({0x0403, 0x067B, 0x10C4, 0x110A, 0x1A86, 0x4348, 0x9710, 0x04E2, 0x0557})
"""Serial adapters: FTDI, Prolific, Silicon Labs, Moxa, WCH, MosChip, Exar, ATEN. Each of their
ports leads to a device of its own."""

AT_INTERFACES: dict[tuple[int, int], tuple[int, ...]] = {
    # (vendor, product) -> interface numbers, best first: a hint on where to ask first.
    # Huawei
    (0x12D1, 0x1003): (1, 0),
    (0x12D1, 0x1001): (2, 0),
    (0x12D1, 0x1436): (4, 0),
    (0x12D1, 0x140C): (3, 0),
    (0x12D1, 0x14AC): (4, 0),
    (0x12D1, 0x1C05): (2, 1),
    # ZTE
    (0x19D2, 0x0031): (1, 3),
    (0x19D2, 0x2002): (1, 3),
    (0x19D2, 0x2003): (1, 3),
    (0x19D2, 0x0015): (1, 3),
    (0x19D2, 0x0082): (1, 3),
    (0x19D2, 0x0117): (1, 2),
    (0x19D2, 0x0124): (1, 4),
    (0x19D2, 0x0016): (1, 2),
    (0x19D2, 0x0017): (1, 2),
    (0x19D2, 0x1515): (0, 2),
    # SIMCom
    (0x05C6, 0x9000): (2, 3),
    (0x1E0E, 0x9001): (2, 3),
    (0x1E0E, 0x9205): (2, 3),
    (0x1E0E, 0x9206): (2, 5),
    (0x1E0E, 0x9011): (4, 5),
    # Quectel
    (0x05C6, 0x9090): (2, 3),
    (0x05C6, 0x9003): (2, 3),
    (0x05C6, 0x9215): (2, 3),
    (0x2C7C, 0x0121): (2, 3),
    (0x2C7C, 0x0125): (2, 3),
    (0x2C7C, 0x0191): (2, 3),
    (0x2C7C, 0x0195): (2, 3),
    (0x2C7C, 0x0296): (2, 3),
    (0x2C7C, 0x0306): (2, 3),
    (0x2C7C, 0x0512): (2, 3),
    (0x2C7C, 0x6002): (3, 4),
    (0x2C7C, 0x6005): (3, 4),
    (0x2C7C, 0x6026): (3, 4),
    # Sierra
    (0x1199, 0x68C0): (3, 2),
    (0x1199, 0x9041): (3, 2),
    (0x1199, 0x9071): (3, 2),
    (0x1199, 0x9079): (3, 2),
    (0x1199, 0x9091): (3, 2),
    (0x1199, 0xC001): (0,),
    # Telit
    (0x1BC7, 0x1003): (0, 2),
    (0x1BC7, 0x1004): (0, 3),
    (0x1BC7, 0x0021): (6, 0),
    (0x1BC7, 0x1200): (4, 5),
    (0x1BC7, 0x1201): (4, 5),
    (0x1BC7, 0x1031): (1, 2),
    (0x1BC7, 0x1033): (1, 2),
    (0x1BC7, 0x1100): (1, 2),
    (0x1BC7, 0x1101): (1, 2),
    (0x1BC7, 0x1040): (4, 5),
    (0x1BC7, 0x1041): (5, 6),
    # u-blox
    (0x1546, 0x1102): (0, 2, 4),
    (0x1546, 0x1104): (0,),
    (0x1546, 0x1141): (0, 2, 4),
    (0x1546, 0x1143): (0, 2, 4),
    (0x1546, 0x1146): (0, 2, 4),
    (0x1546, 0x1010): (6,),
    # Cinterion
    (0x1E2D, 0x0053): (2, 3),
    (0x1E2D, 0x0061): (2, 0),
    (0x1E2D, 0x005B): (0, 2),
    (0x1E2D, 0x005D): (0, 2),
    (0x1E2D, 0x0069): (0, 2),
    (0x1E2D, 0x006F): (0, 2),
}


def may_be_modem(vendor: int, product: int) -> bool:
    """Whether such a device is asked for a modem without being told to."""
    return vendor in MODEM_VENDORS and (vendor, product) not in RECEIVERS


def rank(vendor: int, product: int, interface: int | None) -> int:
    """0 for the interface to ask first; unknown ones come last."""
    known = AT_INTERFACES.get((vendor, product), ())
    return known.index(interface) if interface in known else len(known)
