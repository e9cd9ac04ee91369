"""The log: everything goes to standard error, in a form that nothing from outside can forge."""

from __future__ import annotations

import logging
import os
import sys
import threading
from types import TracebackType
from typing import Any

from modemgw.cli.repeats import Repeats
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
    handler.addFilter(Repeats())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    if handler in logging.getLogger().handlers:  # else another program has its own ways
        _log_uncaught()
    set_level(level)


def _log_uncaught() -> None:
    """What nobody catches goes the same way."""
    log = logging.getLogger("modemgw")

    def main_thread(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("not foreseen", exc_info=(kind, error, trace))

    def other_thread(args: threading.ExceptHookArgs) -> None:
        name = "" if args.thread is None else args.thread.name
        error = args.exc_value
        log.error("the thread %s has ended: %s", name, args.exc_type.__name__, exc_info=error)

    sys.excepthook = main_thread
    threading.excepthook = other_thread


def set_level(level: str) -> None:
    """Log what modemgw says from `level` (a name as in the configuration) on."""
    logging.getLogger("modemgw").setLevel(level.upper())
