"""The tables that commands are registered in, each with what must be there before it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from modemgw.virtual.command import EVERY_FORM, Command, Form
from modemgw.virtual.device import Device
from modemgw.virtual.running import Reply

Handler = Callable[[Device, Command], Reply]


class Need(Enum):
    """What must be there before a command is run at all."""

    NOTHING = 0
    SIM = 1
    """A SIM, in whatever PIN state."""
    UNLOCKED = 2
    """A SIM that was let in by its PIN, and done starting up."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered command."""

    handler: Handler
    need: Need
    sms: bool
    """Errors are +CMS ERROR (27.005), not +CME ERROR (27.007)."""
    forms: frozenset[Form]
    """How it may be given; any other way is an ERROR."""
    own: bool
    """Some makes have it: those whose personality says so."""


class Table(dict[str, Entry]):
    """Commands by name."""

    def on(
        self,
        *names: str,
        need: Need = Need.NOTHING,
        sms: bool = False,
        forms: frozenset[Form] = EVERY_FORM,
        own: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Register the decorated function under `names`."""

        def register(handler: Handler) -> Handler:
            for name in names:
                self[name] = Entry(handler, need, sms, forms, own)
            return handler

        return register
