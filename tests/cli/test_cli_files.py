"""The files beside the code that an administrator installs."""

from __future__ import annotations

import re
from configparser import RawConfigParser
from pathlib import Path

import click

import modemgw
from modemgw.cli import main
from modemgw.config import GatewaySection

ROOT = Path(modemgw.__file__).parent.parent
RULES = (ROOT / "udev" / "77-modemgw.rules").read_text()


class Unit(RawConfigParser):
    """A unit file: keys may come more than once, and keep their case."""

    def __init__(self):
        super().__init__(strict=False)
        self.optionxform = str  # type: ignore[method-assign, assignment]


def test_the_unit_starts_a_command_that_there_is_and_outlasts_the_drain():
    unit = Unit()
    unit.read(ROOT / "systemd" / "modemgw.service")
    service = unit["Service"]
    assert service["Type"] == "notify"
    name = service["ExecStart"].split()[1]
    assert main.get_command(click.Context(main), name) is not None
    assert float(service["TimeoutStopSec"]) > GatewaySection().drain_timeout
    assert float(service["WatchdogSec"]) >= 10
    assert service["SupplementaryGroups"] == "dialout"
    assert "PrivateDevices" not in service


def test_every_jump_of_the_udev_rules_goes_forward_to_a_label():
    labels = {m[1]: m.start() for m in re.finditer(r'^LABEL="(\w+)"', RULES, re.MULTILINE)}
    jumps = [(m[1], m.start()) for m in re.finditer(r'GOTO="(\w+)"', RULES)]
    assert len(jumps) >= 4
    for label, place in jumps:
        assert labels[label] > place, label


def test_the_udev_rules_come_before_those_of_modem_manager():
    (file,) = (ROOT / "udev").glob("*.rules")
    assert file.name < "80-mm-candidate.rules"
    assert 'ENV{ID_MM_DEVICE_IGNORE}="1"' in RULES
    assert 'ENV{ID_MM_PORT_IGNORE}="1"' in RULES
