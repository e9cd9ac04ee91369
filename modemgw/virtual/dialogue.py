"""The dialogue on one AT line: command lines run one command after the other, and ended.

V.250 5.2 to 5.7: one final result for a line, the first failure ends it, octets may abort it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from modemgw.virtual import commands_general, commands_network, commands_sim, commands_sms
from modemgw.virtual.commands import (
    DEFERRED,
    CmeError,
    CmsError,
    Command,
    CommandError,
    Deferred,
    Entry,
    Need,
    parse_line,
)
from modemgw.virtual.engine import Mode
from modemgw.virtual.error_words import in_words
from modemgw.virtual.personalities import Personality, TypedAhead

if TYPE_CHECKING:
    from modemgw.virtual.modem import VirtualModem

COMMANDS: dict[str, Entry] = {
    **commands_general.TABLE,
    **commands_network.TABLE,
    **commands_sim.TABLE,
    **commands_sms.TABLE,
}

_CMS_FOR_CME = {10: 310, 11: 311, 12: 316, 13: 313, 14: 314}
"""What an SMS command says where others say +CME ERROR (TS 27.005 3.2.5)."""


_WRONG_PARAMETER = 50


def known(make: Personality) -> Iterator[str]:
    """The commands that this make has."""
    return (name for name, entry in COMMANDS.items() if _has(make, name, entry))


def _has(make: Personality, name: str, entry: Entry) -> bool:
    return name not in make.refused and (not entry.own or name in make.own_commands)


def _is_basic_chain(commands: tuple[Command, ...]) -> bool:
    """Whether there are several commands, of one letter each (V.250 5.3.1)."""
    return len(commands) > 1 and all(command.name.lstrip("&").isalnum() for command in commands)


class Dialogue:
    """Runs command lines for one modem; the `Terminal` of its line engine."""

    def __init__(self, modem: VirtualModem) -> None:
        self._modem = modem
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
            if not self._modem.personality.basic_chains and _is_basic_chain(self._rest):
                raise CommandError
        except CommandError:
            self._finish(self._modem.personality.unknown_command)
            return
        self._run()

    def _of_this_make(self, line: str) -> bool:
        """Whole lines that only this make knows."""
        modem, make = self._modem, self._modem.personality
        modem.power.silence_chatter(line)
        fixed = make.answers.get(line)
        if fixed is not None:
            self._inform(fixed)
            self._finish("OK")
        elif line and line == make.delete_all:
            modem.empty_reading_store()
            self._finish("OK")
        elif line in make.reset_commands or line in make.off_commands:
            self._finish("OK")
            modem.power.leave(off=line in make.off_commands)
        else:
            return False
        return True

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
        make = self._modem.personality
        entry = COMMANDS.get(command.name)
        if entry is None or not _has(make, command.name, entry):
            raise CommandError(make.unknown_command)
        if command.name + command.form.value in make.refused:
            raise CommandError(make.unknown_command)
        if command.form not in entry.forms:
            raise CommandError
        failure = self._modem.faults.take_failure(command.name)
        if failure is not None:
            if failure:
                raise CommandError(failure)
            self.drop_answer()
            return DEFERRED
        self._check_need(entry, command.name)
        try:
            return entry.handler(self._modem, command)
        except CmeError as error:
            if entry.sms and error.code == _WRONG_PARAMETER:
                raise CmsError(305 if self._modem.text_mode else 304) from None
            raise

    def _check_need(self, entry: Entry, name: str) -> None:
        code = self._modem.faults.sim_files_problem(name)
        if code is not None:
            raise CmeError(code)
        if entry.need is Need.NOTHING:
            return
        code = self._modem.sim_problem(unlocked=entry.need is Need.UNLOCKED)
        if code is not None:
            if entry.sms:
                raise CmsError(_CMS_FOR_CME[code])
            raise CmeError(code)
        if entry.need is Need.UNLOCKED and entry.sms and not self._modem.power.sms_ready:
            raise CommandError(self._modem.personality.initialising)

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
            self._information.append(self._modem.engine.text(block))

    def fail(self, error: CommandError) -> None:
        """The running command line ends in `error`; the rest of it is not run."""
        self._abortable = False
        self._rest = ()
        self._finish(self._error_text(error))

    def _error_text(self, error: CommandError) -> str:
        mode = self._modem.parameters["+CMEE"][0]
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
        self._modem.output.finish(information, final)
        if self._restarting:
            self._restarting = False
            self._modem.power.leave()

    def drop_answer(self) -> None:
        """The running command line ends without a word."""
        self._rest = ()
        self._information = []
        self._run_number += 1
        self._modem.engine.idle()

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
        if self._modem.sender.in_air:
            habit = self._modem.personality.typed_while_sending
            if habit is TypedAhead.ABORTS:
                self._modem.sender.leave_unanswered()
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
            if number == self._run_number and self._modem.engine.mode is Mode.BUSY:
                then()

        self._modem.timers.call_later(seconds, due)

    # message entry

    def entry_done(self, body: bytes) -> None:
        """Ctrl-Z."""
        self._modem.sender.entered(body)

    def entry_aborted(self) -> None:
        """ESC."""
        self._rest = ()
        if self._modem.personality.escape_answer:
            self._finish(self._modem.personality.escape_answer)
        else:
            self._modem.engine.idle()
