"""Serial ports, on pseudo-terminals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from modemgw.at import (
    AtChannel,
    ChannelClosed,
    PortError,
    Trace,
    check_device,
    open_serial,
    port,
)
from modemgw.clock import SystemClock


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    os.close(slave)
    yield master, name
    with contextlib.suppress(OSError):
        os.close(master)


def channel() -> AtChannel:
    return AtChannel(clock=SystemClock(), trace=Trace(), on_urc=lambda urc: None)


async def answer(master: int, data: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    heard = await loop.run_in_executor(None, os.read, master, 4096)
    os.write(master, data)
    return heard


async def test_a_command_is_answered_over_a_pseudo_terminal(pty: tuple[int, str]) -> None:
    master, name = pty
    ours = channel()
    await open_serial(name, ours)
    try:
        heard, response = await asyncio.gather(
            answer(master, b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"), ours.command("AT+CSQ")
        )
    finally:
        await ours.close()
    assert heard == b"AT+CSQ\r"
    assert response.line == "+CSQ: 20,99"


async def test_a_port_is_ours_alone_until_it_is_closed(pty: tuple[int, str]) -> None:
    _, name = pty
    ours = channel()
    await open_serial(name, ours)
    with pytest.raises(PortError, match="in use") as caught:
        await open_serial(name, channel())
    assert not caught.value.missing
    await ours.close()
    again = channel()
    await open_serial(name, again)
    await again.close()


async def test_what_came_while_nobody_listened_is_heard(pty: tuple[int, str]) -> None:
    master, name = pty
    held = os.open(name, os.O_RDWR | os.O_NOCTTY)
    os.write(master, b'\r\n+CMTI: "SM",3\r\n')
    heard: asyncio.Queue[str] = asyncio.Queue()
    ours = AtChannel(
        clock=SystemClock(), trace=Trace(), on_urc=lambda urc: heard.put_nowait(urc.line)
    )
    await open_serial(name, ours)
    try:
        async with asyncio.timeout(5):
            assert await heard.get() == '+CMTI: "SM",3'
    finally:
        await ours.close()
        os.close(held)


async def test_a_close_that_hangs_is_not_waited_for(
    pty: tuple[int, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A dead USB stick: the kernel's close does not return.
    _, name = pty
    returns = threading.Event()
    real = os.close
    hung: list[int] = []

    def close(fd: int) -> None:
        with contextlib.suppress(OSError):
            if os.ttyname(fd) == name:
                hung.append(fd)
                returns.wait(30)
        real(fd)

    monkeypatch.setattr(port, "CLOSE_TIMEOUT_S", 0.1)
    ours = channel()
    await open_serial(name, ours)
    monkeypatch.setattr("serial.serialposix.os.close", close)
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout(5):
            await ours.close()
            await loop.shutdown_default_executor()  # the end of the process waits for nothing
        assert loop.time() - started < 1
        assert hung
        assert "is not closed after 0.1 s" in caplog.text
    finally:
        returns.set()


async def test_a_port_is_closed_once_however_often_it_is_asked(pty: tuple[int, str]) -> None:
    _, name = pty
    ours = channel()
    opened = await open_serial(name, ours)
    await asyncio.gather(opened.close(), ours.close(), opened.close())
    again = channel()
    await open_serial(name, again)
    await again.close()


@pytest.mark.parametrize(
    "device", ["ttyUSB0", "", "/dev/tty\nUSB0", "loop://", "socket://host", "rfc2217://:1", "x:y"]
)
def test_what_can_never_be_opened_is_known_beforehand(device: str) -> None:
    with pytest.raises(PortError, match="cannot be opened"):
        check_device(device)


@pytest.mark.parametrize(
    "device",
    ["/dev/ttyUSB0", "socket://10.0.0.1:4001", "rfc2217://[::1]:4001", "rfc2217://box:1?x"],
)
def test_what_may_be_opened_is_not_refused(device: str) -> None:
    check_device(device)


async def test_a_missing_device_says_so(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="does not exist") as caught:
        await open_serial(str(tmp_path / "ttyUSB9"), channel())
    assert caught.value.missing


async def test_a_file_is_no_tty(tmp_path: Path) -> None:
    file = tmp_path / "not-a-tty"
    file.write_text("")
    with pytest.raises(PortError, match="not a tty"):
        await open_serial(str(file), channel())


async def test_a_character_device_that_is_no_tty_says_so() -> None:
    with pytest.raises(PortError, match="not a tty"):
        await open_serial("/dev/null", channel())


async def test_an_unplugged_device_fails_the_running_command(pty: tuple[int, str]) -> None:
    master, name = pty
    ours = channel()
    await open_serial(name, ours)
    task = asyncio.create_task(ours.command("AT+CSQ"))
    await asyncio.sleep(0.01)
    os.close(master)
    async with asyncio.timeout(2):
        with pytest.raises(ChannelClosed):
            await task
    await ours.close()


async def test_a_modem_that_stops_reading_does_not_hold_the_loop(pty: tuple[int, str]) -> None:
    # The kernel's buffer fills up; every write after that must be kept back, not tried for ever.
    _, name = pty
    ours = channel()
    opened = await open_serial(name, ours)
    started = asyncio.get_running_loop().time()
    for _ in range(64):
        opened.write(b"x" * 4096)
        await asyncio.sleep(0)
    await ours.close()
    assert asyncio.get_running_loop().time() - started < 2.0


async def test_ports_that_hang_while_they_are_opened_hold_up_nothing_else(
    pty: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, tries = threading.Event(), 0
    really = port._open

    def hangs(device: str, baud_rate: int) -> serial.Serial:
        nonlocal tries
        if device.startswith("/dev/hangs"):
            tries += 1
            go_on.wait(60)
            raise PortError(f"{device} is gone")
        return really(device, baud_rate)

    monkeypatch.setattr(port, "_open", hangs)
    monkeypatch.setattr(port, "OPEN_TIMEOUT_S", 0.05)
    try:
        for _ in range(3):
            for n in range(40):
                with pytest.raises(PortError):
                    async with asyncio.timeout(5):
                        await open_serial(f"/dev/hangs{n}", channel())
        assert tries == 40, "a port that hangs is not tried again before it comes back"
        ours = channel()
        monkeypatch.setattr(port, "OPEN_TIMEOUT_S", 15.0)
        await asyncio.wait_for(open_serial(pty[1], ours), 5)
        await asyncio.wait_for(ours.close(), 5)
        await asyncio.wait_for(asyncio.to_thread(lambda: None), 5)
        await asyncio.wait_for(asyncio.get_running_loop().getaddrinfo("localhost", 80), 5)
    finally:
        go_on.set()


async def test_a_port_that_hangs_while_it_is_closed_holds_up_nothing_else(
    pty: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    really = serial.Serial.close

    def hangs(self: serial.Serial) -> None:
        go_on.wait(60)
        really(self)

    ours = channel()
    await open_serial(pty[1], ours)
    monkeypatch.setattr(serial.Serial, "close", hangs)
    closing = asyncio.create_task(ours.close())
    try:
        for _ in range(40):
            await asyncio.wait_for(asyncio.to_thread(lambda: None), 5)
    finally:
        go_on.set()
        await closing
