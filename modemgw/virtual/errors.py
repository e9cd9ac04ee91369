"""How a command ends that cannot be done."""

from __future__ import annotations


class CommandError(Exception):
    """The command ends in an error. The plain one is "ERROR"."""


class CmeError(CommandError):
    """+CME ERROR (TS 27.007 9.2)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"+CME ERROR: {code}")
        self.code = code


class CmsError(CommandError):
    """+CMS ERROR (TS 27.005 3.2.5)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"+CMS ERROR: {code}")
        self.code = code
