"""Options that may stand before the name of a command as well as after it."""

from __future__ import annotations

from typing import TypeVar, cast

import click
from click.core import ParameterSource

T = TypeVar("T")

GATEWAY = ("at", "url", "key", "ca_file")
"""Those that say which gateway is asked."""


def said_before(ctx: click.Context, option: click.Parameter, value: T) -> T:
    """What was said after the command; else before it; else by the environment."""
    assert option.name is not None
    before = None if ctx.parent is None else ctx.find_root().params.get(option.name)
    if before is None or ctx.get_parameter_source(option.name) is ParameterSource.COMMANDLINE:
        return value
    return cast(T, before)


def of_this_machine(ctx: click.Context, option: click.Parameter, value: T) -> T:
    """As `said_before`, for commands that open the files of this machine themselves.

    Raises UsageError where another gateway was named: nothing is done here that was meant for it.
    """
    root = ctx.find_root()
    for name in () if root is ctx else GATEWAY:
        if root.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{ctx.command_path} works on this machine, not through a gateway's API: leave out "
                f"--{name.replace('_', '-')}",
                ctx,
            )
    return said_before(ctx, option, value)


def is_said(name: str) -> bool:
    """Whether an option of the command that runs was given by hand, before its name or after."""
    here = click.get_current_context()
    return any(
        ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        for ctx in (here, here.find_root())
    )
