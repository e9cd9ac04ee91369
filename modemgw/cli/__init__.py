"""The command line: thin commands over the same verbs as the HTTP API."""

from __future__ import annotations

from typing import Any

import click

import modemgw
from modemgw.cli.lazy import LazyGroup
from modemgw.cli.logs import set_up_logging
from modemgw.cli.options import gateway_options
from modemgw.plain import printable_lines

COMMANDS = {
    "init": "modemgw.cli.init.command:init",
    "serve": "modemgw.cli.serve:serve",
    "demo": "modemgw.cli.demo:demo",
    "send": "modemgw.cli.send:send",
    "batches": "modemgw.cli.batches:batches",
    "messages": "modemgw.cli.messages:messages",
    "types": "modemgw.cli.types:types",
    "inbound": "modemgw.cli.inbound:inbound",
    "conversations": "modemgw.cli.conversations:conversations",
    "listen": "modemgw.cli.listen:listen",
    "handlers": "modemgw.cli.handlers:handlers",
    "consents": "modemgw.cli.consents:consents",
    "privacy": "modemgw.cli.privacy:privacy",
    "webhooks": "modemgw.cli.webhooks:webhooks",
    "templates": "modemgw.cli.templates:templates",
    "verifications": "modemgw.cli.verifications:verifications",
    "modems": "modemgw.cli.modems:modems",
    "top": "modemgw.cli.top.command:top",
    "sims": "modemgw.cli.sims:sims",
    "alerts": "modemgw.cli.alerts:alerts",
    "budgets": "modemgw.cli.budgets:budgets",
    "usage": "modemgw.cli.usage:usage",
    "keys": "modemgw.cli.keys:keys",
    "audit": "modemgw.cli.audit:audit",
    "readiness": "modemgw.cli.readiness:readiness",
    "doctor": "modemgw.cli.doctor.command:doctor",
    "selftest": "modemgw.cli.selftest.command:selftest",
    "config": "modemgw.cli.config:config",
    "contexts": "modemgw.cli.contexts.command:contexts",
    "db": "modemgw.cli.db:db",
    "pdu": "modemgw.cli.pdu:pdu",
    "virtual": "modemgw.cli.virtual:virtual",
    "completion": "modemgw.cli.completion:completion",
}


class Main(LazyGroup):
    """Tells a problem in a form that cannot control the terminal: some quote files or modems."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            error.message = printable_lines(error.message)  # type: ignore[misc]
            raise


@click.group(
    cls=Main,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@gateway_options
@click.version_option(modemgw.__version__, prog_name="modemgw")
def main(**_: Any) -> None:
    """An SMS gateway: an HTTP API in front of a bank of GSM modems.

    `modemgw demo` shows all of it without a modem. Commands that talk to a running daemon find it
    by --url or $MODEMGW_URL, by the name of a context (--at), or else by the configuration, and
    want an API key in $MODEMGW_KEY. Options of the gateway may stand before the command or after.
    """
    set_up_logging("warning")
