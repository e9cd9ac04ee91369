"""Commands that need no daemon."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from pydantic import BaseModel

import modemgw
from modemgw.cli import COMMANDS, main
from modemgw.config import Config, TypeSection
from modemgw.store.sqlite import opening, schema

ROOT = Path(modemgw.__file__).parent.parent


@pytest.fixture
def run(monkeypatch):
    for name in ("MODEMGW_URL", "MODEMGW_KEY", "MODEMGW_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, **options):
        return CliRunner().invoke(main, [str(a) for a in arguments], **options)

    return run


@pytest.fixture
def config_file(tmp_path):
    file = tmp_path / "modemgw.toml"
    file.write_text(
        f'[gateway]\ndata_dir = "{tmp_path}"\n'
        '[[modem]]\nid = "m1"\ndevice = "/dev/modemgw/m1"\npin = "4711"\n'
    )
    return file


def commands(group=main, path=()):
    """Every command with its path of names."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_the_version_is_told(run):
    assert run("--version").output.strip() == f"modemgw, version {modemgw.__version__}"


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=lambda v: str(v))
def test_every_command_and_option_has_help(run, path, command):
    answer = run(*path, "--help")
    assert answer.exit_code == 0, answer.output
    assert command.help
    if path[0] not in ("pdu", "virtual"):
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, option.name


def test_commands_are_listed_without_importing_what_they_need():
    assert list(COMMANDS) == main.list_commands(click.Context(main))


def test_the_example_configuration_is_valid(run):
    answer = run("config", "check", "--config", ROOT / "config" / "modemgw.toml")
    assert answer.exit_code == 0, answer.output
    assert "2 modems, 2 routes, 3 handlers" in answer.output


def test_the_example_configuration_shows_every_key():
    text = (ROOT / "config" / "modemgw.toml").read_text()
    sections = {
        name: field.annotation
        for name, field in Config.model_fields.items()
        if hasattr(field.annotation, "model_fields")
    }
    sections |= {"type.otp": TypeSection}
    del sections["type"]
    assert "gateway" in sections
    for name, section in sections.items():
        shown = re.search(rf"^\[{re.escape(name)}\].*?(?=^\[)", text, re.MULTILINE | re.DOTALL)
        assert shown, name
        assert isinstance(section, type) and issubclass(section, BaseModel)  # noqa: PT018
        for key in section.model_fields:
            a_table = rf"^\[{re.escape(name)}\.{key}\."
            assert re.search(rf"^{key} = ", shown[0], re.MULTILINE) or re.search(
                a_table, text, re.MULTILINE
            ), f"{name}.{key}"


def test_every_problem_of_a_configuration_is_told_at_once(run, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text('[http]\nlisten = "here"\ncolour = 1\n[[modem]]\nid = "m1"\n')
    answer = run("config", "check", "--config", file)
    assert answer.exit_code == 1
    for word in ("http.listen", "http.colour", "modem[0]", str(file)):
        assert word in answer.stderr
    assert "Traceback" not in answer.output


def test_a_configuration_that_is_not_there_is_one_line(run, tmp_path):
    answer = run("serve", "--config", tmp_path / "none.toml")
    assert answer.exit_code == 1
    assert answer.stderr.count("\n") == 1
    assert "there is no such file" in answer.stderr


def test_a_pin_file_that_cannot_be_read_is_found_by_the_check(run, config_file, tmp_path):
    text = config_file.read_text().replace('pin = "4711"', f'pin_file = "{tmp_path}/none"')
    config_file.write_text(text)
    answer = run("config", "check", "--config", config_file)
    assert answer.exit_code == 1
    assert "pin_file" in answer.stderr


@pytest.mark.parametrize("command", [("config", "check"), ("serve",)])
def test_a_profile_that_is_not_there_is_one_line_that_names_those_there_are(
    run, config_file, command
):
    file = config_file.read_text()
    config_file.write_text(file.replace('pin = "4711"', 'profile = "nonsense"'))
    answer = run(*command, "--config", config_file)
    assert answer.exit_code == 1
    assert answer.stderr.count("\n") == 1
    assert "nonsense" in answer.stderr
    assert "quectel" in answer.stderr


def test_the_configuration_is_shown_without_its_secrets(run, config_file):
    answer = run("config", "show", "--config", config_file)
    document = json.loads(answer.stdout)
    assert document["modem"][0]["pin"] == "********"
    assert "4711" not in answer.output
    assert document["http"]["listen"] == "127.0.0.1:8080"


def test_the_password_of_the_mail_server_is_masked(run, config_file):
    smtp = '[smtp]\nhost = "mail.example.org"\nfrom = "a@x.org"\nuser = "u"\npassword = "hunter2"\n'
    config_file.write_text(config_file.read_text() + smtp)
    answer = run("config", "show", "--config", config_file)
    assert answer.exit_code == 0, answer.output
    assert "hunter2" not in answer.output
    assert json.loads(answer.stdout)["smtp"] == {
        "host": "mail.example.org",
        "port": None,
        "tls": "starttls",
        "ca_file": None,
        "user": "u",
        "password": "********",
        "password_file": None,
        "from": "a@x.org",
        "timeout": 20,
    }


def test_a_key_is_printed_alone_and_its_listing_does_not_have_it(run, config_file):
    answer = run(
        "keys", "create", "app", "--scope", "send", "--scope", "read", "--config", config_file
    )
    assert answer.exit_code == 0, answer.output
    token = answer.stdout
    assert re.fullmatch(r"mgw_[\w-]{40,}\n", token)
    listing = run("keys", "list", "--json", "--config", config_file)
    assert [(k["name"], k["scopes"]) for k in json.loads(listing.stdout)] == [
        ("app", ["send", "read"])
    ]
    assert token.strip() not in listing.output


def test_a_key_name_is_used_once_and_a_revoked_one_is_told(run, config_file):
    create = ("keys", "create", "app", "--scope", "send", "--config", config_file)
    assert run(*create).exit_code == 0
    again = run(*create)
    assert (again.exit_code, again.stderr.count("\n")) == (1, 1)
    assert "'app'" in again.stderr
    assert run("keys", "revoke", "app", "--config", config_file).exit_code == 0
    gone = run("keys", "revoke", "app", "--config", config_file)
    assert (gone.exit_code, gone.stderr.count("\n")) == (1, 1)


def test_a_data_directory_that_cannot_be_is_one_line(run, tmp_path):
    (tmp_path / "file").touch()
    answer = run("keys", "create", "a", "--scope", "send", "--data-dir", tmp_path / "file/x")
    assert (answer.exit_code, answer.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "create", "app"),
        ("keys", "create", "app", "--scope", "everything"),
        ("send", "--text", "x"),
        ("send", "--to", "+4477", "--text", "x", "--hex", "00"),
        ("send", "--to", "+4477", "--hex", "0g"),
        ("modems", "ussd", "m1"),
        ("unknown",),
        ("messages", "list"),
    ],
)
def test_a_wrong_use_is_exit_code_2_with_a_word_on_what_is_right(run, arguments):
    answer = run(*arguments)
    assert answer.exit_code == 2
    assert "Error: " in answer.stderr
    assert "Traceback" not in answer.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("send", "--to", "+447700900001", "--text", "x"),
        ("messages", "list"),
        ("messages", "show", "msg_1"),
        ("inbound", "tail"),
        ("modems", "list"),
    ],
)
def test_a_daemon_that_is_not_there_is_one_line(run, arguments):
    answer = run(*arguments, "--url", "http://127.0.0.1:1", "--key", "mgw_x")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr == (
        "Error: no answer from modemgw at http://127.0.0.1:1: Connection refused; "
        "is `modemgw serve` running?\n"
    )


def test_the_daemon_is_looked_for_where_the_configuration_says(run, config_file):
    config_file.write_text(config_file.read_text() + '[http]\nlisten = "0.0.0.0:1"\n')
    answer = run("modems", "list", "--key", "k", "--config", config_file)
    assert "http://127.0.0.1:1:" in answer.stderr
    answer = run("modems", "list", "--key", "k", env={"MODEMGW_CONFIG": str(config_file)})
    assert "http://127.0.0.1:1:" in answer.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_is_not_writable_is_one_line(run, tmp_path):
    tmp_path.chmod(0o500)
    answer = run("keys", "create", "a", "--scope", "send", "--data-dir", tmp_path)
    assert (answer.exit_code, answer.stderr.count("\n")) == (1, 1)


def test_the_database_is_checked_backed_up_and_compacted(run, tmp_path):
    run("keys", "create", "a", "--scope", "send", "--data-dir", tmp_path)
    assert "is sound" in run("db", "check", "--data-dir", tmp_path).stdout
    copy = tmp_path / "copy" / "modemgw.db"
    copy.parent.mkdir()
    assert run("db", "backup", copy, "--data-dir", tmp_path).exit_code == 0
    assert "a" in run("keys", "list", "--data-dir", copy.parent).stdout
    again = run("db", "backup", copy, "--data-dir", tmp_path)
    assert (again.exit_code, "exists" in again.stderr) == (1, True)
    assert "bytes now" in run("db", "vacuum", "--data-dir", tmp_path).stdout


def test_a_damaged_or_missing_database_is_one_line(run, tmp_path):
    missing = run("db", "check", "--data-dir", tmp_path / "none")
    assert (missing.exit_code, missing.stderr.count("\n")) == (1, 1)
    run("keys", "create", "a", "--scope", "send", "--data-dir", tmp_path)
    file = tmp_path / "modemgw.db"
    octets = bytearray(file.read_bytes())
    octets[4096:] = b"\xff" * len(octets[4096:])
    file.write_bytes(octets)
    damaged = run("db", "check", "--data-dir", tmp_path)
    assert damaged.exit_code == 1
    assert "Traceback" not in damaged.output


def test_a_bank_s_parts_take_more_or_less_as_on_a_real_network(run, monkeypatch, tmp_path):
    seen = []

    async def note(settings, directory):
        seen.append((settings.part_seconds, settings.part_jitter))

    monkeypatch.setattr("modemgw.cli.virtual._run", note)
    assert run("virtual", "--dir", tmp_path).exit_code == 0
    steady = run("virtual", "--dir", tmp_path, "--part-seconds", 2, "--part-jitter", 0)
    assert steady.exit_code == 0
    assert seen == [(1.0, 0.1), (2.0, 0.0)]
    assert run("virtual", "--dir", tmp_path, "--part-jitter", 2).exit_code == 2


def test_a_command_of_a_newer_package_leaves_the_database_alone(run, tmp_path, monkeypatch):
    """The package was upgraded while the daemon of the old one still runs."""
    with monkeypatch.context() as old:
        old.setattr(schema.migrations, "_migrations", schema.migrations._migrations[:-1])
        opening.create(tmp_path / "modemgw.db")
    before = (tmp_path / "modemgw.db").read_bytes()
    for arguments in (("keys", "list"), ("keys", "create", "b", "--scope", "send")):
        answer = run(*arguments, "--data-dir", tmp_path)
        assert (answer.exit_code, answer.stderr.count("\n")) == (1, 1)
        assert "older modemgw" in answer.stderr
    assert "is sound" in run("db", "check", "--data-dir", tmp_path).stdout
    copy = tmp_path / "copy.db"
    assert run("db", "backup", copy, "--data-dir", tmp_path).exit_code == 0
    assert (tmp_path / "modemgw.db").read_bytes() == before
    assert copy.stat().st_mode & 0o077 == 0


def test_a_damaged_database_says_what_to_do(run, tmp_path):
    run("keys", "create", "a", "--scope", "send", "--data-dir", tmp_path)
    (tmp_path / "modemgw.db").write_bytes(b"\1" * 100_000)
    for arguments in (("keys", "list"), ("db", "check"), ("db", "vacuum")):
        answer = run(*arguments, "--data-dir", tmp_path)
        assert answer.exit_code == 1
        assert "backup" in answer.stderr
