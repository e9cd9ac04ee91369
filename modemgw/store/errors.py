"""What can go wrong with the database."""

from __future__ import annotations


class StoreError(Exception):
    """The database cannot be used; the text is one clear sentence."""


class StoreUnavailable(StoreError):
    """The database cannot take writes just now (disk full, locked …); what it has is safe."""


class StoreConflict(Exception):
    """A unit of work found that it must not go on.

    Only that unit of work is refused, and what it had written is undone; others in the same commit
    are untouched.
    """
