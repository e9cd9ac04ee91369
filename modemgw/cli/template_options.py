"""Options of commands that have a template make a text."""

from __future__ import annotations

import click

language_option = click.option(
    "--language", metavar="TAG", help="Which variant, best: pt-BR, en …; else the first."
)


def _params(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """NAME=VALUE, as often as it was given."""
    params: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{one!r} is not NAME=VALUE")
        if name in params:
            raise click.BadParameter(f"{name} is given twice")
        params[name] = value
    return params


params_option = click.option(
    "--param",
    "params",
    multiple=True,
    callback=_params,
    metavar="NAME=VALUE",
    help="What a placeholder of the template stands for; give it as often as you like.",
)
