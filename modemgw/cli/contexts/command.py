"""`modemgw contexts`"""

from __future__ import annotations

from pathlib import Path

import click

from modemgw.cli.contexts import Context, ContextError, Contexts, default_path
from modemgw.cli.errors import told
from modemgw.cli.options import certificates, list_options
from modemgw.cli.output import print_json, print_table
from modemgw.cli.say import say


@click.group()
def contexts() -> None:
    """Name several gateways, and say which one commands are for.

    `modemgw --at NAME` takes one for a single command; without it the current one is taken, unless
    --url, --config, $MODEMGW_URL or $MODEMGW_CONFIG says where to go.
    """


@contexts.command("list")
@list_options
def list_(as_json: bool) -> None:
    """List the gateways; never their keys."""
    with told(ContextError):
        found = Contexts.read(default_path())
    if as_json:
        print_json(
            [
                {
                    "name": name,
                    "current": name == found.current,
                    "url": one.url,
                    "key": _key(one),
                    "ca_file": None if one.ca_file is None else str(one.ca_file),
                }
                for name, one in found.known.items()
            ]
        )
        return
    print_table(
        ("current", "name", "url", "key", "ca file"),
        [
            ("*" if name == found.current else None, name, one.url, _key(one), one.ca_file)
            for name, one in found.known.items()
        ],
        "There are no contexts; `modemgw contexts add NAME --url URL --key-file FILE` makes one.",
    )


def _key(one: Context) -> str | None:
    """Where its key is."""
    if one.key_file is not None:
        return str(one.key_file)
    return None if one.key is None else "in the file"


@contexts.command()
@click.argument("name")
@click.option(
    "--url", required=True, help="The daemon: http(s)://HOST:PORT or unix:/path; see send --help."
)
@click.option("--key", help="Its API key, kept in the file of contexts (readable by you alone).")
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path),
    help="The file that its API key is in.",
)
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path),
    callback=certificates,
    help="Certificates to trust (PEM) for https; else the system's.",
)
@click.option("--force", is_flag=True, help="Also in place of one of the same name.")
def add(
    name: str,
    url: str,
    key: str | None,
    key_file: Path | None,
    ca_file: Path | None,
    force: bool,
) -> None:
    """Add a gateway; the first one becomes the current one."""
    if key is not None and key_file is not None:
        raise click.UsageError("give --key or --key-file, not both")
    if not url.startswith(("http://", "https://", "unix:")):
        raise click.BadParameter(
            f"{url!r} is no http(s)://HOST:PORT and no unix:/path", param_hint="--url"
        )
    with told(ContextError):
        found = Contexts.read(default_path())
        if name in found.known and not force:
            raise click.ClickException(f"there is a context {name!r}; --force replaces it")
        found.add(name, Context(url=url, key=key, key_file=key_file, ca_file=ca_file))
    say(f"{name} is in {found.path}")


@contexts.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take a gateway out of the list."""
    with told(ContextError):
        Contexts.read(default_path()).remove(name)
    say(f"{name} is removed")


@contexts.command()
@click.argument("name", required=False)
@click.option("--none", is_flag=True, help="No context is the current one any more.")
def use(name: str | None, none: bool) -> None:
    """Make a gateway the one that commands are for."""
    if (name is None) != none:
        raise click.UsageError("give the NAME of a context, or --none")
    with told(ContextError):
        Contexts.read(default_path()).use(name)
    say("no context is current" if name is None else f"commands are for {name} now")
