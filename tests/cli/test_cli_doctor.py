"""`modemgw doctor`: every finding, on machines that are made up; and the command on this one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from labs.daemon import daemon, run, until_ready, write_config

from modemgw.cli.doctor import clock, data, gateway, ports, service, settings
from modemgw.cli.doctor.finding import Finding, Level
from modemgw.cli.doctor.machine import Machine, User
from modemgw.client.answers import Modem
from modemgw.config import Config, load, parse
from modemgw.store.sqlite import FILE_NAME, create_key
from modemgw.virtual import Bank, BankSettings

SERVICE = User("modemgw", 4711, frozenset({4712}))
"""Nobody of this machine."""
RULES = 'ATTR{idVendor}=="12d1|1e0e", GOTO="modemgw_usb"\n'


class Answers:
    """Programs that answer as they are told, by their name and first word."""

    def __init__(self, **answers: str) -> None:
        self._answers = answers

    def __call__(self, command: tuple[str, ...]) -> str | None:
        return self._answers.get(command[0])


def unit(**properties: str) -> str:
    shown = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}
    return "".join(f"{name}={value}\n" for name, value in (shown | properties).items())


def machine(tmp_path: Path, **answers: str) -> Machine:
    root = tmp_path / "root"
    for place in ("proc", "sys/class/tty", "dev", "etc/udev/rules.d", "run/systemd/system"):
        (root / place).mkdir(parents=True, exist_ok=True)
    return Machine(root, Answers(**answers))


def process(on: Machine, pid: int, name: str, *opened: Path) -> None:
    place = on.path("proc", str(pid))
    (place / "fd").mkdir(parents=True)
    (place / "comm").write_text(f"{name}\n")
    for number, file in enumerate(opened):
        (place / "fd" / str(number)).symlink_to(file)


def usb_port(on: Machine, name: str, vendor: str, path: str = "1-1") -> Path:
    node = on.path("sys/devices/usb1", path)
    interface = node / f"{path}:1.0"
    interface.mkdir(parents=True)
    for file, text in (("idVendor", vendor), ("idProduct", "1506"), ("authorized", "1")):
        (node / file).write_text(f"{text}\n")
    (interface / "bInterfaceNumber").write_text("00\n")
    tty = on.path("sys/class/tty", name)
    tty.mkdir()
    (tty / "device").symlink_to(interface)
    port = on.path("dev", name)
    port.touch(mode=0o660)
    return port


def levels(found: Any) -> list[tuple[str, Level]]:
    return [(one.about, one.level) for one in found]


def test_every_finding_that_is_not_well_says_what_to_do(tmp_path: Path) -> None:
    on = machine(tmp_path, systemctl="LoadState=not-found\n", timedatectl="no\n")
    process(on, 7, "ModemManager")
    found = [
        *service.service(on),
        *clock.clock(on, 2e9),
        *clock.clock(on, 0),
        *ports.meddlers(on),
        *ports.names(on),
        *data.directory(tmp_path / "nowhere", SERVICE),
    ]
    assert len([one for one in found if one.level is not Level.OK]) == 6
    assert all(one.remedy for one in found if one.level is not Level.OK)


@pytest.mark.parametrize(
    ("shown", "level"),
    [
        (unit(User=""), Level.OK),
        (unit(User="", ActiveState="failed", Result="exit-code"), Level.PROBLEM),
        (unit(User="", UnitFileState="disabled"), Level.WARNING),
        (unit(User="", NRestarts="17"), Level.WARNING),
        (unit(User="nobody-of-this-name"), Level.PROBLEM),
        ("LoadState=not-found\n", Level.WARNING),
    ],
)
def test_the_service(tmp_path: Path, shown: str, level: Level) -> None:
    first = next(iter(service.service(machine(tmp_path, systemctl=shown))))
    assert first.level is level


def test_a_machine_without_systemd_needs_none(tmp_path: Path) -> None:
    on = machine(tmp_path)
    on.path("run/systemd/system").rmdir()
    assert levels(service.service(on)) == [("service", Level.OK)]


def test_the_daemon_is_who_its_unit_says(tmp_path: Path) -> None:
    on = machine(tmp_path, systemctl=unit(User="root", SupplementaryGroups="tty no-such-group"))
    assert service.runs_as(on).name == "root"
    assert service.runs_as(machine(tmp_path)).uid == os.geteuid()


@pytest.mark.parametrize(
    ("now", "synchronised", "level"),
    [
        (0.0, "yes\n", Level.PROBLEM),  # a board without a battery
        (1.8e9, "yes\n", Level.OK),
        (1.8e9, "no\n", Level.WARNING),
        (1.8e9, None, Level.OK),
    ],
)
def test_the_clock(tmp_path: Path, now: float, synchronised: str | None, level: Level) -> None:
    answers = {} if synchronised is None else {"timedatectl": synchronised}
    assert levels(clock.clock(machine(tmp_path, **answers), now)) == [("clock", level)]


def test_modem_manager_and_the_rules(tmp_path: Path) -> None:
    on = machine(tmp_path)
    usb_port(on, "ttyUSB0", "12d1")
    assert levels(ports.meddlers(on)) == [("ModemManager", Level.OK)]
    process(on, 7, "ModemManager")
    assert levels(ports.meddlers(on)) == [("ModemManager", Level.PROBLEM)]
    assert levels(ports.names(on)) == [("udev rules", Level.WARNING)]
    on.path("etc/udev/rules.d", ports.RULES).write_text(RULES)
    assert levels(ports.meddlers(on)) == [("ModemManager", Level.OK)]
    assert levels(ports.names(on)) == [("udev rules", Level.OK)]
    usb_port(on, "ttyUSB1", "2cb7", "1-2")  # Fibocom: those rules do not know it
    (found,) = ports.meddlers(on)
    assert found.level is Level.PROBLEM
    assert "2cb7" in found.what


def test_the_rules_that_are_shipped_are_understood() -> None:
    shipped = Path(__file__).parents[2] / "udev" / ports.RULES
    assert {"12d1", "2c7c", "1e0e"} <= ports._vendors(shipped)


def test_brltty_and_serial_adapters(tmp_path: Path) -> None:
    on = machine(tmp_path)
    process(on, 8, "brltty")
    assert "brltty" not in dict(levels(ports.meddlers(on)))
    usb_port(on, "ttyUSB0", "1a86")
    assert dict(levels(ports.meddlers(on)))["brltty"] is Level.PROBLEM


def _modem(**more: Any) -> Any:
    (modem,) = parse({"modem": [{"id": "m1", **more}]}).modem
    return modem


def test_a_port_that_is_gone_closed_or_taken(tmp_path: Path) -> None:
    on = machine(tmp_path)
    port = on.path("dev/ttyUSB0")
    modem = _modem(device=str(port))
    (gone,) = ports.device(modem, on, SERVICE)
    assert gone.level is Level.PROBLEM
    port.touch(mode=0o600)
    (closed,) = ports.device(modem, on, SERVICE)
    assert (closed.level, "usermod" in (closed.remedy or "")) == (Level.PROBLEM, True)
    assert levels(ports.device(modem, on, User("root", 0, frozenset()))) == [("modem m1", Level.OK)]
    in_group = User("modemgw", 4711, frozenset({port.stat().st_gid}))
    port.chmod(0o660)
    process(on, 9, "minicom", port)
    (taken,) = ports.device(modem, on, in_group)
    assert (taken.level, "minicom (process 9)" in taken.what) == (Level.PROBLEM, True)


def test_a_modem_that_is_looked_for(tmp_path: Path) -> None:
    on = machine(tmp_path)
    modem = _modem(match={"imei": "490154203237518"})
    assert levels(ports.match(modem, on, SERVICE)) == [("modem m1", Level.PROBLEM)]
    port = usb_port(on, "ttyUSB0", "12d1")
    (closed,) = ports.match(modem, on, SERVICE)
    assert "may not open" in closed.what
    port.chmod(0o666)
    assert levels(ports.match(modem, on, SERVICE)) == [("modem m1", Level.OK)]
    elsewhere = _modem(match={"usb_path": "1-7"})
    assert levels(ports.match(elsewhere, on, SERVICE)) == [("modem m1", Level.PROBLEM)]


def test_a_serial_server_is_no_file(tmp_path: Path) -> None:
    assert list(ports.device(_modem(device="socket://h:1"), machine(tmp_path), SERVICE)) == []


def _config(tmp_path: Path, text: str) -> tuple[Path, Config]:
    file = tmp_path / "modemgw.toml"
    file.write_text(text)
    return file, load(file)


def test_the_configuration_and_its_secrets(tmp_path: Path) -> None:
    file, config = _config(tmp_path, '[[modem]]\nid = "m1"\ndevice = "/dev/x"\npin = "1234"\n')
    file.chmod(0o644)
    assert levels(settings.file(file, config, SERVICE)) == [("configuration", Level.OK)]
    assert levels(settings.secrets(file, config)) == [("secrets", Level.WARNING)]
    file.chmod(0o600)
    assert levels(settings.file(file, config, SERVICE))[0] == ("configuration", Level.PROBLEM)
    assert list(settings.secrets(file, config)) == []
    file, config = _config(tmp_path, '[[modem]]\nid = "m"\ndevice = "/dev/x"\nprofile = "nokia"\n')
    assert [one for one in settings.file(file, config, SERVICE) if "nokia" in one.what]


@pytest.mark.parametrize("how", ["password", "password_file"])
def test_the_password_of_the_mail_server_is_a_secret_too(tmp_path: Path, how: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    given = "hunter2" if how == "password" else secret
    file, config = _config(
        tmp_path,
        '[smtp]\nhost = "mail.example.org"\nfrom = "a@example.org"\nuser = "u"\n'
        f'{how} = "{given}"\n',
    )
    for one in (file, secret):
        one.chmod(0o644)
    (found,) = settings.secrets(file, config)
    assert "a password" in found.what
    (file if how == "password" else secret).chmod(0o600)
    assert list(settings.secrets(file, config)) == []
    secret.unlink()
    told = [one.what for one in settings.file(file, config, SERVICE)]
    assert any("password_file" in what for what in told) is (how == "password_file")


def test_the_data_and_their_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "data"
    owner = User("owner", os.geteuid(), frozenset())
    assert levels(data.directory(place, owner)) == [("data directory", Level.WARNING)]
    place.mkdir(mode=0o755)
    place.chmod(0o755)
    assert levels(data.directory(place, owner)) == [("data directory", Level.WARNING)]
    assert levels(data.directory(place, SERVICE)) == [("data directory", Level.PROBLEM)]
    place.chmod(0o700)
    assert levels(data.directory(place, owner)) == [("data directory", Level.OK)]
    for free, level in ((100, Level.PROBLEM), (1 << 25, Level.WARNING), (1 << 39, Level.OK)):
        usage = type("Usage", (), {"total": 1 << 40, "free": free})
        monkeypatch.setattr("shutil.disk_usage", lambda _, usage=usage: usage)
        assert levels(data.disk(place / "not/there/yet")) == [("disk", level)]


def test_the_database(tmp_path: Path) -> None:
    assert levels(data.database(tmp_path)) == [("database", Level.OK)]
    create_key(tmp_path / FILE_NAME, "k", ["read"])
    assert levels(data.database(tmp_path)) == [("database", Level.OK)]
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    assert levels(data.database(tmp_path)) == [("database", Level.PROBLEM)]
    (tmp_path / FILE_NAME).write_bytes(b"")
    assert levels(data.database(tmp_path)) == [("database", Level.PROBLEM)]


@pytest.mark.parametrize(
    ("told", "level"),
    [
        ({"state": "ready", "signal_dbm": -70}, Level.OK),
        ({"state": "ready", "signal_dbm": -111}, Level.WARNING),
        ({"state": "paused"}, Level.WARNING),
        ({"state": "absent", "reason": "there is no /dev/x"}, Level.PROBLEM),
        ({"state": "ready", "alarm": "its store is full"}, Level.PROBLEM),
        ({"state": "ready", "held": {"why": "limits", "until": None}}, Level.WARNING),
    ],
)
def test_a_modem_as_the_daemon_tells(told: dict[str, Any], level: Level) -> None:
    modem = Modem({"id": "m1", "reason": None, "alarm": None, "held": None, **told})
    (found,) = gateway._modems([modem])
    assert (found.about, found.level) == ("modem m1", level)


def test_remedies_fit_their_reasons() -> None:
    assert "PUK" in gateway.remedy_for("the SIM is locked: PUK needed")
    assert "pin_file" in gateway.remedy_for("the PIN was refused")
    assert "docs/modems.md" in gateway.remedy_for("something new")


async def test_the_command(tmp_path: Path) -> None:
    async with Bank(BankSettings(boot_seconds=0.1), tmp_path / "bank") as bank:
        file = write_config(tmp_path, [*bank.paths, "/dev/nothing-here"])
        code, out, _ = await run("doctor", "--config", file, "--json", MODEMGW_URL="http://[::1]:9")
        found = [Finding(**one) for one in json.loads(out)]
        assert code == 1
        assert ("daemon", Level.PROBLEM) in levels(found)
        async with daemon(file) as running:
            await until_ready(running.url)
            code, out, _ = await running.cli("doctor", "--config", file)
            assert code == 1  # m2 is not there
            assert "✔ daemon: it answers, and can send" in out
            assert "✔ modem m1: it is ready" in out
            assert "✘ modem m2: there is no /dev/nothing-here" in out
            file = write_config(tmp_path, bank.paths)
            code, out, _ = await running.cli("doctor", "--config", file, "--key", "")
            assert "how they do is told to who has an API key only" in out


async def test_a_configuration_that_is_wrong_hides_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "modemgw.toml"
    file.write_text("[gateway]\nnonsense = 1\n")
    code, out, _ = await run("doctor", "--config", file, MODEMGW_URL="http://[::1]:9")
    assert code == 1
    assert "nonsense" in out
    assert "daemon: it does not answer" in out


def test_what_may_not_be_looked_at_ends_no_other_check(monkeypatch: pytest.MonkeyPatch) -> None:
    from modemgw.cli.doctor.command import _checked

    def closed() -> list[Finding]:
        raise PermissionError(13, "Permission denied", "/root/x")

    check: Callable[[], list[Finding]] = closed
    (found,) = _checked(check, "disk")
    assert (found.level, found.what) == (Level.SKIPPED, "/root/x: Permission denied")
