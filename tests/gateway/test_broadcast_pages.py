"""Pages of cell broadcast in any order, cut, repeated, of many messages at once."""

from __future__ import annotations

from typing import Any

from labs.clock import FakeClock

from modemgw.gateway.incoming.broadcasts import FORGET_S, MOST, Broadcasts
from modemgw.modem import SimIdentity
from modemgw.sms import encode_broadcast

SIM = SimIdentity("8999901000000000001", None, None)


class Told(Broadcasts):
    """Keeps what would be told."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(None, clock)  # type: ignore[arg-type]  # nothing is written
        self.texts: list[Any] = []

    def _emit(self, data: dict[str, Any]) -> None:
        self.texts.append(data["text"])

    def hear(self, *pages: bytes) -> None:
        for page in pages:
            self.take("m1", SIM, page)


def test_pages_come_in_any_order_and_again() -> None:
    told = Told(FakeClock())
    pages = encode_broadcast(50, "x" * 250)
    assert len(pages) == 3
    told.hear(pages[2], pages[0], pages[0])
    assert told.texts == []
    told.hear(pages[1], *pages, *pages)
    assert told.texts == ["x" * 250]


def test_what_was_not_heard_for_a_day_is_told_again() -> None:
    clock = FakeClock()
    told = Told(clock)
    page = encode_broadcast(50, "hello")[0]
    told.hear(page)
    for _ in range(30):
        clock.now += FORGET_S / 2
        told.hear(page)  # it never ends
    clock.now += FORGET_S + 1
    told.hear(page)
    assert told.texts == ["hello", "hello"]


def test_rubbish_is_left_alone() -> None:
    told = Told(FakeClock())
    told.hear(b"", b"\x01", b"\x01\x00\x32\xc0\x00\x40\xff")
    assert told.texts == []


def test_memory_is_bounded() -> None:
    told = Told(FakeClock())
    for serial in range(3 * MOST):
        told.hear(encode_broadcast(50, "y" * 100, serial=serial)[0])  # the first of two pages
    assert len(told._heard) == MOST
