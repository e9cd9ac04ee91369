"""`modemgw init`: what it writes, what it leaves alone, and that the result sends."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from labs.bank import bank_of
from labs.daemon import daemon, run, until_ready

from modemgw.cli import main
from modemgw.cli.doctor.machine import Machine
from modemgw.cli.init import names, settings
from modemgw.cli.init.service import Service, shipped
from modemgw.cli.init.steps import next_steps
from modemgw.config import Config, ConfigError, parse
from modemgw.modem import Found
from modemgw.modem.identify import Identity
from modemgw.modem.usb import UsbTty


@pytest.fixture
async def bank(tmp_path):
    async with bank_of(tmp_path) as bank:
        yield bank


def invoke(*words, **options):
    return CliRunner().invoke(main, ["init", *map(str, words)], **options)


def found(device="/dev/ttyUSB2", imei="490154203237518", path="1-1.2", interface=2, **more):
    usb = None if path is None else UsbTty(device, path, 0x2C7C, 0x0125, interface, None)
    identity = Identity("Quectel", "EC25", "1", imei)
    return Found(device, usb, identity, profile="quectel", **more)


def of(text: str) -> Config:
    return parse(tomllib.loads(text))


# --- the configuration, as a text


def test_a_modem_is_added_once_however_the_configuration_names_it():
    for binding in (
        'match = { imei = "490154203237518" }',
        'match = { usb_path = "1-1.2" }',
        'match = { iccid = "8944110065000000001f" }',
        'device = "/dev/ttyUSB2"',
    ):
        config = of(f'[[modem]]\nid = "mine"\n{binding}\n')
        item = found(iccid="8944110065000000001F")
        assert settings.new_modems(config, [item]) == []
        assert [one.id for one in settings.known_modems(config, [item])] == ["mine"]
        other = found("/dev/ttyUSB6", "490154203237526", "1-1.3")
        assert len(settings.new_modems(config, [item, other])) == 1


def test_a_device_is_the_same_by_whatever_link_it_is_named(tmp_path):
    (tmp_path / "tty").touch()
    (tmp_path / "link").symlink_to(tmp_path / "tty")
    config = of(f'[[modem]]\nid = "m"\ndevice = "{tmp_path}/link"\n')
    assert settings.new_modems(config, [found(str(tmp_path / "tty"), path=None)]) == []


def test_ids_in_use_are_not_given_again_and_comments_are_kept():
    before = '# mine\n[[modem]]\nid = "modem-237518"\ndevice = "/dev/x"  # the old one'
    text = settings.with_modems(before, settings.new_modems(of(before), [found()]))
    assert text.startswith(before)
    assert [modem.id for modem in of(text).modem] == ["modem-237518", "modem-237518-2"]


def test_second_ports_and_what_is_no_modem_are_not_added():
    silent = Found("/dev/ttyUSB0")
    second = found("/dev/ttyUSB3", also_at="/dev/ttyUSB2")
    assert settings.new_modems(Config(), [silent, second]) == []


def test_what_cannot_be_added_to_is_said():
    text = "modem = []\n"
    with pytest.raises(ConfigError, match="modems scan"):
        settings.checked(settings.with_modems(text, [found(id="m")]), Path("x.toml"))


def test_odd_paths_are_written_as_they_are():
    odd = Path('/srv/"a\\b" ü')
    assert of(settings.fresh(odd, "DE", "127.0.0.1:1")).gateway.data_dir == odd


# --- names and the service


def test_a_port_is_named_by_plug_and_interface_and_keeps_its_name():
    one, two = found(id="a"), found("/dev/ttyUSB6", "490154203237526", "1-1.3", id="b")
    text = names.rules([one, found(path=None, id="none"), found(interface=None, id="no")])
    rule = 'ACTION!="remove", SUBSYSTEM=="tty", KERNELS=="1-1.2:*.2", SYMLINK+="modemgw/a"'
    assert rule in text.splitlines()
    assert text.count("SYMLINK") == 1
    both = names.rules([two], text)
    assert rule in both
    assert both.count("SYMLINK") == 2
    assert names.rules([one, two], both) == both
    moved = names.rules([found(id="b")], both)
    assert [line for line in moved.splitlines() if "SYMLINK" in line] == [rule.replace("/a", "/b")]


def test_the_unit_is_installed_with_what_differs_here_in_a_file_of_its_own(tmp_path):
    service = Service(Machine(tmp_path), ("/opt/my gw/bin/modemgw",))
    service.install(Path("/etc/gw.toml"), Path("/srv/100%"), [found(id="a")])
    units = tmp_path / "etc/systemd/system"
    assert (units / "modemgw.service").read_text() == shipped("systemd/modemgw.service").read_text()
    lines = (units / "modemgw.service.d/init.conf").read_text().splitlines()
    assert 'ExecStart="/opt/my gw/bin/modemgw" serve' in lines
    assert lines.index("ExecStart=") < lines.index('ExecStart="/opt/my gw/bin/modemgw" serve')
    assert "Environment=MODEMGW_CONFIG=/etc/gw.toml" in lines
    assert "ReadWritePaths=/srv/100%%" in lines
    rules = tmp_path / "etc/udev/rules.d"
    assert {file.name for file in rules.iterdir()} == {
        "77-modemgw.rules",
        "78-modemgw-names.rules",
    }
    assert len(service.done) == 4
    again = Service(Machine(tmp_path), ("/opt/my gw/bin/modemgw",))
    again.install(Path("/etc/gw.toml"), Path("/srv/100%"), [found(id="a")])
    assert again.done == []


def test_what_somebody_changed_in_the_unit_stays_unless_forced(tmp_path):
    unit = tmp_path / "etc/systemd/system/modemgw.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("mine")
    where: tuple[Path, Path, list[Found]] = (Path("/c.toml"), Path("/var/lib/modemgw"), [])
    Service(Machine(tmp_path), ("/usr/bin/modemgw",)).install(*where)
    assert unit.read_text() == "mine"
    Service(Machine(tmp_path), ("/usr/bin/modemgw",), force=True).install(*where)
    assert unit.read_text() != "mine"


def test_the_unit_of_a_package_is_not_hidden_by_another(tmp_path):
    packaged = tmp_path / "usr/lib/systemd/system/modemgw.service"
    packaged.parent.mkdir(parents=True)
    packaged.touch()
    Service(Machine(tmp_path), ("/usr/bin/modemgw",)).install(Path("/c"), Path("/d"), [])
    assert not (tmp_path / "etc/systemd/system/modemgw.service").exists()


def test_a_program_that_the_service_would_not_see_is_refused(tmp_path):
    with pytest.raises(click.ClickException, match="sees nothing"):
        Service(Machine(tmp_path), ("/home/me/venv/bin/modemgw",)).check()


def test_the_next_steps_fit_where_it_listens():
    socket = of('[http]\nlisten = "unix:/run/gw/http.sock"\n')
    steps = next_steps(Path("/a b.toml"), socket, "mgw_x", serviced=False)
    assert "--unix-socket /run/gw/http.sock http://localhost/v1/messages" in steps
    assert "modemgw serve --config '/a b.toml'" in steps
    assert "systemctl" in next_steps(Path("/c"), Config(), None, serviced=True)


# --- the command


def test_questions_are_asked_and_answers_taken(tmp_path):
    file = tmp_path / "gw.toml"
    answer = invoke("--config", file, "--no-scan", input=f"{tmp_path}/d\nde\n127.0.0.1:7\n\n")
    assert answer.exit_code == 0, answer.output
    config = of(file.read_text())
    assert (config.gateway.data_dir, config.gateway.default_region, config.http.listen) == (
        tmp_path / "d",
        "DE",
        "127.0.0.1:7",
    )
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_wrong_answers_write_nothing(tmp_path):
    file = tmp_path / "gw.toml"
    for wrong in (("--region", "Atlantis"), ("--listen", "here")):
        answer = invoke("--config", file, "--no-scan", "--yes", *wrong)
        assert (answer.exit_code, "Error: " in answer.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_configuration_is_left_as_it_is(tmp_path):
    file = tmp_path / "gw.toml"
    file.write_text("[gateway]\ncolour = 1\n")
    answer = invoke("--config", file, "--no-scan", "--yes")
    assert (answer.exit_code, "gateway.colour" in answer.stderr) == (1, True)
    assert file.read_text() == "[gateway]\ncolour = 1\n"
    assert invoke("--config", file, "--no-scan", "--yes", "--force").exit_code == 0
    assert (tmp_path / "gw.toml.bak").read_text() == "[gateway]\ncolour = 1\n"
    assert of(file.read_text()).gateway.data_dir == tmp_path / "data"


def test_a_key_is_made_once_and_a_test_message_wants_one(tmp_path):
    words = ("--config", tmp_path / "gw.toml", "--no-scan", "--yes", "--json")
    first = json.loads(invoke(*words).stdout)
    assert first["created"]
    assert first["key"]["key"].startswith("mgw_")
    second = json.loads(invoke(*words).stdout)
    assert (second["created"], second["key"]) == (False, None)
    refused = invoke(*words, "--test-to", "+447700900111", env={"MODEMGW_KEY": None})
    assert (refused.exit_code, "$MODEMGW_KEY" in refused.stderr) == (1, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_may_not_be_written_is_one_line(tmp_path):
    tmp_path.chmod(0o500)
    answer = invoke("--config", tmp_path / "x" / "gw.toml", "--no-scan", "--yes")
    assert (answer.exit_code, answer.stderr.count("\n")) == (1, 1)
    assert "as root" in answer.stderr


@pytest.mark.e2e
async def test_a_new_gateway_sends_and_takes_up_another_modem_later(bank, tmp_path):
    file = tmp_path / "gw.toml"
    words = ("init", "--config", file, "--yes", "--listen", "127.0.0.1:0", "--json")
    code, out, err = await run(
        *words, "--device", bank.paths[0], "--test-to", "+447700900111", "--region", "GB"
    )
    assert code == 0, err
    made = json.loads(out)
    assert (len(made["added"]), made["test"]["status"]) == (1, "delivered")
    assert [message.destination for message in bank.smsc.messages] == ["+447700900111"]
    devices = [word for path in bank.paths for word in ("--device", path)]
    code, out, err = await run(*words, *devices)
    assert code == 0, err
    again = json.loads(out)
    assert again["modems"] == [*made["added"], *again["added"]]
    assert (len(again["added"]), again["key"], again["test"]) == (1, None, None)
    async with daemon(file) as running:
        await until_ready(running.url)
        code, out, _ = await run(
            "modems", "list", "--csv", MODEMGW_URL=running.url, MODEMGW_KEY=made["key"]["key"]
        )
        assert code == 0
        assert [line.split(",")[0] for line in out.splitlines()] == ["id", *again["modems"]]
        # and with a daemon running: its ports are in use, and nothing is changed by that
        before = file.read_text()
        code, out, err = await run(*words, *devices)
        assert (code, json.loads(out)["added"]) == (0, []), err
        assert file.read_text() == before


@pytest.mark.e2e
async def test_a_test_message_that_does_not_go_out_is_exit_code_1(bank, tmp_path):
    words = ("--config", tmp_path / "gw.toml", "--yes", "--listen", "127.0.0.1:0")
    code, _, err = await run("init", *words, "--device", bank.paths[0], "--test-to", "+99902067000")
    assert code == 1
    assert "undelivered" in err
