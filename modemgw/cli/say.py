"""The one way to standard output and standard error: what comes from outside controls neither.

`say` and `say_lines` are for people; a program reads what `say_json` prints, and gets all of it.
"""

from __future__ import annotations

from typing import Any

import click

from modemgw.plain import printable, printable_json, printable_lines


def say(line: str = "", *, err: bool = False) -> None:
    """One line, whatever it holds."""
    click.echo(printable(line), err=err)


def say_lines(text: str, *, err: bool = False) -> None:
    """Text of which the line ends are meant."""
    click.echo(printable_lines(text), err=err)


def say_json(document: Any, *, indent: int | None = None) -> None:
    """One JSON document; without `indent` on one line."""
    click.echo(printable_json(document, indent=indent))
