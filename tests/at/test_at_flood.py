"""How much a modem may say unasked."""

from __future__ import annotations

import asyncio
from typing import Any

from labs.channel import OK, PROMPT, ScriptedPort
from labs.clock import in_virtual_time

from modemgw.at.flood import LASTING_S, UNITS_AT_ONCE, UNITS_PER_S, FloodGate
from modemgw.at.urc import urc


def test_a_burst_passes_and_a_flood_is_slowed_down() -> None:
    gate, now = FloodGate(0.0), 0.0
    lines = [urc('+CMTI: "SM",1')] * 100
    assert not any(gate.take(1800, 100, lines, 0.0) for _ in range(20))
    read = 0
    while now < 10:
        now += 0.001 + gate.take(1800, 100, lines, now)
        read += 100
    assert read < 10 * 300 + 3000
    assert "+CMTI over and over" in (gate.reason(now) or "")
    assert gate.lasting(now)
    assert gate.reason(now + 2.0) is None
    assert not gate.lasting(now + 2.0)


def test_octets_without_an_end_are_weighed_too_and_answers_are_not() -> None:
    gate = FloodGate(0.0)
    assert not gate.take(int(UNITS_AT_ONCE) * 5, 30_000, [], 0.0), "an answer, however long"
    assert gate.take(int(UNITS_AT_ONCE) + 1, 0, [], 0.0)
    assert "octets that are no lines" in (gate.reason(0.0) or "")


def test_what_the_rest_of_a_line_says_is_not_told() -> None:
    gate = FloodGate(0.0)
    gate.take(0, 5000, [urc("my secret: text")] * 5000, 0.0)
    assert "secret" not in (gate.reason(0.0) or "secret")


def test_reports_of_accepted_parts_are_not_too_many() -> None:
    gate = FloodGate(0.0)
    report = urc("+CDS: 25", "07" * 33)
    for part in range(10_000):
        gate.accepted(part / 1000)
        assert not gate.take(99, 2, [report], part / 1000)


class Transport(asyncio.ReadTransport):
    """Notes when it was told to listen, and when not."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    def pause_reading(self) -> None:
        self.log.append("pause")

    def resume_reading(self) -> None:
        self.log.append("resume")


@in_virtual_time
async def test_a_flooded_channel_stops_listening_for_moments_and_tells_once() -> None:
    port, transport = ScriptedPort(), Transport()
    told: list[Any] = []
    port.channel.connection_made(transport)
    port.channel.on_flood = told.append
    while asyncio.get_running_loop().time() < LASTING_S + 3:
        if transport.log[-1:] != ["pause"]:
            port.says(b"\r\n^RSSI: 20\r\n" * 50)
        await asyncio.sleep(0.01)
    assert transport.log[:2] == ["pause", "resume"]
    assert len(told) == 1
    assert "^RSSI" in told[0]
    assert port.channel.flooding
    await asyncio.sleep(2.0)
    assert port.channel.flooding is None


@in_virtual_time
async def test_what_cannot_be_told_to_wait_is_not_listened_to() -> None:
    port = ScriptedPort()
    heard = 0
    for _ in range(1000):
        port.says(b"\r\n^RSSI: 20\r\n" * 50)
        await asyncio.sleep(0.01)
        heard = len(port.urcs)
    assert heard < 10 * 300 + 3000
    await asyncio.sleep(5.0)
    port.says(b'\r\n+CMTI: "SM",1\r\n')
    assert port.urcs[-1].name == "+CMTI"


@in_virtual_time
async def test_a_long_listing_is_no_flood() -> None:
    pdu = "07915155000000F0" + "AB" * 150
    listing = b"".join(f"\r\n+CMGL: {n},1,,150\r\n{pdu}".encode() for n in range(3000))
    port, transport = ScriptedPort({b"AT+CMGL=4\r": listing + OK}), Transport()
    port.channel.connection_made(transport)
    assert len(listing) > UNITS_PER_S
    assert len((await port.channel.command("AT+CMGL=4")).lines) == 6000
    assert not transport.log


@in_virtual_time
async def test_a_modem_that_sends_fast_may_report_fast() -> None:
    async def granted() -> None:
        pass

    report = b"\r\n+CDS: 25\r\n" + b"07" * 33 + b"\r\n"
    answers: dict[bytes, Any] = {
        b"AT+CMGS=4\r": PROMPT,
        b"0001AA\x1a": b"\r\n+CMGS: 7\r\n" + OK + report,
    }
    port, transport = ScriptedPort(answers), Transport()
    port.channel.connection_made(transport)
    for _ in range(5000):
        await port.channel.submit(
            "AT+CMGS=4", "0001AA", authorise=granted(), prompt_s=1, timeout_s=1
        )
    assert not transport.log
