"""Cell broadcast pages (TS 23.041 9.4), by what others' tests say of the same octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.sms import PduError, Scope, decode_broadcast, encode_broadcast, septets
from modemgw.sms.cell_broadcast import BroadcastPage

PADDED = "A GSM default alphabet message with carriage return padding"
_PADDED = (
    "41D071DA0491CBE6709D4D0785D97074585CA683DAE5F93C7C2E83EE693A1A340ECBE5E9F0B90C9297E975B91B040F93"
    "C969F7B9D168341A8D46A3D168341A8D46A3D168341A8D46A3D168341A8D46A3D100"
)
_FULL = (
    "41D071DA0491CBE6709D4D0785D97074585CA683DAE5F93C7C2E83C4E5B4FB0C2AE3C3633A3B0FCACD406374581E1ED3"
    "CBF23988FD769F59A07639EC4EBBCF203ABA2C2F83D2739 0FB0D8287C9E4B4FB1C02"
).replace(" ", "")
_SWEDISH = (
    "737B23083A4E9B2072D91CAEB3E9A0301B8E0E8BCB7450BB3C9F87CF65D03D4D4783C661B93C1D3E9741F232BD2E7783"
    "E0613239ED3E371A8D46A3D168341A8D46A3D168341A8D46A3D168341A8D46A3D100"
)
_FIRST = "C6B47C4E07C1C3E7F2AA" + "D168341A8D46A3" * 10 + "D100"
_SECOND = "D3F2F8ED2683E0E173B9" + "D168341A8D46A3" * 10 + "D100"


def texts(pdu: str) -> list[tuple[int, int, str | None, str | None]]:
    return [(p.page, p.pages, p.language, p.text) for p in decode_broadcast(bytes.fromhex(pdu))]


@pytest.mark.parametrize(
    ("pdu", "pages"),
    [
        (f"C00000324011{_PADDED}", [(1, 1, None, PADDED)]),
        (f"010032C0004001{_PADDED}34", [(1, 1, None, PADDED)]),
        (
            f"010001C0004002{_FIRST}0A{_SECOND}0A",
            [(1, 2, None, "First page+"), (2, 2, None, "Second page")],
        ),
        (
            f"C00000324011{_FULL}",
            [
                (
                    *(1, 1, None),
                    "A GSM default alphabet message being exactly 93 characters long, "
                    "meaning there is no padding!",
                )
            ],
        ),
        (f"C00000320411{_PADDED}", [(1, 1, "es", PADDED)]),
        (f"C00000321011{_SWEDISH}", [(1, 1, "sv", PADDED)]),
        (f"010032C0001001{_SWEDISH}37", [(1, 1, "sv", PADDED)]),
        ("C00000324411" + "41424344454647" * 11 + "4142434445", [(1, 1, None, None)]),
    ],
)
def test_known_pages(pdu: str, pages: list[tuple[int, int, str | None, str | None]]) -> None:
    assert texts(pdu) == pages


def test_a_serial_number_says_where_and_which() -> None:
    (page,) = decode_broadcast(bytes.fromhex(f"C0210032401F{_PADDED}"))
    assert (page.channel, page.serial.scope, page.serial.code, page.serial.update) == (
        50,
        Scope.CELL,
        2,
        1,
    )
    assert (page.page, page.pages) == (1, 15)


def test_a_language_before_ucs2() -> None:
    content = septets.pack(b"sv") + "Hej å".encode("utf-16-be")
    pdu = bytes.fromhex("400000321111") + content + b"\0\r" * 35
    (page,) = decode_broadcast(pdu)
    assert (page.language, page.text) == ("sv", "Hej å")


@pytest.mark.parametrize(
    "pdu", ["", "C000003240", "0100320000400241", "010032C0004000", "010032C00040FF"]
)
def test_what_is_cut_off(pdu: str) -> None:
    with pytest.raises(PduError):
        decode_broadcast(bytes.fromhex(pdu))


@given(st.binary(max_size=200))
def test_any_octets_are_pages_or_an_error(octets: bytes) -> None:
    try:
        pages = decode_broadcast(octets)
    except PduError:
        return
    assert pages
    assert all(isinstance(page, BroadcastPage) for page in pages)


@given(
    st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=250),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF),
)
def test_what_is_said_is_heard(text: str, channel: int, serial: int) -> None:
    pages = [
        page
        for pdu in encode_broadcast(channel, text, serial=serial)
        for page in decode_broadcast(pdu)
    ]
    assert "".join(page.text or "" for page in pages) == text
    assert {(p.channel, p.serial.octets, p.pages) for p in pages} == {(channel, serial, len(pages))}
