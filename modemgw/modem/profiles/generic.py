"""A modem of which nothing is known: everything is found by asking."""

from .base import Profile

GENERIC = Profile(name="generic")
