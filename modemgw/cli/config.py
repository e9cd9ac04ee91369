"""`modemgw config`"""

from __future__ import annotations

from pathlib import Path
from ssl import create_default_context
from typing import Any

import click

from modemgw.api.tls import TlsError, open_tls
from modemgw.at import PortError, check_device
from modemgw.cli.errors import told
from modemgw.cli.options import config_option, load_config
from modemgw.cli.output import print_json
from modemgw.cli.say import say
from modemgw.config import Config, ConfigError, find
from modemgw.gateway.deliveries.account import account
from modemgw.gateway.templates.documents import read_files
from modemgw.modem.profiles import by_name

MASK = "********"


@click.group()
def config() -> None:
    """Check and show the configuration."""


@config.command()
@config_option
def check(config_file: Path | None) -> None:
    """Check the configuration; exit code 0 if the daemon could use it, 1 with every problem."""
    checked = load_config(config_file)
    with told(ConfigError, TlsError):
        check_modems(checked)
        read_files(checked.templates)
        check_handlers(checked)
        open_tls(checked.http)
    say(f"{find(config_file)}: valid; {_counts(checked)}")


def check_modems(config: Config) -> None:
    """What the file alone does not tell: can devices be opened and PINs read, are there profiles?

    Raises ConfigError with every problem.
    """
    problems: list[str] = []
    for modem in config.modem:
        if modem.device is not None:
            try:
                check_device(modem.device)
            except PortError as error:
                problems.append(f"modem {modem.id}: device {error}")
        try:
            modem.read_pin()
        except ConfigError as error:
            problems += error.problems
        if modem.profile != "auto":
            try:
                by_name(modem.profile)
            except ValueError as error:
                problems.append(f"modem {modem.id}: {error}")
    if problems:
        raise ConfigError(problems)


def check_handlers(config: Config) -> None:
    """What the file alone does not tell: may we become users, can the mail's secrets be read?

    Raises ConfigError with every problem.
    """
    problems: list[str] = []
    for place, handler in enumerate(config.handler, 1):
        if handler.user is not None:
            try:
                account(handler.user)
            except ValueError as error:
                problems.append(f"handler {handler.id or place}: user: {error}")
    if config.smtp is not None:
        try:
            config.smtp.read_password()
        except ConfigError as error:
            problems += error.problems
        try:
            create_default_context(cafile=config.smtp.ca_file)
        except OSError as error:  # also SSLError
            problems.append(f"smtp: ca_file {config.smtp.ca_file} cannot be used: {error}")
    if problems:
        raise ConfigError(problems)


@config.command()
@config_option
def show(config_file: Path | None) -> None:
    """Print the configuration with all defaults as JSON; secrets are masked."""
    print_json(masked(load_config(config_file)))


def masked(checked: Config) -> dict[str, Any]:
    """The configuration as JSON types, without PINs and passwords."""
    document = checked.model_dump(mode="json", by_alias=True)
    for modem in document["modem"]:
        if modem["pin"] is not None:
            modem["pin"] = MASK
    if document["smtp"] is not None and document["smtp"]["password"] is not None:
        document["smtp"]["password"] = MASK
    return document


def _counts(checked: Config) -> str:
    counted = (
        ("modem", len(checked.modem)),
        ("route", len(checked.routes)),
        ("handler", len(checked.handler)),
    )
    return ", ".join(f"{n} {noun}{'' if n == 1 else 's'}" for noun, n in counted)
