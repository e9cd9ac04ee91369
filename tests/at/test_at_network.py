"""Ports of serial servers: raw, and by RFC 2217 against pyserial's own server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labs.serial_server import serving

from modemgw.at import AtChannel, ChannelClosed, PortError, Trace, network, open_serial
from modemgw.at.rfc2217 import ComPort, Rfc2217
from modemgw.clock import SystemClock
from modemgw.virtual import Bank, BankSettings


def channel() -> AtChannel:
    return AtChannel(clock=SystemClock(), trace=Trace(), on_urc=lambda urc: None)


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
async def test_commands_are_answered_through_a_serial_server(scheme: str, tmp_path) -> None:
    async with Bank(BankSettings(modems=1), tmp_path / "bank") as bank:
        with serving(str(bank.paths[0]), rfc2217=scheme == "rfc2217") as server:
            ours = channel()
            await open_serial(f"{scheme}://127.0.0.1:{server.port}", ours, baud_rate=57600)
            await ours.resync()
            await ours.command("ATE0")
            assert (await ours.command("AT+CGMM")).line == "VM-1"
            if scheme == "rfc2217":
                line = server.line
                assert (line.baudrate, line.bytesize, line.parity, line.stopbits) == (
                    *(57600, 8, "N"),
                    1,
                )
                assert line.dtr
                assert line.rts
                assert not line.rtscts
            await ours.close()
            again = channel()
            await asyncio.sleep(0.2)
            await open_serial(f"{scheme}://localhost:{server.port}?ign_set_control", again)
            await again.resync()
            await again.close()


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
async def test_a_server_that_hangs_up_fails_the_running_command(scheme: str, tmp_path) -> None:
    async with Bank(BankSettings(modems=1), tmp_path / "bank") as bank:
        with serving(str(bank.paths[0]), rfc2217=scheme == "rfc2217") as server:
            ours = channel()
            await open_serial(f"{scheme}://127.0.0.1:{server.port}", ours)
            bank.modems[0].faults.hang()
            running = asyncio.create_task(ours.command("AT+CGMM"))
            await asyncio.sleep(0.05)
            server.hang_up()
            async with asyncio.timeout(2):
                with pytest.raises(ChannelClosed, match="serial server"):
                    await running
            await ours.close()


@pytest.fixture
def silent() -> Iterator[int]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_server_without_rfc2217_is_told_from_one_with_it(
    silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "NEGOTIATE_S", 0.1)
    with pytest.raises(PortError, match="does not speak RFC 2217"):
        await open_serial(f"rfc2217://127.0.0.1:{silent}", channel())


async def test_a_server_that_reads_nothing_does_not_hold_the_loop(silent: int) -> None:
    ours = channel()
    port = await open_serial(f"socket://127.0.0.1:{silent}", ours)
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(200):
        port.write(b"x" * 65536)
    await ours.close()
    assert loop.time() - started < 2


@pytest.mark.parametrize(
    "device",
    [
        "socket://127.0.0.1:1",
        "rfc2217://127.0.0.1:1",
        "rfc2217://127.0.0.1",
        "socket://:4000",
        "socket://127.0.0.1:99999",
        "socket://127.0.0.1:x",
        "socket://a..b:4000",
        "rfc2217://" + "x" * 70 + ":4000",
        "socket://[::1:4000",
        "SOCKET://127.0.0.1:1",
        "loop://",
        "hwgrep://x",
        "spy:///dev/ttyUSB0",
        "alt:///dev/ttyUSB0?class=PosixPollSerial",
        "nonsense://x",
    ],
)
async def test_what_cannot_be_connected_says_why(device: str) -> None:
    with pytest.raises(PortError, match="://"):
        await open_serial(device, channel())


# the protocol


def test_the_line_is_set_when_the_server_agrees_and_not_before() -> None:
    telnet = Rfc2217(115_200)
    assert b"\xff\xfb\x2c" in telnet.take_replies()
    assert telnet.received(b"\xff\xfd\x2c") == b""
    assert b"\xff\xfa\x2c\x01\x00\x01\xc2\x00\xff\xf0" in telnet.take_replies()
    assert telnet.com_port is ComPort.AGREED
    telnet.received(b"\xff\xfa\x2c\x65\x00\x01\xc2\x00\xff\xf0")
    assert telnet.com_port is ComPort.SET


def test_a_speed_with_an_octet_of_255_is_escaped() -> None:
    telnet = Rfc2217(0xFF00)
    telnet.received(b"\xff\xfd\x2c")
    assert b"\x2c\x01\x00\x00\xff\xff\x00\xff\xf0" in telnet.take_replies()


def test_a_server_that_refuses_the_option_is_noticed() -> None:
    telnet = Rfc2217(9600)
    telnet.received(b"\xff\xfe\x2c\xff\xfc\x2c")
    assert telnet.com_port is ComPort.REFUSED


def test_strange_options_are_refused_and_agreement_is_not_answered_again() -> None:
    telnet = Rfc2217(9600)
    telnet.take_replies()
    telnet.received(b"\xff\xfd\x18\xff\xfb\x22\xff\xfb\x00\xff\xfd\x00\xff\xfb\x01")
    assert telnet.take_replies() == b"\xff\xfc\x18\xff\xfe\x22\xff\xfd\x01"
    telnet.received(b"\xff\xfb\x01\xff\xfc\x01\xff\xfc\x01")
    assert telnet.take_replies() == b"\xff\xfe\x01"


def test_the_server_may_stop_us_and_let_us_go_on() -> None:
    telnet = Rfc2217(9600)
    telnet.received(b"\xff\xfa\x2c\x6c\xff\xf0")
    assert telnet.suspended
    telnet.received(b"\xff\xfa\x2c\x6d\xff\xf0")
    assert not telnet.suspended


_STREAM = (
    b"a\xff\xff\r\n\xff\xfd\x2cOK\xff\xfa\x2c\x65\x00\xff\xff\x00\x00\xff\xf0>\xff\xf1 \xff\xff"
)


@given(st.lists(st.integers(0, len(_STREAM)), max_size=12))
def test_how_the_octets_are_cut_makes_no_difference(cuts: list[int]) -> None:
    telnet = Rfc2217(9600)
    edges = [0, *sorted(cuts), len(_STREAM)]
    line = b"".join(telnet.received(_STREAM[a:b]) for a, b in pairwise(edges))
    assert line == b"a\xff\r\nOK> \xff"
    assert telnet.com_port is ComPort.SET


@given(st.binary(max_size=200))
def test_no_octets_upset_it(data: bytes) -> None:
    telnet = Rfc2217(9600)
    telnet.received(data)
    assert len(telnet.take_replies()) < 2000


@given(st.binary(max_size=100))
def test_data_is_escaped_on_its_way_out(data: bytes) -> None:
    assert Rfc2217(9600).received(Rfc2217.wrapped(data)) == data
