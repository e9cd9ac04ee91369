"""The commands of the virtual modem: a file for each kind, each command a function in a table."""

from collections.abc import Iterator

from modemgw.virtual.commands import general, messages, network, service, sim, stores
from modemgw.virtual.personalities import Personality
from modemgw.virtual.table import Entry

COMMANDS: dict[str, Entry] = {
    **general.TABLE,
    **network.TABLE,
    **sim.TABLE,
    **service.TABLE,
    **stores.TABLE,
    **messages.TABLE,
}
"""By name, in upper case with the leading sign."""


def has(make: Personality, name: str, entry: Entry) -> bool:
    """Whether this make has the command."""
    return name not in make.refused and (not entry.own or name in make.own_commands)


def known(make: Personality) -> Iterator[str]:
    """The names of the commands that this make has."""
    return (name for name, entry in COMMANDS.items() if has(make, name, entry))
