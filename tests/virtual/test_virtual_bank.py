"""The bank on real pseudo-terminals: names, clients that come and go, unplugging."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import termios
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modemgw.virtual import AcceptedPart, Bank, BankSettings, PortError
from modemgw.virtual.port import OUTPUT_LIMIT, PtyPort


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Client:
    """An AT client that knows nothing: octets out, octets in."""

    def __init__(self, path: Path | str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def write(self, data: bytes) -> None:
        os.write(self.fd, data)

    async def until(self, end: bytes, seconds: float = 5.0) -> bytes:
        said = b""
        async with asyncio.timeout(seconds):
            while end not in said:
                said += await self._some()
        return said

    async def _some(self) -> bytes:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self.fd, lambda: _resolve(ready))
        try:
            await ready
        finally:
            loop.remove_reader(self.fd)
        return os.read(self.fd, 65536)

    def line_is_dead(self) -> bool:
        """Reading gives an end of file or EIO, as it does when USB is pulled."""
        try:
            return os.read(self.fd, 100) == b""
        except BlockingIOError:
            return False
        except OSError as error:
            return error.errno == errno.EIO

    def close(self) -> None:
        os.close(self.fd)


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    async with Bank(BankSettings(modems=2, part_seconds=0, receipt_seconds=0), tmp_path) as bank:
        yield bank


async def test_each_modem_has_a_link_that_leads_to_a_tty(bank: Bank) -> None:
    assert [path.name for path in bank.paths] == ["modem0", "modem1"]
    for path, device in zip(bank.paths, bank.devices, strict=True):
        assert str(path.resolve()) == device


async def test_the_line_is_raw_without_an_echo_of_its_own(bank: Bank) -> None:
    client = Client(bank.paths[0])
    mode = termios.tcgetattr(client.fd)
    assert not mode[3] & (termios.ECHO | termios.ICANON)
    assert not mode[1] & termios.OPOST
    client.write(b"ATE0\r")
    assert await client.until(b"OK\r\n") == b"ATE0\r\r\nOK\r\n"
    client.close()


async def test_clients_come_and_go(bank: Bank) -> None:
    for _ in range(3):
        client = Client(bank.paths[0])
        client.write(b"AT\r")
        await client.until(b"OK\r\n")
        client.close()
        await asyncio.sleep(0)


async def test_identities_differ(bank: Bank) -> None:
    for kind in ("imei", "iccid", "imsi", "number"):
        assert len({getattr(modem, kind) for modem in bank.modems}) == 2


async def test_links_are_gone_afterwards(tmp_path: Path) -> None:
    async with Bank(BankSettings(modems=3), tmp_path):
        assert len(list(tmp_path.iterdir())) == 3
    assert list(tmp_path.iterdir()) == []


async def test_unplugging_kills_the_line_and_the_link_returns_to_another_tty(bank: Bank) -> None:
    client = Client(bank.paths[0])
    before = bank.devices[0]
    keep = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
    bank.modems[0].faults.unplug()
    assert not bank.paths[0].exists()
    assert client.line_is_dead()
    taken = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
    bank.modems[0].faults.replug()
    assert bank.devices[0] != before
    again = Client(bank.paths[0])
    await asyncio.sleep(0)
    again.write(b"AT\r")
    await again.until(b"OK\r\n")
    for fd in (keep, taken):
        os.close(fd)
    client.close()
    again.close()


async def test_a_modem_can_come_back_under_another_name(bank: Bank) -> None:
    bank.modems[0].faults.unplug()
    bank.modems[0].faults.replug(link="modem7")
    assert [path.name for path in bank.paths] == ["modem7", "modem1"]
    assert bank.paths[0].exists()


async def test_a_restart_takes_the_port_away_on_makes_that_enumerate_anew(tmp_path: Path) -> None:
    settings = BankSettings(personality="quectel-ec25", time_scale=0.01)
    async with Bank(settings, tmp_path) as bank:
        client = Client(bank.paths[0])
        client.write(b"AT+CFUN=1,1\r")
        async with asyncio.timeout(5):
            while bank.paths[0].exists():
                await asyncio.sleep(0.001)
            while not bank.modems[0].power.sms_ready:
                await asyncio.sleep(0.001)
        assert bank.paths[0].exists()
        client.close()


async def test_a_reader_that_sleeps_costs_bounded_memory_and_nothing_else(bank: Bank) -> None:
    sleeper, other = Client(bank.paths[0]), Client(bank.paths[1])
    for _ in range(20):
        bank.modems[0].faults.storm(1000, "x" * 100)
    other.write(b"ATE0\r")
    await other.until(b"OK\r\n")
    assert len(bank._cables[0].ports[0]._output) <= OUTPUT_LIMIT
    said = b""
    while len(said) < OUTPUT_LIMIT:
        said += await sleeper._some()
    sleeper.close()
    other.close()


async def test_what_the_far_end_sees_can_be_waited_for(bank: Bank) -> None:
    seen: list[AcceptedPart] = []
    bank.smsc.on_accept = seen.append
    client = Client(bank.paths[0])
    client.write(b"ATE0\rAT+CMGS=19\r")
    await client.until(b"> ")
    client.write(b"0031000B915155001032F40000A705C8329BFD06\x1a")
    await bank.smsc.wait_accepted(1, 5)
    assert [part.text for part in seen] == ["Hello"]
    with pytest.raises(TimeoutError):
        await bank.smsc.wait_accepted(2, 0.01)
    client.close()


async def test_a_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PortError, match=r"cannot make .*file"):
        async with Bank(BankSettings(), tmp_path / "file"):
            pass


async def test_a_link_that_cannot_be_made_is_named_and_the_rest_is_cleaned_up(
    tmp_path: Path,
) -> None:
    (tmp_path / "modem1").mkdir()
    with pytest.raises(PortError, match=r"cannot make the link .*modem1"):
        async with Bank(BankSettings(modems=2), tmp_path):
            pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["modem1"]


async def test_a_stale_link_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "modem0").symlink_to("/dev/null")
    async with Bank(BankSettings(), tmp_path) as bank:
        assert str(bank.paths[0].resolve()) == bank.devices[0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"modems": 0}, "modems must be 1 to"),
        ({"part_seconds": -1}, "part_seconds must be 0 or more"),
        ({"time_scale": 0}, "time_scale must be more than 0"),
        ({"pin": "12"}, "pin must be 4 to 8 digits"),
        ({"part_jitter": 2}, "part_jitter must be 0 to 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BankSettings(**wrong)  # type: ignore[arg-type]


async def test_an_unknown_personality_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no personality 'nokia'; there are cinterion-bgs2"):
        async with Bank(BankSettings(personality="nokia"), tmp_path):
            pass


async def test_a_stalled_port_takes_nothing_until_it_goes_on(tmp_path: Path) -> None:
    heard: list[bytes] = []
    port = PtyPort(tmp_path / "modem", heard.append)
    port.plug()
    client = Client(port.link)
    port.stall(stalled=True)
    client.write(b"AT\r")
    await asyncio.sleep(0.01)
    assert heard == []
    port.stall(stalled=False)
    async with asyncio.timeout(5):
        while not heard:
            await asyncio.sleep(0.001)
    client.close()
    port.unplug()


async def test_a_second_port_is_the_same_modem_with_a_line_of_its_own(tmp_path: Path) -> None:
    settings = BankSettings(modems=2, second_port=True, part_seconds=60)
    async with Bank(settings, tmp_path) as bank:
        assert [path.name for path in bank.second_paths] == ["modem0.2", "modem1.2"]
        first, second = Client(bank.paths[0]), Client(bank.second_paths[0])
        first.write(b"ATE0\r")
        await first.until(b"OK\r\n")
        second.write(b"AT+CGSN\r")
        assert bank.modems[0].imei.encode() in await second.until(b"OK\r\n")
        first.write(b"AT+CMGS=19\r")
        await first.until(b"> ")
        second.write(b"ATE0;+CMGS=19\r")
        assert b"+CMS ERROR: 301" in await second.until(b"ERROR: 301\r\n")
        bank.smsc.inject("+15550001234", bank.modems[0].number, "for both to read")
        second.write(b"AT+CMGL=4\r")
        assert b"+CMGL: 0," in await second.until(b"OK\r\n")
        bank.modems[0].faults.unplug()
        assert first.line_is_dead()
        assert second.line_is_dead()
        assert not bank.second_paths[0].is_symlink()
        first.close()
        second.close()


async def test_a_line_that_loses_what_nobody_hears(tmp_path: Path) -> None:
    settings = BankSettings(loses_when_closed=True)
    async with Bank(settings, tmp_path / "bank") as bank:
        for text in ("first", "second"):
            bank.modems[0].faults.say("lost\r\n")
            port = os.open(bank.paths[0], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                os.write(port, b"AT\r")
                bank.modems[0].faults.say(f"{text}\r\n")
                heard = b""
                async with asyncio.timeout(2):
                    while b"OK" not in heard:
                        await asyncio.sleep(0.01)
                        with contextlib.suppress(BlockingIOError):
                            heard += os.read(port, 1000)
            finally:
                os.close(port)
            assert text.encode() in heard
            assert b"lost" not in heard
