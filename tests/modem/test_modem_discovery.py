"""Finding modems: by IMEI, ICCID, USB plug; what a scan shows; USB devices in sysfs."""

from __future__ import annotations

import asyncio
import threading
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from labs.clock import LoopClock
from labs.modem import RigMaker
from labs.timings import QUICK

from modemgw.at import check_device
from modemgw.config import ModemMatch, ModemSection, parse
from modemgw.modem import Found, Locator, ModemState, probing, scan, scanning
from modemgw.modem.found import merge
from modemgw.modem.identify import Identity
from modemgw.modem.probing import PortCandidate, candidates
from modemgw.modem.usb import UsbTty, reauthorise, usb_tty, usb_ttys
from modemgw.modem.usb_roles import rank
from modemgw.virtual import Bank, BankSettings


def locator(directory: Path) -> Locator:
    return Locator(
        clock=LoopClock(),
        ports=lambda: [PortCandidate(str(path)) for path in sorted(directory.glob("modem*"))],
        reread_s=0.3,
    )


async def test_a_modem_is_found_by_its_imei_under_any_name(rig: RigMaker, tmp_path: Path) -> None:
    async with rig(
        bank={"modems": 3},
        match=ModemMatch(imei="359999000000026"),
        modem_more={"locator": locator(tmp_path / "bank")},
    ) as r:
        await r.ready()
        assert r.modem.status.device == str(r.bank.paths[1])
        assert r.modem.status.imei == "359999000000026"


async def test_a_modem_that_comes_back_under_another_name_is_found_again(
    rig: RigMaker, tmp_path: Path
) -> None:
    async with rig(
        bank={"modems": 2, "boot_seconds": 0.1},
        match=ModemMatch(imei="359999000000018"),
        modem_more={"locator": locator(tmp_path / "bank")},
    ) as r:
        await r.ready()
        r.faults.unplug()
        await r.state(ModemState.ABSENT)
        r.faults.replug(link="modem7")
        await r.ready()
        assert (r.modem.status.device or "").endswith("modem7")


async def test_a_sim_is_followed_by_its_iccid(rig: RigMaker, tmp_path: Path) -> None:
    async with rig(
        bank={"modems": 2},
        match=ModemMatch(iccid="8999901000000000021"),
        modem_more={"locator": locator(tmp_path / "bank")},
    ) as r:
        await r.until(lambda: r.modem.ready or r.modem.status.state is not ModemState.ABSENT)
        await r.ready()
        assert r.modem.sim is not None
        other = r.bank.modems[1].sim
        assert r.modem.sim is not None
        assert other is not None
        assert r.modem.sim.iccid == other.iccid


async def test_a_port_is_asked_once_and_given_to_one_owner(tmp_path: Path) -> None:
    async with Bank(BankSettings(modems=2), tmp_path / "bank") as bank:
        finder = locator(tmp_path / "bank")
        match = ModemMatch(imei=bank.modems[0].imei)
        first, second = await asyncio.gather(finder.find(match, "a"), finder.find(match, "b"))
        assert {first, second} == {str(bank.paths[0]), None}
        owner = "a" if first else "b"
        finder.release(owner)
        assert await finder.find(match, "c") == str(bank.paths[0])


async def test_a_silent_port_is_not_asked_all_the_time(tmp_path: Path) -> None:
    async with Bank(BankSettings(modems=1), tmp_path / "bank") as bank:
        bank.modems[0].faults.hang()
        finder = locator(tmp_path / "bank")
        match = ModemMatch(imei=bank.modems[0].imei)
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert await finder.find(match, "a") is None
        first = loop.time() - started
        started = loop.time()
        assert await finder.find(match, "a") is None
        assert loop.time() - started < first / 4


async def test_a_scan_shows_modems_silent_ports_and_what_to_paste(tmp_path: Path) -> None:
    async with Bank(BankSettings(modems=2, personality="huawei-e173"), tmp_path / "bank") as bank:
        bank.modems[1].faults.hang()
        found = await scan([*map(str, bank.paths), str(tmp_path / "nothing")], clock=LoopClock())
    modem, silent, missing = found
    assert modem.identity is not None
    assert modem.identity.model == "E173"
    assert modem.profile == "huawei"
    assert modem.iccid == "8999901000000000013"
    assert modem.stanza is not None
    assert f'device = "{bank.paths[0]}"' in modem.stanza
    configured(found)
    assert "no modem answers" in (silent.problem or "")
    assert silent.stanza is None
    assert "does not exist" in (missing.problem or "")


def configured(found: list[Found]) -> list[ModemSection]:
    """What the daemon makes of the tables that a scan prints."""
    text = "\n".join(item.stanza for item in found if item.stanza is not None)
    modems = parse(tomllib.loads(text)).modem
    for modem in modems:
        if modem.device is not None:
            check_device(modem.device)
    return list(modems)


def test_what_a_scan_prints_is_a_configuration() -> None:
    me = Identity("huawei", "E1550", "1", "353913044420005")
    other = Identity("huawei", "E1550", "1", "990000044420005")
    nameless = Identity("x", "y", "1", None)
    found = merge(
        [
            Found("/dev/ttyUSB2", usb("/dev/ttyUSB2", "1-1", 2), me),
            Found("/dev/ttyUSB0", usb("/dev/ttyUSB0", "1-1", 0), me),
            Found("/dev/ttyUSB5", usb("/dev/ttyUSB5", "1-2", 2), me),
            Found("/dev/ttyUSB9", usb("/dev/ttyUSB9", "1-3", 2), other),
            Found("/dev/ttyUSB8", usb("/dev/ttyUSB8", "1-4", 2), nameless),
            Found("/dev/ttyS0", None, nameless),
            Found("socket://10.0.0.1:4001", None, nameless),
            Found("rfc2217://[::1]:4001", None, nameless),
            Found('/tmp/a "b" ü/\\pts:0', None, nameless),
            Found("/dev/…", None, nameless),
            Found("/dev/ttyUSB7", None, None),
        ]
    )
    modems = configured(found)
    assert len({modem.id for modem in modems}) == len(modems) == 9
    # Equal IMEIs are told apart by their plugs.
    assert [modem.device or (modem.match and modem.match.model_dump()) for modem in modems] == [
        {"imei": None, "iccid": None, "usb_path": "1-1"},
        {"imei": None, "iccid": None, "usb_path": "1-2"},
        {"imei": "990000044420005", "iccid": None, "usb_path": None},
        {"imei": None, "iccid": None, "usb_path": "1-4"},
        "/dev/ttyS0",
        "socket://10.0.0.1:4001",
        "rfc2217://[::1]:4001",
        '/tmp/a "b" ü/\\pts:0',
        "/dev/…",
    ]


async def test_a_named_port_of_a_usb_device_is_known_by_its_plug_and_asked(sysfs: Path) -> None:
    (found,) = await scan(["/dev/ttyUSB1"], clock=LoopClock(), sysfs=sysfs)
    assert found.usb is not None
    assert found.usb.path == "1-1.2"
    assert "does not exist" in (found.problem or "")


def usb(device: str, path: str, interface: int, vendor: int = 0x12D1) -> UsbTty:
    return UsbTty(device, path, vendor, 0x1001, interface, None)


async def test_a_silent_port_does_not_hold_up_who_is_found_elsewhere(tmp_path: Path) -> None:
    async with Bank(BankSettings(modems=2), tmp_path / "bank") as bank:
        bank.modems[0].faults.hang()
        finder = locator(tmp_path / "bank")
        loop = asyncio.get_running_loop()
        started = loop.time()
        lost = asyncio.create_task(finder.find(ModemMatch(imei=bank.modems[0].imei), "a"))
        await asyncio.sleep(0)
        match = ModemMatch(imei=bank.modems[1].imei)
        assert await finder.find(match, "b") == str(bank.paths[1])
        assert not lost.done()
        finder.release("b")
        assert await finder.find(match, "b") == str(bank.paths[1])
        assert not lost.done()
        found_s = loop.time() - started
        assert await lost is None
        assert loop.time() - started > 2 * found_s


async def test_a_search_that_is_given_up_lets_the_ports_go(tmp_path: Path) -> None:
    async with Bank(BankSettings(modems=1), tmp_path / "bank") as bank:
        bank.modems[0].faults.hang(0.3)
        finder = locator(tmp_path / "bank")
        match = ModemMatch(imei=bank.modems[0].imei)
        for seconds in (0.0, 0.1):
            search = asyncio.create_task(finder.find(match, "a"))
            await asyncio.sleep(seconds)
            search.cancel()
            with pytest.raises(asyncio.CancelledError):
                await search
        await asyncio.sleep(0.3)
        assert await finder.find(match, "b") == str(bank.paths[0])


class Asked:
    """Stands in for `probe`: notes who was asked, and says who is there."""

    def __init__(self, patch: pytest.MonkeyPatch, **imeis: str) -> None:
        self.devices: list[str] = []
        self._imeis = {f"/dev/{name}": imei for name, imei in imeis.items()}
        patch.setattr(probing, "probe", self)
        patch.setattr(
            Locator,
            "_ports_now",
            lambda self: {port: (port.device, 0, 0) for port in self._ports()},
        )

    async def __call__(self, candidate: PortCandidate, **_: object) -> Found:
        self.devices.append(candidate.device.removeprefix("/dev/"))
        imei = self._imeis.get(candidate.device)
        identity = None if imei is None else Identity(imei=imei)
        return Found(candidate.device, candidate.usb, identity)


def at(name: str, path: str, vendor: int, interface: int = 0) -> PortCandidate:
    device = f"/dev/{name}"
    return PortCandidate(device, UsbTty(device, path, vendor, 0x01A8, interface, None))


STICK, SECOND = at("stick", "1-1", 0x2C7C, 2), at("second", "1-1", 0x2C7C, 3)
GPS, UPS, ADAPTER = at("gps", "1-2", 0x1546), at("ups", "1-3", 0x0764), at("ftdi", "1-4", 0x0403)
BESIDE = at("ftdi2", "1-4", 0x0403, 1)
IMEI, OTHER = "353913044420005", "353913044420013"


def asked_locator(*ports: PortCandidate, anything: bool = False) -> Locator:
    return Locator(clock=LoopClock(), ports=lambda: list(ports), anything=anything)


async def test_only_devices_of_makers_of_modems_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, ftdi=IMEI)
    finder = asked_locator(STICK, GPS, UPS, ADAPTER)
    assert await finder.find(ModemMatch(imei=IMEI), "a") is None
    assert asked.devices == ["stick"]
    # Unless a person says so: for all, or by naming the plug.
    assert await finder.find(ModemMatch(usb_path="1-4"), "a") == ADAPTER.device
    assert asked.devices == ["stick", "ftdi"]
    finder = asked_locator(STICK, GPS, UPS, ADAPTER, anything=True)
    assert await finder.find(ModemMatch(imei=IMEI), "a") == ADAPTER.device


async def test_each_port_of_an_adapter_may_have_a_modem(monkeypatch: pytest.MonkeyPatch) -> None:
    Asked(monkeypatch, ftdi=IMEI, ftdi2=OTHER)
    finder = asked_locator(ADAPTER, BESIDE, anything=True)
    assert await finder.find(ModemMatch(imei=IMEI), "a") == ADAPTER.device
    assert await finder.find(ModemMatch(imei=OTHER), "b") == BESIDE.device


async def test_the_second_port_of_a_modem_at_work_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(monkeypatch, stick=IMEI)
    finder = asked_locator(STICK, SECOND)
    assert await finder.find(ModemMatch(imei=IMEI), "a") == STICK.device
    assert await finder.find(ModemMatch(imei=OTHER), "b") is None
    assert asked.devices == ["stick"]


async def test_a_scan_shows_what_it_does_not_ask(
    sysfs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(monkeypatch)
    (sysfs / "devices/pci0000:00/usb1/1-1/1-1.2/idVendor").write_text("0403\n")
    found = await scan(clock=LoopClock(), sysfs=sysfs)
    assert [f.problem for f in found] == [scanning.NOT_ASKED] * 2
    assert not asked.devices
    await scan(clock=LoopClock(), sysfs=sysfs, anything=True)
    assert len(asked.devices) == 2


def test_two_ports_of_one_modem_are_not_taken_for_two_modems() -> None:
    me = Identity("huawei", "E1550", "1", "353913044420005")
    found = merge(
        [
            Found("/dev/ttyUSB2", usb("/dev/ttyUSB2", "1-1", 2), me),
            Found("/dev/ttyUSB0", usb("/dev/ttyUSB0", "1-1", 0), me),
            Found("/dev/ttyUSB5", usb("/dev/ttyUSB5", "1-2", 2), me),
        ]
    )
    assert [f.also_at for f in found] == [None, "/dev/ttyUSB2", None]
    assert found[1].stanza is None


def test_the_likeliest_interface_is_asked_first() -> None:
    assert rank(0x12D1, 0x1001, 2) < rank(0x12D1, 0x1001, 0) < rank(0x12D1, 0x1001, 1)
    assert rank(0xFFFF, 0xFFFF, 3) == 0


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """A stick at 1-1.2 with two ttys, as the kernel lays it out, and a serial port without USB."""
    root = tmp_path / "sys"
    stick = root / "devices/pci0000:00/usb1/1-1/1-1.2"
    for number, interface in ((0, "00"), (1, "02")):
        place = stick / f"1-1.2:1.{int(interface)}"
        (place / f"ttyUSB{number}").mkdir(parents=True)
        (place / "bInterfaceNumber").write_text(f"{interface}\n")
        tty = root / "class/tty" / f"ttyUSB{number}"
        tty.mkdir(parents=True)
        (tty / "device").symlink_to(place / f"ttyUSB{number}")
    for name, value in (
        ("idVendor", "12d1"),
        ("idProduct", "1001"),
        ("authorized", "1"),
        ("serial", "0123456789"),
    ):
        (stick / name).write_text(f"{value}\n")
    (root / "devices/platform/serial8250").mkdir(parents=True)
    plain = root / "class/tty/ttyS0"
    plain.mkdir(parents=True)
    (plain / "device").symlink_to(root / "devices/platform/serial8250")
    return root


def test_usb_ttys_are_read_from_sysfs(sysfs: Path) -> None:
    first, second = usb_ttys(sysfs, Path("/dev"))
    assert (first.device, first.path, first.interface) == ("/dev/ttyUSB0", "1-1.2", 0)
    assert (second.vendor, second.product, second.interface) == (0x12D1, 0x1001, 2)
    assert usb_tty(Path("/dev/ttyS0"), sysfs) is None


def test_candidates_come_with_the_likeliest_port_of_a_device_first(sysfs: Path) -> None:
    assert [c.device for c in candidates(sysfs)] == ["/dev/ttyUSB1", "/dev/ttyUSB0"]


async def off(attribute: Path) -> None:
    async with asyncio.timeout(5):
        while attribute.read_text() != "0":
            await asyncio.sleep(0.005)


async def test_a_usb_device_is_taken_off_the_bus_and_put_back(sysfs: Path) -> None:
    attribute = sysfs / "devices/pci0000:00/usb1/1-1/1-1.2/authorized"
    task = asyncio.create_task(reauthorise("/dev/ttyUSB1", sysfs=sysfs, off_s=0.3))
    await off(attribute)
    assert await task
    assert attribute.read_text() == "1"


async def test_a_device_that_is_no_usb_device_cannot_be_reauthorised(sysfs: Path) -> None:
    assert not await reauthorise("/dev/ttyS0", sysfs=sysfs, off_s=0)
    assert not await reauthorise("/dev/ttyUSB9", sysfs=sysfs, off_s=0)


async def test_cancelled_while_off_the_bus_the_device_is_put_back_all_the_same(
    sysfs: Path,
) -> None:
    attribute = sysfs / "devices/pci0000:00/usb1/1-1/1-1.2/authorized"
    task = asyncio.create_task(reauthorise("/dev/ttyUSB1", sysfs=sysfs, off_s=60))
    await off(attribute)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert attribute.read_text() == "1"


async def test_cancelled_while_it_is_taken_off_the_bus_the_device_is_put_back_all_the_same(
    sysfs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = threading.Event(), threading.Event()
    write = Path.write_text

    def slowly(file: Path, data: str) -> int:
        begun.set()
        goes_on.wait(10)
        return write(file, data)

    monkeypatch.setattr(Path, "write_text", slowly)
    attribute = sysfs / "devices/pci0000:00/usb1/1-1/1-1.2/authorized"
    task = asyncio.create_task(reauthorise("/dev/ttyUSB1", sysfs=sysfs, off_s=60))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert attribute.read_text() == "1"


async def test_a_dead_modem_with_a_match_climbs_the_ladder_and_comes_back(
    rig: RigMaker, tmp_path: Path
) -> None:
    async with rig(
        timings=replace(QUICK, boot_tries=2, answer=0.05, patience=0.02),
        bank={"boot_seconds": 0.1},
        match=ModemMatch(imei="359999000000018"),
        modem_more={"locator": locator(tmp_path / "bank")},
    ) as r:
        await r.ready()
        r.faults.hang()
        await r.state(ModemState.QUARANTINED, 15)
        r.faults.revive()
        await r.ready()


async def test_a_sim_that_moves_to_another_modem_is_followed(rig: RigMaker, tmp_path: Path) -> None:
    async with rig(
        bank={"modems": 2, "boot_seconds": 0.1},
        match=ModemMatch(iccid="8999901000000000013"),
        modem_more={"locator": locator(tmp_path / "bank")},
    ) as r:
        await r.ready()
        assert r.modem.status.device == str(r.bank.paths[0])
        first = r.bank.modems[0].faults.remove_sim()
        second = r.bank.modems[1].faults.remove_sim()
        r.bank.modems[1].faults.insert_sim(cast(Any, first))
        r.bank.modems[0].faults.insert_sim(cast(Any, second))
        await r.until(lambda: r.modem.status.device == str(r.bank.paths[1]) and r.modem.ready, 15)


async def test_the_second_port_of_a_virtual_modem_is_no_second_modem(tmp_path: Path) -> None:
    async with Bank(BankSettings(modems=1, second_port=True), tmp_path / "bank") as bank:
        found = await scan(sorted(map(str, bank.directory.glob("modem*"))), clock=LoopClock())
    assert [f.also_at for f in found if f.identity] == [None, found[0].device]
