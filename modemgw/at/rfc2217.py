"""Telnet with the COM port option (RFC 854, 855, 2217), the client's side. Sans-IO.

Serial servers speak it so that the client can set the line: speed, 8N1, DTR and RTS on.
"""

from __future__ import annotations

from enum import Enum

_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = 255, 254, 253, 252, 251, 250, 240
_BINARY, _ECHO, _SUPPRESS_GO_AHEAD, _COM_PORT = 0, 1, 3, 44
_OURS = frozenset({_BINARY, _SUPPRESS_GO_AHEAD, _COM_PORT})
"""Options that we use when the server agrees."""
_THEIRS = frozenset({_BINARY, _ECHO, _SUPPRESS_GO_AHEAD, _COM_PORT})
"""Options that the server may use."""
_ASKED_FOR = frozenset({_BINARY, _SUPPRESS_GO_AHEAD, _COM_PORT})

# Commands of the COM port option; the server answers with 100 more.
_SET_BAUD_RATE, _SET_DATA_SIZE, _SET_PARITY, _SET_STOP_SIZE, _SET_CONTROL = 1, 2, 3, 4, 5
_LINE_STATE_MASK, _MODEM_STATE_MASK = 10, 11
_SERVER = 100
_SUSPEND, _RESUME = 108, 109
_NO_FLOW_CONTROL, _DTR_ON, _RTS_ON = 1, 8, 11
_MOST_PARAMETERS = 256


class ComPort(Enum):
    """Whether the server lets us set its line."""

    ASKED = "asked"
    REFUSED = "refused"
    AGREED = "agreed"
    SET = "set"
    """It has taken the speed."""


class _Mode(Enum):
    DATA = 0
    COMMAND = 1  # behind IAC
    OPTION = 2  # behind DO, DONT, WILL, WONT
    PARAMETERS = 3  # behind SB
    PARAMETERS_COMMAND = 4  # behind IAC in them


class Rfc2217:
    """One connection. What is to be said to the server collects in `take_replies`."""

    def __init__(self, baud_rate: int) -> None:
        self._baud_rate = baud_rate
        self._mode = _Mode.DATA
        self._verb = 0
        self._parameters = bytearray()
        self._we_will: set[int] = set(_ASKED_FOR)
        self._they_do: set[int] = set(_ASKED_FOR)
        self._replies = bytearray()
        self.com_port = ComPort.ASKED
        self.suspended = False
        """The server wants to be sent nothing for now (FLOWCONTROL-SUSPEND)."""
        for option in sorted(_ASKED_FOR):
            self._say(_WILL, option)
            self._say(_DO, option)

    def take_replies(self) -> bytes:
        """Octets for the server; the first ones are there from the beginning."""
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    @staticmethod
    def wrapped(data: bytes) -> bytes:
        """Data of the line as it is sent."""
        return data.replace(b"\xff", b"\xff\xff")

    def received(self, data: bytes) -> bytes:
        """The line's data in what the server has sent, in any pieces."""
        if self._mode is _Mode.DATA and _IAC not in data:
            return data
        line = bytearray()
        for octet in data:
            self._octet(octet, line)
        return bytes(line)

    def _octet(self, octet: int, line: bytearray) -> None:
        match self._mode:
            case _Mode.DATA:
                if octet == _IAC:
                    self._mode = _Mode.COMMAND
                else:
                    line.append(octet)
            case _Mode.COMMAND:
                self._mode = _Mode.DATA
                if octet == _IAC:
                    line.append(octet)
                elif octet == _SB:
                    self._parameters.clear()
                    self._mode = _Mode.PARAMETERS
                elif octet >= _WILL:
                    self._verb = octet
                    self._mode = _Mode.OPTION
            case _Mode.OPTION:
                self._mode = _Mode.DATA
                self._option(self._verb, octet)
            case _Mode.PARAMETERS:
                if octet == _IAC:
                    self._mode = _Mode.PARAMETERS_COMMAND
                else:
                    self._parameter(octet)
            case _Mode.PARAMETERS_COMMAND:
                if octet == _IAC:
                    self._parameter(octet)
                    self._mode = _Mode.PARAMETERS
                else:
                    self._mode = _Mode.DATA
                    self._negotiated(bytes(self._parameters))

    def _parameter(self, octet: int) -> None:
        if len(self._parameters) < _MOST_PARAMETERS:
            self._parameters.append(octet)

    def _option(self, verb: int, option: int) -> None:
        """Agree to what we know, refuse what we do not; an answer to our own wish is no wish."""
        ours = verb in (_DO, _DONT)
        wanted = verb in (_DO, _WILL)
        known, on = (_OURS, self._we_will) if ours else (_THEIRS, self._they_do)
        yes, no = (_WILL, _WONT) if ours else (_DO, _DONT)
        if wanted and option not in known:
            self._say(no, option)
        elif wanted and option not in on:
            on.add(option)
            self._say(yes, option)
        elif not wanted and option in on:
            on.discard(option)
            self._say(no, option)
        if option == _COM_PORT:
            if wanted:
                self._agreed()
            elif _COM_PORT not in self._we_will | self._they_do:
                self.com_port = ComPort.REFUSED

    def _agreed(self) -> None:
        if self.com_port in (ComPort.AGREED, ComPort.SET):
            return
        self.com_port = ComPort.AGREED
        self._command(_SET_BAUD_RATE, self._baud_rate.to_bytes(4, "big"))
        for command, value in (
            (_SET_DATA_SIZE, 8),
            (_SET_PARITY, 1),
            (_SET_STOP_SIZE, 1),
            (_SET_CONTROL, _NO_FLOW_CONTROL),
            (_SET_CONTROL, _DTR_ON),
            (_SET_CONTROL, _RTS_ON),
            (_LINE_STATE_MASK, 0),
            (_MODEM_STATE_MASK, 0),
        ):
            self._command(command, bytes((value,)))

    def _negotiated(self, parameters: bytes) -> None:
        if parameters[:1] != bytes((_COM_PORT,)) or len(parameters) < 2:
            return
        command = parameters[1]
        if command == _SERVER + _SET_BAUD_RATE:
            self.com_port = ComPort.SET
        elif command in (_SUSPEND, _RESUME):
            self.suspended = command == _SUSPEND

    def _command(self, command: int, value: bytes) -> None:
        self._replies += bytes((_IAC, _SB, _COM_PORT, command)) + self.wrapped(value)
        self._replies += bytes((_IAC, _SE))

    def _say(self, verb: int, option: int) -> None:
        self._replies += bytes((_IAC, verb, option))
