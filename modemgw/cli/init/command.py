"""The command."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import phonenumbers

from modemgw.cli.doctor.machine import Machine
from modemgw.cli.errors import told
from modemgw.cli.init import settings
from modemgw.cli.init.service import STATE, Service, program, user
from modemgw.cli.init.steps import next_steps
from modemgw.cli.init.trial import send_test
from modemgw.cli.keys import changing
from modemgw.cli.options import config_option, json_option
from modemgw.cli.output import print_json
from modemgw.cli.ownership import as_owner_of
from modemgw.cli.say import say, say_lines
from modemgw.client.answers import Message
from modemgw.clock import SystemClock
from modemgw.config import DEFAULT_PATH, Config, ConfigError, find, load
from modemgw.gateway import GatewayError
from modemgw.gateway import keys as rules
from modemgw.modem import Found, scan
from modemgw.store import StoreError
from modemgw.store.sqlite import FILE_NAME, list_keys

LISTEN = "127.0.0.1:8080"


@click.command()
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="DEVICE",
    help="Look for modems here only; may be given more than once. Else behind every USB port.",
)
@click.option("--no-scan", is_flag=True, help="Look for no modems.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where messages and keys are kept.  [default: /var/lib/modemgw, or data beside a "
    "configuration file of your own]",
)
@click.option("--region", help="How to read numbers without +: a country code, such as GB.")
@click.option("--listen", help=f"Where the HTTP API listens.  [default: {LISTEN}]")
@click.option(
    "--key-name", default="admin", show_default=True, help="What the first API key is called."
)
@click.option(
    "--key",
    envvar="MODEMGW_KEY",
    help="For --test-to, when there are keys already.  [env: MODEMGW_KEY]",
)
@click.option("--test-to", metavar="NUMBER", help="Send a test message there; it may cost.")
@click.option(
    "--install-service",
    is_flag=True,
    help="Install the systemd unit and the udev rules, and start the service; wants root.",
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("/"),
    help="With --install-service: put the files below this directory, and start nothing.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Write the configuration (and the unit) anew; the old one is kept as .bak.",
)
@click.option("--yes", is_flag=True, help="Ask nothing: take what is given, and defaults.")
@json_option
@config_option
def init(
    devices: tuple[str, ...],
    no_scan: bool,
    data_dir: Path | None,
    region: str | None,
    listen: str | None,
    key_name: str,
    key: str | None,
    test_to: str | None,
    install_service: bool,
    root: Path,
    force: bool,
    yes: bool,
    as_json: bool,
    config_file: Path | None,
) -> None:
    """Set the gateway up: find modems, write the configuration, make the first API key.

    Asks for what no option says, unless --yes is given. Safe to run again: a configuration that is
    there is kept, and modems that are new are added to it; a key is made only where there is none.
    Exit code 1 when something cannot be done, also when the test message does not go out.
    """
    file = find(config_file)
    asking = Asking(yes=yes, on_error=as_json)
    service = Service(Machine(root), program(), force)
    if install_service:
        service.check()
        service.make_user()
    found = [] if no_scan else asyncio.run(scan(devices or None, clock=SystemClock()))
    for item in found:
        if devices and item.identity is None:
            say(f"{item.device}: {item.problem or 'speaks no AT'}", err=True)
    with told(ConfigError), _permitted():
        text, created = _text(file, asking, data_dir, region, listen, force=force)
        before = settings.checked(text, file)
        added = asking.wanted(settings.new_modems(before, found))
        text = settings.with_modems(text, added)
        config = settings.checked(text, file)
        if created or added:
            _write(text, file)
        _make_data_dir(config.gateway.data_dir)
    token = _first_key(config.gateway.data_dir / FILE_NAME, key_name)
    if install_service:
        service.install(file, config.gateway.data_dir, settings.known_modems(config, found))
        service.start()
    sent = None
    if not as_json:
        _print(file, config, added, token, service.done, created=created)
    number = asking.test_number(test_to, token or key)
    if number is not None:
        sent = _test(number, token or key, file, config, service.program)
    if as_json:
        print_json(_document(file, config, added, token, key_name, service.done, sent, created))
    else:
        say_lines(next_steps(file, config, token, serviced=install_service))


@dataclass(frozen=True, slots=True)
class Asking:
    """Questions to a person; with `yes` their defaults."""

    yes: bool
    on_error: bool
    """Ask on standard error: a program reads standard output."""

    def text(self, question: str, given: str | None, default: str) -> str:
        if given is not None or self.yes:
            return given or default
        answer: str = click.prompt(question, default=default, err=self.on_error)
        return answer

    def wanted(self, modems: Sequence[Found]) -> list[Found]:
        """Those that shall be added."""
        return [
            item
            for item in modems
            if self.yes
            or click.confirm(
                f"Add the modem at {item.device} as {item.id}?", default=True, err=self.on_error
            )
        ]

    def test_number(self, given: str | None, key: str | None) -> str | None:
        if given is not None or self.yes or key is None:
            return given
        answer: str = click.prompt(
            "Send a test message to (may cost; Enter: nobody)",
            default="",
            show_default=False,
            err=self.on_error,
        )
        return answer.strip() or None


def _text(
    file: Path,
    asking: Asking,
    data_dir: Path | None,
    region: str | None,
    listen: str | None,
    *,
    force: bool,
) -> tuple[str, bool]:
    """The configuration before modems are added, and whether it is a new one. Raises OSError."""
    if file.exists() and not force:
        load(file)  # its problems are told, and nothing is written
        return file.read_text(encoding="utf-8"), False
    place = STATE if file == DEFAULT_PATH else file.absolute().parent / "data"
    given = None if data_dir is None else str(data_dir)
    kept = asking.text("Where to keep messages and keys", given, str(place))
    country = asking.text("Country of numbers without +", region, _region())
    address = asking.text("Where the HTTP API listens", listen, LISTEN)
    return settings.fresh(Path(kept).absolute(), country.upper(), address), True


def _region() -> str:
    """The country of this machine's language, if it says one."""
    language = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    country = language.partition("_")[2][:2].upper()
    return country if country in phonenumbers.SUPPORTED_REGIONS else "GB"


@contextmanager
def _permitted() -> Iterator[None]:
    """Says what would be right where a file cannot be written."""
    try:
        yield
    except PermissionError as error:
        raise click.ClickException(
            f"{error.strerror}: {error.filename}; run this as root, or name places of your own "
            "with --config and --data-dir"
        ) from error
    except OSError as error:
        raise click.ClickException(str(error)) from error


def _write(text: str, file: Path) -> None:
    if file.exists():
        shutil.copy2(file, file.with_name(f"{file.name}.bak"))
    owner = user() if os.geteuid() == 0 else None
    settings.write(text, file, group=None if owner is None else owner.pw_gid)


def _make_data_dir(directory: Path) -> None:
    if directory.exists():
        return
    directory.mkdir(parents=True, mode=0o700)
    owner = user() if os.geteuid() == 0 else None
    if owner is not None:
        os.chown(directory, owner.pw_uid, owner.pw_gid)


def _first_key(database: Path, name: str) -> str | None:
    """Make it, for everything; None where there are keys already."""
    new = rules.NewKey(name, ("admin",))
    with told(StoreError, GatewayError):
        with as_owner_of(database.parent):
            if database.exists() and any(row.in_force(time.time()) for row in list_keys(database)):
                return None
        rules.check(new, time.time())
    with changing(database, "create", name, create=True) as tx:
        return rules.create(tx, new, tx.now).token


def _test(
    number: str, key: str | None, file: Path, config: Config, program: tuple[str, ...]
) -> Message:
    if not key:
        raise click.ClickException(
            "there are keys already, and a test message wants one: set $MODEMGW_KEY or give --key"
        )
    say(f"sending a test message to {number} …", err=True)
    message = asyncio.run(
        send_test(
            number,
            key=key,
            config_file=file,
            data_dir=config.gateway.data_dir,
            program=program,
        )
    )
    if message.status not in ("sent", "delivered"):
        why = "" if message.error is None else f": {message.error.detail}"
        raise click.ClickException(f"the test message is {message.status}{why}")
    say(f"the test message is {message.status}", err=True)
    return message


def _print(
    file: Path,
    config: Config,
    added: Sequence[Found],
    token: str | None,
    done: Sequence[str],
    *,
    created: bool,
) -> None:
    say(f"configuration: {file} ({'written' if created else 'was there and is kept'})")
    say(f"data:          {config.gateway.data_dir}")
    names = " ".join(modem.id for modem in config.modem) or "none yet; attach one, run this again"
    say(f"modems:        {names}")
    if added and not created:
        say(f"               new: {' '.join(item.id or '' for item in added)}")
    for line in done:
        say(f"installed:     {line}")
    if token is None:
        say("API keys:      there are some already; see `modemgw keys list`")
    else:
        say(f"API key:       {token}")
        say("               keep it: it is shown this once, and opens everything")


def _document(
    file: Path,
    config: Config,
    added: Sequence[Found],
    token: str | None,
    key_name: str,
    done: Sequence[str],
    sent: Message | None,
    created: bool,
) -> dict[str, Any]:
    return {
        "config": str(file),
        "created": created,
        "data_dir": str(config.gateway.data_dir),
        "modems": [modem.id for modem in config.modem],
        "added": [item.id for item in added],
        "key": None if token is None else {"name": key_name, "key": token},
        "installed": list(done),
        "test": None if sent is None else {"id": sent.id, "status": sent.status},
    }
