"""Which USB interface of which device takes AT commands: a hint on where to ask first.

Keys are (vendor, product); values are interface numbers, best first. From the device tables of the
Linux drivers option, qcserial and cdc_acm and the manuals of the vendors. Only a hint: every port
that may be one is asked in the end.
"""

from __future__ import annotations

AT_INTERFACES: dict[tuple[int, int], tuple[int, ...]] = {
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


def rank(vendor: int, product: int, interface: int | None) -> int:
    """0 for the interface to ask first; unknown ones come last."""
    known = AT_INTERFACES.get((vendor, product), ())
    return known.index(interface) if interface in known else len(known)
