"""The log: everything goes to standard error, in a form that nothing from outside can forge."""

from __future__ import annotations

import logging
import os
import sys
from types import TracebackType

from modemgw.plain import printable

_Error = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PlainFormatter(logging.Formatter):
    """A record is one line, and its traceback lines below it that are indented.

    So neither an escape sequence nor a line end in an answer of a modem or a name of a sender can
    make anything else of it.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """See logging.Formatter."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: _Error) -> str:  # noqa: N802
        """See logging.Formatter."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """See logging.Formatter."""
        return _indented(super().formatStack(stack_info))


def _indented(text: str) -> str:
    return "\n".join(f"  {printable(line)}" for line in text.splitlines())


def set_up_logging(level: str) -> None:
    """Log to standard error from `level` on; under systemd the journal knows the time already."""
    form = "%(levelname)s %(name)s: %(message)s"
    if "JOURNAL_STREAM" not in os.environ:
        form = f"%(asctime)s {form}"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter(form))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    set_level(level)


def set_level(level: str) -> None:
    """Log what modemgw says from `level` (a name as in the configuration) on."""
    logging.getLogger("modemgw").setLevel(level.upper())
