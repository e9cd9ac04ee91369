"""Why a code is not sent, or not looked at."""

from __future__ import annotations

from modemgw.gateway.errors import Conflict, NotFound, TooMany
from modemgw.store import StoreConflict


class TooManyCodes(TooMany, StoreConflict):
    """A limit on messages with codes is reached."""


class TooManyTries(TooMany, StoreConflict):
    """A limit on wrong codes is reached."""


class PrefixStopped(TooMany, StoreConflict):
    """No code goes to numbers of this prefix for a while."""


class NoSuchVerification(NotFound, StoreConflict):
    """There is none with this id that the key may know of."""


class Over(Conflict, StoreConflict):
    """The verification has ended: it is good for nothing any more."""


class Moved(StoreConflict):
    """Something has happened meanwhile to what this unit of work went by: look again."""
