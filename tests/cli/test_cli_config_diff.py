"""`modemgw config show --diff`"""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from modemgw.cli import main

TEXT = """
[gateway]
data_dir = "/srv/gw"
default_region = "GB"
[type.otp]
max_attempts = 2
[smtp]
host = "mail.example.org"
from = "a@example.org"
user = "u"
password = "hunter2"
[[modem]]
id = "m1"
match = { imei = "490154203237518" }
pin = "4711"
limits = { per_minute = 20 }
[[route]]
id = "default"
policy = "round_robin"
[[handler]]
match = { keyword = "HELP" }
reply = "Call us"
"""


@pytest.fixture
def show(tmp_path):
    def show(text, *words):
        file = tmp_path / "modemgw.toml"
        file.write_text(text)
        return CliRunner().invoke(main, ["--config", str(file), "config", "show", *words])

    return show


def test_only_what_differs_is_shown_each_with_its_default(show):
    answer = show(TEXT, "--diff", "--json")
    assert answer.exit_code == 0, answer.output
    found = {one["setting"]: (one["value"], one["default"]) for one in json.loads(answer.stdout)}
    assert found == {
        "gateway.data_dir": ("/srv/gw", "/var/lib/modemgw"),
        "type.otp.max_attempts": (2, 4),
        "smtp.host": ("mail.example.org", None),
        "smtp.from": ("a@example.org", None),
        "smtp.user": ("u", None),
        "smtp.password": ("********", None),
        "modem.m1.id": ("m1", None),
        "modem.m1.match.imei": ("490154203237518", None),
        "modem.m1.pin": ("********", None),
        "modem.m1.limits.per_minute": (20, 0),
        "route.default.id": ("default", None),
        "route.default.policy": ("round_robin", "least_used"),
        "handler.1.match.keyword": ("HELP", None),
        "handler.1.reply": ("Call us", None),
    }


def test_the_defaults_do_not_differ_from_themselves(show):
    assert show("", "--diff").stdout == "All settings have their defaults.\n"
    assert json.loads(show("", "--diff", "--json").stdout) == []


def test_a_table_and_csv(show):
    assert '"/var/lib/modemgw"' in show(TEXT, "--diff").stdout
    lines = show(TEXT, "--diff", "--csv").stdout.splitlines()
    assert lines[:2] == [
        "setting,value,default",
        'gateway.data_dir,"""/srv/gw""","""/var/lib/modemgw"""',
    ]
    assert show(TEXT, "--csv").exit_code == 2


def test_secrets_are_masked_in_every_form(show):
    for words in ((), ("--diff",), ("--diff", "--json"), ("--diff", "--csv")):
        answer = show(TEXT, *words)
        assert answer.exit_code == 0
        assert "hunter2" not in answer.output
        assert "4711" not in answer.output
