"""The dialogue on one AT line: command lines run one command after the other, and ended.

V.250 5.2 to 5.7: one final result for a line, the first failure ends it, octets may abort it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from modemgw.virtual.body import Body
from modemgw.virtual.command import Command, parse_line
from modemgw.virtual.commands import COMMANDS, has
from modemgw.virtual.device import Device
from modemgw.virtual.engine import Mode
from modemgw.virtual.error_words import in_words
from modemgw.virtual.errors import CmeError, CmsError, CommandError
from modemgw.virtual.personalities import TypedAhead
from modemgw.virtual.running import DEFERRED, Deferred
from modemgw.virtual.session import Session
from modemgw.virtual.table import Entry, Need

_CMS_FOR_CME = {10: 310, 11: 311, 12: 316, 13: 313, 14: 314}
"""What an SMS command says where others say +CME ERROR (TS 27.005 3.2.5)."""


_WRONG_PARAMETER = 50


def _is_basic_chain(commands: tuple[Command, ...]) -> bool:
    """Whether there are several commands, of one letter each (V.250 5.3.1)."""
    return len(commands) > 1 and all(command.name.lstrip("&").isalnum() for command in commands)


class Dialogue:
    """Runs the command lines of one AT port; the `Terminal` of its line engine."""

    def __init__(self, body: Body, session: Session, device: Device) -> None:
        """`device` is what the commands are given."""
        self._body = body
        self._session = session
        self._device = device
        self.failures: dict[str, deque[str]] = {}
        """A fault plugs in here: final results that the next runs of a command end in, by its
        name; an empty one is silence."""
        self._rest: tuple[Command, ...] = ()
        self._information: list[bytes] = []
        self._abortable = False
        self._run_number = 0
        self._restarting = False

    def command_line(self, body: str) -> None:
        """Run a command line (without its AT)."""
        self._run_number += 1
        self._information = []
        if self._of_this_make(body.upper()):
            return
        try:
            self._rest = parse_line(body)
            if not self._body.personality.basic_chains and _is_basic_chain(self._rest):
                raise CommandError
        except CommandError:
            self._finish(self._body.personality.unknown_command)
            return
        self._run()

    def _of_this_make(self, line: str) -> bool:
        """Whole lines that only this make knows."""
        make = self._body.personality
        self._body.chatterer.silence(line)
        fixed = make.answers.get(line)
        if fixed is not None:
            self._inform(fixed)
            self._finish("OK")
        elif line and line == make.delete_all:
            self._empty_reading_store()
            self._finish("OK")
        elif line in make.reset_commands or line in make.off_commands:
            self._finish("OK")
            self._body.power.leave(off=line in make.off_commands)
        else:
            return False
        return True

    def _empty_reading_store(self) -> None:
        """Delete every message of mem1."""
        store = self._body.storage.named(self._session.memories[0])
        for index, _ in list(store):
            store.remove(index)
        self._device.receiver.room_made()

    def _run(self) -> None:
        try:
            while self._rest:
                command, self._rest = self._rest[0], self._rest[1:]
                reply = self._execute(command)
                if isinstance(reply, Deferred):
                    return
                self._inform(reply)
        except CommandError as error:
            self.fail(error)
            return
        self._finish("OK")

    def _execute(self, command: Command) -> Iterable[str] | Deferred:
        make = self._body.personality
        entry = COMMANDS.get(command.name)
        if entry is None or not has(make, command.name, entry):
            raise CommandError(make.unknown_command)
        if command.name + command.form.value in make.refused:
            raise CommandError(make.unknown_command)
        if command.form not in entry.forms:
            raise CommandError
        failure = self._failure(command.name)
        if failure is not None:
            if failure:
                raise CommandError(failure)
            self.drop_answer()
            return DEFERRED
        self._check_need(entry, command.name)
        try:
            return entry.handler(self._device, command)
        except CmeError as error:
            if entry.sms and error.code == _WRONG_PARAMETER:
                raise CmsError(305 if self._session.text.on else 304) from None
            raise

    def _failure(self, name: str) -> str | None:
        """The final result that command `name` is to end in; None: let it run."""
        failures = self.failures.get(name)
        return failures.popleft() if failures else None

    def _check_need(self, entry: Entry, name: str) -> None:
        code = self._body.slot.files_problem(name)
        if code is not None:
            raise CmeError(code)
        if entry.need is Need.NOTHING:
            return
        code = self._body.slot.problem(unlocked=entry.need is Need.UNLOCKED)
        if code is not None:
            if entry.sms:
                raise CmsError(_CMS_FOR_CME[code])
            raise CmeError(code)
        if entry.need is Need.UNLOCKED and entry.sms and not self._body.power.sms_ready:
            raise CommandError(self._body.personality.initialising)

    def complete(self, lines: Iterable[str] = (), *, behind: bytes = b"") -> None:
        """A deferred command has ended well; the rest of its line follows.

        `behind` are octets that some makes print after the information text.
        """
        self._abortable = False
        self._inform(lines)
        if behind:
            self._information.append(behind)
        self._run()

    def _inform(self, lines: Iterable[str]) -> None:
        """Information text of one command; its lines make one block (V.250 5.7.1)."""
        block = "\r\n".join(lines)
        if block:
            self._information.append(self._session.engine.text(block))

    def fail(self, error: CommandError) -> None:
        """The running command line ends in `error`; the rest of it is not run."""
        self._abortable = False
        self._rest = ()
        self._finish(self._error_text(error))

    def _error_text(self, error: CommandError) -> str:
        mode = self._session.parameters["+CMEE"][0]
        if isinstance(error, CmeError):
            if mode == 0:
                return "ERROR"
            return in_words("CME", error.code) if mode == 2 else str(error)
        if isinstance(error, CmsError) and mode == 2:
            return in_words("CMS", error.code)
        return str(error) or "ERROR"

    def _finish(self, final: str) -> None:
        self._rest = ()
        information, self._information = self._information, []
        self._session.results.finish(information, final)
        if self._restarting:
            self._restarting = False
            self._body.power.leave()

    def drop_answer(self) -> None:
        """The running command line ends without a word."""
        self._rest = ()
        self._information = []
        self._run_number += 1
        self._session.engine.idle()

    def end_line_here(self) -> None:
        """ATZ and AT&F: whatever follows on the line is lost (V.250 6.1.1)."""
        self._rest = ()

    def restart_after_answer(self) -> None:
        """Once the running command line has been answered, the modem restarts."""
        self._restarting = True

    def abortable(self) -> None:
        """Any octet aborts the running command (V.250 5.6.1)."""
        self._abortable = True

    def interrupted(self) -> bool:
        if self._device.sender.in_air:
            habit = self._body.personality.typed_while_sending
            if habit is TypedAhead.ABORTS:
                self._device.sender.leave_unanswered()
                self.fail(CommandError())
            return habit is not TypedAhead.QUEUED
        if not self._abortable:
            return False
        self.fail(CommandError())
        return True

    def later(self, seconds: float, then: Callable[[], None]) -> None:
        """`then` after `seconds`, unless the running command line has ended by then."""
        number = self._run_number

        def due() -> None:
            if number == self._run_number and self._session.engine.mode is Mode.BUSY:
                then()

        self._body.timers.call_later(seconds, due)

    # message entry

    def entry_done(self, body: bytes) -> None:
        """Ctrl-Z."""
        self._device.sender.entered(body)

    def entry_aborted(self) -> None:
        """ESC."""
        self._rest = ()
        if self._body.personality.escape_answer:
            self._finish(self._body.personality.escape_answer)
        else:
            self._session.engine.idle()
