"""Fixtures of the modem's tests."""

from modem_rig import rig

__all__ = ["rig"]
