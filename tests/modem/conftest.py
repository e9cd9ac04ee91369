"""Fixtures of the modem's tests."""

from labs.modem import rig

__all__ = ["rig"]
